"""What a sweep will take, measured on a day of its first scenario."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from scenarios.results import folder as run_folder
from scenarios.simulation.session import Session
from scenarios.sweeps.cases import Cases
from scenarios.sweeps.job import plant_of
from twin.units import DAY, HOUR

_FRAME_S = 0.002  # what a detector takes for an hourly frame [s]
_ROW_BYTES = 6000  # of a run's record, and its row of the table


@dataclass(frozen=True)
class Estimate:
    """What a sweep takes on this machine: process time [s], disk [bytes], and pairs among it."""

    runs: int
    pairs: int
    seconds: float
    bytes: int


def estimate(cases: Cases, streams: str = "drop") -> Estimate:
    """Measure on a day of the first scenario what the sweep will take."""
    scenario = cases.scenario(0)
    watchers = [name for name in cases.watchers(scenario) if name is not None]
    hours = (scenario.duration + scenario.warmup) / HOUR
    short = replace(scenario, duration=min(scenario.duration, DAY), warmup=0.0, detector=None)
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        with Session.open(short, spec=plant_of(scenario), pair=False, watch=False) as session:
            opened = time.perf_counter() - began
            session.advance(short.duration)
            rate = (time.perf_counter() - began - opened) / (short.duration / HOUR)
            run_folder.write(Path(place), session.conclude())
            for name in run_folder.STREAMS:
                table: pd.DataFrame = getattr(session.testbed.historian, name).frame()
                table.reset_index().to_parquet(Path(place) / f"{name}.parquet")
            size = sum(path.stat().st_size for path in Path(place).iterdir())
    kept = {"drop": 0.0, "hourly": 0.1, "keep": 1.0}[streams]
    size = int(size * kept * scenario.duration / short.duration)
    size += _ROW_BYTES * max(len(watchers), 1)
    pairs = sum(bool(cases.scenario(numbers[0]).entries) for numbers in cases.groups().values())
    each = opened + rate * hours
    frames = len(cases) * len(watchers) * hours * _FRAME_S
    return Estimate(len(cases), pairs, (len(cases) + pairs) * each + frames, size * len(cases))
