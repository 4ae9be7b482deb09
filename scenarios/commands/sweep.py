"""`hydrotwin sweep`: many runs of a scenario over values of its fields."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.output import Json, print_json

if TYPE_CHECKING:
    from scenarios.sweeps.sweep import Sweep

_SHOWN = 20  # runs of a dry run


def sweep(
    file: Annotated[Path, typer.Argument(help="A sweep file, or the name of a shipped study.")],
    out: Annotated[
        Path | None, typer.Option(help="The sweep's folder. [default: sweeps/FILE]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes. [default: one a core]")
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(help="The address of a Dask scheduler to use instead, or local."),
    ] = None,
    streams: Annotated[
        str,
        typer.Option(
            help="What becomes of each run's tables: drop, hourly (truth, SCADA and labels of full "
            "hours), or keep (its run folder)."
        ),
    ] = "drop",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Do again what failed before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it, list the runs, and estimate.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a sweep, or go on with it: what its folder has already is not done again."""
    from dataclasses import asdict

    from rich.console import Console

    from scenarios.sweeps.estimate import estimate
    from scenarios.sweeps.job import STREAMS
    from scenarios.sweeps.summary import errors
    from scenarios.sweeps.sweep_file import read_sweep
    from scenarios.sweeps.table import read_results
    from twin.errors import InputError, nearest

    if streams not in STREAMS:
        raise InputError(f"--streams {streams!r}: {nearest(streams, STREAMS)}")
    planned = read_sweep(file)
    place = out or Path("sweeps") / file.stem
    if dry_run:
        planned.check()
        _print_plan(planned, streams, as_json)
        return
    console = Console(stderr=True, quiet=as_json, highlight=False)
    if not as_json and streams != "drop":
        size = estimate(planned, streams).bytes
        console.print(f"{len(planned)} runs will take about {_bytes(size)} in {place}.")
    try:
        counts = planned.run_in(
            place,
            workers=workers,
            dask=dask,
            streams=streams,
            retry_failed=retry_failed,
            progress=not as_json,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt("what is done is kept; the same command goes on") from None
    if as_json:
        print_json(asdict(counts))
    else:
        typer.echo(
            f"{counts.runs} runs: {counts.done} done, {counts.failed} failed, {counts.skipped} "
            f"done before; {counts.wall_s:.1f} s\nResults  {counts.results}\n"
            f"Read     hydrotwin results {place}"
        )
        if counts.failed:
            for why, many in errors(read_results(place)).items():
                typer.echo(f"failed, {many} of {counts.runs} runs: {why}")
            typer.echo("--retry-failed does them again.")
    raise typer.Exit(1 if counts.failed else 0)


def _print_plan(planned: Sweep, streams: str, as_json: bool) -> None:
    from dataclasses import asdict
    from itertools import islice

    from rich.console import Console

    from scenarios.commands.output import figures_table
    from scenarios.sweeps.estimate import estimate
    from twin.errors import RunError

    try:
        estimated = estimate(planned, streams)
    except RunError as error:
        typer.echo(f"no estimate: the first run fails: {error}", err=True)
        estimated = None
    if as_json:
        figures = None if estimated is None else asdict(estimated)
        print_json({"runs": list(planned.rows()), "estimate": figures})
        return
    table = figures_table(("run", "scenario", *planned.fields), box=None, pad_edge=False)
    for row in islice(planned.rows(), _SHOWN):
        table.add_row(*("" if cell is None else str(cell) for cell in row.values()))
    Console(highlight=False).print(table)
    if len(planned) > _SHOWN:
        typer.echo(f"… {len(planned) - _SHOWN:,} more")
    watched = "" if planned.detectors is None else f" × {max(len(planned.detectors), 1)} detectors"
    typer.echo(f"\n{len(planned):,} runs{watched}; durations in hours.")
    if estimated is not None:
        typer.echo(
            f"About {_time(estimated.seconds)} on one core, {estimated.pairs:,} runs without "
            f"attacks among it, and {_bytes(estimated.bytes)} of disk (streams: {streams})."
        )


def _time(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _bytes(size: float) -> str:
    for unit, bytes_of in (("GB", 1e9), ("MB", 1e6)):
        if size >= bytes_of:
            return f"{size / bytes_of:.1f} {unit}"
    return f"{size / 1e3:.0f} kB"
