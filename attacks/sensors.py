"""What befalls instruments only; most of their faults are kinds of readings (`ramp`, `freeze`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from attacks.base import Attack, register
from twin.tags import Reading


@register("dead")
@dataclass(frozen=True, kw_only=True)
class Dead(Attack):
    """Let an instrument show nothing: NaN in its PLC, where it satisfies no rule, and bad quality.

    Unlike `drop`, with which the last value stays.
    """

    ports = ("sensor",)
    example = "{on: sensor:L_T3, do: {dead: {}}, when: {from: 30 h, for: 12 h}}"

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading without a value."""
        return reading.with_value(math.nan)
