"""`hydrotwin run`: simulate a scenario, show its progress, and print its account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.keyboard import keyboard
from scenarios.commands.output import check_free, names_in, print_json, tell_plugins
from twin.errors import InputError

if TYPE_CHECKING:
    from scenarios.definition.scenario import Scenario


def run(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario's name, or a file.")],
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help=r"The run folder; replaces an earlier run. \[default: runs/SCENARIO-seedN]"
        ),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help='Instead of the scenario\'s, like "7 d".')
    ] = None,
    plant: Annotated[
        str | None, typer.Option(help="Instead of the scenario's: a shipped name, or a folder.")
    ] = None,
    no_detector: Annotated[
        bool, typer.Option("--no-detector", help="Run without a detector.")
    ] = False,
    detector: Annotated[
        str | None,
        typer.Option(
            help="Instead of the scenario's: kinds or *.safetensors files, separated by commas. "
            "Each watches for itself.",
            metavar="A,B,…",
        ),
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(help="A Python file with attacks or detectors of your own."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(help=r"Simulated seconds in a real second. \[default: as fast as possible]"),
    ] = None,
    no_pair: Annotated[
        bool, typer.Option("--no-pair", help="Do not compare with the run without attacks.")
    ] = False,
    aftermath: Annotated[
        str,
        typer.Option(
            help="How hours are counted in which an attack is over and its effects last: normal "
            "(as in BATADAL), attack, or out (not at all)."
        ),
    ] = "normal",
    pcap: Annotated[
        Path | None,
        typer.Option(
            help="Also write what the messages would look like on the wire, and their labels "
            "beside it as CSV.",
            metavar="FILE.pcapng",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print who would be deceived, when and about what; run nothing."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON only.")] = False,
) -> None:
    """Run a scenario: simulate it, watch it while it happens, and tell what came of it."""
    from dataclasses import replace

    from rich.console import Console

    from scenarios.commands.terminal import announce, tell, watched
    from scenarios.definition.plugins import load_plugin
    from scenarios.definition.schema import load, located, path_of
    from scenarios.simulation.pace import Pace
    from twin.plants.spec import plants

    check_free(pcap, option="--pcap", force=True)
    tell_plugins(scenario)
    chosen = load(scenario)
    for path in plugin or ():
        load_plugin(path)
        chosen = replace(chosen, plugins=(*chosen.plugins, str(path.resolve())))
    label = chosen.name
    if plant is not None:
        label += f"-{Path(plant).name}"
        where = plant if plant in plants() else str(Path(plant).absolute())
        chosen = replace(chosen, plant=where, description="")  # which was of the other plant
    number = chosen.seed if seed is None else seed
    options: dict[str, Any] = {
        "seed": seed,
        "watch": not no_detector,
        "detector": None if detector is None else names_in(detector, "--detector"),
        "pair": not no_pair,
        "aftermath": _aftermath(aftermath, not no_pair),
        "duration": _seconds(duration),
        "out": out or Path("runs") / f"{label}-seed{number}",
        "capture": pcap,
    }
    length = options["duration"] or chosen.duration
    console = Console(quiet=as_json, highlight=False)
    try:
        if dry_run:
            if plant is not None and no_detector:  # the detector may be for the other plant
                chosen = replace(chosen, detector=None)
            _print_plan(replace(chosen, seed=number, duration=length), as_json)
            return
        with keyboard() as listen:
            try:
                pace = Pace(speed, listen)
            except ValueError as error:
                raise InputError(f"--speed: {error}") from None
            result = watched(
                console,
                chosen,
                length,
                pace,
                lambda spec: announce(
                    console, chosen, spec, number, length, keys=listen is not None
                ),
                **options,
            )
    except InputError as error:
        if detector is not None and tuple(error.keys[:1]) == ("detector",):
            raise InputError(f"--detector: {error.message}") from None
        if plant is not None and error.keys[:1] == ("plant",):
            raise error if error.file else InputError(f"--plant: {error.message}") from None
        raise located(error, path_of(scenario)) from None
    if as_json:
        print_json(result.summary())
    else:
        tell(console, result)
    if result.status == "interrupted":
        raise KeyboardInterrupt(f"{result.folder} holds the {result.hours:g} h recorded by then")
    raise typer.Exit(0 if result.status == "done" else 1)


def _print_plan(scenario: Scenario, as_json: bool) -> None:
    from dataclasses import asdict

    from scenarios.definition.plan import in_words, plan

    planned = plan(scenario)
    if as_json:
        print_json(asdict(planned))
    else:
        typer.echo("\n".join(in_words(planned)))


def _aftermath(word: str, pair: bool) -> str:
    from scenarios.results.detection import check_aftermath

    try:
        check_aftermath(word, pair)
    except InputError as error:
        raise InputError(f"--{error.message}") from None
    return word


def _seconds(text: str | None) -> float | None:
    """Return what --duration says [s]."""
    from scenarios.definition.keys import check_duration
    from twin.units import duration

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
