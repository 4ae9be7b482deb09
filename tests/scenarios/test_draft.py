import json

import pytest

from attacks.contract import Bench, check
from scenarios import schema
from scenarios.check import check as check_scenario
from scenarios.cli import app
from scenarios.draft import attack, scenario
from tests.attacks.test_plugins import folder  # noqa: F401  (a fixture)
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
    made = check_scenario("mine.yaml")
    assert made.name == "mine"
    if origin is not None:
        assert made.attacks == schema.load(origin).attacks


def test_the_template_does_what_it_says(here):
    (here / "mine.yaml").write_text(scenario("mine"), encoding="utf-8")
    run = schema.load("mine.yaml").run(watch=False)
    assert run.incidents[0].start_h == 24
    assert run.truth["L_T1"].max() > run.paired["L_T1"].max()


def test_a_new_attack_keeps_every_promise(folder):  # noqa: F811
    from attacks.base import kinds
    from attacks.plugins import load_file

    (kind,) = load_file(folder / "half.py")
    assert all(one.kept for one in check(kinds()[kind], Bench()))


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
