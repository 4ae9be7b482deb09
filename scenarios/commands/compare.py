"""`hydrotwin compare`: two runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.output import warn

if TYPE_CHECKING:
    from rich.console import Console

    from scenarios.results.compare import Comparison

_RUN = "A run folder, or a scenario's name or file, which is run."


def compare(
    run_a: Annotated[str, typer.Argument(help=_RUN, metavar="RUN_A")],
    run_b: Annotated[
        str | None,
        typer.Argument(help="Another. [default: the first without its attacks]", metavar="[RUN_B]"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Draw it here.", metavar="FILE.png")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Say what differs between two runs, from when and by how much."""
    from scenarios.report.comparison import picture
    from scenarios.report.style import drawing
    from scenarios.results.compare import compare as compared
    from scenarios.simulation.sides import sides

    if out is not None:
        _check(out)
    made = compared(*sides(run_a, run_b))
    if as_json:
        typer.echo(json.dumps(made.summary(), indent=2, ensure_ascii=False))
    else:
        _print(made)
    if out is not None:
        failed: list[str] = []
        with drawing(f"{out}", failed.append):
            picture(made).savefig(out, dpi=140)
        for why in failed:
            warn(why)
            raise typer.Exit(1)
        if not as_json:
            typer.echo(f"wrote {out}")


def _check(out: Path) -> None:
    """Refuse a file that no picture can be drawn into, before anything is run."""
    from matplotlib.backend_bases import FigureCanvasBase

    from twin.errors import InputError, nearest

    known = [f".{name}" for name in FigureCanvasBase.get_supported_filetypes()]
    if out.suffix.casefold() not in known:
        hint = nearest(out.suffix, known) if out.suffix else f"name it {out}.png"
        raise InputError(f"--out {out}: no kind of picture ({hint})")
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.parent}")


def _print(made: Comparison) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(f"A  {made.a.name}\nB  {made.b.name}\n{made.hours:g} h of both\n", markup=False)
    if made.differences:
        _print_differences(console, made)
    else:
        console.print("Nothing differs: neither the water nor what SCADA shows.")
    for side, name in ((made.a, "A"), (made.b, "B")):
        for note in side.notes:
            console.print(f"\n{name}: {note}", markup=False)


def _print_differences(console: Console, made: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    from scenarios.report.words import COUNTER_WORDS, figure

    table = Table(
        *map(escape, ("tag", "water differs from [h]", "for [h]", "SCADA differs from [h]",
                      "for [h]", "by at most", "at [h]")), box=None, pad_edge=False,
    )  # fmt: skip
    for one in made.differences:
        starts = ["–" if at is None else f"{at:.1f}" for at in (one.true_from_h, one.shown_from_h)]
        most = f"{one.most:.2f} {one.unit}".strip()
        table.add_row(one.tag, starts[0], f"{one.true_h:.1f}", starts[1], f"{one.shown_h:.1f}",
                      most, f"{one.most_at_h:.1f}")  # fmt: skip
    console.print(table)
    totals = Table("impact", "A", "B", "A − B", box=None, pad_edge=False)
    for name, row in made.totals.iterrows():
        cells = (figure(str(name), row[column]) for column in ("a", "b", "difference"))
        totals.add_row(escape(COUNTER_WORDS[str(name)]), *cells)
    console.print()
    console.print(totals)
