"""Each lab is solvable; an empty hand-in, the starter and another's answer get none."""

import csv
import json
import re
import shutil

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from typer.testing import CliRunner

from scenarios.cli import app
from scenarios.labs import keys
from scenarios.labs.course import LABS, lab_of
from scenarios.labs.examination import examine
from scenarios.labs.grading import CARD, check, grade, read_card, start, write_card
from scenarios.labs.lab import GLOSSARY, NOTEBOOK, SHEETS
from scenarios.labs.marks import write_marks
from twin.errors import InputError
from twin.plants.spec import load_plant

KEY = b"a course key of the tests"
FEW, MANY = range(31, 33), range(81, 101)
"""The seeds of solutions, named before they were run."""

each_lab = pytest.mark.parametrize("lab", LABS, ids=[lab.name for lab in LABS])


def draws_of(lab, student):
    return dict(lab.draw(keys.generator(KEY, student, lab.name, "draws")))


def given(lab, student, place):
    return start(lab, student, KEY, place)


def solved(lab, student, place):
    folder = given(lab, student, place)
    lab.solve(read_card(folder)["draws"], folder)
    return folder


def points(lab, folder, student, seed):
    verdicts = examine(lab, folder, draws_of(lab, student), [seed])
    return lab.mark(verdicts), {name: verdict.why for name, verdict in verdicts.items()}


def assert_solved(lab, seeds, place):
    for seed in seeds:
        student = f"s{seed}"
        folder = solved(lab, student, place)
        mark, why = points(lab, folder, student, seed)
        assert mark == lab.points, (seed, why)


@each_lab
def test_the_solution_gets_all_points(lab, tmp_path):
    assert_solved(lab, FEW, tmp_path)


@pytest.mark.slow
@each_lab
def test_the_solution_gets_all_points_on_twenty_seeds(lab, tmp_path):
    assert_solved(lab, MANY, tmp_path)


@each_lab
def test_the_starter_and_an_empty_hand_in_get_none(lab, tmp_path, weeks):
    folder = given(lab, "s1", tmp_path)
    assert points(lab, folder, "s1", 31)[0] == 0.0
    for name in lab.hands_in:
        (folder / name).unlink(missing_ok=True)
    mark, why = points(lab, folder, "s1", 31)
    assert mark == 0.0
    assert set(why.values()) == {f"{lab.hands_in[0]} is not handed in"}


@each_lab
def test_another_students_answer_gets_none(lab, tmp_path, weeks):
    theirs = solved(lab, "s1", tmp_path)
    for student in ("s2", "s3"):
        mine = given(lab, student, tmp_path)
        shutil.copytree(theirs, mine, dirs_exist_ok=True, ignore=lambda *_: [CARD])
        assert points(lab, mine, student, 31)[0] == 0.0


@each_lab
def test_a_card_that_was_changed_changes_nothing(lab, tmp_path):
    """The draws are the key's, whatever the folder says."""
    theirs, mine = draws_of(lab, "s1"), given(lab, "s2", tmp_path)
    card = read_card(mine)
    lab.solve(theirs, mine)
    write_card(mine / CARD, card | {"draws": theirs})
    (mark,) = grade(mine, KEY, 1)
    assert (mark.student, mark.mark) == ("s2", 0.0)


@each_lab
def test_draws_are_the_students_own(lab):
    drawn = [json.dumps(draws_of(lab, f"s{number}")) for number in range(30)]
    assert len(set(drawn)) >= 25
    assert drawn[0] == json.dumps(draws_of(lab, "s0"))


@each_lab
def test_the_sheet_has_its_parts(lab, tmp_path):
    sheet = (given(lab, "s1", tmp_path) / "sheet.md").read_text(encoding="utf-8")
    for heading in ("Background", "Set-up", "Tasks", "What is handed in", "Law and ethics"):
        assert f"\n## {heading}\n" in sheet
    assert "Predict" in sheet
    assert "Afterwards you can" in sheet
    assert lab.rubric in sheet
    assert "{rubric}" not in sheet
    assert 45 <= lab.minutes <= 90
    assert f"{lab.minutes} minutes" in sheet
    assert all(f"`{name}`" in sheet for name in lab.hands_in)
    assert lab.technique.split()[0] in sheet
    targets = [part.partition(")")[0] for part in sheet.split("](")[1:]]
    assert targets
    assert all((tmp_path / f"{lab.folder}-s1" / target).is_file() for target in targets)


def test_figures_of_the_plant_in_sheets_are_the_plants():
    spec, tanks = load_plant("ctown"), ("T3", "T4", "T5", "T7")
    texts = {
        name: " ".join((SHEETS / name / "sheet.md").read_text(encoding="utf-8").split())
        for name in ("spoofed-command", "hide-it")
    }
    for tank in tanks:
        wide = spec.model.get_node(tank).diameter
        assert re.search(rf"{tank} (is )?{wide:.1f} m", texts["spoofed-command"])
        limits = spec.wiring.limits[f"L_{tank}"]
        each = [f"{bound:g}" for bound in (limits.LL, limits.L, limits.H, limits.HH) if bound > 0]
        assert f"{tank} {', '.join(each)}" in texts["hide-it"]


def test_the_attack_begins_at_the_students_minute(tmp_path):
    lab = lab_of("hide-it")
    draws = {"tank": "T4", "access_min": 1800}
    for begin, words in (
        (1799, "begins at minute 1799"),
        (1801, "gets to the network at minute 1800"),
    ):
        lab.solve({"tank": "T4", "access_min": begin}, tmp_path)
        mark = examine(lab, tmp_path, draws, [1])
        assert words in mark["damage"].why


@pytest.mark.parametrize(
    ("attack", "words"),
    [
        ('{on: "sensor:L_T4", do: {zero: {}}, when: {from: 30 h}}', "out of reach"),
        ('{on: "link:T4->PLC6", do: {zero: {}}, when: {from: 30 h}}', "out of reach"),
        ('{on: "link:SCADA->PLC3", do: {drop: {}}, when: {from: 30 h}}', "out of reach"),
        ('{on: "link:PLC6->SCADA", do: {covert: {}}, when: {from: 30 h}}', "not allowed"),
        ('{on: "link:PLC6->SCADA", do: {table: {file: ../a.csv}}, when: {from: 30 h}}', "outside"),
        ('{on: "link:PLC6->SCADA", do: {zero: {}}, when: {from: 30 h}}', "name its `tags`"),
    ],
)
def test_what_is_out_of_reach_is_refused(attack, words, tmp_path):
    (tmp_path / "attack.yaml").write_text(f"name: x\nduration: 4 d\nattacks:\n  - {attack}\n")
    verdicts = examine(lab_of("evade"), tmp_path, {"tank": "T4", "access_min": 1800}, [1])
    assert words in verdicts["damage"].why
    assert all(verdict.share == 0.0 for verdict in verdicts.values())


def test_more_than_three_tags_forged_for_scada_are_refused(tmp_path):
    lab, draws = lab_of("evade"), {"tank": "T7", "access_min": 1800}
    lab.solve(draws, tmp_path)
    path = tmp_path / "attack.yaml"
    more = '  - {on: "link:*->SCADA", tags: [L_T1, L_T2, L_T3], do: {zero: {}}, when: {from: 30 h}}'
    path.write_text(path.read_text() + more)
    assert "3 tags at most" in examine(lab, tmp_path, draws, [1])["damage"].why


def test_a_loud_attack_does_not_evade(tmp_path):
    lab, draws = lab_of("evade"), {"tank": "T7", "access_min": 1800}
    lab.solve(draws, tmp_path)
    path = tmp_path / "attack.yaml"
    text = path.read_text(encoding="utf-8")
    assert "{value: 2.0}" in text
    path.write_text(text.replace("{value: 2.0}", "{value: 0.2}"), encoding="utf-8")
    verdicts = examine(lab, tmp_path, draws, [1])
    assert verdicts["damage"].share == 1.0
    assert verdicts["evasion"].share == 0.0, verdicts


def test_marks_are_a_table_that_no_spreadsheet_runs(tmp_path):
    folder = given(lab_of("hide-it"), "s1", tmp_path)
    (folder / "attack.yaml").write_text("=1+1")
    marks = list(grade(tmp_path, KEY, 1))
    write_marks(tmp_path / "marks.csv", marks)
    with (tmp_path / "marks.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["hand_in"], row["mark"], row["of"]) == ("lab4-s1", "0.0", "100")
    assert row["why_damage"]


def test_a_student_checks_with_the_sample_seed(tmp_path):
    folder = solved(lab_of("hide-it"), "s1", tmp_path)
    mark = check(folder)
    assert (mark.mark, mark.of) == (100.0, 100)


def test_the_command_starts_and_grades(tmp_path):
    runner = CliRunner()
    (tmp_path / "course.key").write_bytes(b"0123456789abcdef0123")
    out = ["--key", str(tmp_path / "course.key")]
    begun = runner.invoke(
        app,
        ["labs", "start", "6", "--student", "a", "--student", "b", "--out", str(tmp_path), *out],
    )
    assert begun.exit_code == 0, begun.output
    for student in "ab":
        (tmp_path / f"lab6-{student}" / "attack.yaml").unlink()
    marks = tmp_path / "marks.csv"
    done = runner.invoke(app, ["labs", "grade", str(tmp_path), *out, "--out", str(marks)])
    assert done.exit_code == 0, done.output
    assert done.output.count("attack.yaml is not handed in") >= 2
    assert len(marks.read_text(encoding="utf-8").splitlines()) == 3
    (tmp_path / "course.key").write_bytes(b"short")
    assert runner.invoke(app, ["labs", "grade", str(tmp_path), *out]).exit_code != 0


def test_the_notebooks_have_no_outputs_and_the_first_is_written(tmp_path):
    for path in (NOTEBOOK, SHEETS / "catch-it" / "notebook.ipynb"):
        notebook = nbformat.read(path, 4)
        assert all(not cell.get("outputs") for cell in notebook.cells)
    done = CliRunner().invoke(app, ["labs", "notebook", "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {NOTEBOOK.name, GLOSSARY.name}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the notebook's own machinery
def test_the_first_notebook_runs_top_to_bottom(tmp_path):
    run_notebook(NOTEBOOK, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_of_catch_it_runs_top_to_bottom(tmp_path):
    folder = given(lab_of("catch-it"), "s1", tmp_path)
    run_notebook(folder / "notebook.ipynb", folder)
    assert (folder / "mine.safetensors").is_file()


def run_notebook(path, folder):
    notebook = nbformat.read(path, 4)
    client = NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(folder)}})
    client.execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)


def test_a_key_too_short_or_an_id_that_names_no_folder_is_refused(tmp_path):
    path = tmp_path / "course.key"
    path.write_bytes(b"short")
    with pytest.raises(InputError, match="is guessed"):
        keys.read_key(path)
    with pytest.raises(InputError, match="names a folder"):
        start(lab_of("4"), "../x", KEY, tmp_path)


def test_hidden_seeds_are_nobody_elses():
    drawn = {
        (student, purpose): tuple(keys.seeds(KEY, student, "evade", purpose, 3))
        for student in ("s1", "s2")
        for purpose in ("hidden", "sample")
    }
    assert len(set(drawn.values())) == 4
    assert np.unique(drawn["s1", "hidden"]).size == 3
