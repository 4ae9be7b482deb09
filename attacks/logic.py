"""Attacks on a PLC's logic."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import numpy as np

from attacks.base import Attack, Unit, register
from twin.condition import moved
from twin.errors import InputError, nearest
from twin.plc import Plc, Rule

if TYPE_CHECKING:
    from twin.testbed import Testbed


@register("setpoint")
@dataclass(frozen=True, kw_only=True)
class Setpoint(Attack):
    """Change the levels at which a PLC's rules open and close its actuators."""

    actuators: tuple[str, ...]
    opens_below: Annotated[float, Unit("m")]
    closes_above: Annotated[float, Unit("m")]

    ports = ("plc",)
    example = (
        "{on: plc:PLC5, do: {setpoint: {actuators: [PU10], opens_below: 3, closes_above: 3.1}}}"
    )
    at_end = "the PLC's own setpoints are restored"

    def __post_init__(self) -> None:
        if self.opens_below > self.closes_above:
            raise InputError(
                f"opens_below {self.opens_below:g} lies above closes_above {self.closes_above:g}"
            )

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that remembers the rules it replaces."""
        return _Changed(
            actuators=self.actuators,
            opens_below=self.opens_below,
            closes_above=self.closes_above,
        )

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if one of the actuators has no pair of rules with levels to change."""
        plc = testbed.plcs[target]
        for i, name in enumerate(self.actuators):
            if not _pair(plc, name):
                able = dict.fromkeys(r.actuator for r in plc.rules if _pair(plc, r.actuator))
                message = f"{plc.spec.name} has no level rule for {name!r}: {nearest(name, able)}"
                raise InputError(message, keys=["actuators", i])


@dataclass(frozen=True, kw_only=True)
class _Changed(Setpoint):
    _own: dict[int, Rule] = field(default_factory=dict)

    def begin(self, testbed: Testbed, target: str) -> None:
        plc = testbed.plcs[target]
        for name in self.actuators:
            for place, sign in _pair(plc, name).items():
                rule = self._own[place] = plc.rules[place]
                level = self.opens_below if sign == "<" else self.closes_above
                plc.replace(place, replace(rule, when=moved(rule.when, level)))

    def end(self, testbed: Testbed, target: str) -> None:
        for place, rule in self._own.items():
            testbed.plcs[target].replace(place, rule)


def _pair(plc: Plc, actuator: str) -> dict[int, str]:
    """Return where the rules stand that open an actuator below (<) and close it above (>) a level.

    It is empty unless there is one of each, on the same tag.
    """
    found: dict[int, str] = {}
    tags: set[str] = set()
    for place, rule in enumerate(plc.rules):
        if rule.actuator == actuator and len(rule.when.names) == len(rule.when.thresholds) == 1:
            ((tag, level),) = rule.when.thresholds
            sign = "<" if rule.when({tag: level - 1.0}) else ">"
            if not rule.when({tag: level}) and rule.command == (1.0 if sign == "<" else 0.0):
                found[place] = sign
                tags.add(tag)
    return found if sorted(found.values()) == ["<", ">"] and len(tags) == 1 else {}
