"""A plant of one's own, from an EPANET file to an alarm, as a user does it."""

import json
import shutil
from pathlib import Path

import pytest
import wntr

import scenarios
from scenarios.definition.schema import from_data
from tests.command import hydrotwin
from tests.twin.drafting.test_controls import SMALL
from twin.errors import InputError
from twin.plants.spec import PLANTS, load_plant

LIBRARY = Path(wntr.__file__).parent / "library" / "networks"


@pytest.fixture(scope="module")
def net3(tmp_path_factory):
    folder = tmp_path_factory.mktemp("net3")
    done = hydrotwin("plant", "new", LIBRARY / "Net3.inp", "--out", "net3", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "18 of 18 carried over" in done.stdout
    return folder


def test_it_runs_in_place_of_a_scenarios_plant(net3):
    args = ("run", "normal", "--plant", "net3", "--duration", "2 d", "--json")
    done = hydrotwin(*args, cwd=net3)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["hours"] == 48
    assert any("no trained physics for plant net3" in note for note in result["notes"])
    assert Path(result["folder"]) == Path("runs/normal-net3-seed0")
    assert (net3 / result["folder"] / "report.html").is_file()


@pytest.mark.slow
def test_a_detector_of_its_own_watches_it(net3):
    """Trained on a run of it, named by a scenario beside it."""
    normal = hydrotwin(
        "run", "normal", "--plant", "net3", "--duration", "28 d", "--out", "month", cwd=net3
    )
    assert normal.returncode == 0, normal.stderr
    trained = hydrotwin("train", "month", "--kind", "pca", "--out", "own.safetensors", cwd=net3)
    assert trained.returncode == 0, trained.stderr
    (net3 / "mine.yaml").write_text(
        "name: mine\nplant: net3\nduration: 2 d\ndetector: own.safetensors\nattacks:\n"
        '  - {on: "actuator:335", do: {force: {to: open}}, when: {from: 12 h, for: 24 h}}\n'
        '  - {on: "sensor:L_2", do: {constant: {value: 1.0}}, when: {from: 20 h, for: 6 h}}\n'
    )
    done = hydrotwin("run", "mine.yaml", "--json", cwd=net3)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["alarms"]
    assert {alarm["plc"] for alarm in result["alarms"]} <= set(load_plant(net3 / "net3").plcs)


def test_a_plant_of_a_shipped_ones_name_is_another_plant(tmp_path):
    from twin.drafting.draft import draft

    draft(PLANTS / "ctown" / "network.inp", tmp_path / "ctown")
    data = {"name": "x", "plant": "./ctown", "duration": "2 h", "warmup": "0 h"}
    run = scenarios.run(from_data(data, tmp_path))
    assert run.spec.folder == tmp_path / "ctown"
    assert any("no trained physics" in note for note in run.notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Net1", "ky4"])
def test_others_of_wntrs_run_too(tmp_path, name):
    args = ("plant", "new", LIBRARY / f"{name}.inp", "--out", "town")
    assert hydrotwin(*args, cwd=tmp_path).returncode == 0
    done = hydrotwin("run", "normal", "--plant", "town", "--duration", "2 d", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "The water" in done.stdout


def test_a_tank_of_any_name_can_overflow_in_the_report(tmp_path):
    from twin.drafting.draft import draft

    text = SMALL.format(controls="", rules="").replace("50 0 VOL", "50 0 VOL YES")
    path = tmp_path / "small.inp"
    path.write_text(text.replace(" T ", " High_Tank "))
    draft(path, tmp_path / "town")
    data = {"name": "x", "plant": "town", "duration": "48 h", "warmup": "0 h", "detector": None}
    run = scenarios.run(from_data(data, tmp_path), out=tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text()
    assert run.impact.loc["overflow_High_Tank_m3", "run"] > 10
    assert "Tank High_Tank overflowed" in page
    assert "overflow, High_Tank [m³]" in page


def test_a_file_where_a_plants_folder_is_meant_says_how_to_make_one(tmp_path):
    file = tmp_path / "town.inp"
    file.write_text("[JUNCTIONS]\n")
    with pytest.raises(InputError, match=r"is a file, .*`hydrotwin plant new .*--out town`"):
        load_plant(file)


def test_a_mistake_in_a_plant_named_on_the_command_line_is_said_with_its_place(net3):
    broken = net3 / "broken"
    shutil.copytree(net3 / "net3", broken)
    path = broken / "plcs.yaml"
    text = path.read_text()
    path.write_text(text.replace("polling: 5 min", "poling: 5 min"))
    line = text[: text.index("polling: 5 min")].count("\n") + 1
    done = hydrotwin("run", "normal", "--plant", "broken", cwd=net3)
    assert done.returncode == 2
    assert f"{path}:{line}:1: unknown name 'poling': did you mean polling?" in done.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["plant", "new", "bad.inp", "--out", "town"], "bad.inp: not an EPANET input file"),
        (["plant", "new", "none.inp", "--out", "town"], "none.inp: cannot be read"),
        (["run", "normal", "--plant", "ctwn"], "--plant: unknown plant"),
    ],
)
def test_bad_input_is_one_message_and_status_2(tmp_path, args, says):
    (tmp_path / "bad.inp").write_text("junk\n")
    done = hydrotwin(*args, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.inp"]
