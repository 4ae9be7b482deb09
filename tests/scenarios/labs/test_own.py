"""A teacher's own exercise: drafted, proved, handed out, graded against the reference."""

import pytest
from typer.testing import CliRunner

from scenarios.cli import app
from scenarios.labs.examination import prove
from scenarios.labs.grading import grade, start
from scenarios.labs.own import draft, own_lab
from twin.errors import InputError

KEY = b"a course key of the tests"


@pytest.fixture
def folder(tmp_path):
    return draft("mine", tmp_path)


def test_the_draft_is_solvable_and_not_trivially_passed(folder, tmp_path):
    (tmp_path / "proof").mkdir()
    marks = prove(own_lab(folder), [7], tmp_path / "proof")
    assert marks == {"reference": [100.0], "starter": [0.0]}


def test_it_is_handed_out_and_graded(folder, tmp_path):
    lab = own_lab(folder)
    given = start(lab, "s1", KEY, tmp_path / "out")
    assert {path.name for path in given.iterdir()} == {
        "attack.yaml", "lab.yaml", "sheet.md", "GLOSSARY.md",
    }  # fmt: skip
    assert lab.rubric in (given / "sheet.md").read_text(encoding="utf-8")
    lab.solve({}, given)
    (mark,) = grade(given, KEY, 1, own=lab)
    assert mark.mark == 100.0, mark
    (elsewhere,) = grade(given, KEY, 1)
    assert (elsewhere.mark, "no lab" in elsewhere.why) == (0.0, True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("points: 60", "points: sixty", "points"),
        ("    impact: overflow_T4_m3\n    at_least: 0.5", "    more_limit_alarms: 3", "would pass"),
        ("allowed: [link", "allowed: [lynk", "allowed"),
        ("more_limit_alarms: 0", "more_limit_alarms: none", r"rubric.yaml:15:.*criteria.1.more_li"),
        ("more_limit_alarms: 0", "shown: [L_T4]", r"criteria.1.apart_h: Field required"),
        ("    more_limit_alarms: 0\n", "", r"criteria.1: it has no measure"),
        ("criteria: ", "criteria:\n  - half #", r"criteria.0: it has no measure"),
    ],
)
def test_a_mistake_in_the_rubric_is_told(folder, old, new, words):
    path = folder / "rubric.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        own_lab(folder)


def test_a_trivial_exercise_is_found_out(folder):
    (folder / "starter.yaml").write_text(
        (folder / "reference.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    done = CliRunner().invoke(app, ["labs", "check-lab", str(folder), "--seeds", "1"])
    assert done.exit_code == 1
    assert "trivially passed" in done.output


def test_a_name_that_is_taken_or_no_name_is_refused(folder):
    with pytest.raises(InputError, match="is there already"):
        draft("mine", folder.parent)
    with pytest.raises(InputError, match="cannot be called"):
        draft("Mine!", folder.parent)
