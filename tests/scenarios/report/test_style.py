"""A picture that fails: what was computed is kept and told, and why the picture is missing."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from scenarios.cli import app
from scenarios.report.style import plotting
from twin.errors import InputError


def breaks(*_):
    raise ValueError("no room")


def hydrotwin(*args):
    with pytest.raises(SystemExit) as done:
        app([str(each) for each in args])
    return done.value.code


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("name: mine\nduration: 2 h\nwarmup: 0 h\ndetector:\n")
    return tmp_path


def test_one_that_is_drawn_is_not_spoken_of():
    told = []
    with plotting("a.png", told.append):
        pass
    assert told == []
    with plotting("a.png", told.append):
        breaks()
    assert told == ["a.png could not be drawn: ValueError: no room"]


def test_a_comparison_is_told_without_its_picture(runs, monkeypatch, capsys):
    monkeypatch.setattr("scenarios.report.comparison.plot_comparison", breaks)
    assert hydrotwin("compare", "mine.yaml", "mine.yaml", "--out", "ab.png") == 1
    said = capsys.readouterr()
    assert "Nothing differs" in said.out
    assert "wrote" not in said.out
    assert said.err == "warning: ab.png could not be drawn: ValueError: no room\n"


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("ab", "name it ab.png"),
        ("ab.pgn", "or .png?)"),
        ("no/ab.png", "there is no folder no"),
    ],
)
def test_where_a_comparison_cannot_be_drawn_is_said_before_anything_runs(runs, out, says):
    with pytest.raises(InputError, match=re.escape(says)):
        app(["compare", "norml.yaml", "mine.yaml", "--out", out])


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_the_figures_of_a_fidelity_are_kept_without_the_picture(runs, monkeypatch, capsys, as_json):
    table = SimpleNamespace(normal=np.ones(48), check_labels=lambda: None)
    found = SimpleNamespace(as_dict=lambda: {"lead": {}})
    monkeypatch.setattr("scenarios.validation.plant_record.read_record", lambda path, spec: table)
    monkeypatch.setattr("scenarios.validation.fidelity.assess", lambda *_, **__: found)
    monkeypatch.setattr("scenarios.commands.fidelity._tell", lambda *_: None)
    monkeypatch.setattr("scenarios.validation.fidelity_picture.plot_fidelity", breaks)
    assert hydrotwin("fidelity", "--against", "x.csv", *as_json) == 0
    said = capsys.readouterr()
    kept = json.loads((runs / "runs/fidelity/fidelity.json").read_text())
    assert kept["plant"] == "ctown"
    assert "fidelity.png could not be drawn: ValueError: no room" in said.err
    if as_json:
        assert json.loads(said.out) == kept
    else:
        assert said.out.split() == ["wrote", "runs/fidelity/fidelity.json"]
