"""How fast sweeps are on this machine: ratios, all measured in one run."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from scenarios.definition.schema import library, load
from scenarios.sweeps.job import Job, Record, execute, job_of, versions
from scenarios.sweeps.sweep import Sweep
from scenarios.validation.speed import peak_mb
from twin.units import DAY

DETECTOR = "cnn-lstm"
IDLE = (100, 10_000)
"""Numbers of runs in which nothing is done, to measure the driver by."""
WORKED = (50, 100, 150, 200)
"""Numbers of runs after which a worker's memory is looked at."""


@dataclass(frozen=True)
class SweepSpeed:
    """What was measured.

    Attributes
    ----------
    weeks, workers : int
        Attacked weeks in a sweep, each seed's pair and warm-up run in it; processes on all cores.
    weeks_a_minute : float
        With all workers and no detector.
    detector : float
        Time with the detector over that without.
    speedup : float
        Time of one worker over that of all.
    driver : dict of int to float
        By number of runs: what the driver takes for a run in which nothing is done, over the time
        of a real one with all workers.
    driver_mb, worker_mb : dict of int to float
        Peak memory after so many runs.
    """

    weeks: int
    workers: int
    weeks_a_minute: float
    detector: float
    speedup: float
    driver: dict[int, float]
    driver_mb: dict[int, float]
    worker_mb: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return asdict(self)


def measure_sweeps(
    seeds: int,
    idle: tuple[int, ...] = IDLE,
    worked: tuple[int, ...] = WORKED,
    tell: Callable[[str], None] = print,
) -> SweepSpeed:
    """Measure sweeps of every attacked week in the library.

    Parameters
    ----------
    seeds : int
        With so many seeds each.
    idle : tuple of int
        Numbers of runs by which the driver is measured.
    worked : tuple of int
        Numbers of runs after which a worker's memory is looked at.
    tell : callable
        Called with what is being measured now.
    """
    weeks = [load(name) for name in library()]
    bases = tuple(one for one in weeks if one.attacks and one.duration == 7 * DAY)
    sweep = Sweep(bases=bases, over={"seed": [*range(seeds)]}, detectors=())
    workers = max(os.cpu_count() or 1, 2)
    tell(f"{len(sweep)} attacked weeks, {workers} workers, no detector")
    plain = _timed(sweep, workers)
    tell(f"the same with {DETECTOR}")
    watched = _timed(replace(sweep, detectors=(DETECTOR,)), workers)
    tell("one worker, no detector")
    alone = _timed(sweep, 1)
    driver, driver_mb = {}, {}
    for runs in idle:
        tell(f"the driver alone, {runs:,} runs")
        seconds, driver_mb[runs] = _in_a_process(partial(_drive, runs))
        driver[runs] = seconds / runs / (plain / len(sweep))
    tell(f"a worker's memory, {worked[-1]} runs")
    worker_mb = _in_a_process(partial(_work, worked))
    return SweepSpeed(
        weeks=len(sweep),
        workers=workers,
        weeks_a_minute=60.0 * len(sweep) / plain,
        detector=watched / plain,
        speedup=alone / plain,
        driver=driver,
        driver_mb=driver_mb,
        worker_mb=worker_mb,
    )


@contextlib.contextmanager
def _empty_cache() -> Iterator[Path]:
    """Let runs find nothing that was run before, and keep nothing for later ones."""
    before = os.environ.get("HYDROTWIN_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYDROTWIN_CACHE"] = str(Path(folder) / "pairs")
        try:
            yield Path(folder)
        finally:
            del os.environ["HYDROTWIN_CACHE"]
            if before is not None:
                os.environ["HYDROTWIN_CACHE"] = before


def _timed(sweep: Sweep, workers: int) -> float:
    with _empty_cache() as folder:
        began = time.perf_counter()
        sweep.run_in(folder / "sweep", workers=workers, progress=False)
        return time.perf_counter() - began


def _in_a_process(measure: Callable[[], Any]) -> Any:
    """Measure in a fresh process: peak memory only ever rises within one."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(measure)


class _Idle(Executor):
    """An executor that does nothing, and says at once that it is done."""

    def submit(self, _: Any, /, *args: Any, **__: Any) -> Future[Any]:
        job: Job = args[0]
        done: Future[Record] = Future()
        rows = [{"detector": None, "status": "done"}]
        done.set_result(
            {"key": job.key, "rows": rows, "wall_s": 0.0, "host": "", "versions": versions()}
        )
        return done


class _IdleEngine:
    width = 4
    deaths: tuple[type[BaseException], ...] = ()

    def executor(self) -> Executor:
        return _Idle()

    def close(self) -> None:
        """End nothing."""


def _drive(runs: int) -> tuple[float, float]:
    """Drive a sweep in which nothing is done; return how long it took [s], and peak memory [MB]."""
    sweep = Sweep(bases=(load("pu3-forced"),), over={"seed": [*range(runs)]}, detectors=())
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        sweep.run_in(Path(folder) / "sweep", engine=_IdleEngine(), progress=False)
        return time.perf_counter() - began, peak_mb()


def _work(worked: tuple[int, ...]) -> dict[int, float]:
    """Do runs one after the other, as a worker does; return peak memory [MB] after so many."""
    scenario = load("pu3-forced")
    peaks: dict[int, float] = {}
    with _empty_cache():
        for seed in range(worked[-1]):
            execute(job_of(replace(scenario, seed=seed), (DETECTOR,)))
            if seed + 1 in worked:
                peaks[seed + 1] = peak_mb()
    return peaks
