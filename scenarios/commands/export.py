"""`hydrotwin export`: a run in the benchmark's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.output import Force, check_free
from twin.units import counted


def export(
    run: Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")],
    batadal: Annotated[
        Path | None, typer.Option(help="Write BATADAL's CSV here.", metavar="FILE.csv")
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(help="Write the same rows as Parquet.", metavar="FILE.parquet")
    ] = None,
    force: Force = False,
) -> None:
    """Write what SCADA showed hour by hour, with dates and labels, as BATADAL's files are.

    Files that exist are kept: replace them with --force.
    """
    from dataclasses import replace

    from scenarios.experiments.dataset import hourly, write, write_parquet
    from twin.errors import InputError

    targets = [(batadal, write), (parquet, write_parquet)]
    if not any(path for path, _ in targets):
        raise InputError("nothing to write: name --batadal FILE.csv, --parquet FILE, or both")
    check_free(batadal, option="--batadal", force=force)
    check_free(parquet, option="--parquet", force=force)
    record = hourly(run)
    marked = int((~record.normal).sum())
    for path, writer in targets:
        if path is not None:
            writer(replace(record, path=path))
            typer.echo(f"wrote {path}: {counted(len(record.table), 'hour')}, {marked} under attack")
