"""A PLC as a plant folder describes it: rules, scan, setpoints."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.conditions.condition import Condition
from twin.conditions.parser import parse
from twin.errors import InputError, nearest, under

CLOCK = ("t", "hour")
"""What a rule may name beside tags: hours since the start, and the hour of the day, 0 to 24."""
STATES = {"open": 1.0, "closed": 0.0}
"""What a command is called that is no speed or setting; see `Rule.command`."""
STATE_WORDS = {value: word for word, value in STATES.items()}
REOPEN = "reopen"
"""A rule's word for: open what is closed, leave what runs at its speed or setting."""
CROSSINGS = {"nearest": 0.5, "after": 1.0, "none": None, "engine": 0.5}
"""Instants at which a PLC also scans, and what is added to the time left [s] to round it down.

At the second nearest to a threshold's crossing, as EPANET rounds a control's time (half of them
come too early to see it), at the first after it, or at none. `engine` is `nearest` where another
program applies the rules beside EPANET, which goes on looking ahead to the thresholds it once read:
to those of the PLC's own rules, whatever SCADA wrote since and whether they would change anything.
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
    keeps : bool
        Whether what is open keeps its speed or setting (`reopen`).
    """

    actuator: str
    command: float
    when: Condition
    keeps: bool = False

    def commanded(self, setting: float) -> float:
        """Return what it commands an actuator to be that is set to `setting`."""
        return setting if self.keeps and setting else self.command


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
    by_engine : bool
        Whether those instants are the engine's own (`engine` in `CROSSINGS`).
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
    by_engine: bool = False

    @property
    def setpoints(self) -> dict[str, int]:
        """The rules SCADA may write a threshold to, by the setpoint's name."""
        return setpoints(self.rules)

    @property
    def orders(self) -> dict[str, float]:
        """What SCADA tells it from the start: no manual command (NaN), its own setpoints."""
        orders = dict.fromkeys(self.actuators, math.nan)
        for name, place in self.setpoints.items():
            ((_, orders[name]),) = self.rules[place].when.thresholds
        return orders


def state(command: float) -> str:
    """Return what a command is called: `open`, `closed`, or its number."""
    return STATE_WORDS.get(command, f"{command:g}")


def setpoints(rules: Sequence[Rule]) -> dict[str, int]:
    """Return where the rules stand that have a setpoint, by its name: `SP_PU10_open`.

    A rule has one if it compares one tag with one number.
    """
    places: dict[str, int] = {}
    for place, rule in enumerate(rules):
        comparison = rule.when.alone
        if comparison is not None and comparison.name not in CLOCK:
            name = f"SP_{rule.actuator}_{state(rule.command)}"
            same = sum(1 for known in places if known.startswith(name))
            places[f"{name}_{same + 1}" if same else name] = place
    return places


def without_dead_band(rules: Sequence[Rule]) -> dict[tuple[str, str], float]:
    """Return where rules command an actuator two things on either side of one number.

    Returns
    -------
    dict of (str, str) to float
        By actuator and tag: the number, which the tag swings about as fast as the PLC scans.
    """
    sides: dict[tuple[str, str], list[tuple[Rule, bool, float]]] = {}
    for rule in rules:
        if len(rule.when.comparisons) == len(rule.when.names) == 1:
            ((name, sign, number),) = rule.when.comparisons
            if name not in CLOCK and sign[0] in "<>":
                sides.setdefault((rule.actuator, name), []).append((rule, sign[0] == ">", number))
    return {
        place: below
        for place, found in sides.items()
        for low, low_above, below in found
        for high, high_above, above in found
        if not low_above and high_above and above <= below and low.command != high.command
    }


HIGHEST = 1e6  # of a pump's relative speed or a valve's setting; more is a mistake


def setting(words: Iterable[str], most: float = HIGHEST) -> dict[str, Any]:
    """Return in JSON Schema what a pump or valve is set to: a word, or a number up to `most`."""
    return {"anyOf": [{"enum": list(words)}, {"type": "number", "minimum": 0.0, "maximum": most}]}


def rules_of(
    line: Mapping[str, Any], tags: Iterable[str], actuators: Collection[str]
) -> Iterator[Rule]:
    """Read one line of rules, like `{when: L_T1 < 4, PU1: open, PU2: closed}`.

    Parameters
    ----------
    line : mapping
        `when`, and what each actuator is set to then.
    tags, actuators : collection of str
        What it may name.

    Raises
    ------
    InputError
        With the keys of what is wrong.
    """
    commands = {str(key): value for key, value in line.items() if key != "when"}
    if line.get("when") is None or not commands:
        raise InputError("a rule needs `when:` and an actuator, like {when: L_T1 < 4, PU1: open}")
    with under("when"):
        when = parse(str(line["when"]), [*tags, *CLOCK])
    for name, value in commands.items():
        if name not in actuators:
            raise InputError(f"unknown name {name!r}: {nearest(name, actuators)}", keys=[name])
        with under(name):
            keeps = value == REOPEN
            yield Rule(name, STATES["open"] if keeps else setting_of(value), when, keeps)


def setting_of(value: Any) -> float:
    """Return a command as `Rule.command` has it, from `open`, `closed` or a number.

    Raises
    ------
    InputError
        If it is none of these.
    """
    command = STATES.get(str(value), value)
    if isinstance(command, bool) or not isinstance(command, int | float):
        raise InputError(f"{value!r} is not open, closed or a number")
    if not 0.0 <= command <= HIGHEST:
        raise InputError(f"a setting cannot be {value}")
    return float(command)
