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

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading, shifted."""
        return reading.with_value(reading.value + self.by)


@register("constant")
@dataclass(frozen=True, kw_only=True)
class Constant(Attack):
    """Show one value, whatever the reading."""

    value: Annotated[float, Unit("tag")]

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading with the constant in its place."""
        return reading.with_value(self.value)
