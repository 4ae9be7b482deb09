"""Attacks on SCADA itself, beside those on what its display shows (`freeze` on `scada`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attacks.attack import Attack
from attacks.registry import register

if TYPE_CHECKING:
    from twin.testbed import Testbed


@register("suppress-alarms")
@dataclass(frozen=True, kw_only=True)
class SuppressAlarms(Attack):
    """Have SCADA raise and clear no limit alarm. What a detector says is not in its power."""

    ports = ("scada",)
    technique = "T0878 Alarm Suppression"
    example = "{on: scada, do: {suppress-alarms: {}}, when: {from: 30 h, for: 12 h}}"
    at_end = "alarms are raised again, at once for what is beyond its limit then"

    def begin(self, testbed: Testbed, target: str) -> None:
        """Silence it."""
        testbed.scada.limits.suppressed = True

    def end(self, testbed: Testbed, target: str) -> None:
        """Let it speak."""
        testbed.scada.limits.suppressed = False
