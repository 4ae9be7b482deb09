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

    def tamper(self, reading: Reading) -> None:
        """Return nothing."""
        return None


@register("delay")
@dataclass(frozen=True, kw_only=True)
class Delay(Attack):
    """Let every reading arrive late."""

    by: Seconds

    at_end = "readings arrive in time again; those held back still arrive late"

    def tamper(self, reading: Reading) -> Late:
        """Return the reading, to be delivered later."""
        return Late(reading, self.by)
