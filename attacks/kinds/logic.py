"""Attacks on a PLC's rules: other setpoints, other rules, none (setpoint, rewrite, disable).

They change the rules in force, not the program the PLC restarts with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, WithJsonSchema

from attacks.annotations import Unit
from attacks.attack import Attack
from attacks.registry import register
from twin.conditions.condition import moved
from twin.control.plc import Plc
from twin.errors import InputError, nearest, under
from twin.plants.logic import REOPEN, STATES, Rule, rules_of, setting

if TYPE_CHECKING:
    from twin.testbed import Testbed

_Actuators = Annotated[
    tuple[str, ...], Field(description="pumps and valves the PLC drives", examples=[["PU10"]])
]
_KEPT = "with `restore: false` they stay until it restarts or, a setpoint, SCADA writes a new one"


@dataclass(frozen=True, kw_only=True)
class Logic(Attack):
    """Other rules in a PLC while it is active, or, with `restore: false`, from then on."""

    restore: bool = True

    ports = ("plc",)
    at_end = f"the PLC's own rules hold again; {_KEPT}"

    def changed(self, plc: Plc, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return what becomes of a PLC's rules."""
        raise NotImplementedError

    def begin(self, testbed: Testbed, target: str) -> None:
        """Change the rules in force, as entries before this one have left them."""
        testbed.plcs[target].patch(self.changed)

    def end(self, testbed: Testbed, target: str) -> None:
        """Take the change back, or keep it."""
        testbed.plcs[target].unpatch(self.changed, keep=not self.restore)


@register("setpoint")
@dataclass(frozen=True, kw_only=True)
class Setpoint(Logic):
    """Change the levels at which a PLC's rules open and close its actuators."""

    actuators: _Actuators
    opens_below: Annotated[float, Unit("m")]
    closes_above: Annotated[float, Unit("m")]

    technique = "T0836 Modify Parameter"
    example = (
        "{on: plc:PLC5, do: {setpoint: {actuators: [PU10], opens_below: 3, closes_above: 3.1}}}"
    )
    at_end = f"the PLC's own setpoints are restored; {_KEPT}"

    def __post_init__(self) -> None:
        if self.opens_below > self.closes_above:
            raise InputError(
                f"opens_below {self.opens_below:g} lies above closes_above {self.closes_above:g}"
            )

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if one of the actuators has no pair of rules with levels to change."""
        plc = testbed.plcs[target]
        able = dict.fromkeys(r.actuator for r in plc.rules if _pair(plc.rules, r.actuator))
        for i, name in enumerate(self.actuators):
            if name not in able:
                message = f"{plc.spec.name} has no level rule for {name!r}: {nearest(name, able)}"
                raise InputError(message, keys=["actuators", i])

    def changed(self, plc: Plc, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return the rules with the levels moved."""
        new = list(rules)
        for name in self.actuators:
            for place, sign in _pair(rules, name).items():
                level = self.opens_below if sign == "<" else self.closes_above
                new[place] = replace(rules[place], when=moved(rules[place].when, level))
        return tuple(new)


_RULE = {
    "type": "object",
    "properties": {"when": {"type": "string"}},
    "additionalProperties": setting((*STATES, REOPEN)),
    "required": ["when"],
    "minProperties": 2,
}
"""A line of rules, in JSON Schema."""


@register("rewrite")
@dataclass(frozen=True, kw_only=True)
class Rewrite(Logic):
    """Put other rules in the place of all that a PLC has for the same actuators.

    They are written as in plcs.yaml, and may name the tags the PLC measures or receives, `t` and
    `hour`. With `add: true` they come after its own instead, and so overrule them where both hold.
    """

    rules: Annotated[
        tuple[dict[str, str | float], ...],
        Field(
            description="each a condition under `when`, and for one or more actuators `open`, "
            "`closed`, a pump's relative speed or a valve's setting",
            examples=[[{"when": "L_T7 < 4", "PU10": "closed", "PU11": 0.9}]],
        ),
        WithJsonSchema({"type": "array", "minItems": 1, "items": _RULE}),
    ]
    add: bool = False

    technique = "T0889 Modify Program"
    example = (
        '{on: plc:PLC5, do: {rewrite: {rules: [{when: "L_T7 < 4", PU10: closed}, '
        '{when: "L_T7 > 4.5", PU10: open}]}}, when: {from: 30 h, for: 12 h}}'
    )

    def __post_init__(self) -> None:
        if not self.rules:
            raise InputError("no rules: `disable` takes rules away", keys=["rules"])

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if a rule cannot be read, or names what the PLC does not know."""
        self._read(testbed.plcs[target])

    def changed(self, plc: Plc, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return the rules with the new ones."""
        new = self._read(plc)
        gone = set() if self.add else {rule.actuator for rule in new}
        return (*(rule for rule in rules if rule.actuator not in gone), *new)

    def _read(self, plc: Plc) -> list[Rule]:
        found: list[Rule] = []
        for i, line in enumerate(self.rules):
            written: dict[str, Any] = line
            with under("rules", i):
                found += rules_of(written, plc.memory.tags, plc.spec.actuators)
        return found


@register("disable")
@dataclass(frozen=True, kw_only=True)
class Disable(Logic):
    """Take away every rule a PLC has for some actuators: they stay as they are."""

    actuators: _Actuators

    technique = "T0889 Modify Program"
    example = "{on: plc:PLC3, do: {disable: {actuators: [PU4, PU5]}}, when: {start: S_PU4 == 1}}"

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if the PLC has no rule for one of them."""
        plc = testbed.plcs[target]
        able = dict.fromkeys(rule.actuator for rule in plc.spec.rules)
        for i, name in enumerate(self.actuators):
            if name not in able:
                message = f"{plc.spec.name} has no rule for {name!r}: {nearest(name, able)}"
                raise InputError(message, keys=["actuators", i])

    def changed(self, plc: Plc, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """Return the rules without theirs."""
        return tuple(rule for rule in rules if rule.actuator not in self.actuators)


def _pair(rules: tuple[Rule, ...], actuator: str) -> dict[int, str]:
    """Return where the rules stand that open an actuator below (<) and close it above (>) a level.

    It is empty unless there is one of each, on the same tag.
    """
    found: dict[int, str] = {}
    tags: set[str] = set()
    for place, rule in enumerate(rules):
        limit = rule.when.alone
        if rule.actuator == actuator and limit is not None and limit.sign in ("<", ">"):
            command = STATES["open" if limit.sign == "<" else "closed"]
            if rule.command == command:
                found[place] = limit.sign
                tags.add(limit.name)
    return found if sorted(found.values()) == ["<", ">"] and len(tags) == 1 else {}
