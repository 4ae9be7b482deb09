"""Attacks on when a reading arrives, or whether."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.base import Attack, Seconds, register
from twin.link import Late
from twin.tags import Reading


@register("drop")
@dataclass(frozen=True, kw_only=True)
class Drop(Attack):
    """Let nothing through (denial of service): the receiver keeps its last value."""

    at_end = "readings arrive again"
    example = '{on: "link:PLC2->PLC1", do: {drop: {}}, when: {start: "S_PU2 > 0", for: 1 d}}'

    def tamper(self, reading: Reading) -> None:
        """Return nothing."""
        return None


@register("delay")
@dataclass(frozen=True, kw_only=True)
class Delay(Attack):
    """Let every reading, or an actuator's every command, arrive late."""

    by: Seconds

    ports = ("sensor", "link", "plc", "scada", "actuator")
    example = '{on: "link:PLC4->PLC3", do: {delay: {by: 1 h}}, when: {start: "L_T3 < 4", for: 1 d}}'
    at_end = "readings arrive in time again; those held back still arrive late"

    def tamper(self, reading: Reading) -> Late:
        """Return the reading, to be delivered later."""
        return Late(reading, self.by)
