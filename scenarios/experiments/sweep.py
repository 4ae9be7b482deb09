"""A sweep: scenarios varied over any of their fields, checked before anything runs, then run.

scenarios.sweep("t2-starved", over={"seed": range(20)}).run(workers=2)
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.definition.check import armed
from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import from_data, scenario_data
from scenarios.definition.vary import assign, lookup
from scenarios.experiments.job import STREAMS, Job, Record, execute, job_of, plant_of
from scenarios.experiments.journal import Journal
from scenarios.experiments.pool import DaskCluster, LocalProcesses, records
from scenarios.experiments.progress import Display
from scenarios.experiments.table import (
    RESULTS,
    TIMINGS,
    as_text,
    column_type,
    figure_columns,
    read_results,
    write_table,
)
from scenarios.experiments.values import combinations, one_by_one, product_at, seconds
from scenarios.results import folder as run_folder
from scenarios.simulation.session import Session
from twin.errors import InputError, nearest
from twin.files import place_of
from twin.units import DAY, HOUR

_FRAME_S = 0.002  # what a detector takes for an hourly frame [s]
_ROW_BYTES = 6000  # of a run's record, and its row of the table


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


@dataclass(frozen=True)
class Estimate:
    """What a sweep takes on this machine: process time [s], disk [bytes], and pairs among it."""

    runs: int
    pairs: int
    seconds: float
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Scenarios and the values their fields take; `scenarios.sweep` or `read_sweep` makes it.

    Runs are numbered from 0: scenario by scenario, the last field varying fastest, then what is
    included besides.

    Attributes
    ----------
    bases : tuple of Scenario
    over : dict of str to list
        The values of each field, by its path.
    include, exclude : tuple of dict
        Runs besides, and combinations that are left out: values by field.
    detectors : tuple of str, or None
        Each run is watched by each of them; nobody watches where it is empty; None for the
        scenario's own.
    source : tuple of (Path, mapping), or None
        The sweep file, to name lines of.
    """

    bases: tuple[Scenario, ...]
    over: dict[str, list[Any]]
    include: tuple[dict[str, Any], ...] = ()
    exclude: tuple[dict[str, Any], ...] = ()
    detectors: tuple[str, ...] | None = None
    folder: Path = field(default_factory=Path.cwd)
    source: tuple[Path, Any] | None = None

    def __post_init__(self) -> None:
        combined = combinations(self.over)
        kept: Sequence[int] = range(combined)
        if self.exclude:
            kept = [place for place in kept if not self._excluded(product_at(self.over, place))]
        data = tuple(scenario_data(base) for base in self.bases)
        object.__setattr__(self, "_kept", kept)
        object.__setattr__(self, "_data", data)

    _kept: Sequence[int] = field(init=False, repr=False, compare=False)
    _data: tuple[dict[str, Any], ...] = field(init=False, repr=False, compare=False)

    def __len__(self) -> int:
        """Return the number of runs, each under all detectors."""
        return len(self.bases) * (len(self._kept) + len(self.include))

    @property
    def fields(self) -> tuple[str, ...]:
        """The swept fields: those of `over`, then those that only `include` names."""
        return tuple(dict.fromkeys([*self.over, *(name for each in self.include for name in each)]))

    def _excluded(self, chosen: Mapping[str, Any]) -> bool:
        return any(all(chosen[k] == v for k, v in each.items()) for each in self.exclude)

    def changes(self, number: int) -> tuple[int, dict[str, Any]]:
        """Return which scenario a run is of, and the values of its fields."""
        combined = len(self.bases) * len(self._kept)
        if number < combined:
            base, place = divmod(number, len(self._kept))
            return base, product_at(self.over, self._kept[place])
        base, place = divmod(number - combined, len(self.include))
        return base, self.include[place]

    def scenario(self, number: int) -> Scenario:
        """Return the scenario of a run.

        Raises
        ------
        InputError
            If a value cannot be used; with the place in the sweep file.
        """
        return self._scenario(*self.changes(number))

    def _scenario(self, base: int, changes: Mapping[str, Any]) -> Scenario:
        data = copy.deepcopy(self._data[base])
        keys: dict[str, tuple[str | int, ...]] = {}
        try:
            for name, value in changes.items():
                keys[name] = ()
                keys[name] = assign(data, name, value)
            return from_data(data, self.folder)
        except InputError as error:
            raise self._located(error, keys, changes) from None

    def _located(
        self,
        error: InputError,
        keys: Mapping[str, tuple[str | int, ...]],
        changes: Mapping[str, Any],
    ) -> InputError:
        """Return an error with the place in the sweep file of the value it comes from."""

        def common(name: str) -> int:
            pairs = zip(keys[name], error.keys, strict=False)
            agree = [ours == theirs for ours, theirs in pairs]
            return len(agree) if all(agree) else 0

        wrong = next((name for name, at in keys.items() if not at), None)
        wrong = wrong or max(keys, key=common, default=None)
        if wrong is None or (keys[wrong] and not common(wrong)):
            return self._placed(error, ("base",))
        value = changes[wrong]
        values = self.over.get(wrong, [])
        at: tuple[str | int, ...] = ("over", wrong)
        if value in values:
            at = (*at, values.index(value))
        else:
            place = next(i for i, each in enumerate(self.include) if each is changes)
            at = ("include", place, wrong)
        message = error.message if error.message.startswith(wrong) else f"{wrong}: {error.message}"
        return self._placed(InputError(message), at)

    def _placed(self, error: InputError, keys: tuple[str | int, ...]) -> InputError:
        if self.source is None or error.line is not None:
            return error
        path, data = self.source
        line, column = place_of(data, keys)
        return InputError(error.message, path, line, column=column)

    def watchers(self, scenario: Scenario) -> tuple[str | None, ...]:
        """Return the detectors that watch a run; None stands for nobody."""
        if self.detectors is None:
            return (scenario.detector,)
        return self.detectors or (None,)

    def check(self) -> None:
        """Check every run, and arm those that differ from a scenario's first in one field.

        Raises
        ------
        InputError
            With the place in the sweep file.
        """
        for base in range(len(self.bases)):
            for changes in (*one_by_one(self.over), *self.include):
                scenario = self._scenario(base, changes)
                if set(changes) - {"seed"}:
                    self._arm(scenario, changes)
            self._arm(self._scenario(base, {}), {})
        for place, name in enumerate(self.detectors or ()):
            try:
                with armed(replace(self.bases[0], detector=name), plant_of(self.bases[0])):
                    pass
            except InputError as error:
                raise self._placed(error, ("detectors", place)) from None

    def _arm(self, scenario: Scenario, changes: Mapping[str, Any]) -> None:
        data = copy.deepcopy(scenario_data(scenario))
        try:
            with armed(scenario, plant_of(scenario)):
                pass
        except InputError as error:
            keys = {name: assign(data, name, value) for name, value in changes.items()}
            raise self._located(error, keys, changes) from None

    def cells(self, number: int) -> dict[str, Any]:
        """Return a run's cells of the swept fields: numbers, texts, and durations in hours."""
        base, changes = self.changes(number)
        return {
            name: _cell(changes[name] if name in changes else lookup(self._data[base], name))
            for name in self.fields
        }

    def _columns(self) -> dict[str, Any]:
        types: dict[str, Any] = {}
        for name in self.fields:
            values = [*self.over.get(name, ())]
            values += [each[name] for each in self.include if name in each]
            if len(values) > len(self.over.get(name, ())) or self.include:
                values += [lookup(data, name) for data in self._data]
            types[name] = column_type([_cell(value) for value in values])
        return types

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the sweep's table of runs: number, scenario and swept fields."""
        for number in range(len(self)):
            name = self.bases[self.changes(number)[0]].name
            yield {"run": number, "scenario": name, **self.cells(number)}

    def estimate(self, streams: str = "drop") -> Estimate:
        """Measure on a day of the first scenario what the sweep will take."""
        scenario = self.scenario(0)
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
        size = int(size * kept * scenario.duration / short.duration) + _ROW_BYTES
        pairs = len(self._groups()) if scenario.entries else 0
        each = opened + rate * hours
        watchers = [name for name in self.watchers(scenario) if name is not None]
        runs = len(self) * max(len(self.watchers(scenario)), 1)
        frames = len(self) * len(watchers) * hours * _FRAME_S
        return Estimate(len(self), pairs, (runs + pairs) * each + frames, size * runs)

    def _groups(self) -> dict[str, list[int]]:
        """Return the runs by what else than attacks is the same, so that they share a pair."""
        groups: dict[str, list[int]] = {}
        for number in range(len(self)):
            base, changes = self.changes(number)
            shared = {
                k: v for k, v in changes.items() if not k.startswith(("attacks.", "detector"))
            }
            groups.setdefault(json.dumps([base, shared], default=str), []).append(number)
        return groups

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
            What becomes of each run's tables; see `scenarios.experiments.job.STREAMS`.
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
    ) -> Counts:
        """Run what is not done yet into a folder; see `run`."""
        if streams not in STREAMS:
            raise InputError(f"streams {streams!r}: {nearest(streams, STREAMS)}")
        began = time.perf_counter()
        self.check()
        number_of_workers = workers or cores()
        with Journal(out) as journal:
            keys = [job.key for job in self._jobs(range(len(self)), streams, out)]
            left = [
                number
                for group in self._groups().values()
                for number in group
                if keys[number] not in journal or (retry_failed and keys[number] in journal.failed)
            ]
            skipped = len(self) - len(left)
            before = 0
            if not retry_failed:
                before = sum(key in journal.failed for key in keys)
            done = failed = 0
            try:
                if left:
                    with contextlib.ExitStack() as stack:
                        display = stack.enter_context(
                            Display(len(self), skipped, len(left), shown=progress)
                        )
                        engine = (
                            LocalProcesses(number_of_workers)
                            if dask is None
                            else DaskCluster(dask, number_of_workers)
                        )
                        stack.callback(engine.close)
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

        swept, figures, libraries = self._columns(), {}, {}
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

        write_table(out / RESULTS, rows(), columns)
        times = figure_columns(["run", "key", "wall_s", "host", *libraries], "timings")
        write_table(out / TIMINGS, timings(), times)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cell(value: Any) -> Any:
    """Return a value as a table has it: a duration in hours, a list or mapping as text."""
    if isinstance(value, str):
        length = seconds(value)
        return value if length is None else length / HOUR
    return as_text(value) if isinstance(value, list | dict) else value
