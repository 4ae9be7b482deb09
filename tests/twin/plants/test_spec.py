import math
import shutil

import pytest

from twin.errors import InputError
from twin.plants.spec import PLANTS, load_plant


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "town"
    shutil.copytree(PLANTS / "ctown", folder)
    return folder


def test_ctown_is_what_was_published():
    plant = load_plant("ctown")
    model = plant.model
    assert (model.num_junctions, model.num_tanks, model.num_reservoirs) == (388, 7, 1)
    assert (model.num_pipes, model.num_pumps, model.num_valves) == (429, 11, 4)
    assert len(plant.tags) == 43
    assert plant.tag_names[:8] == (*(f"L_T{i}" for i in range(1, 8)), "F_PU1")
    assert len(plant.plcs) == 9
    assert sum(len(plc.rules) for plc in plant.plcs.values()) == 20
    assert plant.plcs["PLC3"].receives == {"L_T3": "PLC4", "L_T4": "PLC6"}


def test_dmas_are_what_the_pumps_separate():
    plant = load_plant("ctown")
    base = {
        dma: sum(plant.model.get_node(name).base_demand for name in members) * 1000
        for dma, members in plant.dmas.items()
    }
    expected = {"DMA1": 107.9, "DMA2": 67.0, "DMA3": 23.5, "DMA4": 40.3, "DMA5": 33.8}
    assert base == pytest.approx(expected, abs=0.05)


def test_values_and_commands_are_said_in_words_with_their_units():
    plant = load_plant("ctown")
    assert plant.reading("L_T1", 4.034) == "4.03 m"
    assert plant.reading("F_PU1", 90.0) == "90.00 L/s"
    assert (plant.reading("S_PU1", 1.0), plant.reading("S_V2", 0.0)) == ("open", "closed")
    assert plant.reading("L_T1", math.nan) == "nothing"
    assert plant.passed("L_T1", "H", 6.45, 5.5) == "L_T1 H: 6.45 m, limit 5.50 m"
    said = [plant.command("PU7", value) for value in (0.0, 1.0, 0.7, math.nan)]
    assert said == ["closed", "open", "0.7 of its speed", "auto"]
    assert plant.command("SP_PU10_open", 1.0) == "1 m"
    assert plant.command("V2", 30.0) == "30"


def test_a_folder_is_a_plant(copy):
    assert load_plant("town", copy.parent).tags == load_plant("ctown").tags


def test_an_unknown_plant_names_the_shipped_ones():
    with pytest.raises(InputError, match="ctown"):
        load_plant("c-town")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("tags.csv", "L_T2,level,T2", "L_T2,level,T22", "did you mean T2"),
        ("tags.csv", "L_T2,level", "L_T2,lvel", "did you mean level"),
        ("tags.csv", "L_T2,level,T2,m,", "L_T2,level,T2,ft,", "not 'ft'"),
        ("tags.csv", "L_T2,level,T2,m,PLC3", "L_T1,level,T2,m,PLC3", "twice"),
        ("tags.csv", "L_T2,level,T2,m,PLC3", "L_T2,level,T2", "3 fields"),
        ("tags.csv", "tag,quantity", "tags,quantity", "columns"),
        ("tags.csv", "L_T2,level,T2,m,PLC3", "L_T2,level,T2,m,PLC33", "did you mean PLC3"),
        ("tags.csv", "L_T2,level,T2,m,PLC3", "L T2,level,T2,m,PLC3", "cannot be called 'L T2'"),
        ("tags.csv", "L_T2,level,T2,m,PLC3", "hour,level,T2,m,PLC3", "something in conditions"),
        ("tags.csv", "L_T2,level,T2,m,PLC3", '"L_T2,level,T2,m,PLC3', "1 field, not 5"),
        ("plcs.yaml", "PLC2: {}", "PLC2: {scan: {evry: 1 min}}", "did you mean every"),
        ("plcs.yaml", "PLC2: {}", "PLC2: {scan: {every: 1}}", "1 is not a duration"),
        ("plcs.yaml", '{when: "L_T1 < 1.0", PU2: open}', "{when: , PU2: open}", "needs `when:`"),
        ("plcs.yaml", '{when: "L_T1 < 1.0", PU2: open}', "PU2", "lines under rules"),
        ("plcs.yaml", '"L_T1 < 1.0", PU2', '"L_T1 < 1.0", PU22', "did you mean PU"),
        ("plcs.yaml", '"L_T1 < 1.0", PU2', '"L_T3 < 1.0", PU2', "unknown name 'L_T3'"),
        ("plcs.yaml", '"L_T1 < 1.0", PU2', '"L_T1 <", PU2', "not a condition"),
        ("plcs.yaml", '"L_T1 < 1.0", PU2: open', '"L_T1 < 1.0", PU2: ajar', "a number"),
        ("plcs.yaml", '"L_T1 < 1.0", PU2: open', '"L_T1 < 1.0", PU2: -1', "cannot be -1"),
        ("plcs.yaml", '"L_T1 < 1.0", PU2: open}', '"L_T1 < 1.0"}', "needs `when:`"),
        ("plcs.yaml", "actuators: [PU8", "actuators: [PU1, PU8", "driven by PLC1 already"),
        ("plcs.yaml", "crossings: nearest", "crossings: nearst", "did you mean nearest"),
        ("plcs.yaml", "{L_T1: PLC2}", "{L_T1: PLC3}", "measured by PLC2"),
        ("plcs.yaml", "polling: 5 min", "polling: 5 minutes", "unknown unit"),
        ("plcs.yaml", "polling: 5 min", "polling: 7 min", "multiple"),
        ("plcs.yaml", "latency: 0 s", "latency: -1 s", "negative"),
        ("plcs.yaml", "latency: 0 s", "latncy: 0 s", "did you mean latency"),
        ("plcs.yaml", "links: {}", "links: {PLC2->PLC5: {latency: 1 s}}", "unknown name"),
    ],
)  # fmt: skip
def test_a_wrong_plant_file_names_the_line_and_the_mend(copy, file, old, new, says):
    path = copy / file
    text = path.read_text()
    line = text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_plant(copy)
    assert f"{file}:{line}:" in str(caught.value)
    assert says in str(caught.value)


def test_an_actuator_is_named_where_it_stands_in_its_list(copy):
    path = copy / "plcs.yaml"
    path.write_text(path.read_text().replace("[PU1, PU2, PU3]", "[PU1, PU2, PU33]"))
    with pytest.raises(InputError, match=r"plcs\.yaml:\d+:27: unknown name 'PU33'"):
        load_plant(copy)


def test_tags_as_a_spreadsheet_saves_them_are_read(copy):
    """With a byte order mark, empty lines and blanks; but not in UTF-16."""
    path = copy / "tags.csv"
    text = path.read_text()
    path.write_text(text.replace("\n", "\r\n\r\n").replace(",", ", "), encoding="utf-8-sig")
    assert load_plant(copy).tags == load_plant("ctown").tags
    path.write_text(text, encoding="utf-16")
    with pytest.raises(InputError, match=r"tags\.csv: not text in UTF-8.*Save it as UTF-8"):
        load_plant(copy)


def test_a_missing_file_and_a_broken_network_are_said(copy):
    (copy / "network.inp").write_text("[JUNCTIONS]\n J1 what\n")
    with pytest.raises(InputError, match=r"network\.inp"):
        load_plant(copy)
    (copy / "tags.csv").unlink()
    with pytest.raises(InputError, match=r"needs tags\.csv"):
        load_plant(copy)


def test_a_limit_passed_by_little_is_told_apart_from_its_reading():
    spec = load_plant("ctown")
    assert spec.passed("L_T1", "H", 5.003, 5.0) == "L_T1 H: 5.003 m, limit 5.000 m"
    assert spec.passed("L_T1", "H", 6.45, 5.5) == "L_T1 H: 6.45 m, limit 5.50 m"
    assert spec.reading("L_T1", 1e300) == "1e+300 m"
