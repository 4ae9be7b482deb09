"""`hydrotwin run`: a run as one watches it in a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scenarios.definition.plan import in_words, plan
from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import check_duration, load, located, path_of
from scenarios.definition.words import clock, entries_in_words
from scenarios.report.account import Section, account
from scenarios.results.detection import check_aftermath
from scenarios.results.run import Run
from scenarios.simulation.pace import Pace
from scenarios.simulation.run import run
from twin.control.alarms import Alarm
from twin.errors import InputError
from twin.plants.spec import PlantSpec, plants
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
            options["on_start"] = lambda spec: _announce(
                console, scenario, spec, number, length, listen
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
    spec: PlantSpec,
    seed: int,
    length: float,
    listen: Callable[[], str | None] | None,
) -> None:
    plant = Path(scenario.plant).name
    console.print(f"[bold]{scenario.name}[/]  {readable(length)} of {plant}, seed {seed}")
    if scenario.description:
        console.print(scenario.description)
    for words in entries_in_words(scenario.entries, spec):
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

        def on_start(spec: PlantSpec) -> None:
            begins(spec)
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


KEYS = "space pauses, + and - change the speed, f goes as fast as possible"


@contextlib.contextmanager
def keyboard() -> Iterator[Callable[[], str | None] | None]:
    """Give a function that returns a key pressed since it was last asked, without waiting.

    Gives None where there is no terminal to type at, or it cannot be read key by key.
    """
    try:
        import termios
        import tty

        handle = sys.stdin.fileno()
        before = termios.tcgetattr(handle)
    except (ImportError, OSError, ValueError, termios.error):
        yield None
        return
    if os.getpgrp() != os.tcgetpgrp(handle):  # in the background: leave the terminal alone
        yield None
        return
    try:
        tty.setcbreak(handle)

        def pressed() -> str | None:
            ready, _, _ = select.select([handle], [], [], 0)
            return os.read(handle, 1).decode(errors="ignore") if ready else None

        yield pressed
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
