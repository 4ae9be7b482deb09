"""Attacks on what an actuator is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field

from attacks.base import Attack, Unit, register
from twin.tags import Reading

_WORDS = {"closed": 0.0, "open": 1.0, "off": 0.0, "on": 1.0}


def _setting(value: object) -> object:
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

    def tamper(self, reading: Reading) -> Reading:
        """Return the forced command."""
        return reading.with_value(self.to)
