"""`hydrotwin labs`: hand out labs to a class, let students check, and mark what is handed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.output import Force, Json, check_free, print_json, print_table

if TYPE_CHECKING:
    from scenarios.labs.grading import Mark

app = typer.Typer(
    help="Labs for a class: hand out, check, mark.",
    epilog="Example: hydrotwin labs start 4 --student s0815 --key course.key --out handed-out",
    no_args_is_help=True,
)

Key = Annotated[
    Path | None,
    typer.Option(help="A file with the course's secret; without it the seeds are no secret."),
]


@app.command("list", epilog="Example: hydrotwin labs list")
def list_labs(as_json: Json = False) -> None:
    """List the labs of the course."""
    from scenarios.labs.course import LABS

    rows = [
        {
            "lab": str(lab.number),
            "name": lab.name,
            "title": lab.title,
            "minutes": str(lab.minutes),
            "hands_in": ", ".join(lab.hands_in),
            "technique": lab.technique,
        }
        for lab in LABS
    ]
    heads = {"lab": "lab", "name": "name", "title": "title", "minutes": "min"}
    print_table(heads | {"hands_in": "handed in", "technique": "technique"}, rows, as_json)


@app.command("start", epilog="Example: hydrotwin labs start 4 --student s0815 --key course.key")
def start(
    lab: Annotated[
        str, typer.Argument(help="A lab's number or name, or the folder of your own exercise.")
    ],
    student: Annotated[
        list[str] | None, typer.Option(help="The student's ID; give it once or more.")
    ] = None,
    students: Annotated[Path | None, typer.Option(help="A file with an ID a line.")] = None,
    key: Key = None,
    out: Annotated[Path, typer.Option(help="Where the students' folders are written.")] = Path(),
) -> None:
    """Write a student's folder: the sheet, what to begin with, and what is the student's own."""
    from scenarios.labs.course import lab_of
    from scenarios.labs.grading import start
    from scenarios.labs.keys import read_key, read_students
    from twin.errors import InputError

    chosen, secret = lab_of(lab), read_key(key)
    named = [*(student or ()), *([] if students is None else read_students(students))]
    if not named:
        raise InputError("no student: give --student ID, or --students FILE")
    for each in named:
        folder = start(chosen, each, secret, out)
        typer.echo(f"wrote {folder}; the sheet is {folder / 'sheet.md'}")
    if key is None:
        typer.echo("no --key: the seeds that mark it are no secret; fine for practice")


@app.command("check", epilog="Example: hydrotwin labs check lab4-s0815")
def check(
    folder: Annotated[Path, typer.Argument(help="A student's folder.")] = Path(),
    as_json: Json = False,
) -> None:
    """Try a student's own work on the sample seed: which points pass, and why others do not."""
    from scenarios.labs.grading import check

    mark = check(folder)
    if as_json:
        print_json(_data(mark))
    else:
        _tell(mark)
    if mark.mark < mark.of:
        raise typer.Exit(1)


@app.command("grade", epilog="Example: hydrotwin labs grade handed-in --key course.key")
def grade(
    folder: Annotated[Path, typer.Argument(help="A folder of hand-ins, or one hand-in.")],
    key: Key = None,
    out: Annotated[Path | None, typer.Option(help="A CSV file for the marks.")] = None,
    lab: Annotated[
        Path | None, typer.Option(help="The folder of your own exercise, if they are of one.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Mark hand-ins on hidden seeds, each in a process of its own with limits."""
    from rich.console import Console
    from rich.progress import Progress

    from scenarios.labs.grading import grade, hand_ins
    from scenarios.labs.keys import read_key
    from scenarios.labs.marks import write_marks
    from scenarios.labs.own import own_lab

    if out is not None:
        check_free(out, force=force)
    own = None if lab is None else own_lab(lab)
    secret, marks = read_key(key), []
    total = len(hand_ins(folder))
    with Progress(console=Console(stderr=True, quiet=as_json), transient=True) as progress:
        task = progress.add_task("hand-ins", total=total)
        for mark in grade(folder, secret, own=own):
            marks.append(mark)
            progress.advance(task)
            if out is not None:  # after each one, so that nothing is lost
                write_marks(out, marks)
            if not as_json:
                _tell(mark)
    if as_json:
        print_json([_data(mark) for mark in marks])
    if out is not None:
        typer.echo(f"wrote {out}", err=as_json)


@app.command("notebook", epilog="Example: hydrotwin labs notebook")
def notebook(
    out: Annotated[Path, typer.Option(help="The folder to write it in.")] = Path(),
    force: Force = False,
) -> None:
    """Write a first notebook: run, look, change, compare, sweep and detect in ten cells."""
    import shutil

    from scenarios.labs.lab import GLOSSARY, NOTEBOOK

    for origin in (NOTEBOOK, GLOSSARY):
        check_free(out / origin.name, force=force)
    out.mkdir(parents=True, exist_ok=True)
    for origin in (NOTEBOOK, GLOSSARY):
        shutil.copy(origin, out)
    typer.echo(f"wrote {out / NOTEBOOK.name}; now: jupyter lab {out / NOTEBOOK.name}")


@app.command("new", epilog="Example: hydrotwin labs new my-exercise")
def new(
    name: Annotated[str, typer.Argument(help="Its name; a folder of it is written.")],
    out: Annotated[Path, typer.Option(help="Where.")] = Path(),
) -> None:
    """Draft an exercise of your own: a reference, a starter, a rubric and a sheet."""
    from scenarios.labs.own import draft

    folder = draft(name, out)
    typer.echo(f"wrote {folder}; change it, then: hydrotwin labs check-lab {folder}")


@app.command("check-lab", epilog="Example: hydrotwin labs check-lab my-exercise")
def check_lab(
    lab: Annotated[str, typer.Argument(help="The folder of your exercise, or a lab's number.")],
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to try.")] = 2,
) -> None:
    """Prove a lab solvable and not trivially passed: what the reference and the starter get."""
    import tempfile

    from scenarios.labs.course import lab_of
    from scenarios.labs.examination import prove

    chosen = lab_of(lab)
    with tempfile.TemporaryDirectory() as place:
        marks = prove(chosen, range(seeds), Path(place))
    for who, points in marks.items():
        each = ", ".join(f"{point:g}" for point in points)
        typer.echo(f"{who}: {each} of {chosen.points} points")
    bad = min(marks["reference"]) < chosen.points, max(marks["starter"]) > 0.0
    if bad[0]:
        typer.echo("not solvable: the reference does not get all points")
    if bad[1]:
        typer.echo("trivially passed: the starter gets points")
    if any(bad):
        raise typer.Exit(1)
    if chosen.own:
        typer.echo("every student has the same exercise: a copied answer gets the points as well")


def _tell(mark: Mark) -> None:
    who = f", {mark.student}" if mark.student else ""
    typer.echo(f"{mark.hand_in}{who}: {mark.mark:g} of {mark.of:g} points")
    if mark.why:
        typer.echo(f"  {mark.why}")
        return
    for name, verdict in mark.verdicts.items():
        typer.echo(f"  {verdict.share:4.0%}  {name}: {verdict.why}")


def _data(mark: Mark) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(mark)
