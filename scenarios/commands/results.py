"""`hydrotwin results`: a sweep's table, summarised and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.output import Force, Json, check_free, figures_table, print_json, warn


def results(
    folder: Annotated[Path, typer.Argument(help="A sweep's folder.", metavar="DIR")],
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column to summarise by, like seed; again for several."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the whole table; with --by, the summary.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Summarise the results of a sweep, by the values of some fields."""
    import json

    from rich.console import Console
    from rich.measure import Measurement

    from scenarios.sweeps.so_far import results_so_far
    from scenarios.sweeps.summary import WORDS, errors, shown, summary
    from twin.errors import InputError

    check_free(csv, force=force, option="--csv")
    table, _, left = results_so_far(folder)
    if left:
        warn(left)
    summed = summary(table, by or [])
    if csv is not None:
        try:
            (summed if by else table).to_csv(csv, index=False)
        except OSError as error:
            raise InputError(f"--csv {csv} cannot be written: {error.strerror or error}") from None
    if as_json:
        print_json(json.loads(summed.to_json(orient="records")))
        return
    heads, rows = shown(summed)
    printed = figures_table(heads, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for row in rows:
        printed.add_row(*row)
    for column, head in zip(printed.columns, heads, strict=True):  # so that no word is broken
        column.min_width = max(map(len, " ".join([head, *map(str, column.cells)]).split()))
    console = Console(highlight=False)
    console.width = max(console.width, Measurement.get(console, console.options, printed).minimum)
    console.print(printed, soft_wrap=True)
    typer.echo(f"\n{WORDS}")
    for why, many in errors(table).items():
        typer.echo(f"failed, {many} of {table['run'].nunique()} runs: {why}")
    if csv is not None:
        typer.echo(f"wrote {csv}")
