"""`hydrotwin bench`: how fast the twin is on this machine."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

app = typer.Typer(help="Measure how fast the parts are.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measure how fast the parts are."""


@app.command(epilog="Example: hydrotwin bench twin --days 30")
def twin(
    days: Annotated[int, typer.Option(min=1, help="Days of loop against bare EPANET.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Measure the full loop against bare EPANET, WNTR and, where installed, EPyT-Flow."""
    from rich.console import Console
    from rich.table import Table

    from scenarios.validation import speed

    console = Console(stderr=True)
    # Lines, no spinner: one that turns in this process would be measured with it.
    found = speed.bench(days, tell=console.print)
    if as_json:
        sys.stdout.write(json.dumps(found.as_dict(), indent=2) + "\n")
        return
    hour = found.loop_s / days / 24
    table = Table("what", "s a simulated hour", "hours a second", "times the loop", box=None)
    rows = {"bare EPANET, own controls": found.bare_s / days / 24, "full loop": hour, **found.peers}
    for name, seconds in rows.items():
        table.add_row(name, f"{seconds:.2e}", f"{1 / seconds:,.0f}", f"{seconds / hour:.2f}")
    out = Console()
    out.print(table)
    out.print(f"The full loop takes {found.ratio:.2f} times bare EPANET over {days} days.")
    for one in found.growth:
        rate = one.days * 24 / one.seconds
        out.print(
            f"{one.days} days alone: {one.seconds:.1f} s, {rate:,.0f} hours a second, "
            f"peak {one.peak_mb:.0f} MB"
        )
