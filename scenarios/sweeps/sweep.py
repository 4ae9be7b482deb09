"""A sweep at work: its runs handed to workers, journalled, and written as one table.

scenarios.sweep("t2-starved", over={"seed": range(20)}).run(workers=2)
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.sweeps.cases import Cases
from scenarios.sweeps.job import STREAMS, Job, Record, execute, job_of
from scenarios.sweeps.journal import Journal
from scenarios.sweeps.pool import DaskCluster, Engine, LocalProcesses, records
from scenarios.sweeps.progress import Display
from scenarios.sweeps.table import (
    RESULTS,
    TIMINGS,
    as_text,
    column_type,
    figure_columns,
    read_results,
    write_table,
)
from twin.errors import InputError, nearest


@dataclass(frozen=True)
class Counts:
    """How far a sweep has come.

    Attributes
    ----------
    runs, done, failed, skipped : int
        All there are; those done now; those that failed, now or before; those done before.
    wall_s : float
    results : str
        The table's file.
    """

    runs: int
    done: int
    failed: int
    skipped: int
    wall_s: float
    results: str


@dataclass(frozen=True, kw_only=True)
class Sweep(Cases):
    """The runs of a sweep, and how they are done; `scenarios.sweep` or `read_sweep` makes it."""

    def run(
        self,
        out: Path | str | None = None,
        *,
        workers: int | None = None,
        dask: str | None = None,
        streams: str = "drop",
        retry_failed: bool = False,
        progress: bool = True,
    ) -> pd.DataFrame:
        """Run what is not done yet, and return the table of results.

        Parameters
        ----------
        out : Path or str, optional
            The folder of the sweep, in which it can be gone on with; by default nothing is kept.
        workers : int, optional
            Processes on this machine; by default one a core.
        dask : str, optional
            The address of a Dask scheduler to use instead, or `local`.
        streams : {"drop", "hourly", "keep"}
            What becomes of each run's tables; see `scenarios.sweeps.job.STREAMS`.
        retry_failed : bool, default False
            Whether to do again what failed before.
        progress : bool, default True
            Whether to show how far it has come.

        Returns
        -------
        DataFrame
            A row a run and detector, in the sweep's order; `hydrotwin results` tells its columns.

        Raises
        ------
        InputError
            If the sweep, the folder or the workers cannot be used.
        RunError
            If the sweep cannot go on; what is done is kept.
        """
        if out is None and streams != "drop":
            raise InputError("name a folder, `out`, to keep streams in")
        with contextlib.ExitStack() as stack:
            if out is None:
                out = stack.enter_context(tempfile.TemporaryDirectory())
            self.run_in(
                Path(out),
                workers=workers,
                dask=dask,
                streams=streams,
                retry_failed=retry_failed,
                progress=progress,
            )
            return read_results(Path(out))

    def run_in(
        self,
        out: Path,
        *,
        workers: int | None = None,
        dask: str | None = None,
        streams: str = "drop",
        retry_failed: bool = False,
        progress: bool = True,
        engine: Engine | None = None,
    ) -> Counts:
        """Run what is not done yet into a folder; see `run`. An `engine` does it, where given."""
        if streams not in STREAMS:
            raise InputError(f"streams {streams!r}: {nearest(streams, STREAMS)}")
        began = time.perf_counter()
        self.check()
        number_of_workers = cores() if workers is None else workers
        with Journal(out) as journal:
            keys = [job.key for job in self._jobs(range(len(self)), streams, out)]
            left = [
                number
                for group in self.groups().values()
                for number in group
                if keys[number] not in journal or (retry_failed and keys[number] in journal.failed)
            ]
            skipped = len(self) - len(left)
            before = 0
            if not retry_failed:
                before = sum(key in journal.failed for key in keys)
            done = failed = 0
            if not (out / RESULTS).is_file():  # tells of a sweep that is killed how large it is
                self._write(out, journal, keys)
            try:
                if left:
                    with contextlib.ExitStack() as stack:
                        if engine is None and dask is not None:
                            engine = DaskCluster(dask, number_of_workers)
                        engine = engine or LocalProcesses(number_of_workers)
                        stack.callback(engine.close)
                        display = stack.enter_context(
                            Display(len(self), skipped, len(left), shown=progress)
                        )
                        numbers = dict(zip(keys, range(len(keys)), strict=True))
                        for record in records(self._jobs(left, streams, out), engine, execute):
                            journal.add(record)
                            bad = any(row["status"] != "done" for row in record["rows"])
                            done, failed = done + (not bad), failed + bad
                            display.update(record, self._label(numbers[record["key"]]))
            finally:
                self._write(out, journal, keys)
        wall = round(time.perf_counter() - began, 3)
        return Counts(len(self), done, failed + before, skipped - before, wall, str(out / RESULTS))

    def _jobs(self, numbers: Sequence[int], streams: str, out: Path) -> Iterator[Job]:
        place = str(out.absolute()) if streams != "drop" else ""
        for number in numbers:
            scenario = self.scenario(number)
            yield job_of(scenario, self.watchers(scenario), streams, place)

    def _label(self, number: int) -> str:
        _, changes = self.changes(number)
        return ", ".join(f"{name.rpartition('.')[2]} {as_text(v)}" for name, v in changes.items())

    def _write(self, out: Path, journal: Journal, keys: Sequence[str]) -> None:
        """Write the tables of what is done, in the sweep's order."""

        def ended() -> Iterator[tuple[int, Record]]:
            for number, key in enumerate(keys):
                record = journal.get(key)
                if record is not None:
                    yield number, record

        swept, figures, libraries = self.columns(), {}, {}
        for _, record in ended():
            figures.update(dict.fromkeys(name for row in record["rows"] for name in row))
            libraries.update(record["versions"])
        figures = dict.fromkeys(name for name in figures if name != "detector")
        head = figure_columns(["run", "scenario"])
        columns = head | swept | figure_columns(["detector"]) | figure_columns(figures)
        texts = [name for name, kind in swept.items() if kind == column_type([""])]

        def rows() -> Iterator[dict[str, Any]]:
            for number, record in ended():
                cells = self.cells(number)
                cells |= {name: as_text(cells[name]) for name in texts}
                name = self.bases[self.changes(number)[0]].name
                for row in record["rows"]:
                    watched = {"detector": row["detector"] or ""}
                    yield {"run": number, "scenario": name, **cells, **row, **watched}

        def timings() -> Iterator[dict[str, Any]]:
            for number, record in ended():
                about = {name: record[name] for name in ("key", "wall_s", "host")}
                yield {"run": number, **about, **record["versions"]}

        about = {"plant": self.plant, "units": self.units(), "runs": len(self)}
        write_table(out / RESULTS, rows(), columns, about)
        times = figure_columns(["run", "key", "wall_s", "host", *libraries], "timings")
        write_table(out / TIMINGS, timings(), times)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
