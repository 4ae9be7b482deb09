"""`hydrotwin dataset`: a labelled data set made from a recipe, and predictions on it judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from scenarios.commands.output import Json, figures_table, print_json


class _MakeOf(TyperGroup):
    """A recipe alone stands for `make` and the recipe."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args and args[0] not in self.commands and not args[0].startswith("-")
        return super().parse_args(ctx, ["make", *args] if named else args)


app = typer.Typer(
    cls=_MakeOf,
    help="Labelled data sets: made from a recipe, and predictions on them judged.",
    epilog="Example: hydrotwin dataset make ctown-attacks-1 --out ctown-attacks-1",
    no_args_is_help=True,
)


@app.command("make", epilog="Example: hydrotwin dataset make ctown-attacks-1 --out data/ctown-1")
def make_dataset(
    file: Annotated[str, typer.Argument(help="A recipe: a shipped name, or a file.")],
    out: Annotated[Path, typer.Option(help="The data set's folder.", metavar="DIR")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. [default: one a core]")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it, and count its runs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a data set; the folder DIR.runs beside it keeps the runs, to go on with."""
    from collections import Counter

    from scenarios.datasets.make import make
    from scenarios.datasets.recipe import read_recipe

    recipe = read_recipe(file)
    if dry_run:
        recipe.sweep().check()
        counts = Counter((week.part, week.family or week.kind) for week in recipe.weeks())
        rows = [{"part": part, "of": what, "runs": n} for (part, what), n in counts.items()]
        if as_json:
            print_json(rows)
            return
        for row in rows:
            typer.echo(f"{row['runs']:5} {row['part']} {row['of']}")
        return
    work = out.with_name(f"{out.name}.runs")
    made = make(recipe, out, work, workers=workers, progress=not as_json)
    if as_json:
        print_json({"folder": str(made.folder), "runs": made.runs.runs, "bytes": made.size})
        return
    typer.echo(f"wrote {made.folder}: {made.runs.runs} runs, {made.size / 1e6:.1f} MB")
    typer.echo(f"Its runs are in {work}, and may be removed.")


@app.command("score", epilog="Example: hydrotwin dataset score data/ctown-1 predictions.csv")
def score_dataset(
    folder: Annotated[Path, typer.Argument(help="A data set.", metavar="DIR")],
    predictions: Annotated[
        str,
        typer.Argument(
            help="A CSV file with week, time, score and alarm; or a detector of ours: a kind or a "
            "checkpoint.",
            metavar="PREDICTIONS.csv",
        ),
    ],
    part: Annotated[str, typer.Option(help="test or validation.")] = "test",
    as_json: Json = False,
) -> None:
    """Judge predictions on a data set; never point-adjusted."""
    from rich.console import Console

    from scenarios.datasets.score import hours, predict, read_predictions, score
    from twin.errors import InputError, nearest

    if part not in ("test", "validation"):
        raise InputError(f"--part {part!r}: {nearest(part, ('test', 'validation'))}")
    if predictions.endswith(".csv"):
        table = read_predictions(Path(predictions))
    else:
        table = predict(folder, predictions, part)
    figures = score(folder, table, part)
    if as_json:
        print_json(figures)
        return
    metrics = figures["metrics"]
    shown = figures_table(("measure", "value"), box=None, pad_edge=False)
    for name, value in metrics.items():
        if name == "ttd_hours":
            name, value = "median delay of those found [h]", hours(value)
        if name == "event_recall":
            name += f" of {sum(each['judged'] for each in figures['judged'].values())} attacks"
        shown.add_row(name, _text(value))
    for kind, rate in figures["false_episodes_per_week"].items():
        shown.add_row(f"false episodes a week, {kind}", _text(rate))
    for family, share in figures["families"].items():
        shown.add_row(f"found of {family}", f"{share:.0%}")
    Console(highlight=False).print(shown)
    for family, weeks in figures["judged"].items():
        if weeks["judged"] < weeks["of"]:
            typer.echo(f"{family}: {weeks['judged']} of {weeks['of']} judged")
    if figures["unjudged"]:
        typer.echo(f"{figures['unjudged']:,} of {figures['rows']:,} rows have no score.")


def _text(value: Any) -> str:
    return "–" if value is None else f"{value:,.4g}"
