"""What a sweep will take, measured on a day of its first scenario."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from scenarios.results import folder as run_folder
from scenarios.simulation.session import Session
from scenarios.simulation.watch import LEAD, watchers
from scenarios.sweeps.cases import Cases
from scenarios.sweeps.job import plant_of
from twin.units import DAY

_ROW_BYTES = 6000  # of a run's record, and its row of the table


@dataclass(frozen=True)
class Estimate:
    """What a sweep takes on this machine: processor time [s], disk [bytes], and pairs among it."""

    runs: int
    pairs: int
    seconds: float
    bytes: int


def estimate(cases: Cases, streams: str = "drop") -> Estimate:
    """Measure on a day of the first scenario what the sweep will take."""
    scenario = cases.scenario(0)
    names = [name for name in cases.watchers(scenario) if name is not None]
    spec = plant_of(scenario)
    loaded, _ = watchers(scenario, spec, names)  # once a process, however many runs it does
    short = replace(scenario, duration=min(scenario.duration, DAY), warmup=0.0, detector=None)
    with tempfile.TemporaryDirectory() as place:
        began = time.process_time()
        with Session.open(short, spec=spec, pair=False, detectors=list(loaded.values())) as session:
            opened = time.process_time()
            session.advance(short.duration)
            simulated = time.process_time()
            run = session.conclude()
            judged = time.process_time()
            run_folder.write(Path(place), run)
            for name in run_folder.STREAMS:
                table: pd.DataFrame = getattr(session.testbed.historian, name).frame()
                table.reset_index().to_parquet(Path(place) / f"{name}.parquet")
            size = sum(path.stat().st_size for path in Path(place).iterdir())
    kept = {"drop": 0.0, "hourly": 0.1, "keep": 1.0}[streams]
    size = int(size * kept * scenario.duration / short.duration)
    size += _ROW_BYTES * max(len(names), 1)
    groups, runs = cases.groups().values(), len(cases)
    pairs = sum(bool(cases.scenario(numbers[0]).entries) for numbers in groups)
    water = (runs + pairs) * scenario.duration + len(groups) * scenario.warmup
    watched = runs * (scenario.duration + min(scenario.warmup, LEAD))
    seconds = (runs + pairs) * (opened - began)
    seconds += (water * (simulated - opened) + watched * (judged - simulated)) / short.duration
    return Estimate(runs, pairs, seconds, size * runs)
