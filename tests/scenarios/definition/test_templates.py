import json

import pytest

import scenarios
from attacks.contract import Bench, check
from detector.checkpoint import shipped_path
from scenarios.cli import app
from scenarios.definition import schema
from scenarios.definition.check import check as check_scenario
from scenarios.definition.plugins import load_plugin
from scenarios.definition.templates import attack, detector, scenario
from scenarios.experiments.benchmark import SUPERVISED
from tests.attacks.test_discovery import folder  # noqa: F401  (a fixture)
from twin.errors import InputError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hydrotwin(*args):
    with pytest.raises(SystemExit) as done:
        app(list(args))
    return done.value.code


@pytest.mark.parametrize("origin", [None, *schema.library()])
def test_a_new_scenario_runs(origin, here):
    (here / "mine.yaml").write_text(scenario("mine", origin), encoding="utf-8")
    made, notices = check_scenario("mine.yaml")
    assert made.name == "mine"
    assert notices == []
    if origin is not None:
        assert made.attacks == schema.load(origin).attacks


def test_the_template_does_what_it_says(here):
    (here / "mine.yaml").write_text(scenario("mine"), encoding="utf-8")
    run = scenarios.run(schema.load("mine.yaml"), watch=False)
    assert run.incidents[0].start_h == 24
    assert run.truth["L_T1"].max() > run.paired["L_T1"].max()


def test_a_new_attack_keeps_every_promise(folder):  # noqa: F811
    from attacks.discovery import kinds, load_file

    (kind,) = load_file(folder / "half.py")
    assert all(one.kept for one in check(kinds()[kind], Bench()))


def test_a_new_detector_keeps_every_promise(here, capsys):
    from detector import registry

    try:
        assert hydrotwin("detectors", "new", "mine-own") == 0
        assert hydrotwin("detectors", "check", "mine-own.py") == 0
        assert "BROKEN" not in capsys.readouterr().out
        assert hydrotwin("detectors", "show", "mine-own.py") == 0
        assert "scores:   the tags" in capsys.readouterr().out
        shipped = str(shipped_path("physics", "ctown", 300.0))
        assert hydrotwin("detectors", "show", shipped) == 0
        told = capsys.readouterr().out
        assert "a fitted physics" in told
        assert "frames 5 min apart, " in told
        assert "made by:  hydrotwin train " in told
        assert hydrotwin("detectors", "show", shipped, "--json") == 0
        assert json.loads(capsys.readouterr().out)["kind"] == "physics"
        assert hydrotwin("detectors", "show", str(SUPERVISED)) == 0
        assert "a fitted supervised\n" in capsys.readouterr().out
        assert hydrotwin("detectors", "list", "--json") == 0
        kinds = [row["kind"] for row in json.loads(capsys.readouterr().out)]
        assert {"cnn-lstm", "pca", "mine-own"} <= set(kinds)
    finally:
        registry.forget("mine-own")
    with pytest.raises(InputError, match="there is a detector 'pca' already"):
        detector("pca")


def test_a_broken_detector_is_one_message_at_its_line(here):
    from detector import registry

    (here / "half.py").write_text(
        "from detector import register\nfrom detector.methods.pca import WindowedPca\n\n"
        '@register("half")\nclass Half(WindowedPca):\n    pass\n\nraise OSError("no")\n'
    )
    with pytest.raises(InputError, match=r"plug-in half\.py cannot be loaded: line 8: OSError"):
        load_plugin(here / "half.py")
    assert "half" not in registry.kinds()


@pytest.mark.parametrize("name", ["", "Stretch", "9th", "a b", "class", "../x", "offset"])
def test_what_no_attack_can_be_called(name):
    with pytest.raises(InputError):
        attack(name)


@pytest.mark.parametrize("name", ["", "../x", ".x", "a/b"])
def test_what_no_scenario_can_be_called(name):
    with pytest.raises(InputError):
        scenario(name)


def test_the_commands_write_and_check(here, capsys):
    assert hydrotwin("scenarios", "new", "mine") == 0
    assert hydrotwin("scenarios", "check", "mine.yaml") == 0
    assert "nothing wrong; 2 entries" in capsys.readouterr().out
    text = (here / "mine.yaml").read_text().replace("[L_T1]", "[L_T9]", 1)
    line = text[: text.index("[L_T9]")].count("\n") + 1
    (here / "mine.yaml").write_text(text)
    assert hydrotwin("scenarios", "check", "mine.yaml", "--json") == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["file"], said["line"]) == (False, "mine.yaml", line)
    assert "L_T9" in said["message"]
    with pytest.raises(InputError, match="exists already"):
        app(["scenarios", "new", "mine"])


IDLE = """\
name: idle
duration: 1 d
attacks:
  - {name: late, on: sensor:L_T1, do: {drop: {}}, when: {from: 24 h}}
  - {name: fine, on: sensor:L_T1, do: {drop: {}}, when: {start: "L_T1 < 3"}}
  - {name: chained, on: sensor:L_T1, do: {drop: {}}, when: {start: late.active}}
  - {name: all, on: "link:PLC2->PLC1", tags: [], do: {drop: {}}}
  - {name: left, on: "link:SCADA->PLC5", tags: [PU9], do: {spoof: {write: {PU8: open}}}}
faults:
  - {name: high, on: sensor:L_T2, do: {dead: {}}, when: {start: "L_T2 > 7"}}
operator:
  - {at: 30 h, write: {PU3: open, SP_PU10_open: 9}}
  - {at: 2 h, write: {SP_PU10_open: 4.9, SP_PU1_closed: 7}}
  - {at: 1 h, write: {SP_PU8_open: 3.0, SP_PU8_closed: 2.0, SP_PU11_open: 2.9}}
control:
  links:
    PLC2->PLC1: {outages: [{from: 1 h, for: 2 h}, {from: 30 h, to: 40 h}]}
"""


def test_what_can_do_nothing_is_said_with_its_place_and_is_no_error(here, capsys):
    (here / "idle.yaml").write_text(IDLE)
    assert hydrotwin("scenarios", "check", "idle.yaml") == 0
    *warnings, last = capsys.readouterr().out.splitlines()
    assert warnings == [
        "idle.yaml:4:58: warning: late never acts: it is set for 1 d, and the run ends at 1 d",
        "idle.yaml:6:61: warning: chained never acts: `late.active` never holds: late.active is "
        "always 0",
        "idle.yaml:7:40: warning: tags names none, which means all that pass: leave it out, or "
        "name some",
        "idle.yaml:8:42: warning: left changes nothing that passes: tags leaves out all it would "
        "change",
        "idle.yaml:10:58: warning: high never acts: `L_T2 > 7` never holds: L_T2 goes from 0 to "
        "5.9",
        "idle.yaml:12:6: warning: what the operator writes at 30 h is never written: the run ends "
        "at 1 d",
        "idle.yaml:13:23: warning: SP_PU10_open is set to 4.9 m, above SP_PU10_closed, 4.8 m: "
        "between them both rules hold, and the later one in plcs.yaml decides",
        "idle.yaml:13:42: warning: SP_PU1_closed is set to 7 m, above the rim, 6.5 m, of T1",
        "idle.yaml:14:41: warning: SP_PU8_closed is set to 2 m, below SP_PU8_open, 3 m: "
        "between them both rules hold, and the later one in plcs.yaml decides",
        "idle.yaml:17:52: warning: the outage of PLC2->PLC1 from 30 h on never comes: the run "
        "ends at 1 d",
    ]
    assert last == "idle.yaml: it runs, with 10 warnings; 6 entries"
    assert hydrotwin("scenarios", "check", "idle.yaml", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"]
    assert [(one["line"], one["column"]) for one in said["warnings"]] == [
        (4, 58), (6, 61), (7, 40), (8, 42), (10, 58), (12, 6),
        (13, 23), (13, 42), (14, 41), (17, 52)
    ]  # fmt: skip
    assert hydrotwin("scenarios", "check", "normal", "--json") == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []


TAPES = """\
name: tapes
duration: 9 d
attacks:
  - {name: long, on: sensor:L_T1, do: {replay: {window: 30 d}}, when: {from: 12 h}}
  - {name: far, on: sensor:L_T1, do: {replay: {shift: 17 d}}, when: {start: "L_T1 < 3"}}
  - {name: fine, on: sensor:L_T1, do: {replay: {window: 8 d}}, when: {from: 1 d}}
  - {name: may, on: sensor:L_T1, do: {replay: {window: 15 d}}, when: {start: "L_T1 < 3"}}
"""


def test_a_replay_of_more_than_can_be_recorded_is_looked_at(here, capsys):
    (here / "tapes.yaml").write_text(TAPES)
    assert hydrotwin("scenarios", "check", "tapes.yaml") == 0
    *warnings, _ = capsys.readouterr().out.splitlines()
    said = "at most when it first begins, the warm-up included: what is missing is dropped"
    assert warnings == [
        f"tapes.yaml:4:49: warning: long replays 30 d, and has recorded 180 h {said}",
        f"tapes.yaml:5:48: warning: far replays 17 d, and has recorded 16 d {said}",
    ]


def test_one_s_own_attack_is_checked_by_name(here, folder, capsys):  # noqa: F811
    assert hydrotwin("attacks", "check", str(folder / "half.py"), "--json") == 0
    found = json.loads(capsys.readouterr().out)["half"]
    assert all(one["kept"] for one in found)
    text = (
        (folder / "half.py")
        .read_text()
        .replace("half", "worse")
        .replace('Annotated[float, Unit("")]', "float")
    )
    (folder / "worse.py").write_text(text)
    assert hydrotwin("attacks", "check", str(folder / "worse.py")) == 1
    assert "BROKEN  explains itself" in capsys.readouterr().out
