"""A PLC: what it remembers of its inputs, when it scans, and the rules it then applies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from twin.condition import Condition
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
    """

    name: str
    sensors: tuple[str, ...]
    actuators: tuple[str, ...]
    receives: dict[str, str]
    rules: tuple[Rule, ...]
    scan: int
    crossing: float | None


@dataclass(slots=True)
class Plc:
    """A running PLC.

    Attributes
    ----------
    spec : PlcSpec
    memory : Register
        The last value of each tag it measures or receives.
    coils : dict of str to float
        What it commands each of its actuators to be, as in `Rule.command`.
    rules : list of Rule
        In force now; an attack on its logic changes them.
    """

    spec: PlcSpec
    memory: Register
    coils: dict[str, float]
    rules: list[Rule] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = list(self.spec.rules)

    def is_due(self, now: int, crossing: bool) -> bool:
        """Return whether the logic runs at `now` [s], an instant of a threshold or not."""
        return now % self.spec.scan == 0 or (crossing and self.spec.crossing is not None)

    def scan(self, t: float, hour: float) -> None:
        """Run the logic once: set the coils by the rules and the remembered readings.

        A reading that never arrived is NaN and satisfies no rule: the coil stays as it is.

        Parameters
        ----------
        t, hour : float
            The time [h] since the start, and of the day.
        """
        present = dict(zip(self.memory.tags, self.memory.values.tolist(), strict=True))
        present["t"], present["hour"] = t, hour
        for rule in self.rules:
            when = rule.when
            # Asked second: only `not` and `!=` hold for a NaN, and a rule seldom holds at all.
            if when.holds(present) and not any(math.isnan(present[name]) for name in when.names):
                self.coils[rule.actuator] = rule.command
