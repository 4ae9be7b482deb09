"""The audit log: every write from anywhere, and whether it was read back."""

from __future__ import annotations

import csv
import io
import math
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from scenarios.live.snapshot import PlcView
from twin.files import read_table
from twin.plants.spec import PlantSpec
from twin.units import HOUR

WAITING, VERIFIED = "waiting for read-back", "verified"
_KEPT, _REFUSED = 20_000, 1000


@dataclass(frozen=True, slots=True)
class Write:
    """One value that somebody wrote.

    Attributes
    ----------
    time : float
        Of the plant [s].
    who : str
        A user's name, or a peer's address and port.
    protocol : str
        `room`, `modbus`, `opcua`, or `attack` for one launched by hand.
    plc, tag : str
    old, new : str
        In words, with units.
    result : str
    value : float
        What `new` stands for.
    until : float
        When it must have been read back [s].
    """

    time: float
    who: str
    protocol: str
    plc: str
    tag: str
    old: str
    new: str
    result: str
    value: float = math.nan
    until: float = math.inf


AUDIT = "audit.csv"
"""The file in a run folder."""
COLUMNS = ("time_s", "who", "protocol", "plc", "tag", "old", "new", "result")


class Audit:
    """Every write, in order; the ones that wait are compared with what PLCs hold.

    What was refused is kept apart, so that a flood of it takes no write's place: the last thousand
    lines, in which what one address repeats within an hour is counted.

    Parameters
    ----------
    spec : PlantSpec
    """

    def __init__(self, spec: PlantSpec):
        self._spec, self._lock = spec, threading.Lock()
        self._writes: list[Write] = []
        self._refused: dict[tuple[object, ...], tuple[Write, int]] = {}
        self._owner = {name: plc for plc, known in spec.plcs.items() for name in known.orders}

    def add(
        self,
        now: float,
        who: str,
        protocol: str,
        values: Mapping[str, float],
        plcs: Mapping[str, PlcView],
    ) -> None:
        """Note what somebody writes at `now` [s]."""
        for name, value in values.items():
            plc = self._owner.get(name, "")
            patience = (
                2.0 * self._spec.plcs[plc].polling + self._spec.plcs[plc].scan if plc else 0.0
            )
            before = plcs[plc].orders.get(name, math.nan) if plc in plcs else math.nan
            command = self._spec.command
            self.note(
                Write(
                    now,
                    who,
                    protocol,
                    plc,
                    name,
                    command(name, before),
                    command(name, value),
                    WAITING,
                    value,
                    now + patience,
                )
            )

    def note(self, write: Write) -> None:
        """Add a line."""
        with self._lock:
            self._writes.append(write)
            del self._writes[:-_KEPT]

    def refuse(
        self, now: float, who: str, protocol: str, plc: str, tag: str, new: str, why: str
    ) -> None:
        """Note what somebody was refused at `now` [s], and why."""
        key = (now // HOUR, who.rpartition(":")[0] or who, protocol, plc, tag, why)
        with self._lock:
            first = Write(now, who, protocol, plc, tag, "", new, f"refused: {why}")
            known, times = self._refused.get(key, (first, 0))
            self._refused[key] = known, times + 1
            while len(self._refused) > _REFUSED:
                del self._refused[next(iter(self._refused))]

    def verify(self, now: float, plcs: Mapping[str, PlcView]) -> None:
        """Compare the writes that wait with what their PLCs hold at `now` [s]."""
        with self._lock:
            for i, write in enumerate(self._writes):
                if write.result != WAITING or write.plc not in plcs:
                    continue
                held = plcs[write.plc].orders.get(write.tag, math.nan)
                same = held == write.value or (math.isnan(held) and math.isnan(write.value))
                if same:
                    self._writes[i] = replace(write, result=VERIFIED)
                elif now > write.until:
                    words = f"not taken: {write.plc} holds {self._spec.command(write.tag, held)}"
                    self._writes[i] = replace(write, result=words)

    def writes(self) -> list[Write]:
        """Return all lines, the latest last."""
        with self._lock:
            refused = [
                replace(write, result=f"{write.result} ({times} times)") if times > 1 else write
                for write, times in self._refused.values()
            ]
            return sorted([*self._writes, *refused], key=attrgetter("time"))

    def latest(self, count: int) -> list[Write]:
        """Return the latest lines of what was written, without what was refused."""
        with self._lock:
            return self._writes[-count:]


def audit_csv(writes: Iterable[Write]) -> str:
    """Return lines of the log as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for w in writes:
        row = (w.who, w.protocol, w.plc, w.tag, w.old, w.new, w.result)
        writer.writerow([w.time, *map(plain, row)])
    return out.getvalue()


def read_audit(path: Path) -> list[Write]:
    """Return the lines of a run folder's log; none where there is none."""
    if not path.is_file():
        return []
    return [
        Write(float(at), who, protocol, plc, tag, old, new, result)
        for _, (at, who, protocol, plc, tag, old, new, result) in read_table(path, COLUMNS)
    ]


def plain(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
