"""The life of an alarm, by ISA-18.2: raised, acknowledged, returned, shelved; and its journal."""

from __future__ import annotations

import csv
import functools
import io
import math
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from scenarios.live.audit import plain
from twin.errors import InputError
from twin.units import spoken

LONGEST_SHELF = 8 * 3600.0
"""The longest that an alarm may be shelved [s]: a shift."""
RATE_WINDOW = 600.0
"""Alarms are counted by so many seconds: ISA-18.2 calls more than ten a flood."""
_JOURNAL = 20_000
_TABLE = Path(__file__).with_name("alarms.csv")


class Key(NamedTuple):
    """What an alarm is about: a tag, device or PLC, and its kind in `alarms.csv`."""

    source: str
    kind: str


@dataclass(frozen=True, slots=True)
class Class:
    """A kind of alarm as `alarms.csv` has it.

    Attributes
    ----------
    priority : int
        1 (act within minutes), 2 (soon) or 3 (when there is time).
    on_delay, off_delay : float
        For how long it must hold before it is raised, and be over before it has returned [s].
    title, consequence, response : str
        What it says, what follows if nobody answers, and what to do.
    """

    priority: int
    on_delay: float
    off_delay: float
    title: str
    consequence: str
    response: str


@dataclass(frozen=True, slots=True)
class LiveAlarm:
    """An alarm that was raised and is not yet both over and acknowledged.

    Attributes
    ----------
    key : Key
    cls : Class
    raised : float
        When [s].
    detail : str
        The value that raised it, beside its limit.
    returned : float or None
        When it was over [s].
    acknowledged : str
        By whom; empty as long as nobody did.
    """

    key: Key
    cls: Class
    raised: float
    detail: str
    returned: float | None = None
    acknowledged: str = ""

    @property
    def state(self) -> str:
        """`unacknowledged`, `acknowledged`, or `returned` where it is over unacknowledged."""
        if self.returned is not None:
            return "returned"
        return "acknowledged" if self.acknowledged else "unacknowledged"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Until when [s] an alarm is put aside, why, and by whom."""

    until: float
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class JournalLine:
    """What happened to an alarm at a time [s]."""

    time: float
    what: str
    key: Key
    priority: int
    by: str
    detail: str


@functools.cache
def classes() -> dict[str, Class]:
    """Return the kinds of alarm by name, like `level.HH` or `mismatch`."""
    with _TABLE.open(newline="", encoding="utf-8") as file:
        return {
            row["kind"]: Class(
                int(row["priority"]),
                float(row["on_delay_s"]),
                float(row["off_delay_s"]),
                row["title"],
                row["consequence"],
                row["response"],
            )
            for row in csv.DictReader(file)
        }


class AlarmList:
    """All alarms of a plant, told at each frame which conditions hold.

    It may be read and answered from another thread than the one that tells it.

    Attributes
    ----------
    journal : deque of JournalLine
        What happened, the latest last.
    """

    def __init__(self) -> None:
        self.journal: deque[JournalLine] = deque(maxlen=_JOURNAL)
        self._alarms: dict[Key, LiveAlarm] = {}
        self._shelved: dict[Key, Shelf] = {}
        self._since: dict[Key, float] = {}  # conditions that hold, and from when on
        self._gone: dict[Key, float] = {}  # those of raised alarms that do not, and from when on
        self._now = -math.inf
        self._lock = threading.RLock()

    def see(self, now: float, holding: Mapping[Key, str]) -> None:
        """Take the conditions that hold at `now` [s], each with its value in words."""
        with self._lock:
            self._now = now
            for key in [key for key, shelf in self._shelved.items() if shelf.until <= now]:
                self._unshelve(key, "time limit")
            self._since = {key: self._since.get(key, now) for key in holding}
            for key, since in self._since.items():
                self._gone.pop(key, None)
                known = self._alarms.get(key)
                over = known is None or known.returned is not None
                if over and now - since >= classes()[key.kind].on_delay:
                    self._raise(key, holding[key])
            for key, alarm in [*self._alarms.items()]:
                if key in holding or alarm.returned is not None:
                    continue
                gone = self._gone.setdefault(key, now)
                if now - gone >= alarm.cls.off_delay:
                    self._return(key, alarm)

    def _raise(self, key: Key, detail: str) -> None:
        cls = classes()[key.kind]
        self._alarms[key] = LiveAlarm(key, cls, self._now, detail)
        self._note("raised" if key not in self._shelved else "raised (shelved)", key, "", detail)

    def _return(self, key: Key, alarm: LiveAlarm) -> None:
        self._gone.pop(key, None)
        self._note("returned", key, "", alarm.detail)
        if alarm.acknowledged:
            del self._alarms[key]
        else:
            self._alarms[key] = replace(alarm, returned=self._now)

    def acknowledge(self, keys: Iterable[Key], by: str) -> None:
        """Note that somebody has seen alarms; one that is over leaves the list."""
        with self._lock:
            for key in keys:
                alarm = self._alarms.get(key)
                if alarm is None or alarm.acknowledged:
                    continue
                self._note("acknowledged", key, by, alarm.detail)
                if alarm.returned is not None:
                    del self._alarms[key]
                else:
                    self._alarms[key] = replace(alarm, acknowledged=by)

    def shelve(self, key: Key, by: str, reason: str, seconds: float) -> None:
        """Put an alarm aside for a time; it comes back by itself.

        Raises
        ------
        InputError
            Without a reason, or for no time or longer than a shift.
        """
        if not reason.strip():
            raise InputError("an alarm is shelved for a reason: write one")
        if not 0 < seconds <= LONGEST_SHELF:
            longest = spoken(LONGEST_SHELF)
            raise InputError(f"an alarm is shelved for {longest} at most, not {spoken(seconds)}")
        with self._lock:
            self._shelved[key] = Shelf(self._now + seconds, reason.strip(), by)
            self._note("shelved", key, by, f"for {spoken(seconds)}: {reason.strip()}")

    def unshelve(self, key: Key, by: str) -> None:
        """Bring a shelved alarm back before its time."""
        with self._lock:
            if key in self._shelved:
                self._unshelve(key, by)

    def _unshelve(self, key: Key, by: str) -> None:
        del self._shelved[key]
        self._note("unshelved", key, by, "")
        alarm = self._alarms.get(key)
        if alarm is not None and alarm.returned is None:  # it is news to whoever sees it now
            self._alarms[key] = replace(alarm, acknowledged="")

    def _note(self, what: str, key: Key, by: str, detail: str) -> None:
        priority = classes()[key.kind].priority
        self.journal.append(JournalLine(self._now, what, key, priority, by, detail))

    def standing(self) -> list[LiveAlarm]:
        """Return what is not shelved: unacknowledged first, by priority, the latest first."""
        with self._lock:
            shown = [a for key, a in self._alarms.items() if key not in self._shelved]
        return sorted(shown, key=lambda a: (bool(a.acknowledged), a.cls.priority, -a.raised))

    def shelved(self) -> dict[Key, Shelf]:
        """Return what is shelved."""
        with self._lock:
            return dict(self._shelved)

    def lines(self) -> list[JournalLine]:
        """Return the journal, the latest last."""
        with self._lock:
            return list(self.journal)

    def rate(self) -> list[tuple[float, int]]:
        """Return how many alarms were raised in each ten minutes that had one, by its begin [s]."""
        counts: dict[float, int] = {}
        for line in self.lines():
            if line.what == "raised":
                begin = line.time // RATE_WINDOW * RATE_WINDOW
                counts[begin] = counts.get(begin, 0) + 1
        return sorted(counts.items())


def journal_csv(lines: Iterable[JournalLine]) -> str:
    """Return lines of the journal as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time_s", "what", "source", "kind", "priority", "by", "detail"])
    for line in lines:
        key = line.key
        writer.writerow(
            [line.time, line.what, key.source, key.kind, line.priority, plain(line.by),
             plain(line.detail)]
        )  # fmt: skip
    return out.getvalue()
