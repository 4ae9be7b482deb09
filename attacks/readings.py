"""Attacks on a reading's value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from attacks.base import Attack, Unit, register
from twin.tags import Reading


@register("offset")
@dataclass(frozen=True, kw_only=True)
class Offset(Attack):
    """Add a constant to a reading on its way."""

    by: Annotated[float, Unit("tag")]

    example = "{on: sensor:L_T1, do: {offset: {by: 1.0}}, when: {from: 30 h, for: 6 h}}"

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading, shifted."""
        return reading.with_value(reading.value + self.by)


@register("constant")
@dataclass(frozen=True, kw_only=True)
class Constant(Attack):
    """Show one value, whatever the reading."""

    value: Annotated[float, Unit("tag")]

    example = '{on: "link:T2->PLC3", do: {constant: {value: 5.6}}, when: {from: 10 h, to: 20 h}}'

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading with the constant in its place."""
        return reading.with_value(self.value)
