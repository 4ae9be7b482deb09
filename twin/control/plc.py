"""A PLC: its memory, the times at which it scans, and the rules it applies then."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from twin.conditions.condition import moved
from twin.control.memory import Register
from twin.errors import InputError, nearest
from twin.plants.logic import PlcSpec, Rule, setpoints
from twin.state import State

Patch = Callable[["Plc", tuple[Rule, ...]], tuple[Rule, ...]]
"""Given a PLC and its rules, returns the rules it applies instead."""


@dataclass(slots=True)
class Plc:
    """A running PLC.

    Attributes
    ----------
    spec : PlcSpec
    memory : Register
        The last value of each tag it measures or receives.
    orders : Register
        What SCADA wrote to it last: an actuator's manual command, NaN for automatic, and its
        setpoints.
    coils : dict of str to float
        What it commands each of its actuators to be, as in `Rule.command`.
    rules : tuple of Rule
        In force now: its own, with the setpoints SCADA wrote, as patches change them.
    every : int
        Seconds between scans now.
    crossing : float or None
        As in `PlcSpec`, now.
    running : bool
        A PLC that does not run scans nothing, and its coils stay as they are.
    skew : float
        How far its clock is ahead [s].
    external : dict of str to tuple
        What others than SCADA wrote over its orders: by order, the value, the order that stood
        there, and when [s]. The last to write counts: each is dropped once SCADA's order is
        another, or is given anew.
    given : dict of str to float
        When the operator last gave each order [s].
    """

    spec: PlcSpec
    memory: Register
    orders: Register
    coils: dict[str, float]
    rules: tuple[Rule, ...] = field(init=False)
    every: int = field(init=False)
    crossing: float | None = field(init=False)
    running: bool = True
    skew: float = 0.0
    external: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    given: dict[str, float] = field(default_factory=dict)
    _own: tuple[Rule, ...] = field(init=False)
    _patches: list[Patch] = field(default_factory=list)
    _starting: bool = False
    _obeyed: bytes = b""
    _heard: dict[str, float] = field(default_factory=dict)
    _manual: dict[str, float] = field(default_factory=dict)
    _reads: list[tuple[str, int]] = field(default_factory=list)
    _read_by: tuple[Rule, ...] | None = None

    def __post_init__(self) -> None:
        self.rules = self._own = self.spec.rules
        self.every, self.crossing = self.spec.scan, self.spec.crossing

    def patch(self, change: Patch) -> None:
        """Apply a patch to its rules, after the patches already there."""
        self._patches.append(change)
        self._compose()

    def unpatch(self, change: Patch, keep: bool = False) -> None:
        """Remove a patch; with `keep`, the rules as it changes them become the PLC's own."""
        if change in self._patches:
            self._patches.remove(change)
            if keep:
                self._own = change(self, self._own)
            self._compose()

    def _compose(self) -> None:
        self.rules = self._own
        for change in self._patches:
            self.rules = change(self, self.rules)

    def write(self, now: float, values: Mapping[str, float]) -> None:
        """Write orders from outside at `now` [s], not in SCADA's name; its next scan takes them.

        Raises
        ------
        InputError
            If it takes no order of a name.
        """
        self.check(values)
        for name, value in values.items():
            self.external[name] = (value, self.orders.value(name), now)

    def check(self, names: Iterable[str]) -> None:
        """Raise InputError if it takes no order of a name."""
        for name in names:
            if name not in self.orders.index:
                hint = nearest(name, self.orders.tags)
                raise InputError(f"{self.spec.name} takes no {name!r}: {hint}", keys=[name])

    def present_orders(self) -> dict[str, float]:
        """Return its orders as they stand: what SCADA wrote, and what others wrote since."""
        orders = dict(zip(self.orders.tags, self.orders.values.tolist(), strict=True))
        return orders | {name: self.external[name][0] for name in self._standing(orders)}

    def _standing(self, orders: Mapping[str, float]) -> list[str]:
        """Return which of what others wrote SCADA's orders have not overruled since."""
        names = []
        for name, (_, stood, at) in self.external.items():
            changed = orders[name] != stood and (orders[name] == orders[name] or stood == stood)
            arrived = float(self.orders.arrived[self.orders.index[name]])
            if not (changed or at <= self.given.get(name, -math.inf) <= arrived):
                names.append(name)
        return names

    @property
    def in_force(self) -> dict[str, float]:
        """Its orders as its last scan took them."""
        return self._heard or self.spec.orders

    def is_due(self, now: int, crossing: bool) -> bool:
        """Return whether it scans at `now` [s], the instant of a threshold crossing or not."""
        if not self.running:
            return False
        return self._starting or now % self.every == 0 or (crossing and self.crossing is not None)

    def scan(self, now: float, t: float, hour: float) -> None:
        """Run the logic once: set the coils by the orders, the rules and the remembered readings.

        A reading that never arrived is NaN, as is a bad one, and satisfies no rule: the coil stays
        as it is.

        Parameters
        ----------
        now : float
            The time [s].
        t, hour : float
            The time [h] since the start, and of the day.
        """
        self._starting = False
        if self.external or self.orders.values.tobytes() != self._obeyed:
            self._take_orders()
        values = self.memory.values
        if self.spec.hold < math.inf:
            values = np.where(now - self.memory.arrived > self.spec.hold, np.nan, values)
        remembered = values.tolist()
        present = {name: remembered[place] for name, place in self._inputs()}
        unknown = {name for name, value in present.items() if math.isnan(value)}
        present["t"] = t + self.skew / 3600.0
        present["hour"] = (hour + self.skew / 3600.0) % 24.0
        before = self.coils.copy()
        for rule in self.rules:
            if rule.when.holds(present) and unknown.isdisjoint(rule.when.names):
                self.coils[rule.actuator] = rule.commanded(before[rule.actuator])
        if self.spec.failsafe:
            for rule in self.rules:
                if rule.actuator in self.spec.failsafe and not unknown.isdisjoint(rule.when.names):
                    self.coils[rule.actuator] = self.spec.failsafe[rule.actuator]
        self.coils.update(self._manual)

    def _inputs(self) -> list[tuple[str, int]]:
        """Return the tags that the rules in force read, and their places in the memory."""
        if self._read_by is not self.rules:
            named = dict.fromkeys(name for rule in self.rules for name in rule.when.names)
            place = self.memory.index
            self._reads = [(name, place[name]) for name in named if name in place]
            self._read_by = self.rules
        return self._reads

    def _take_orders(self) -> None:
        """Apply what SCADA has written: setpoints to the rules, manual commands after them."""
        written = dict(zip(self.orders.tags, self.orders.values.tolist(), strict=True))
        self.external = {name: self.external[name] for name in self._standing(written)}
        orders = self.present_orders()
        self._obeyed = b"" if self.external else self.orders.values.tobytes()
        self._manual = {a: v for a, v in orders.items() if a in self.coils and v == v}
        own = list(self._own)
        for name, place in setpoints(own).items():
            level = orders.get(name, math.nan)
            ((_, present),) = own[place].when.thresholds
            if level == level and level != present and level != self._heard.get(name):
                own[place] = replace(own[place], when=moved(own[place].when, level))
        self._own, self._heard = tuple(own), orders
        self._compose()

    def state(self) -> State:
        """Return its coils, and the orders that it has obeyed; what it remembers is its block's."""
        return {
            "coils": dict(self.coils),
            "obeyed": np.frombuffer(self._obeyed).tolist(),
            "external": {name: list(written) for name, written in self.external.items()},
            "given": dict(self.given),
        }

    def restore(self, state: State) -> None:
        """Go on from a state. Its orders are those it has obeyed, until its block is restored."""
        self.coils.update(state["coils"])
        self.external = {name: tuple(written) for name, written in state["external"].items()}
        self.given = dict(state["given"])
        if state["obeyed"]:
            self.orders.values[:] = state["obeyed"]
            self._take_orders()

    def restart(self) -> None:
        """Start cold and scan at once: no input remembered, no patch, its own rules and orders.

        Its coils fall to their failsafe settings, and to 0 without one.
        """
        self.memory.values[:] = np.nan
        self.memory.arrived[:] = -np.inf
        self._own, self._obeyed, self._heard = self.spec.rules, b"", {}
        self.external.clear()
        self._patches.clear()
        self._compose()
        self.coils = {actuator: self.spec.failsafe.get(actuator, 0.0) for actuator in self.coils}
        self.running = self._starting = True
