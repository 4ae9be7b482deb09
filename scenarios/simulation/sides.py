"""The two runs that `hydrotwin compare` sets side by side, read from folders or run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import library, load, located, path_of
from scenarios.results.compare import Side
from scenarios.results.folder import METRICS, check, read_metrics, read_scenario, read_table
from scenarios.results.impact import COUNTERS
from scenarios.results.run import Run
from scenarios.simulation.pair import other
from scenarios.simulation.run import run as run_scenario
from twin.errors import InputError, nearest

_FILES = ("truth.parquet", "scada.parquet", METRICS)


def sides(first: str, second: str | None) -> tuple[Side, Side]:
    """Return the two runs to compare.

    Parameters
    ----------
    first : str
        A run folder, or a scenario's name or file, which is run.
    second : str or None
        Another one; None for the first without its attacks.

    Raises
    ------
    InputError
        If one of them is neither, or they are of different plants.
    """
    a = _side(first)
    b = _without_attacks(first) if second is None else _side(second)
    if a.spec.tags != b.spec.tags:
        raise InputError(f"{first} and {second} have different tags: one plant only")
    if a.start != b.start:
        said = (
            f"it starts {b.start}, and {a.name} {a.start}: hours are those since each one's start"
        )
        b = replace(b, notes=(said, *b.notes))
    return a, b


def _side(name: str) -> Side:
    scenario, folder = _scenario(name), Path(name)
    if not folder.is_dir():
        try:
            made = run_scenario(scenario, watch=False, pair=False)
        except InputError as error:
            raise located(error, path_of(name)) from None
        return _of(scenario.name, made)
    check(folder, _FILES)
    told = read_metrics(folder)
    try:
        totals = {name: told["impact"][name] for name in COUNTERS}
        notes = (*_cut(told["status"], told["reason"]), *told["notes"])
    except (KeyError, TypeError) as error:
        raise InputError(f"damaged: {error}; run the scenario again", folder / METRICS) from None
    truth, scada = read_table(folder, "truth"), read_table(folder, "scada")
    return Side(folder.name, scenario.plant_spec(), scenario.start, truth, scada, totals, notes)


def _of(of: str, made: Run) -> Side:
    if made.status == "interrupted":
        raise KeyboardInterrupt
    done = made.impact["run"]
    totals = {name: float(done[name]) for name in COUNTERS}
    notes = (*_cut(made.status, made.reason), *made.notes)
    return Side(of, made.spec, made.scenario.start, made.truth, made.scada, totals, notes)


def _cut(status: str, reason: str) -> list[str]:
    """Say of a run that did not reach its end why it did not."""
    return [] if status == "done" else [f"the run was {status}: {reason}"]


def _scenario(name: str) -> Scenario:
    """Return the scenario of a run folder, a file or a shipped name."""
    path = Path(name)
    if path.is_dir():
        return read_scenario(path)
    if name not in library() and not path.is_file():
        beside = [str(found.parent) for found in path.parent.glob("*/scenario.yaml")]
        hint = nearest(name, [*beside, *library()])
        raise InputError(f"no run folder, scenario file or shipped scenario {name!r}: {hint}")
    return load(name)


def _without_attacks(name: str) -> Side:
    scenario = _scenario(name)
    if not scenario.attacks:
        raise InputError(f"{name} has no attack to leave out: name a second run")
    made = run_scenario(other(scenario), watch=False, pair=False)
    return _of(f"{scenario.name} without its attacks", made)
