import json
import subprocess
import sys

import pytest

from tests.command import hydrotwin, hydrotwin_alone

SCENARIO = """\
name: short
duration: 6 h
attacks:
  - {name: lie, on: sensor:L_T6, do: {offset: {by: 1.0}}, when: {from: 2 h, to: 5 h}}
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(SCENARIO)
    return path


def test_json_alone_stands_on_stdout_and_holds_what_is_promised(mine):
    done = hydrotwin_alone("run", mine, "--seed", 4, "--json", cwd=mine.parent)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"scenario", "seed", "hours", "wall_s", "folder", "attacks", "impact",
            "false_episodes", "alarms"} <= set(result)  # fmt: skip
    assert (result["scenario"], result["seed"], result["hours"]) == ("short", 4, 6)
    (attack,) = result["attacks"]
    assert {"name", "start_h", "end_h", "detected", "delay_h", "before_damage"} <= set(attack)
    assert (attack["start_h"], attack["end_h"]) == (2, 5)
    assert (mine.parent / result["folder"] / "report.html").is_file()


def test_the_terminal_tells_the_story(mine):
    done = hydrotwin_alone("run", mine, "--out", "here", "--duration", "8 h", cwd=mine.parent)
    assert done.returncode == 0, done.stderr
    for words in (
        "The water",
        "The attack",
        "What the operator saw",
        "The detector",
        "report.html",
    ):
        assert words in done.stdout
    assert (mine.parent / "here" / "report.html").is_file()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["run", "t1-overflw"], "did you mean t1-overflow-concealed"),
        (["run", "mine.yml"], "did you mean mine.yaml?"),
        (["run", "mine.yaml", "--duration", "-3 h"], "negative"),
        (["run", "mine.yaml", "--duration", "3"], "number and a unit"),
        (["run", "mine.yaml", "--seed", "-1"], "--seed"),
        (["run", "mine.yaml", "--sed", "1"], "--seed"),
        (["run", "mine.yaml", "--out", "mine.yaml"], "is a file"),
        (["run", "mine.yaml", "--aftermath", "atack"], "--aftermath 'atack': did you mean attack"),
        (["run", "mine.yaml", "--aftermath", "out", "--no-pair"], "--aftermath 'out': not known"),
        (["run", "mine.yaml", "--pcap", "no/x.pcapng"], "--pcap no/x.pcapng cannot be written"),
        (["run", "mine.yaml", "--pcap", "x.csv"], "x.csv: a capture cannot be called .csv"),
        (["plant", "registers", "ctwn"], "unknown plant 'ctwn'"),
        (["run", "bad.yaml"], "bad.yaml:4:77: "),
        (["run", "port.yaml"], "port.yaml:4:17: no port 'sensor:L_T66': did you mean sensor:L_T6"),
        (["attacks", "show", "reply"], "did you mean replay"),
        (["scenarios", "show", "norml"], "did you mean normal"),
        (["train", "mine.yaml", "--out", "x.safetensors"], "mine.yaml"),
        (["train", "nowhere", "--out", "x.safetensors"], "nowhere"),
        (["batadal", "--data", "nowhere"], "nowhere"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_input_is_one_message_and_status_2(mine, args, says):
    folder = mine.parent
    (folder / "bad.yaml").write_text(SCENARIO.replace("to: 5 h", "to: 5 hours"))
    (folder / "port.yaml").write_text(SCENARIO.replace("L_T6", "L_T66"))
    before = sorted(folder.iterdir())
    done = hydrotwin(*args, cwd=folder)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(folder.iterdir()) == before


def test_the_catalogue_can_be_read(tmp_path):
    listed = hydrotwin("attacks", "list", "--json", cwd=tmp_path)
    rows = {row["kind"]: row for row in json.loads(listed.stdout)}
    ports = ["sensor", "link", "plc", "scada"]
    summary = "Show the readings that passed here earlier."
    assert rows["replay"] == {"kind": "replay", "ports": ports, "summary": summary}
    kinds = list(rows)
    assert {"offset", "constant", "drop", "delay", "replay", "force", "setpoint"} <= set(kinds)
    shown = json.loads(hydrotwin("attacks", "show", "replay", "--json", cwd=tmp_path).stdout)
    assert [field["name"] for field in shown["fields"]][:2] == ["shift", "window"]
    (usual,) = [
        row
        for row in json.loads(hydrotwin("scenarios", "list", "--json", cwd=tmp_path).stdout)
        if row["name"] == "normal"
    ]
    assert set(usual) == {"name", "summary"}
    text = hydrotwin("scenarios", "show", "normal", cwd=tmp_path).stdout
    assert "name: normal" in text


def test_a_kind_of_ones_own_is_shown_by_its_file(tmp_path):
    assert hydrotwin_alone("attacks", "new", "stretch", cwd=tmp_path).returncode == 0
    text = hydrotwin_alone("attacks", "show", "stretch.py", cwd=tmp_path).stdout
    assert text.startswith("stretch: ")
    assert "do:   factor (number" in text
    assert "\n  T0803 Block" not in text
    assert "\n  T0855 Unauthorized Command Message on link:SCADA->PLC…\n" in text
    shown = json.loads(
        hydrotwin_alone("attacks", "show", "stretch.py", "--json", cwd=tmp_path).stdout
    )
    assert shown["stretch"]["techniques"]["T0835 Manipulate I/O Image"] == ["plc:…"]
    unknown = hydrotwin_alone("attacks", "show", "stretch", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "kinds of your own: hydrotwin attacks show FILE.py" in unknown.stderr


def test_version_and_defaults_are_printed(mine):
    assert hydrotwin("--version", cwd=mine.parent).stdout.startswith("hydrotwin ")
    assert "runs/SCENARIO-seedN]" in hydrotwin("run", "--help", cwd=mine.parent).stdout


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (["scenarios", "new", "mine"], "mine.yaml"),
        (["attacks", "new", "own"], "own.py"),
        (["export", "nowhere", "--batadal", "year.csv"], "year.csv"),
        (["demand", "fit", "nowhere.csv", "--out", "demand.csv"], "demand.csv"),
        (["train", "nowhere", "--out", "own.safetensors"], "own.safetensors"),
        (["train", "nowhere", "--out", "own.safetensors"], "own.json"),
        (["compare", "nowhere", "--out", "ab.png"], "ab.png"),
        (["plant", "registers", "nowhere", "--out", "map.csv"], "map.csv"),
    ],
)
def test_no_command_overwrites_a_file_unless_it_is_told_to(mine, args, name):
    (mine.parent / name).write_text("edited by hand")
    done = hydrotwin(*args, cwd=mine.parent)
    assert done.returncode == 2
    assert f"{name} exists already: choose another name, or replace it with --force" in done.stderr
    assert (mine.parent / name).read_text() == "edited by hand"
    forced = hydrotwin(*args, "--force", cwd=mine.parent)
    assert "exists already" not in forced.stderr
    if args[1] == "new":
        assert forced.returncode == 0
        assert "edited by hand" not in (mine.parent / name).read_text()


def test_help_imports_nothing_heavy(tmp_path):
    code = (
        "import sys\nfrom scenarios.cli import app\n"
        "try:\n    app(['run', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'wntr', 'torch', 'pandas', 'matplotlib', 'sklearn', 'numpy'}\n"
        "heavy |= {'pymodbus', 'asyncua', 'dpkt'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Examples" in done.stdout


def test_a_dry_run_looks_at_the_detector_unless_it_is_another_plants(mine):
    mine.write_text(SCENARIO + "detector: cnn-lsmt\n")
    dry = ("run", mine, "--dry-run", "--no-detector")
    done = hydrotwin(*dry, cwd=mine.parent)
    assert done.returncode == 2
    assert "mine.yaml:5:1: unknown detector 'cnn-lsmt'" in done.stderr
    assert hydrotwin(*dry, "--plant", "ctown", cwd=mine.parent).returncode == 0
