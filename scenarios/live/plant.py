"""The live plant: one thread that advances a session, obeys commands, and publishes snapshots."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace

from attacks.entries.entry import Entry
from scenarios.live.audit import Write
from scenarios.live.snapshot import EntryView, Snapshot, at_frame, limits_of, plcs_of
from scenarios.live.source import NAP, DetectorView, EpisodeView, ScoreView, Source
from scenarios.simulation.pace import Pace
from scenarios.simulation.session import Session
from scenarios.simulation.watch import Watcher
from twin.errors import InputError, RunError
from twin.records.historian import Event
from twin.servers.image import Images, PlcImage
from twin.tags import Frame, Values

_FIRST = 1.0  # s
_OVER = "the run is over: nothing can be commanded any more"
Command = Callable[[Session], None]
_log = logging.getLogger(__name__)


class LivePlant(Source):
    """A session that is advanced in real time, by a thread of its own.

    Parameters
    ----------
    session : Session
        Opened with a pace of its own that holds nothing back, so that detectors score as it goes.
    pace : Pace
        How fast simulated time goes by.

    Attributes
    ----------
    late : float
        How long after it was due the last snapshot was published [s].
    failed : RunError or None
        What ended it before anything was recorded.
    """

    live = True

    def __init__(self, session: Session, pace: Pace):
        super().__init__(session.scenario, session.spec, pace)
        self.session, self.late = session, 0.0
        self.failed: RunError | None = None
        self._commands: queue.SimpleQueue[tuple[Command, Future[None]]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plant", daemon=True)
        self._changes = 0
        self._frame: Frame | None = None
        self._truth = self.snapshot.truth
        self._registers = Images(session.testbed.plcs, 2.0 * session.spec.step)
        self._images = self._registers.take(session.now)
        bed = session.testbed
        bed.observers.append(self._note_instant)
        bed.scada.subscribers.append(self._take_frame)

    def start(self) -> None:
        """Begin: the run without attacks, the warm-up, then the plant at its pace."""
        self._thread.start()

    def stop(self, patience: float) -> bool:
        """Let the run end as soon as a scenario can; return whether it did in time [s]."""
        self._stopping.set()
        self._thread.join(patience)
        return not self._thread.is_alive()

    def do(self, command: Command) -> Future[None]:
        """Let a command be carried out between two instants.

        Returns
        -------
        Future
            Done when it was carried out; holds the InputError of one that was refused.
        """
        done: Future[None] = Future()
        if self._over:
            done.set_exception(InputError(_OVER))
        else:
            self._commands.put((command, done))
        return done

    @property
    def _over(self) -> bool:
        return self._stopping.is_set() or self.snapshot.status != "running"

    def operate(self, values: Mapping[str, float], who: str) -> Future[None]:
        """Let SCADA write orders, and keep them in the audit log."""

        def command(session: Session) -> None:
            for name in values:
                session.testbed.scada.check(name)
            self.audit.add(session.now, who, "room", values, self.snapshot.plcs)
            session.operate(values, by=who)

        return self.do(command)

    def image(self, plc: str) -> PlcImage:
        """Return what a PLC's registers show now; servers read it."""
        return self._images[plc]

    def write(self, plc: str, values: Mapping[str, float], peer: str, protocol: str) -> None:
        """Let somebody else than SCADA write to a PLC, and keep it in the audit log.

        Raises
        ------
        InputError
            If the run is over.
        """
        words = ", ".join(f"{name} = {value:g}" for name, value in values.items())
        if self._over:
            self.refused(plc, words, "", peer, protocol, _OVER)
            raise InputError(_OVER)

        def command(session: Session) -> None:
            before = self.snapshot.plcs
            try:
                session.write_external(plc, values, peer=peer, protocol=protocol)
            except InputError as error:
                self.refused(plc, words, "", peer, protocol, error.message)
                raise
            self.audit.add(session.now, peer, protocol, values, before)

        self.do(command)

    def refused(self, plc: str, what: str, value: str, who: str, protocol: str, why: str) -> None:
        """Keep in the audit log what a server or a page did not let somebody write."""
        self.audit.refuse(self.session.now, who, protocol, plc, what, value, why)

    def launch(self, entry: Entry, who: str) -> Future[None]:
        """Launch an attack, from now on."""

        def command(session: Session) -> None:
            session.launch(entry)
            self._note_attack(session, who, entry.name, entry.on, f"launched: {entry.do.kind}")

        return self.do(command)

    def end(self, name: str, who: str) -> Future[None]:
        """Stop an attack that is active."""

        def command(session: Session) -> None:
            session.stop(name)
            self._note_attack(session, who, name, "", "stopped")

        return self.do(command)

    def _note_attack(self, session: Session, who: str, name: str, on: str, what: str) -> None:
        self.audit.note(Write(session.now, who, "attack", on, name, "", what, "done"))

    def _run(self) -> None:
        session, pace = self.session, self.pace
        try:
            session.advance(_FIRST)  # with the warm-up, from which a kept one begins at once
            self._publish()
            while not self._stopping.is_set() and session.status == "running":
                grain = pace.grain()
                session.advance((session.now // grain + 1.0) * grain)
                while (left := pace.left(session.now)) > 0 and not self._stopping.is_set():
                    self._obey(min(left, NAP))
                self.late = -left
                self._publish()
                self._obey(0.0)
            session.end_here()
            self._publish()
        except RunError as error:  # before anything was recorded
            self.failed = error
            self.snapshot = replace(self.snapshot, status="failed", reason=str(error))
        except Exception as error:
            _log.exception("the plant's thread ended")
            self.snapshot = replace(self.snapshot, status="failed", reason=str(error))
        self._refuse()

    def _obey(self, patience: float) -> None:
        """Carry out what is queued, and wait so long for more [s]."""
        until = time.monotonic() + patience
        while True:
            wait = until - time.monotonic()
            try:
                command, done = self._commands.get(wait > 0, max(wait, 0.0) or None)
            except queue.Empty:
                return
            if not done.set_running_or_notify_cancel():
                continue
            try:
                command(self.session)
            except Exception as error:
                done.set_exception(error)
            else:
                done.set_result(None)
            self._changes += 1
            self._publish()

    def _refuse(self) -> None:
        while not self._commands.empty():
            _, done = self._commands.get()
            done.set_exception(InputError(_OVER))

    def _note_instant(self, now: float, values: Values) -> None:
        """Keep the truth as an instant begins: behind it, the plant stands at the next one."""
        self._changes += 1
        self._truth = values.copy()
        if now > 0:  # the meters begin anew with the run
            water = self.session.testbed.plant
            self.spills.see(
                now, dict(zip(water.tanks, water.meters.overflow.tolist(), strict=True))
            )

    def _take_frame(self, frame: Frame) -> None:
        """Keep a frame for the trends, and let the alarm list see it."""
        self._changes += 1
        bed, (seen, quality) = self.session.testbed, at_frame(frame)
        if frame.time == bed.env.now:
            self._truth = bed.plant.values.copy()
        self._frame = frame._replace(values=seen, quality=quality)
        if frame.time >= 0:
            self.history.append(frame.time, self._truth, seen, quality)
            self._watch(self._taken())

    def _publish(self) -> None:
        if self._changes == self.snapshot.number and self.session.status == self.snapshot.status:
            self.snapshot = replace(
                self.snapshot, time=self.session.now, published=time.monotonic()
            )
        else:
            self.snapshot = self._taken()
            self._images = self._registers.take(self.session.now)
            self.audit.verify(self.snapshot.time, self.snapshot.plcs)

    def _taken(self) -> Snapshot:
        session, bed, frame = self.session, self.session.testbed, self._frame
        blank = self.snapshot
        return Snapshot(
            number=self._changes,
            time=session.now,
            truth=self._truth,
            seen=blank.seen if frame is None else frame.values,
            quality=blank.quality if frame is None else frame.quality,
            frame=blank.frame if frame is None else frame.time,
            plcs=plcs_of(bed),
            ordered=dict(zip(bed.scada.orders.tags, bed.scada.orders.values.tolist(), strict=True)),
            limits=limits_of(bed),
            entries=tuple(
                EntryView(
                    one.entry.name,
                    one.entry.label,
                    one.entry.on,
                    one.entry.do.kind,
                    one.active,
                    tuple(one.spans),
                )
                for one in session.entries
            ),
            status=session.status,
            reason=session.reason,
            published=time.monotonic(),
        )

    def detectors(self) -> list[DetectorView]:
        """Return what each detector has said up to now."""
        return [_view(watcher) for watcher in self.session.watchers]

    def detecting(self) -> float | None:
        """Return since when [s] a detector says that something is wrong; None where none does."""
        since = [
            watcher.alarms[-1].time
            for watcher in self.session.watchers
            if watcher.alarms and watcher.scores[-1].alarm
        ]
        return min(since, default=None)

    def events(self) -> Sequence[Event]:
        """Return what happened up to now, in order."""
        return list(self.session.testbed.historian.events)


def _view(watcher: Watcher) -> DetectorView:
    scores = list(watcher.scores)
    pairs = zip(list(watcher.alarms), list(watcher.episodes.all), strict=False)
    return DetectorView(
        name=watcher.name,
        scores=tuple(
            ScoreView(s.time, s.value, s.threshold, s.alarm, s.causes[0].name if s.causes else "")
            for s in scores
        ),
        episodes=tuple(
            EpisodeView(alarm.time, episode.end, episode.peak, alarm.tags, alarm.plc)
            for alarm, episode in pairs
        ),
        causes=tuple((c.name, c.share, c.words) for c in scores[-1].causes) if scores else (),
    )
