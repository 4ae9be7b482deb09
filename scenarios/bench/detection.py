"""All detectors on all cases: what is done already is kept, what is missing is done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import detector
from detector.checkpoint import shipped_intervals
from scenarios.bench.recipes import Case, shadows
from scenarios.bench.refit import Refit, fit, refit_of, refitted
from scenarios.bench.trial import Watch, attempt, row_key, trial_of
from scenarios.definition.scenario import Scenario
from scenarios.simulation.watch import detector_of
from scenarios.sweeps.job import plant_of
from scenarios.sweeps.journal import Journal
from scenarios.sweeps.pool import LocalProcesses, records
from twin.errors import InputError, RunError

PLANT = "ctown"
"""The plant that the recipes are for."""


Tries = Sequence[tuple[Case, Sequence[Watch]]]
"""Cases, each with the detectors that watch it."""


@dataclass(frozen=True)
class Bench:
    """What is tried.

    Attributes
    ----------
    detectors : tuple of str
        Kinds, or checkpoints.
    seed : int
        The first seed of its cases.
    draws : int
        Of each error of the shadow twin; 0 to leave wrong ones out.
    plugins : tuple of str
    """

    detectors: tuple[str, ...]
    seed: int
    draws: int
    plugins: tuple[str, ...] = ()


def shipped() -> tuple[str, ...]:
    """Return the detectors that ship for the plant."""
    return tuple(kind for kind in detector.kinds() if shipped_intervals(kind, PLANT))


def watches(bench: Bench, out: Path) -> tuple[list[Watch], list[Refit]]:
    """Return the detectors as they are, and those to be fitted to wrong shadow twins.

    Raises
    ------
    InputError
        If a detector cannot be used.
    """
    known: list[Watch] = []
    wrong: list[Refit] = []
    for name in bench.detectors:
        path = Path(name)
        chosen = str(path.absolute()) if path.is_file() else name
        scenario = Scenario(name="bench", detector=chosen, plugins=bench.plugins)
        found, notes = detector_of(scenario, plant_of(scenario))
        if found is None:
            raise InputError(f"--detectors {name}: {' '.join(notes)}")
        known.append(Watch(path.stem if path.is_file() else name, chosen))
        if found.columns_wanted == "tags+shadow":
            for setting, errors in shadows().items():
                for draw in range(bench.draws if errors else min(bench.draws, 1)):
                    watch = Watch(known[-1].name, chosen, setting, draw, tuple(errors.items()))
                    wrong.append(refit_of(watch, out))
    return known, wrong


def planned(bench: Bench, tried: Sequence[Case], out: Path) -> tuple[Tries, list[Refit]]:
    """Return the cases, each with who watches it, and what is to be fitted before.

    Wrong shadow twins watch normal weeks and the first run of each attack, one draw of each error
    a case: the draws take the seeds in turn.

    Raises
    ------
    InputError
        If a detector cannot be used.
    """
    known, wrong = watches(bench, out)

    def watching(case: Case) -> list[Watch]:
        if case.label == "fault" or case.run:
            return known
        turn = case.scenario.seed - bench.seed
        drawn = [job for job in wrong
                 if job.watch.draw == turn % (bench.draws if job.watch.errors else 1)]  # fmt: skip
        return [*known, *(refitted(job) for job in drawn)]

    return [(case, watching(case)) for case in tried], wrong


def run(
    tries: Tries, out: Path, *, refits: Sequence[Refit] = (), workers: int, progress: bool
) -> pd.DataFrame:
    """Do what is missing in a folder and return a row a case and detector.

    Parameters
    ----------
    tries : sequence of (Case, sequence of Watch)
    out : Path
        Where what is done is kept.
    refits : sequence of Refit
        Detectors that are fitted before.
    workers : int
        Processes.
    progress : bool
        Whether to show how far it has come.

    Raises
    ------
    InputError
        If the folder cannot be used.
    RunError
        If it cannot go on; what is done is kept.
    """
    with Journal(out) as journal, contextlib.ExitStack() as stack:
        engine = LocalProcesses(workers)
        stack.callback(engine.close)
        shown = stack.enter_context(_bar(progress))
        missing = [job for job in refits if not Path(job.file).is_file()]
        for record in _each(missing, engine, fit, shown, "fitted to wrong shadows"):
            _check(record)
        keyed = [(case, [(row_key(case, one), one) for one in who]) for case, who in tries]
        left = [
            trial_of(case, [(key, watch) for key, watch in rows if key not in journal])
            for case, rows in sorted(keyed, key=lambda each: each[0].scenario.seed)
            if any(key not in journal for key, _ in rows)
        ]  # by seed: what a worker has simulated without incident serves those that follow
        try:
            for record in _each(left, engine, attempt, shown, "cases simulated and scored"):
                for row in record["rows"]:
                    journal.add({"key": row["key"], "rows": [row]})
        except KeyboardInterrupt:
            words = f"what is done is kept in {out}; the same command goes on"
            raise KeyboardInterrupt(words) from None
        kept = [journal.get(key) for _, rows in keyed for key, _ in rows]
    return pd.DataFrame([record["rows"][0] for record in kept if record is not None])


def _each(
    jobs: Sequence[Any], engine: LocalProcesses, do: Any, shown: Progress, words: str
) -> Iterator[dict[str, Any]]:
    if not jobs:
        return
    task = shown.add_task(words, total=len(jobs))
    for record in records(iter(jobs), engine, do):
        shown.advance(task)
        yield record


def _check(record: dict[str, Any]) -> None:
    for row in record["rows"]:
        if row["status"] != "done":
            raise RunError(f"{row['detector']}: {row['error']}")


def _bar(shown: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("left"), TimeRemainingColumn())  # fmt: skip
    return Progress(*columns, console=Console(stderr=True, quiet=not shown))
