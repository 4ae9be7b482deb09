"""`hydrotwin run`: a run as one watches it in a terminal."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scenarios.account import Section, account
from scenarios.detection import check_aftermath
from scenarios.pace import KEYS, Pace, keyboard
from scenarios.plan import in_words, plan
from scenarios.result import Run
from scenarios.run import run
from scenarios.schema import (
    Scenario,
    check_duration,
    load,
    located,
    path_of,
)
from scenarios.words import clock, entries_in_words
from twin.errors import InputError
from twin.network import Network, plants
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
    pair: bool,
    aftermath: str,
    speed: float | None,
    dry: bool,
    as_json: bool,
) -> bool:
    """Run a scenario and print what came of it; return whether the run failed."""
    scenario = load(name)
    label = scenario.name
    if plant is not None:
        label += f"-{Path(plant).name}"
        chosen = plant if plant in plants() else str(Path(plant).absolute())
        scenario = replace(scenario, plant=chosen, description="")  # it told of the other
    options: dict[str, Any] = {
        "seed": seed,
        "watch": watch,
        "pair": pair,
        "aftermath": _aftermath(aftermath, pair),
        "duration": _length(duration),
    }
    number = scenario.seed if seed is None else seed
    options["out"] = out or Path("runs") / f"{label}-seed{number}"
    console = Console(quiet=as_json, highlight=False)
    length = options["duration"] or scenario.duration
    try:
        if dry:
            if plant is not None and not watch:  # the detector may be for the other plant
                scenario = replace(scenario, detector=None)
            _tell_plan(replace(scenario, seed=number, duration=length), as_json)
            return False
        with keyboard() as listen:
            pace = _pace(speed, listen)
            options["on_start"] = lambda network: _announce(
                console, scenario, network, number, length, listen
            )
            made = _watched(console, scenario, length, pace, options)
    except InputError as error:
        if plant is not None and error.keys[:1] == ("plant",):
            raise error if error.file else InputError(f"--plant: {error.message}") from None
        raise located(error, path_of(name)) from None
    if as_json:
        sys.stdout.write(json.dumps(made.summary(), indent=2, ensure_ascii=False) + "\n")
    else:
        _tell(console, made)
    if made.status == "interrupted":
        raise KeyboardInterrupt(f"{made.folder} holds the {made.hours:g} h recorded by then")
    return made.status != "done"


def _tell_plan(scenario: Scenario, as_json: bool) -> None:
    made = plan(scenario)
    text = json.dumps(asdict(made), indent=2, ensure_ascii=False) if as_json else None
    sys.stdout.write((text or "\n".join(in_words(made))) + "\n")


def _pace(speed: float | None, listen: Callable[[], str | None] | None) -> Pace:
    try:
        return Pace(speed, listen)
    except ValueError as error:
        raise InputError(f"--speed: {error}") from None


def _aftermath(word: str, pair: bool) -> str:
    try:
        check_aftermath(word, pair)
    except InputError as error:
        raise InputError(f"--{error.message}") from None
    return word


def _length(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = duration(text)
    except ValueError as error:
        raise InputError(f"--duration: {error}") from None
    try:
        check_duration(seconds)
    except InputError as error:
        raise InputError(f"--duration {text}: {error.message}") from None
    return seconds


def _announce(
    console: Console,
    scenario: Scenario,
    network: Network,
    seed: int,
    length: float,
    listen: Callable[[], str | None] | None,
) -> None:
    plant = Path(scenario.plant).name
    console.print(f"[bold]{scenario.name}[/]  {readable(length)} of {plant}, seed {seed}")
    if scenario.description:
        console.print(scenario.description)
    for words in entries_in_words(scenario.entries, network):
        console.print(f"  · {words}", markup=False)
    if listen is not None:
        console.print(f"[dim]While it runs, {KEYS}.[/]")
    console.print()


def _watched(
    console: Console, scenario: Scenario, length: float, pace: Pace, options: dict[str, Any]
) -> Run:
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[clock]}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    )
    begins = options.pop("on_start")
    with contextlib.ExitStack() as stack:
        task = progress.add_task("", total=length, clock="without the attack first …")

        def on_start(network: Network) -> None:
            begins(network)
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
                f"[bold red]ALARM[/]  {clock(alarm.time / HOUR)}  explained by "
                f"{', '.join(alarm.tags)}, most of it {alarm.plc}'s  "
                f"(score {alarm.score:.4f} over {alarm.threshold:.4f})"
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
