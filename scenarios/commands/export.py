"""`hydrotwin export`: a run in the benchmark's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(help="A run folder.", metavar="RUN")],
    batadal: Annotated[
        Path | None, typer.Option(help="Write BATADAL's CSV here.", metavar="FILE.csv")
    ] = None,
    parquet: Annotated[
        Path | None, typer.Option(help="Write the same rows as Parquet.", metavar="FILE.parquet")
    ] = None,
) -> None:
    """Write what SCADA showed hour by hour, with dates and labels, as BATADAL's files are."""
    from dataclasses import replace

    from scenarios.experiments.dataset import hourly, write, write_parquet
    from twin.errors import InputError

    targets = [(batadal, write), (parquet, write_parquet)]
    if not any(path for path, _ in targets):
        raise InputError("nothing to write: name --batadal FILE.csv, --parquet FILE, or both")
    record = hourly(run)
    marked = int((~record.normal).sum())
    for path, writer in targets:
        if path is not None:
            writer(replace(record, path=path))
            typer.echo(f"wrote {path}: {len(record.table)} hours, {marked} under attack")
