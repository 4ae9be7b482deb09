"""`hydrotwin results`: a sweep's table, summarised and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scenarios.commands.output import Json, figures_table, print_json


def results(
    folder: Annotated[Path, typer.Argument(help="A sweep's folder.", metavar="DIR")],
    by: Annotated[
        list[str] | None,
        typer.Option(help="A column to summarise by, like seed; again for several."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the whole table; with --by, the summary.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Summarise the results of a sweep, by the values of some fields."""
    import json

    from rich.console import Console

    from scenarios.sweeps.table import read_results, summary
    from twin.errors import InputError

    table = read_results(folder)
    summed = summary(table, by or [])
    if csv is not None:
        try:
            (summed if by else table).to_csv(csv, index=False)
        except OSError as error:
            raise InputError(f"--csv {csv} cannot be written: {error.strerror}") from None
    if as_json:
        print_json(json.loads(summed.to_json(orient="records")))
        return
    shown = figures_table([str(name) for name in summed.columns], box=None, pad_edge=False)
    for row in summed.itertuples(index=False):
        shown.add_row(*map(_text, row))
    Console(highlight=False).print(shown)
    typer.echo("\ndetected, damaged: shares of runs; delay_h: the median; the others: means.")
    if csv is not None:
        typer.echo(f"wrote {csv}")


def _text(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
