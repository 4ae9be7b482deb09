"""Lab 5, catch it: a detector of the student's own finds attacks in weeks it has not seen."""

from __future__ import annotations

import csv
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from detector.checkpoint import shipped_path
from scenarios.definition.words import joined
from scenarios.labs import sandbox
from scenarios.labs.lab import SOLUTIONS, Criterion, Draws, Lab, Verdict, Verdicts, fill
from scenarios.labs.weeks import Attacked, attacked_week, normal_week
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.units import DAY, HOUR

_DETECTOR, _NOTEBOOK, _POINTS = "detector.py", "notebook.ipynb", "points.csv"
_SCORING_S = 120.0
_PROMPT_H, _LATE_H = 12.0, 24.0  # hours to the alarm: all points up to, and none from
_BUDGET, _SWITCHED_OFF = 2, 6  # false episodes in both weeks
_MERGE_S = 6 * HOUR  # alarms at most so far apart are one episode


def _draw(rng: np.random.Generator) -> Draws:
    tags = load_plant("ctown").tag_names
    numbers = rng.choice(np.arange(1000, 10000), len(tags), replace=False)
    names = {tag: f"{tag[0]}I{number}" for tag, number in zip(tags, numbers, strict=True)}
    return {"points": names}


def _start(draws: Draws, folder: Path) -> None:
    with (folder / _POINTS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("tag", "point"), *draws["points"].items()])


def _solve(draws: Draws, folder: Path) -> None:
    _start(draws, folder)
    fill(SOLUTIONS / "catch-it", folder)
    shutil.copy(LAB.sheet.parent / _NOTEBOOK, folder / _NOTEBOOK)
    weights = shipped_path("cnn-lstm", "ctown", HOUR)
    for suffix in (".safetensors", ".json"):
        shutil.copy(weights.with_suffix(suffix), folder / f"mine{suffix}")


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    attacked, normal = attacked_week(seed), normal_week(seed)
    tables = {"a": attacked.frames, "b": normal}
    alarms = _alarms(hand_in, draws, tables)
    delays = [_delay_h(alarms["a"], start, end) for start, end in attacked.spans]
    false = len(_episodes(alarms["b"])) + _outside(_episodes(alarms["a"]), attacked)
    return _verdicts(attacked, delays, false)


def _verdicts(attacked: Attacked, delays: list[float | None], false: int) -> Verdicts:
    quiet = f"{false} false episodes in two weeks, {_BUDGET} allowed"
    if false >= _SWITCHED_OFF:
        return LAB.none(f"{quiet}: the operator has switched it off")
    found = [delay for delay in delays if delay is not None]
    if not found:
        return LAB.none(f"no alarm is raised during any attack: {joined(attacked.families)}")
    shares = [
        0.0 if delay is None else float(np.interp(delay, [_PROMPT_H, _LATE_H], [1.0, 0.0]))
        for delay in delays
    ]
    told = [
        f"{family} {'missed' if delay is None else f'after {delay:.1f} h'}"
        for family, delay in zip(attacked.families, delays, strict=True)
    ]
    spare = float(np.interp(false, [_BUDGET, _SWITCHED_OFF], [1.0, 0.0]))
    return {
        "found": Verdict(len(found) / len(delays), joined(told)),
        "delay": Verdict(float(np.mean(shares)), joined(told)),
        "quiet": Verdict(spare, quiet),
    }


def _alarms(
    hand_in: Path, draws: Draws, tables: dict[str, pd.DataFrame]
) -> dict[str, pd.Series[bool]]:
    """Return, week by week, which frames the detector alarms; it runs in a process of its own.

    Raises
    ------
    InputError
        If it breaks, takes too long, or leaves no scores.
    """
    alarms = {}
    with tempfile.TemporaryDirectory(prefix="weeks-") as place:
        for name, table in tables.items():
            table.rename(columns=draws["points"]).to_parquet(Path(place) / f"{name}.parquet")
        command = ["-m", "scenarios.labs.scoring", str(hand_in / _DETECTOR), place]
        outcome = sandbox.run_python(command, hand_in, seconds=_SCORING_S)
        if outcome.status != 0:
            last = outcome.output.splitlines()[-1:] or ["it printed nothing"]
            raise InputError(f"{_DETECTOR} broke: {outcome.why or last[0]}")
        for name, table in tables.items():
            try:
                scored = np.load(Path(place) / f"{name}.npy", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise InputError(f"{_DETECTOR} left no scores: {error}") from None
            if scored.shape != (len(table),) or scored.dtype != bool:
                raise InputError(f"{_DETECTOR} left other than an alarm a frame")
            alarms[name] = pd.Series(scored, table.index)
    return alarms


def _episodes(alarms: pd.Series[bool]) -> list[float]:
    """Return when each episode of alarms is raised [s]."""
    times = alarms.index[alarms].to_numpy(dtype=float)
    first = np.diff(times, prepend=-np.inf) > _MERGE_S
    return [float(time) for time in times[first]]


def _delay_h(alarms: pd.Series[bool], start: float, end: float) -> float | None:
    """Return the hours from an attack's start to the first alarm raised during it."""
    raised = [time for time in _episodes(alarms) if start <= time < end]
    return (raised[0] - start) / HOUR if raised else None


def _outside(episodes: list[float], attacked: Attacked) -> int:
    """Return how many episodes are raised neither during an attack nor within a day after it."""
    return sum(
        not any(start <= time < end + DAY for start, end in attacked.spans) for time in episodes
    )


LAB = Lab(
    number=5,
    name="catch-it",
    title="Catch it: a detector of your own",
    minutes=90,
    hands_in=(_DETECTOR, _NOTEBOOK),
    technique="T0832 Manipulation of View, T0831 Manipulation of Control",
    criteria=(
        Criterion("found", 40, "an alarm is raised during each attack"),
        Criterion(
            "delay", 30, f"it is raised within {_PROMPT_H:g} h of the start (none from {_LATE_H:g})"
        ),
        Criterion(
            "quiet",
            30,
            f"at most {_BUDGET} false episodes in the two weeks; with {_SWITCHED_OFF} or more, "
            "or no attack found, there is no point on any line",
        ),
    ),
    draw=_draw,
    start=_start,
    solve=_solve,
    examine=_examine,
    limit_s=300.0,
)
