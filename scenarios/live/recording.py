"""A run folder shown in the control room as if it went on now, at any speed, from any time on."""

from __future__ import annotations

import bisect
import dataclasses
import math
import threading
import time
from collections.abc import Sequence

import numpy as np

from scenarios.live.alarms import AlarmList
from scenarios.live.audit import AUDIT, Audit, read_audit
from scenarios.live.snapshot import EntryView, PlcView, Snapshot
from scenarios.live.source import NAP, DetectorView, EpisodeView, ScoreView, Source
from scenarios.live.spills import Spills
from scenarios.results.run import Run
from scenarios.simulation.pace import Pace
from twin.records.historian import Event
from twin.tags import Quality, Values

_KINDS = {"operator": "operator", "SCADA": "limit"}
"""The kinds of events, as far as a record's sources tell them."""


class Recording(Source):
    """A recorded run, played.

    Coils were not recorded: PLCs have none here.

    Parameters
    ----------
    run : Run
    pace : Pace
    """

    live = False

    def __init__(self, run: Run, pace: Pace):
        super().__init__(run.scenario, run.spec, pace)
        self._run_read = run
        self.end = float(len(run.truth) * run.spec.step)
        self._frames = run.scada.index.to_numpy(dtype=float)
        self._truth = run.truth[list(run.spec.tag_names)].to_numpy(dtype=float)
        self._seen = run.scada.to_numpy(dtype=float)
        self._quality = run.quality.to_numpy(dtype=np.int8)
        self._plc = run.plc.to_numpy(dtype=float)
        self._spilled = run.truth[[f"overflow_{name}_m3" for name in run.spec.model.tank_name_list]]
        self._entries = [*_entries(run)]
        self._warned = _warned(run)
        self._events = [
            Event(float(at), _KINDS.get(source, "recorded"), str(source), "", str(what))
            for at, source, what in zip(
                run.events.index, run.events["source"], run.events["what"], strict=True
            )
        ]
        self._memory = [column.partition(".") for column in run.plc.columns]
        columns = ("cleared", "tag", "limit", "value", "bound")
        self._limits = [
            (float(raised), float(cleared), str(tag), str(limit), float(value), float(bound))
            for raised, cleared, tag, limit, value, bound in zip(
                run.limits.index, *(run.limits[name] for name in columns), strict=True
            )
        ]
        self._answered = {
            name: _last(self._frames, self._heard(plc.sensors))
            for name, plc in run.spec.plcs.items()
        }
        self._writes = [] if run.folder is None else read_audit(run.folder / AUDIT)
        self._shown = 0  # frames that history and alarms have had
        self._number = 0
        self._at = 0.0
        self._wanted: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._play, name="recording", daemon=True)

    def _heard(self, sensors: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        places = [self.spec.tag_names.index(tag) for tag in sensors]
        heard: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            self._quality[:, places] != Quality.STALE
        ).any(axis=1)
        return heard

    def start(self) -> None:
        """Begin to play."""
        self._thread.start()

    def stop(self, patience: float) -> bool:
        """Stop playing; return whether that was done in time."""
        self._stopping.set()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def seek(self, at: float) -> None:
        """Go on from another time [s]."""
        self._wanted = min(max(at, 0.0), self.end)

    def _play(self) -> None:
        self._publish()
        while not self._stopping.is_set():
            if self._wanted is not None:
                before, self._at, self._wanted = self._at, self._wanted, None
                speed, paused = self.pace.speed, self.pace.paused
                self.pace = Pace(speed)  # time goes on from here …
                self.pace.paused = paused
                self.pace.left(self._at)  # … from this moment
                if self._at < before:
                    self._rewind()
                self._publish()
            ahead = min(self._at + self.pace.grain(), self.end)
            left = self.pace.left(ahead)
            if ahead <= self._at or left > 0:
                time.sleep(min(left, NAP) if ahead > self._at else NAP)
                continue
            self._at = ahead
            self._publish()

    def _rewind(self) -> None:
        self._shown = 0
        self.history.forget()
        self.alarms, self.audit = AlarmList(), Audit(self.spec)
        self.spills = Spills()

    def _publish(self) -> None:
        """Show the present time; let history and alarms have every frame up to it."""
        snapshot = self.snapshot
        for write in self._writes[len(self.audit.writes()) :]:
            if write.time <= self._at:
                self.audit.note(write)
        while self._shown < len(self._frames) and self._frames[self._shown] <= self._at:
            frame = self._shown
            at = float(self._frames[frame])
            truth = self._truth[self._row(at)]
            self.history.append(at, truth, self._seen[frame], self._quality[frame])
            totals = self._spilled.iloc[self._row(at)].tolist()
            self.spills.see(at, dict(zip(self.spec.model.tank_name_list, totals, strict=True)))
            self._shown += 1
            self._number += 1
            snapshot = self._taken(at)
            self._watch(snapshot)
        self.snapshot = dataclasses.replace(
            snapshot, number=self._number, time=self._at, published=time.monotonic()
        )

    def _row(self, at: float) -> int:
        return min(int(at // self.spec.step), len(self._truth) - 1)

    def _taken(self, at: float) -> Snapshot:
        frame, truth = self._shown - 1, self._truth[self._row(at)]
        return Snapshot(
            number=self._number,
            time=at,
            truth=truth,
            seen=self._seen[frame],
            quality=self._quality[frame],
            frame=at,
            plcs=self._plcs(frame, self._plc[self._row(at)]),
            ordered=self._ordered(at),
            limits={
                (tag, limit): (value, bound)
                for raised, cleared, tag, limit, value, bound in self._limits
                if raised <= at and not cleared <= at
            },
            entries=tuple(_until(entry, at) for entry in self._entries),
            status="recorded",
        )

    def _ordered(self, at: float) -> dict[str, float]:
        orders = {n: v for plc in self.spec.plcs.values() for n, v in plc.orders.items()}
        for order in self.scenario.operator:
            if order.at <= at:
                orders |= order.values
        return orders

    def _plcs(self, frame: int, memory: Values) -> dict[str, PlcView]:
        ordered = self._ordered(float(self._frames[frame]))
        inputs: dict[str, dict[str, float]] = {name: {} for name in self.spec.plcs}
        for (plc, _, tag), value in zip(self._memory, memory.tolist(), strict=True):
            inputs[plc][tag] = value
        return {
            name: PlcView(
                inputs=inputs[name],
                bad=frozenset(),
                coils={},
                orders={order: ordered[order] for order in plc.orders},
                running=True,
                answered=self._answered[name][frame],
            )
            for name, plc in self.spec.plcs.items()
        }

    def detectors(self) -> list[DetectorView]:
        """Return what each detector had said by now."""
        scores, alarms, now = self._run_read.scores, self._run_read.alarms, self._at
        names = list(dict.fromkeys(scores["detector"])) if len(scores) else []
        views = []
        for name in names:
            said = scores[(scores["detector"] == name) & (scores.index <= now)]
            raised = alarms[(alarms["detector"] == name) & (alarms.index <= now)]
            points = tuple(
                ScoreView(
                    float(at), float(row.score), float(row.threshold), bool(row.alarm), row.cause
                )
                for at, row in zip(said.index, said.itertuples(index=False), strict=True)
            )
            episodes = tuple(
                EpisodeView(
                    float(at), min(float(row.last), now), float(row.peak), tuple(row.tags), row.plc
                )
                for at, row in zip(raised.index, raised.itertuples(index=False), strict=True)
            )
            last = points[-1].cause if points else ""
            views.append(DetectorView(name, points, episodes, ((last, 1.0, ""),) if last else ()))
        return views

    def detecting(self) -> float | None:
        """Return since when [s] a detector said that something is wrong; None where none did."""
        since = [
            begins[bisect.bisect_right(begins, self._at) - 1]
            for times, alarms, begins in self._warned
            if (last := bisect.bisect_right(times, self._at) - 1) >= 0 and alarms[last] and begins
        ]
        return min(since, default=None)

    def events(self) -> Sequence[Event]:
        """Return what had happened by now, in order."""
        return self._events[: bisect.bisect_right([e.time for e in self._events], self._at)]


def _last(times: Values, heard: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[float]:
    """Return for each frame the time [s] of the last one up to it that was heard."""
    return [float(t) for t in np.maximum.accumulate(np.where(heard, times, -math.inf))]


def _entries(run: Run) -> Sequence[EntryView]:
    """Return the attacks and faults, with the spans of which the events tell."""
    found = []
    for entry in run.scenario.entries:
        told = run.events[run.events["source"] == entry.name]
        spans: list[tuple[float, float]] = []
        for at, what in zip(told.index, told["what"], strict=True):
            if what == f"{entry.label} starts":
                spans.append((float(at), math.inf))
            elif what == f"{entry.label} ends" and spans:
                spans[-1] = (spans[-1][0], float(at))
        found.append(
            EntryView(entry.name, entry.label, entry.on, entry.do.kind, False, tuple(spans))
        )
    return found


def _warned(run: Run) -> list[tuple[list[float], list[bool], list[float]]]:
    """Return of each detector its scores' times [s], whether each was an alarm's, and begins."""
    if not len(run.scores):
        return []
    return [
        (
            said.index.tolist(),
            said["alarm"].tolist(),
            run.alarms.index[run.alarms["detector"] == name].tolist(),
        )
        for name, said in run.scores.groupby("detector")
    ]


def _until(entry: EntryView, at: float) -> EntryView:
    spans = tuple((begin, min(end, at)) for begin, end in entry.spans if begin <= at)
    active = any(begin <= at < end for begin, end in entry.spans)
    return dataclasses.replace(entry, spans=spans, active=active)
