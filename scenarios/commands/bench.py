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
