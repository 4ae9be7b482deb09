"""Attacks on a PLC's logic."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from attacks.base import Attack, Unit, register
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

    def fresh(self) -> Attack:
        """Return one that remembers the rules it replaces."""
        return _Changed(
            actuators=self.actuators,
            opens_below=self.opens_below,
            closes_above=self.closes_above,
        )

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if the PLC has no rule for one of the actuators."""
        plc = testbed.plcs[target]
        for i, name in enumerate(self.actuators):
            if name not in plc.rules:
                message = f"{plc.spec.name} has no rule for {name!r}: {nearest(name, plc.rules)}"
                raise InputError(message, keys=["actuators", i])


@dataclass(frozen=True, kw_only=True)
class _Changed(Setpoint):
    _own: dict[str, Rule] = field(default_factory=dict)

    def begin(self, plc: Plc) -> None:
        for name in self.actuators:
            self._own[name] = plc.rules[name]
            plc.rules[name] = replace(
                plc.rules[name], opens_below=self.opens_below, closes_above=self.closes_above
            )

    def end(self, plc: Plc) -> None:
        plc.rules.update(self._own)
