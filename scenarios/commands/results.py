"""`hydrotwin results`: a sweep's table, summarised and exported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import Force, Json, check_free, figures_table, print_json, warn

if TYPE_CHECKING:
    import pandas as pd

_HEADS = {
    "detected": "noticed",
    "delay_h": "delay h",
    "difference_overflow_m3": "spilled m³",
    "difference_unmet_m3": "unmet m³",
    "difference_energy_kwh": "energy kWh",
    "damage_h": "damage h",
    "false_episodes": "false episodes",
}


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

    from scenarios.sweeps.so_far import errors, results_so_far
    from scenarios.sweeps.table import summary
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
    names = [name for name in summed.columns if not _left_out(str(name), summed)]
    heads = [_HEADS.get(name, " ".join(str(name).split(".")[-2:])) for name in names]
    shown = figures_table(heads, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for row in summed[names].itertuples(index=False):
        shown.add_row(*map(_text, row))
    for column, head in zip(shown.columns, heads, strict=True):  # so that no word is broken
        column.min_width = max(map(len, " ".join([head, *map(str, column.cells)]).split()))
    console = Console(highlight=False)
    console.width = max(console.width, Measurement.get(console, console.options, shown).minimum)
    console.print(shown, soft_wrap=True)
    typer.echo("\nnoticed, damaged: shares of runs; delay: the median; the others: means; spilled, "
               "unmet and energy: beyond the same run without attacks.")  # fmt: skip
    for why, many in errors(table).items():
        typer.echo(f"failed, {many} of {table['run'].nunique()} runs: {why}")
    if csv is not None:
        typer.echo(f"wrote {csv}")


def _left_out(name: str, summed: pd.DataFrame) -> bool:
    """Return whether the terminal's table goes without a column, which --csv and --json have."""
    if name.startswith(("failed", "difference_")):
        return not summed[name].any()
    return name.startswith("impact_")


def _text(value: Any) -> str:
    if value is None or value != value:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
