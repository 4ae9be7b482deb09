"""The plant's controls on levels, numbered as EPANET does, and compared with another file's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scenarios.importers.counterparts import Counterparts
from scenarios.importers.inp import LevelControl
from twin.plants.logic import STATES

_CONTROL = re.compile(r"IF TANK (\S+) LEVEL (ABOVE|BELOW) (\S+) THEN \S+ (\S+) (\S+) IS (\S+)")


@dataclass(frozen=True)
class Control:
    """A control on a level, and the PLC rule that does it here.

    Attributes
    ----------
    actuator : str
    tag : str
        Of the level that decides.
    sign : str
        `<` or `>`, or another as the rule has it.
    level : float
        [m].
    to : float
        What the actuator is set to: 0 closed, 1 open, or a pump's relative speed.
    place : int
        Of the rule in its PLC's list, from 0.
    """

    actuator: str
    tag: str
    sign: str
    level: float
    to: float
    place: int


def controls_of(plant: Counterparts) -> list[Control | None]:
    """Return the controls of the plant's network.inp, in its order; without any, its PLCs' rules.

    None stands for one that is no rule of a PLC on one level.
    """
    rules = _rules(plant)
    by_reading = {(c.actuator, c.tag, c.sign[0]): c for c in reversed(rules) if c is not None}
    controls: list[Control | None] = []
    for _, control in plant.spec.model.controls():
        rule = None
        if match := _CONTROL.match(str(control)):
            sign = ">" if match[2] == "ABOVE" else "<"
            rule = by_reading.get((match[4], plant.tag(match[1]) or "", sign))
        controls.append(rule)
    return controls or rules


def _rules(plant: Counterparts) -> list[Control | None]:
    """Return the rules of all PLCs, one after the other."""
    controls: list[Control | None] = []
    for plc in plant.spec.plcs.values():
        for place, rule in enumerate(plc.rules):
            control = None
            if (comparison := rule.when.alone) is not None:
                control = Control(rule.actuator, *comparison, rule.command, place)
            controls.append(control)
    return controls


def differences(plant: Counterparts, others: Iterable[LevelControl]) -> Iterator[tuple[str, str]]:
    """Yield, for each control of an EPANET file that no rule here is like, where and why."""
    own = {(c.actuator, c.tag, c.sign[0], c.to): c.level for c in controls_of(plant) if c}
    for other in others:
        actuator = plant.element(other.actuator)
        element = plant.element(other.node)
        if actuator is None or element is None:
            continue
        place = f"{other.line}:{other.column}"
        to = STATES.get(other.to.casefold(), 1.0)
        level = own.get((actuator, plant.tag(element) or "", other.sign, to))
        text = f"{actuator} {other.to.lower()} if {other.node} {other.sign} {other.level:g}"
        if level is None:
            yield place, f"{text}; no PLC here does so"
        elif abs(level - other.level) > 1e-9:
            yield place, f"{text}; here {level:g}"
