"""What went before: a run without attacks, kept so that runs like it need not begin with it.

Every run of a plant, seed and control has the same warm-up; a run under attack is its pair until
the attack can act. A past is what such a run was: its states at the beginning of each day, and all
that entries, labels, detectors and the historian are told of the time before.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from attacks.entries.armed import first_action
from attacks.entries.entry import ArmedEntry
from scenarios.definition.scenario import Scenario, testbed
from scenarios.simulation.cache import cache, keep, key_of, locked
from twin.plants.spec import PlantSpec
from twin.state import State
from twin.tags import Frame, Values
from twin.testbed import Testbed
from twin.units import DAY, HOUR

LONGEST = 31 * DAY
"""A longer run's past is not kept: it would take more memory than it saves time."""
_IN_MEMORY = 4
_WARM = "warm"
_recent: dict[Path, Past] = {}


@dataclass(frozen=True)
class Past:
    """A run as those that begin like it have to know it.

    Attributes
    ----------
    states : dict of int to State
        By time [s]: 0, and the beginning of each day of the run.
    shown : dict of int to int
        How many of the frames had been shown by then.
    instants : ndarray of shape (instants, 1 + tags)
        From the scenario's start: the time [s] and the true values that conditions are asked of.
    frames : ndarray of shape (polls, 1 + tags)
        From the warm-up's beginning: the time [s] and what SCADA showed.
    quality : ndarray of shape (polls, tags)
    truth, plc : ndarray of shape (rows, 1 + columns)
        What the historian recorded, behind the time [s].
    """

    states: dict[int, State]
    shown: dict[int, int]
    instants: Values
    frames: Values
    quality: NDArray[np.int8]
    truth: Values
    plc: Values

    def told(self) -> Iterator[tuple[float, Values]]:
        """Yield the instants: time [s] and true values."""
        return zip(map(int, self.instants[:, 0]), self.instants[:, 1:], strict=True)

    def begin(self, bed: Testbed, at: int) -> None:
        """Let a testbed, armed and watched but not yet run, go on from one of the states.

        Its observers, actors, subscribers and historian are told what went before.
        """
        for now, values in self.told():
            if now >= at:
                break
            for watcher in (*bed.observers, *bed.actors):
                watcher(now, values)
        tags = bed.spec.tag_names
        for row, quality in zip(self.frames[: self.shown[at]], self.quality, strict=False):
            frame = Frame(int(row[0]), tags, row[1:].copy(), quality)
            for subscriber in bed.scada.subscribers:
                subscriber(frame)
        history = bed.historian
        for table, rows in ((history.truth, self.truth), (history.plc, self.plc)):
            for row in rows[rows[:, 0] < at] if len(rows) else ():
                table.append(row[0], row[1:])
        bed.restore(self.states[at])


class Recorder:
    """Notes what a run's past is made of, as the run goes on.

    Parameters
    ----------
    bed : Testbed
        Not yet run.
    """

    def __init__(self, bed: Testbed):
        self._bed = bed
        self._states: dict[int, State] = {}
        self._shown: dict[int, int] = {}
        self._instants: list[Values] = []
        self._frames: list[Values] = []
        self._quality: list[NDArray[np.int8]] = []
        bed.observers.append(self._see)
        bed.scada.subscribers.append(self._show)

    def _see(self, now: float, values: Values) -> None:
        if now >= 0:
            self._instants.append(np.append(now, values))

    def _show(self, frame: Frame) -> None:
        self._frames.append(np.append(frame.time, frame.values))
        self._quality.append(frame.quality)

    def note(self, now: float) -> None:
        """Keep the testbed's state, where a day begins."""
        if now >= 0 and now % DAY == 0:
            self._states[int(now)] = self._bed.state()
            self._shown[int(now)] = len(self._frames)

    def past(self) -> Past:
        """Return what was noted, after the run, or as far as it has come."""
        history, tags = self._bed.historian, len(self._bed.spec.tags)
        tables = [table.frame().reset_index().to_numpy() for table in (history.truth, history.plc)]
        return Past(
            states=self._states,
            shown=self._shown,
            instants=np.array(self._instants).reshape(-1, 1 + tags),
            frames=np.array(self._frames).reshape(-1, 1 + tags),
            quality=np.array(self._quality, dtype=np.int8).reshape(-1, tags),
            truth=tables[0],
            plc=tables[1],
        )


def warmed(scenario: Scenario, spec: PlantSpec) -> Past | None:
    """Return the warm-up of a scenario, run once for all that have the same; None without one."""
    if not scenario.warmup:
        return None
    demands = "patterns" if scenario.demands == "patterns" else "profile"
    plain = replace(scenario, attacks=(), faults=(), plugins=(), initial_levels={})
    plain = replace(plain, operator=(), answers=(), demands=demands, duration=HOUR)
    key = key_of(plain, spec)
    with locked(key):
        known = kept(key, 0)
        if known is not None:
            return known
        with testbed(plain, spec) as bed:
            recorder = Recorder(bed)
            for now in bed.run(HOUR):
                recorder.note(now)
                if now >= 0:
                    break
            bed.historian.close()
            past = recorder.past()
    remember(key, 0, past)
    return past


def parting(bed: Testbed, entries: Sequence[ArmedEntry], past: Past, end: float) -> int | None:
    """Return the last state [s] from which a run goes on as if it had run whole; None if none does.

    Parameters
    ----------
    bed : Testbed
        Armed, not yet run.
    entries : sequence of ArmedEntry
        Its entries.
    past : Past
        Of a run that is the same until one of them acts.
    end : float
        Where the run is to be looked at first, or its end [s].
    """
    wiring = bed.spec.wiring.links.values()
    if entries and any(medium.loss or medium.outages for medium in wiring):
        return None  # nobody knows when what an entry must have heard came by
    hears = [one.hears for one in entries]
    if math.inf in hears:
        return None
    soonest = [one.trigger.soonest for one in entries]
    first = min(soonest, default=math.inf)
    if len(past.instants) and entries:
        first = first_action(entries, bed, ((t, v) for t, v in past.told() if t >= first))
    latest = min(
        (max(first, soon) - heard for soon, heard in zip(soonest, hears, strict=True)),
        default=math.inf,
    )
    return max((at for at in past.states if at <= latest and at < end), default=None)


def begin(bed: Testbed, entries: Sequence[ArmedEntry], past: Past | None, end: float) -> None:
    """Let a testbed that has not run yet begin as late as a past allows; without, it runs whole.

    Parameters
    ----------
    bed, entries, past
        As of `parting`.
    end : float
        As of `parting`.
    """
    at = None if past is None else parting(bed, entries, past, end)
    if past is not None and at is not None:
        past.begin(bed, at)


def kept(key: str, end: int) -> Past | None:
    """Return the past that a key names, as far as `end` [s] at least; None where none is kept."""
    for path in cache("pasts").glob(f"{key}-*.zst"):
        if int(path.stem.rpartition("-")[2]) < end:
            continue
        if path in _recent:
            return _recent[path]
        with contextlib.suppress(OSError, ValueError, KeyError, pa.ArrowException, _NO_ZIP):
            with pa.CompressedInputStream(str(path), "zstd") as file:
                stored = np.load(io.BytesIO(file.read()), allow_pickle=False)
                days = json.loads(stored["states"].tobytes())
                arrays = {name: stored[name] for name in _ARRAYS}
            path.touch()
            states = {int(at): state for at, (_, state) in days.items()}
            shown = {int(at): count for at, (count, _) in days.items()}
            return _recall(path, Past(states=states, shown=shown, **arrays))
    return None


_NO_ZIP = zipfile.BadZipFile
_ARRAYS = ("instants", "frames", "quality", "truth", "plc")


def remember(key: str, end: int, past: Past) -> None:
    """Keep the past of a run that ended at `end` [s]."""
    days = {at: (past.shown[at], state) for at, state in past.states.items()}
    text = np.frombuffer(json.dumps(days).encode(), dtype=np.uint8)
    stored = io.BytesIO()
    np.savez(stored, states=text, **{name: getattr(past, name) for name in _ARRAYS})

    def write(path: Path) -> None:
        with pa.CompressedOutputStream(str(path), "zstd") as file:
            file.write(stored.getvalue())

    folder, name = cache("pasts"), f"{key}-{end}.zst"
    keep(folder, name, write)
    _recall(folder / name, past)


def _recall(path: Path, past: Past) -> Past:
    """Keep a past in this process too, of the last few."""
    _recent[path] = past
    while len(_recent) > _IN_MEMORY:
        del _recent[next(iter(_recent))]
    return past
