"""A PLC: what it remembers of its inputs, when it scans, and the rules it then applies."""

from __future__ import annotations

from dataclasses import dataclass, field

from twin.link import Register


@dataclass(frozen=True, slots=True)
class Rule:
    """Level control of one actuator: open (start) below one level, close (stop) above another.

    Attributes
    ----------
    actuator : str
        Pump or valve.
    tag : str
        The level it follows [m].
    opens_below, closes_above : float
        Thresholds [m]; a reading between them, or equal to one, changes nothing.
    """

    actuator: str
    tag: str
    opens_below: float
    closes_above: float

    def command(self, level: float) -> float | None:
        """Return 1 (open), 0 (close) or None (leave it) for a reading of `tag` [m]."""
        if level < self.opens_below:
            return 1.0
        if level > self.closes_above:
            return 0.0
        return None

    def seconds_to_crossing(self, level: float, rise: float, opened: bool) -> int:
        """Return when the threshold that would change the actuator is reached.

        Parameters
        ----------
        level : float
            True level of the tank [m].
        rise : float
            Its rate of change [m/s].
        opened : bool
            Whether the actuator is open now.

        Returns
        -------
        int
            Seconds, rounded as EPANET rounds a control's time; 0 or less where it is not ahead.
        """
        threshold = self.closes_above if opened else self.opens_below
        if rise == 0.0:
            return 0
        return int((threshold - level) / rise + 0.5)


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
        At most one for each actuator, applied in order.
    scan : int
        Its logic runs every so many seconds …
    crossings : bool
        … and at the instants at which a threshold is reached.
    """

    name: str
    sensors: tuple[str, ...]
    actuators: tuple[str, ...]
    receives: dict[str, str]
    rules: tuple[Rule, ...]
    scan: int
    crossings: bool


@dataclass(slots=True)
class Plc:
    """A running PLC.

    Attributes
    ----------
    spec : PlcSpec
    memory : Register
        The last value of each tag it measures or receives.
    coils : dict of str to float
        What it commands each of its actuators to be: 0 closed, 1 open.
    rules : dict of str to Rule
        In force now, by actuator; an attack on its logic changes them.
    """

    spec: PlcSpec
    memory: Register
    coils: dict[str, float]
    rules: dict[str, Rule] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = {rule.actuator: rule for rule in self.spec.rules}

    def is_due(self, now: int, crossing: bool) -> bool:
        """Return whether the logic runs at `now` [s], an instant of a threshold or not."""
        return now % self.spec.scan == 0 or (crossing and self.spec.crossings)

    def scan(self) -> None:
        """Run the logic once: set the coils by the rules and the remembered readings.

        A reading that never arrived is NaN and satisfies no rule: the coil stays as it is.
        """
        for actuator, rule in self.rules.items():
            command = rule.command(self.memory.value(rule.tag))
            if command is not None:
                self.coils[actuator] = command
