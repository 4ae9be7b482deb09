"""`hydrotwin compare`: two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.output import Force, Json, check_free, print_json, warn

if TYPE_CHECKING:
    from rich.console import Console

    from scenarios.results.compare import Comparison

_RUN = "A run folder, or a scenario's name or file, which is run."


def compare(
    run_a: Annotated[str, typer.Argument(help=_RUN, metavar="RUN_A")],
    run_b: Annotated[
        str | None,
        typer.Argument(
            help=r"Another. \[default: the first without its attacks]", metavar="[RUN_B]"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Draw it here.", metavar="FILE.png")] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Say what differs between two runs, from when and by how much.

    A picture that exists is kept: replace it with --force.
    """
    from scenarios.report.comparison import plot_comparison
    from scenarios.report.style import plotting
    from scenarios.results.compare import compare as compared
    from scenarios.simulation.sides import sides

    if out is not None:
        _check(out)
        check_free(out, force=force)
    comparison = compared(*sides(run_a, run_b))
    if as_json:
        print_json(comparison.summary())
    else:
        _print(comparison)
    if out is not None:
        failed: list[str] = []
        with plotting(f"{out}", failed.append):
            plot_comparison(comparison).savefig(out, dpi=140)
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


def _print(comparison: Comparison) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    console.print(
        f"A  {comparison.a.name}\nB  {comparison.b.name}\n{comparison.hours:g} h of both\n",
        markup=False,
    )
    if comparison.differences:
        _print_differences(console, comparison)
    else:
        console.print("Nothing differs: neither the water nor what SCADA shows.")
    for side, name in ((comparison.a, "A"), (comparison.b, "B")):
        for note in side.notes:
            console.print(f"\n{name}: {note}", markup=False)


def _print_differences(console: Console, comparison: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    from scenarios.report.words import COUNTER_WORDS, figure
    from twin.units import rounded

    table = Table(
        *map(escape, ("tag", "water differs from [h]", "for [h]", "SCADA differs from [h]",
                      "for [h]", "by at most", "at [h]")), box=None, pad_edge=False,
    )  # fmt: skip
    for difference in comparison.differences:
        true_from, shown_from = (
            "–" if at is None else f"{at:.1f}"
            for at in (difference.true_from_h, difference.shown_from_h)
        )
        most = f"{rounded(difference.most, 2)} {difference.unit}".strip()
        table.add_row(difference.tag, true_from, f"{difference.true_h:.1f}",
                      shown_from, f"{difference.shown_h:.1f}",
                      most, f"{difference.most_at_h:.1f}")  # fmt: skip
    console.print(table)
    totals = Table("impact", "A", "B", "A − B", box=None, pad_edge=False)
    for name, row in comparison.totals.iterrows():
        cells = (figure(str(name), row[column]) for column in ("a", "b", "difference"))
        totals.add_row(escape(COUNTER_WORDS[str(name)]), *cells)
    console.print()
    console.print(totals)
