"""A PLC: what it remembers of its inputs, when it scans, and the rules it then applies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from twin.condition import Condition, moved
from twin.link import Register

CLOCK = ("t", "hour")
"""What a rule may name beside tags: hours since the start, and the hour of the day, 0 to 24."""

CROSSINGS = {"nearest": 0.5, "after": 1.0, "none": None}
"""Instants at which a PLC also scans, and what is added to the time left [s] to round it down.

At the second nearest to a threshold's crossing, as EPANET rounds a control's time (half of them
come too early to see it), at the first after it, or at none.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of a PLC's logic: when this holds, set that.

    Attributes
    ----------
    actuator : str
        Pump, valve or pipe.
    command : float
        0 closed, 1 open, or what it is set to: a pump's relative speed, a valve's setting.
    when : Condition
        On tags the PLC measures or receives, and on `CLOCK`.
    """

    actuator: str
    command: float
    when: Condition


@dataclass(frozen=True, slots=True)
class PlcSpec:
    """A PLC as `plcs.yaml` describes it.

    Attributes
    ----------
    name : str
    sensors : tuple of str
        Tags wired to its inputs.
    actuators : tuple of str
        Pumps and valves wired to its outputs.
    receives : dict of str to str
        Tag → the PLC that sends it.
    rules : tuple of Rule
        Applied in order: a later one overrules those before it.
    scan : int
        Its logic runs every so many seconds …
    crossing : float or None
        … and, rounded so (see `CROSSINGS`), at the instants at which a threshold is reached.
    polling : int
        SCADA asks it every so many seconds.
    hold : float
        An input that is older than this [s] is bad, and satisfies no rule; until then it is held.
    failsafe : dict of str to float
        What it commands an actuator to be while an input of that actuator's rules is bad; the
        others stay as they are.
    """

    name: str
    sensors: tuple[str, ...]
    actuators: tuple[str, ...]
    receives: dict[str, str]
    rules: tuple[Rule, ...]
    scan: int
    crossing: float | None
    polling: int
    hold: float = math.inf
    failsafe: dict[str, float] = field(default_factory=dict)

    @property
    def setpoints(self) -> dict[str, int]:
        """The rules SCADA may write a threshold to, by the setpoint's name: `SP_PU10_open`.

        A rule has one if it compares one tag with one number.
        """
        places: dict[str, int] = {}
        words = {0.0: "closed", 1.0: "open"}
        for place, rule in enumerate(self.rules):
            plain = len(rule.when.thresholds) == len(rule.when.names) == 1
            if plain and rule.when.names[0] not in CLOCK:
                word = words.get(rule.command, f"{rule.command:g}")
                name = f"SP_{rule.actuator}_{word}"
                same = sum(1 for known in places if known.startswith(name))
                places[f"{name}_{same + 1}" if same else name] = place
        return places


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
        In force now.
    every : int
        Seconds between scans now.
    running : bool
        A PLC that does not run scans nothing, and its coils stay as they are.
    skew : float
        How far its clock is ahead [s].
    """

    spec: PlcSpec
    memory: Register
    orders: Register
    coils: dict[str, float]
    rules: tuple[Rule, ...] = field(init=False)
    every: int = field(init=False)
    running: bool = True
    skew: float = 0.0
    _obeyed: bytes = b""
    _manual: dict[str, float] = field(default_factory=dict)
    _setpoints: dict[str, int] = field(init=False)
    _reads: list[tuple[str, int]] = field(default_factory=list)
    _read_by: tuple[Rule, ...] | None = None

    def __post_init__(self) -> None:
        self.rules = self.spec.rules
        self.every = self.spec.scan
        self._setpoints = self.spec.setpoints

    def replace(self, place: int, rule: Rule) -> None:
        """Put another rule in the place of one in force."""
        self.rules = (*self.rules[:place], rule, *self.rules[place + 1 :])

    def is_due(self, now: int, crossing: bool) -> bool:
        """Return whether the logic runs at `now` [s], an instant of a threshold or not."""
        if not self.running:
            return False
        return now % self.every == 0 or (crossing and self.spec.crossing is not None)

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
        if self.orders.values.tobytes() != self._obeyed:
            self._take_orders()
        values = self.memory.values
        if self.spec.hold < math.inf:
            values = np.where(now - self.memory.arrived > self.spec.hold, np.nan, values)
        present = {name: float(values[place]) for name, place in self._inputs()}
        present["t"] = t + self.skew / 3600.0
        present["hour"] = (hour + self.skew / 3600.0) % 24.0
        for rule in self.rules:
            when = rule.when
            # Asked second: only `not` and `!=` hold for a NaN, and a rule seldom holds at all.
            if when.holds(present) and not any(math.isnan(present[name]) for name in when.names):
                self.coils[rule.actuator] = rule.command
        if self.spec.failsafe:
            for rule in self.rules:
                if rule.actuator in self.spec.failsafe and any(
                    math.isnan(present[name]) for name in rule.when.names
                ):
                    self.coils[rule.actuator] = self.spec.failsafe[rule.actuator]
        self.coils.update(self._manual)

    def _inputs(self) -> list[tuple[str, int]]:
        """Return what the rules in force read, and where it lies in the memory."""
        if self._read_by is not self.rules:
            named = dict.fromkeys(name for rule in self.rules for name in rule.when.names)
            place = self.memory.index
            self._reads = [(name, place[name]) for name in named if name in place]
            self._read_by = self.rules
        return self._reads

    def _take_orders(self) -> None:
        """Take what SCADA wrote anew: setpoints here, manual commands for after the rules."""
        orders = dict(zip(self.orders.tags, self.orders.values.tolist(), strict=True))
        self._obeyed = self.orders.values.tobytes()
        self._manual = {a: v for a, v in orders.items() if a in self.coils and v == v}
        for name, place in self._setpoints.items():
            rule, level = self.rules[place], orders[name]
            ((_, present),) = rule.when.thresholds
            if level == level and level != present:
                self.replace(place, replace(rule, when=moved(rule.when, level)))

    def restart(self) -> None:
        """Start cold: forget every input, and go by the rules it was built with and its orders."""
        self.memory.values[:] = np.nan
        self.memory.arrived[:] = -np.inf
        self.rules, self._obeyed = self.spec.rules, b""
