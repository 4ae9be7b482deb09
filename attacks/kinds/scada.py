"""Attacks on SCADA itself, beside those on what its display shows (`freeze` on `scada`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attacks.attack import Attack
from attacks.registry import register

if TYPE_CHECKING:
    from twin.testbed import Testbed


@register("suppress-alarms")
@dataclass(frozen=True, kw_only=True)
class SuppressAlarms(Attack):
    """Have SCADA raise and clear no limit alarm: none at all, or none of the entry's `tags`.

    What a detector says is not in its power.
    """

    ports = ("scada",)
    technique = "T0878 Alarm Suppression"
    example = "{on: scada, do: {suppress-alarms: {}}, when: {from: 30 h, for: 12 h}}"
    at_end = "alarms are raised again, at once for what is beyond its limit then"

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that knows its tags."""
        return _Suppressing()


@dataclass(frozen=True, kw_only=True)
class _Suppressing(SuppressAlarms):
    _tags: list[str] = field(default_factory=list)

    def select(self, tags: Sequence[str]) -> None:
        self._tags[:] = tags

    def begin(self, testbed: Testbed, target: str) -> None:
        testbed.scada.limits.suppress(self._tags, cause=id(self))

    def end(self, testbed: Testbed, target: str) -> None:
        testbed.scada.limits.suppress((), cause=id(self))
