"""Attacks on what an actuator is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from attacks.base import Attack, Unit, register
from twin.errors import InputError
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed

_WORDS = {"closed": 0.0, "open": 1.0, "off": 0.0, "on": 1.0}


def _setting(value: object) -> object:
    if isinstance(value, str) and value not in _WORDS:
        raise ValueError(f"open, closed, on, off or a relative pump speed, not {value!r}")
    return _WORDS.get(value, value) if isinstance(value, str) else value


@register("force")
@dataclass(frozen=True, kw_only=True)
class Force(Attack):
    """Command a pump or valve, whatever its PLC says: `open`, `closed`, or a relative speed."""

    to: Annotated[
        float, BeforeValidator(_setting), Field(ge=0.0, le=1.5, strict=True), Unit("setting")
    ]

    ports = ("actuator",)
    example = "{on: actuator:PU3, do: {force: {to: open}}, when: {from: 30 h, for: 6 h}}"
    at_end = "the PLC's own command holds again at its next scan"

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if a speed is given for a valve."""
        if self.to not in (0.0, 1.0) and target not in testbed.network.model.pump_name_list:
            raise InputError(f"{target} is a valve: open or closed, not a speed", keys=["to"])

    def tamper(self, reading: Reading) -> Reading:
        """Return the forced command."""
        return reading.with_value(self.to)
