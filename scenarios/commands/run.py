"""`hydrotwin run`: a run as one watches it in a terminal."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scenarios.account import Section, account, clock
from scenarios.run import Run, run
from scenarios.schema import Scenario, entries_in_words, load, located, path_of
from twin.errors import InputError
from twin.network import plants
from twin.scada import Alarm
from twin.units import DAY, HOUR, duration, readable


def run_scenario(
    name: str,
    *,
    seed: int | None,
    out: Path | None,
    duration: str | None,
    plant: str | None,
    watch: bool,
    as_json: bool,
) -> bool:
    """Run a scenario and print what came of it; return whether the run failed."""
    scenario = load(name)
    label = scenario.name
    if plant is not None:
        label += f"-{Path(plant).name}"
        chosen = plant if plant in plants() else str(Path(plant).absolute())
        scenario = replace(scenario, plant=chosen, description="")  # it told of the other
    options: dict[str, Any] = {"seed": seed, "watch": watch, "duration": _length(duration)}
    number = scenario.seed if seed is None else seed
    options["out"] = out or Path("runs") / f"{label}-seed{number}"
    console = Console(quiet=as_json, highlight=False)
    length = options["duration"] or scenario.duration
    _announce(console, scenario, number, length)
    try:
        made = _watched(console, scenario, length, options)
    except InputError as error:
        if plant is not None and error.keys[:1] == ("plant",):
            raise InputError(f"--plant: {error.message}") from None
        raise located(error, path_of(name)) from None
    if as_json:
        sys.stdout.write(json.dumps(made.summary(), indent=2, ensure_ascii=False) + "\n")
    else:
        _tell(console, made)
    return made.status != "done"


def _length(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = duration(text)
    except ValueError as error:
        raise InputError(f"--duration: {error}") from None
    if seconds < HOUR or seconds % 300:
        raise InputError(f"--duration: at least 1 h, in steps of 5 min, not {text!r}")
    return seconds


def _announce(console: Console, scenario: Scenario, seed: int, length: float) -> None:
    console.print(
        f"[bold]{scenario.name}[/]  {readable(length)} of {Path(scenario.plant).name}, seed {seed}"
    )
    if scenario.description:
        console.print(scenario.description)
    for words in entries_in_words(scenario.attacks):
        console.print(f"  · {words}", markup=False)
    console.print()


def _watched(console: Console, scenario: Scenario, length: float, options: dict[str, Any]) -> Run:
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[clock]}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    )
    with nullcontext() if console.quiet else progress:
        task = progress.add_task("", total=length, clock="without the attack first …")

        def on_hour(now: float) -> None:
            if now % (DAY / 4) == 0 or now >= length:
                progress.update(task, completed=max(now, 0.0), clock=_simulated(now))

        def on_alarm(alarm: Alarm) -> None:
            progress.console.print(
                f"[bold red]ALARM[/]  {clock(alarm.time / HOUR)}  {alarm.plc}: "
                f"{', '.join(alarm.tags)}  (score {alarm.score:.4f} over {alarm.threshold:.4f})"
            )

        return run(scenario, **options, on_hour=on_hour, on_alarm=on_alarm)


def _simulated(now: float) -> str:
    return "warming up" if now < 0 else f"simulated {clock(now / HOUR)}"


def _tell(console: Console, made: Run) -> None:
    console.print()
    for section in account(made):
        _print_section(console, section)
    hours = made.hours
    console.print(f"{hours:g} simulated hours in {made.wall_s:.1f} s.")
    assert made.folder is not None
    console.print(f"Run folder  {made.folder}", soft_wrap=True)
    console.print(f"Report      {made.folder / 'report.html'}", soft_wrap=True)


def _print_section(console: Console, section: Section) -> None:
    console.print(f"[bold]{section.title}[/]")
    for line in section.lines:
        console.print(f"  {line}", markup=False)
    console.print()
