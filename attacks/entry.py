"""An entry of a scenario's list of attacks, and the same at work in one run."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attacks.base import Attack
from attacks.present import Ear, Present
from attacks.trigger import When
from twin.errors import InputError, nearest, under
from twin.link import Late, TapPoint
from twin.plc import Plc
from twin.tags import Reading, Values

if TYPE_CHECKING:
    from twin.testbed import Testbed


FAMILIES = ("sensor", "link", "actuator", "plc")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where, when and what.

    Attributes
    ----------
    name : str
    on : str
        The port: `sensor:L_T1`, `link:PLC2->PLC1`, `actuator:PU1`, `plc:PLC5`.
    do : Attack
    when : When
    tags : tuple of str
        What it acts on there; empty for all that passes.
    incident : str
        Attacks that belong together, like one and its concealment, share it.
    label : str
        `attack`, or `fault` for a benign disturbance.
    """

    name: str
    on: str
    do: Attack
    when: When = field(default_factory=When)
    tags: tuple[str, ...] = ()
    incident: str
    label: str = "attack"


class Armed:
    """An entry at work in one run.

    Attributes
    ----------
    entry : Entry
    active : bool
        Now.
    spans : list of (float, float)
        The intervals [s] it was active in, each from its first instant to the end of its last.
    altered : set of str
        Tags that it changed when they last passed, so that something else is shown than came in.
    """

    def __init__(self, entry: Entry, testbed: Testbed, present: Present):
        self.entry = entry
        self.active = False
        self.spans: list[tuple[float, float]] = []
        self.altered: set[str] = set()
        self._testbed = testbed
        self._attack = entry.do.fresh()
        self._present = present
        self._plc: Plc | None = None
        family, _, target = entry.on.partition(":")
        if family not in FAMILIES:
            raise InputError(f"no port {entry.on!r}: {_port_like(entry.on, testbed)}", keys=["on"])
        if family not in entry.do.ports:
            works = ", ".join(f"{port}:…" for port in entry.do.ports)
            message = f"{entry.do.kind} works on {works}, not on {entry.on!r}"
            raise InputError(message, keys=["on"])
        points: list[TapPoint] = []
        if family == "plc":
            self._arm_logic(target)
        else:
            with under("on"):
                points = testbed.points(entry.on)
        passing = tuple(dict.fromkeys(tag for point in points for tag in point.tags))
        with under("when"):
            self._trigger = present.trigger(entry.name, entry.when, passing)
        self._ear = Ear(self._trigger)
        self._arm_points(points, passing)
        with under("do", entry.do.kind):
            entry.do.check(testbed, target)

    def _arm_logic(self, name: str) -> None:
        plcs = self._testbed.plcs
        if name not in plcs:
            raise InputError(f"unknown PLC {name!r}: {nearest(name, plcs)}", keys=["on"])
        if self.entry.tags:
            raise InputError("an attack on a PLC's logic takes no tags", keys=["tags"])
        self._plc = plcs[name]

    def _arm_points(self, points: Sequence[TapPoint], passing: Collection[str]) -> None:
        for i, tag in enumerate(self.entry.tags):
            if tag not in passing:
                message = f"{tag!r} never passes at {self.entry.on}: {nearest(tag, passing)}"
                raise InputError(message, keys=["tags", i])
        wanted = self.entry.tags or passing
        for point in points:
            self._ear.sit(point)
            here = [tag for tag in wanted if tag in point.tags]
            if here:
                point.attach(self._tap, here)

    def update(self, now: float) -> None:
        """Start or stop by what is present."""
        self._present.values.update(self._ear.heard)
        active = self._trigger.update(now, self._present.values)
        if active or self.active:
            # An instant stands for the time until the next one, at which this is corrected.
            end = now + self._testbed.network.step if active else now
            begin = self.spans.pop()[0] if self.active else now
            self.spans.append((begin, end))
        if active != self.active:
            self.active = active
            self._present.tell(self.entry.name, active)
            self._testbed.log(now, self.entry.name, "attack starts" if active else "attack ends")
            if self._plc is not None:
                (self._attack.begin if active else self._attack.end)(self._plc)

    def _tap(self, reading: Reading) -> Reading | Late | None:
        self._attack.watch(reading)
        if not self.active:
            self.altered.discard(reading.tag)
            return reading
        passed = self._attack.tamper(reading)
        if _same(passed, reading):
            self.altered.discard(reading.tag)
        else:
            self.altered.add(reading.tag)
        return passed

    def why_not(self, end: float) -> str | None:
        """Say why it never acted in a run that ended at `end` [s]; None if it did."""
        return None if self.spans else self._trigger.why_not(end)


def _same(passed: Reading | Late | None, reading: Reading) -> bool:
    """Return whether what passes shows what came in, at once."""
    if not isinstance(passed, Reading) or passed.tag != reading.tag:
        return False
    return passed.value == reading.value or (math.isnan(passed.value) and math.isnan(reading.value))


def _port_like(name: str, testbed: Testbed) -> str:
    """Guess the port that was meant where even its family is unknown."""
    names = [point.name for point in testbed.points("*")] + [f"plc:{plc}" for plc in testbed.plcs]
    rest = name.rpartition(":")[2]
    found = next((port for port in names if port.endswith(f":{rest}")), None)
    return f"did you mean {found}?" if found else f"a port is {':…, '.join(FAMILIES)}:…"


def arm(entries: Sequence[Entry], testbed: Testbed) -> list[Armed]:
    """Put entries, in order, on a testbed that has not run yet.

    Raises
    ------
    InputError
        For a port, tag, PLC or condition that does not exist; its keys start with the entry's
        place in the list.
    """
    present = Present(testbed, [entry.name for entry in entries])
    armed = []
    for i, entry in enumerate(entries):
        with under(i):
            armed.append(Armed(entry, testbed, present))

    def watch(now: float, values: Values) -> None:
        present.update(now, values)
        for one in armed:
            one.update(now)

    if armed:
        testbed.watchers.append(watch)
    return armed
