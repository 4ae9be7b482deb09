import pytest

from scenarios.definition import schema
from tests.command import hydrotwin

CPA = """\
[CYBERNODES]
; Name, Sensors, Actuators
PLC2, P_T1,

[CYBERATTACKS]
; Type, Target, Init_cond, End_cond, Arguments
Communication, PLC2-P_T1-PLC1, TIME==5, TIME==9, constant 0.5

[CYBEROPTIONS]
verbosity, 1
patterns_file, hours.csv
"""
DHALSIM = """\
inp_file: town.inp
iterations: 24
batch_simulations: 2
initial_tank_data: tanks.csv
attacks:
  network_attacks:
  - {name: cut, type: simple_dos, target: PLC4, direction: source,
     trigger: {type: time, start: 6, end: 11}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "theirs.cpa").write_text(CPA)
    (tmp_path / "theirs.yaml").write_text(DHALSIM)
    (tmp_path / "mine.yaml").write_text("name: mine\nattacks: []\n")
    (tmp_path / "tanks.csv").write_text("T1\n4.5\n3.5\n")
    return tmp_path


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_a_scenario_its_tables_and_what_differs(folder):
    hours = "\n".join(",".join(["0.5"] * 5) for _ in range(24))
    (folder / "hours.csv").write_text(hours)
    before = files(folder)
    done = hydrotwin("import", "theirs.cpa", "--out", "ours.yaml")
    assert done.returncode == 0
    assert sorted({*files(folder)} - {*before}) == ["ours-demands.csv", "ours.yaml"]
    assert "theirs.cpa:10:1: left out: verbosity" in done.stdout
    assert "hydrotwin run ours.yaml" in done.stdout
    scenario = schema.load("ours.yaml")
    assert (scenario.name, scenario.demands) == ("theirs", "ours-demands.csv")
    assert scenario.duration == 24 * 3600
    (entry,) = scenario.attacks
    assert (entry.on, entry.tags) == ("link:PLC2->PLC1", ("L_T1",))
    assert (entry.when.begins, entry.when.ends) == (5 * 3600, 9 * 3600)
    text = (folder / "ours.yaml").read_text()
    assert all(
        str(line) in text
        for line in done.stdout.splitlines()
        if len(line) < 90 and ": differs" in line
    )


def test_a_missing_companion_stops_it_with_its_name_and_nothing_is_written(folder):
    before = files(folder)
    done = hydrotwin("import", "theirs.cpa", "--out", "ours.yaml")
    assert done.returncode == 2 and files(folder) == before
    assert "theirs.cpa:11:16: patterns_file hours.csv is missing" in done.stderr
    (folder / "theirs.yaml").unlink()
    done = hydrotwin("import", "theirs.cpa", "--without-companions")
    assert (
        done.returncode == 0
        and "theirs.cpa:11:16: replaced: patterns_file hours.csv" in done.stdout
    )
    assert schema.load("theirs.yaml").demands == "patterns"


def test_a_batch_becomes_a_file_for_each_simulation(folder):
    args = ("import", "theirs.yaml", "--out", "ours.yaml", "--without-companions")
    done = hydrotwin(*args)
    assert done.returncode == 0 and "inp_file town.inp is missing" in done.stdout
    levels = [schema.load(f"ours-{i}.yaml").initial_levels["T1"] for i in (0, 1)]
    assert levels == [4.5, 3.5]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nothing.cpa"], "no such file"),
        (["."], "is a folder, and a scenario to import is a file: name one of its files, "),
        (["tanks.csv"], "neither a .cpa file"),
        (["theirs.yaml", "--out", "theirs.yaml", "--without-companions"], "the file to import"),
        (["theirs.yaml", "--without-companions"], "is the file to import: name another"),
        (["theirs.yaml", "--out", "no/ours.yaml", "--without-companions"], "no folder no"),
        (["theirs.cpa", "--plant", "nowhere"], "unknown plant"),
        (["mine.yaml"], "mine.yaml is a hydrotwin scenario already: hydrotwin run mine.yaml"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_written(folder, args, says):
    before = files(folder)
    done = hydrotwin("import", *args)
    assert done.returncode == 2 and says in " ".join(done.stderr.split())
    assert files(folder) == before
