import dataclasses

import pytest

import scenarios
from scenarios.definition import schema
from scenarios.definition.schema import to_yaml
from twin.errors import InputError

SCENARIO = """\
name: mine
plant: ctown
start: 2026-01-05
duration: 1 d
attacks:
  - name: lie
    on: link:PLC2->PLC1
    tags: [L_T1]
    do: {offset: {by: 1.0}}
    when: {from: 2 h, to: 5 h}
"""


def write(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", schema.library())
def test_what_is_written_reads_back_the_same(name, tmp_path):
    scenario = scenarios.load(name)
    again = scenarios.load(write(tmp_path, to_yaml(scenario)))
    assert dataclasses.replace(again, folder=scenario.folder) == scenario


def test_the_library_is_what_the_readme_promises():
    promised = {"normal", "t1-overflow-concealed", "t2-starved", "plc5-cycling", "pu3-forced"}
    assert promised <= set(schema.library())
    for name in schema.library():
        assert scenarios.load(name).description


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("duration: 1 d", "duration: -1 d", "negative"),
        ("duration: 1 d", "duration: 1 parsec", "unknown unit"),
        ("duration: 1 d", "duration: 86400", "number and a unit"),
        ("duration: 1 d", "duration: 7 min", "lasts 1 h to 10 years"),
        ("duration: 1 d", "duration: 1e9 d", "lasts 1 h to 10 years"),
        ("name: mine", "name: ../../mine", "names a folder"),
        ("name: mine", "name: .mine", "names a folder"),
        ("start: 2026-01-05", "start: 2026-13-05", "month"),
        ("to: 5 h", "to: 5 h, for: 2 h", "either to or for"),
        ("from: 2 h, to", "start: t > 2, follow: true, end: t > 3, to", "leave end out"),
        ("    do: {offset: {by: 1.0}}", "    do: {offset: {by: 3 m}}", "without its unit"),
        ("    do: {offset: {by: 1.0}}", "    do: drop", "like {drop: {}}"),
        ("duration: 1 d", "durations: 1 d", "did you mean duration"),
        ("start: 2026-01-05", "start: tomorrow", "start is a date like 2026-01-05"),
        ("start: 2026-01-05", "start: 2026-01-05 10:30", "full hour"),
        ("start: 2026-01-05", "seed: -4", "seed"),
        ("start: 2026-01-05", "seed: four", "seed"),
        ("start: 2026-01-05", "warmup: 90 min", "whole hours"),
        ("start: 2026-01-05", "demand_model: pressure", "demand_model"),
        ("start: 2026-01-05", "required_pressure: 3000", "at most 1000 m, not 3000"),
        ("from: 2 h, to", "start: t > 2, once: false, to", "follow: true instead"),
        ("  - name: lie", "  - nam: lie", "did you mean name"),
        ("    on: link", "    at: link", "unknown field"),
        ("    tags: [L_T1]", "    tags: L_T1", "tags is a list in brackets"),
        ("    do: {offset: {by: 1.0}}", "    do: {drop}", "drop: {} where none is given"),
        ("    do: {offset: {by: 1.0}}", "    do: {ofset: {by: 1.0}}", "did you mean offset"),
        ("    do: {offset: {by: 1.0}}", "    do: {offset: {by: big}}", "number"),
        ("    do: {offset: {by: 1.0}}", "    do: {offset: {to: 1.0}}", "one of: by"),
        ("    do: {offset: {by: 1.0}}", "    do: {offset: {by: .nan}}", "finite"),
        ("    do: {offset: {by: 1.0}}", "    do: offset", "do"),
        ("to: 5 h", "to: 1 h", "before it starts"),
        ("to: 5 h", "too: 5 h", "did you mean to"),
        ("from: 2 h", "from: 2", "number and a unit"),
        ("from: 2 h, to", "start: S_PU2 > 0, from: 2 h, to", "either from or start"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_mend(tmp_path, old, new, says):
    assert old in SCENARIO
    line = SCENARIO[: SCENARIO.index(old)].count("\n") + 1
    path = write(tmp_path, SCENARIO.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        scenarios.load(path)
    assert str(caught.value).startswith(f"{path}:{line}:")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("link:PLC2->PLC1", "link:PLC2->PLC11", "PLC2 sends to PLC1, SCADA"),
        ("link:PLC2->PLC1", "lnk:PLC2->PLC1", "did you mean link:PLC2->PLC1"),
        ("link:PLC2->PLC1", "L_T1", "did you mean sensor:L_T1"),
        ("link:PLC2->PLC1", "link:PLC1->PLC2", "the other way, link:PLC2->PLC1"),
        ("link:PLC2->PLC1", "actuator:PU1", "works on sensor:…, link:…"),
        (
            "[L_T1]",
            "[L_T1, L_T2]",
            "'L_T2' never passes at link:PLC2->PLC1: L_T1 passes there; it passes at "
            "sensor:L_T2, link:T2->PLC3, link:PLC3->SCADA",
        ),
        ("[L_T1]", "[L_T9]", "there are L_T1 to L_T7"),
        ("link:PLC2->PLC1", "scada:L_T1", "written `scada` alone"),
        ("[L_T1]", "[L_T11]", "did you mean L_T1"),
        ("from: 2 h", 'start: "L_T9 < 4"', "unknown name 'L_T9'"),
        ("plant: ctown", "plant: ctwn", "ctown"),
        ("plant: ctown", "detector: cnn-lstn", "Did you mean"),
    ],
)
def test_what_the_plant_lacks_is_named_before_anything_is_written(tmp_path, old, new, says):
    line = SCENARIO[: SCENARIO.index(old)].count("\n") + 1
    path = write(tmp_path, SCENARIO.replace(old, new, 1))
    out = tmp_path / "run"
    with pytest.raises(InputError) as caught:
        scenarios.run(scenarios.load(path), out=out)
    error = schema.located(caught.value, path)
    assert str(error).startswith(f"{path}:{line}:")
    assert says in str(error)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.yaml"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name: [1\nplant: ctown\n", 1, "not closed"),
        ("- name: x\n", 1, "at the top level"),
        ("", 1, "found nothing"),
        ("name: x\nname: y\n", 2, "not valid YAML"),
        ("name: x\ndetector: !!set\n", 1, "not valid YAML"),
        ("name: x\ndetector: none\n", 2, "to let nobody watch, write `detector: null`"),
        ("name: x\nattacks: {a: 1}\n", 2, "list"),
        ("name: x\nattacks:\n  - on: sensor: L_T1\n", 3, "no blank after a colon"),
        ("plant: ctown\n", 1, "'name' is missing"),
    ],
)
def test_what_is_no_scenario_is_said(tmp_path, text, line, says):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        scenarios.load(path)
    assert str(caught.value).startswith(f"{path}:{line}:")
    assert says in str(caught.value)


def test_two_attacks_of_one_name_are_refused(tmp_path):
    entry = SCENARIO[SCENARIO.index("  - name: lie") :]
    with pytest.raises(InputError, match="two entries are called 'lie'"):
        scenarios.load(write(tmp_path, SCENARIO + entry))


def test_an_unknown_scenario_names_the_nearest():
    with pytest.raises(InputError, match="did you mean t2-starved"):
        scenarios.load("t2-starvd")


def test_a_folder_is_no_scenario(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        scenarios.load(tmp_path)


def test_a_binary_file_is_no_scenario(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(InputError, match="cannot be read"):
        scenarios.load(path)


@pytest.mark.parametrize("label", ["attack", "fault"])
def test_a_kind_that_is_none_is_called_what_it_was_to_be(label):
    with pytest.raises(InputError, match=f"unknown {label} 'trip'"):
        schema.from_data({"name": "x", f"{label}s": [{"on": "plant:PU4", "do": {"trip": {}}}]})
