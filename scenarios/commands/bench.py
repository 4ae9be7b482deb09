"""`hydrotwin bench`: how fast the twin is on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from scenarios.commands.output import Json, print_json
from twin.units import counted

app = typer.Typer(help="Measure how fast the parts are.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measure how fast the parts are."""


@app.command(epilog="Example: hydrotwin bench twin --days 30")
def twin(
    days: Annotated[int, typer.Option(min=1, help="Days of loop against bare EPANET.")] = 30,
    as_json: Json = False,
) -> None:
    """Measure the full loop against bare EPANET, WNTR and, where installed, EPyT-Flow."""
    from rich.console import Console
    from rich.table import Table

    from scenarios.validation.speed import measure_speed

    # Lines, no spinner: one that turns in this process would be measured with it.
    speed = measure_speed(days, tell=Console(stderr=True).print)
    if as_json:
        print_json(speed.as_dict())
        return
    hour = speed.loop_s / days / 24
    table = Table("what", "s a simulated hour", "hours a second", "times the loop", box=None)
    rows = {"bare EPANET, own controls": speed.bare_s / days / 24, "full loop": hour, **speed.peers}
    for name, seconds in rows.items():
        table.add_row(name, f"{seconds:.2e}", f"{1 / seconds:,.0f}", f"{seconds / hour:.2f}")
    out = Console()
    out.print(table)
    out.print(
        f"The full loop takes {speed.ratio:.2f} times bare EPANET over {counted(days, 'day')}."
    )
    for run in speed.growth:
        rate = run.days * 24 / run.seconds
        peak = f", peak {run.peak_mb:.0f} MB"
        alone = f"{counted(run.days, 'day')} alone"
        out.print(f"{alone}: {run.seconds:.1f} s, {rate:,.0f} hours a second{peak}")


@app.command(epilog="Example: hydrotwin bench sweep --seeds 20")
def sweep(
    seeds: Annotated[
        int, typer.Option(min=1, help="Seeds of each attacked week in the library.")
    ] = 2,
    as_json: Json = False,
) -> None:
    """Measure sweeps: attacked weeks a minute, detector, workers, the driver, and memory."""
    from rich.console import Console

    from scenarios.experiments.speed import DETECTOR, measure_sweeps

    speed = measure_sweeps(seeds, tell=Console(stderr=True).print)
    if as_json:
        print_json(speed.as_dict())
        return
    out = Console()
    out.print(
        f"{speed.weeks_a_minute:.0f} attacked weeks a minute, {counted(speed.workers, 'worker')}, "
        f"no detector ({speed.weeks} weeks, their pairs and warm-ups run too)"
    )
    out.print(f"with {DETECTOR}: {speed.detector:.2f} times as long")
    out.print(f"1 to {counted(speed.workers, 'worker')}: {speed.speedup:.2f} times as fast")
    for runs, share in speed.driver.items():
        out.print(
            f"the driver, {runs:,} runs: {share:.1%} of their time, "
            f"peak {speed.driver_mb[runs]:.0f} MB"
        )
    for runs, peak in speed.worker_mb.items():
        out.print(f"a worker, {runs} runs: peak {peak:.0f} MB")
