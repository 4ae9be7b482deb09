"""A scenario that a student hands in: read without running anybody's code, and run on a seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scenarios.definition.scenario import Scenario, scenario_data
from scenarios.definition.schema import from_data, load, located
from scenarios.results.run import Run
from scenarios.simulation.run import run
from twin.errors import InputError
from twin.files import read_yaml

DURATION = 4 * 86400.0
"""Of every run of a lab [s]."""


def read(path: Path) -> Scenario:
    """Return a handed-in scenario.

    Raises
    ------
    InputError
        If it is none, names plug-ins, or a file outside its own folder.
    """
    data = read_yaml(path)
    if isinstance(data, dict) and data.get("plugins"):
        message = "a hand-in's plug-ins are code, and are not run: leave `plugins` out"
        raise located(InputError(message, keys=["plugins"]), path, data)
    for text in _texts(data):
        if _leaves(text):
            raise InputError(f"{text!r} lies outside the hand-in's folder", path)
    return load(path)


def _texts(data: object) -> list[str]:
    """Return every text in nested data."""
    if isinstance(data, dict):
        return [text for value in data.values() for text in _texts(value)]
    if isinstance(data, list):
        return [text for value in data for text in _texts(value)]
    return [data] if isinstance(data, str) else []


def _leaves(text: str) -> bool:
    """Return whether a text is a path that leads out of a folder."""
    path = Path(text)
    return path.is_absolute() or ".." in path.parts or "\\" in text


def on_seed(
    scenario: Scenario,
    seed: int,
    *,
    detector: str | None = None,
    duration: float = DURATION,
    pair: bool = True,
) -> Run:
    """Run a scenario's attacks on the lab's own plant, time and seed.

    Only the attacks are the student's; whatever else the scenario says is put back.
    """
    plain = replace(
        scenario,
        plant="ctown",
        seed=seed,
        faults=(),
        control={},
        operator=(),
        answers=(),
        initial_levels={},
        demands="profile",
        demand_model="demand-driven",
        overflow="spill",
        duration=duration,
        warmup=Scenario.warmup,
        detector=detector,
    )
    chosen = from_data(scenario_data(plain), scenario.folder)
    return run(chosen, watch=detector is not None, pair=pair)
