"""Orders that a PLC held and SCADA had not given, and SCADA's that came late or never."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from twin.control.link import Link
from twin.control.ports import Port
from twin.tags import Values
from twin.testbed import Testbed


@dataclass(frozen=True)
class Misorder:
    """A time in which a PLC held another order than SCADA's.

    Attributes
    ----------
    plc : str
    name : str
        The order: an actuator, or a setpoint like `SP_PU10_open`.
    value : float
        What it held and SCADA did not send, or what SCADA sent and it did not hold; as in
        `Scada.write`.
    forged : bool
        Whether it held what SCADA did not send; else SCADA's order was on its way, or lost.
    start : float
        When it took the forged order, or when SCADA's was written [s].
    end : float or None
        When it held it no longer, or SCADA's arrived or was replaced by a later one [s]; None
        where nothing of that came to pass.
    arrived : bool
        Whether SCADA's order arrived in the end.
    old : bool
        Whether what it held is what SCADA had sent earlier and since replaced.
    """

    plc: str
    name: str
    value: float
    forged: bool
    start: float
    end: float | None = None
    arrived: bool = False
    old: bool = False


@dataclass
class _Order:
    """One order, at SCADA and at its PLC, as far as the run has come."""

    plc: str
    name: str
    link: Link
    sent: float
    held: float
    past: list[float] = field(default_factory=list)
    waiting: list[Misorder] = field(default_factory=list)
    forged: Misorder | None = None


class Orders:
    """Notes of each instant where a PLC's orders and SCADA's part.

    Only of PLCs whose orders something taps: the other runs cost nothing.

    Parameters
    ----------
    testbed : Testbed
        Armed, not yet run.
    """

    def __init__(self, testbed: Testbed):
        self._polling = testbed.spec.polling
        self._last = -1.0
        self._told: list[Misorder] = []
        self._orders: list[_Order] = []
        for link in testbed.scada.commands:
            plc = Port.parse(link.name).receiver
            for name in link.tags if link.taps else ():
                held = testbed.plcs[plc].orders.value(name)
                self._orders.append(_Order(plc, name, link, link.source.value(name), held))
        if self._orders:
            testbed.observers.append(self._see)

    def _see(self, now: float, _: Values) -> None:
        """Look at what arrived in the instant before, then at what the operator wrote now."""
        self._note()
        self._last = now
        for one in self._orders if now >= 0 else ():
            sent = one.link.source.value(one.name)
            if not _same(sent, one.sent):
                one.past.append(one.sent)
                one.sent = sent
                one.waiting.append(Misorder(one.plc, one.name, sent, False, now))

    def _note(self) -> None:
        for one in self._orders if self._last >= 0 else ():
            register = one.link.target
            held = register.value(one.name)
            at = max(self._last, float(register.arrived[register.index[one.name]]))
            if not _same(held, one.held):
                self._stop_forging(one, at)
                one.held = held
                known = [one.sent, *(order.value for order in one.waiting)]
                if not any(_same(held, value) for value in known):
                    old = any(_same(held, value) for value in one.past)
                    one.forged = Misorder(one.plc, one.name, held, True, at, old=old)
            if one.waiting:
                self._arrive(one, at)

    def _arrive(self, one: _Order, at: float) -> None:
        """Close the order that is held now, and those that it overtook, which never arrived."""
        held = [i for i, order in enumerate(one.waiting) if _same(order.value, one.held)]
        if not held:
            return
        self._told += self._replaced(one, one.waiting[: held[-1] + 1])
        arrived = one.waiting[held[-1]]
        if at > self._due(one, arrived):
            self._told.append(replace(arrived, end=at, arrived=True))
        del one.waiting[: held[-1] + 1]

    def _replaced(self, one: _Order, orders: Sequence[Misorder]) -> list[Misorder]:
        """Return those of some orders that had not arrived when due, nor when the next came."""
        return [replace(order, end=later.start) for order, later in pairwise(orders)
                if self._due(one, order) < later.start]  # fmt: skip

    def _due(self, one: _Order, order: Misorder) -> float:
        """Return when an order should have arrived [s]: with the first poll after it."""
        return math.ceil(order.start / self._polling) * self._polling + one.link.patience

    def _stop_forging(self, one: _Order, at: float) -> None:
        if one.forged is not None:
            self._told.append(replace(one.forged, end=at))
        one.forged = None

    def table(self, end: float) -> tuple[Misorder, ...]:
        """Return what parted, in order of time, after a run that ended at `end` [s].

        An order that SCADA wrote and whose poll had not come by then is not among them.
        """
        self._note()
        self._last = -1.0
        left: list[Misorder] = []
        for one in self._orders:
            left += self._replaced(one, one.waiting)
            left += [order for order in one.waiting[-1:] if self._due(one, order) < end]
            left += [one.forged] if one.forged is not None else []
        return tuple(sorted([*self._told, *left], key=lambda order: order.start))


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
