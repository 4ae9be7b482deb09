"""A run shown in a terminal: what is run, its progress and alarms, and the account."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scenarios.commands.keyboard import KEYS
from scenarios.definition.scenario import Scenario
from scenarios.definition.words import clock, entries_in_words
from scenarios.report.account import Section, account
from scenarios.results.run import Run
from scenarios.simulation.pace import Pace
from scenarios.simulation.run import run
from twin.control.alarms import Alarm
from twin.plants.spec import PlantSpec
from twin.units import DAY, HOUR, readable


def announce(
    console: Console,
    scenario: Scenario,
    spec: PlantSpec,
    seed: int,
    length: float,
    *,
    keys: bool,
) -> None:
    """Say what is run, of which plant, and which keys there are if there are any."""
    plant = Path(scenario.plant).name
    console.print(f"[bold]{scenario.name}[/]  {readable(length)} of {plant}, seed {seed}")
    if scenario.description:
        console.print(scenario.description)
    for words in entries_in_words(scenario.entries, spec):
        console.print(f"  · {words}", markup=False)
    if keys:
        console.print(f"[dim]While it runs, {KEYS}.[/]")
    console.print()


def watched(
    console: Console,
    scenario: Scenario,
    length: float,
    pace: Pace,
    before: Callable[[PlantSpec], None],
    **options: Any,
) -> Run:
    """Run a scenario, showing how far it has come and each alarm.

    Parameters
    ----------
    console : Console
    scenario : Scenario
    length : float
        What is simulated [s].
    pace : Pace
    before : callable
        Called with the plant before the progress bar is shown.
    **options
        Of `scenarios.run`.
    """
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[clock]}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    )
    with contextlib.ExitStack() as stack:
        task = progress.add_task("", total=length, clock="without the attack first …")

        def on_start(spec: PlantSpec) -> None:
            before(spec)
            if not console.quiet:
                stack.enter_context(progress)

        def show(now: float) -> None:
            speed = f", {pace.speed:g} times real time" if pace.speed else ""
            words = _simulated(now) + (", paused" if pace.paused else speed)
            progress.update(task, completed=max(now, 0.0), clock=words)

        def on_time(now: float) -> None:
            if pace.speed is not None or now % (DAY / 4) == 0 or now >= length:
                show(now)

        pace.on_key = show

        def on_alarm(alarm: Alarm) -> None:
            progress.console.print(
                f"[bold red]ALARM[/]  {clock(alarm.time / HOUR)}  {alarm.detector}: {alarm.why}  "
                f"({f'{alarm.plc}, ' if alarm.plc else ''}score {alarm.score:.4g}, "
                f"threshold {alarm.threshold:.4g})"
            )

        def on_compare(incident: str) -> None:
            progress.update(task, clock=f"without {incident} …")

        return run(
            scenario,
            **options,
            pace=pace,
            on_start=on_start,
            on_time=on_time,
            on_alarm=on_alarm,
            on_compare=on_compare,
        )


def _simulated(now: float) -> str:
    return "warming up" if now < 0 else f"simulated {clock(now / HOUR)}"


def tell(console: Console, result: Run) -> None:
    """Print the account of a run, and where its folder is."""
    console.print()
    for section in account(result):
        _print_section(console, section)
    hours = result.hours
    console.print(f"{hours:g} simulated hours in {result.wall_s:.1f} s.")
    assert result.folder is not None
    console.print(f"Run folder  {result.folder}", soft_wrap=True)
    console.print(f"Report      {result.folder / 'report.html'}", soft_wrap=True)


def _print_section(console: Console, section: Section) -> None:
    console.print(f"[bold]{section.title}[/]")
    for line in section.lines:
        console.print(f"  {line}", markup=False)
    console.print()
