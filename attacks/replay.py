"""Replay: show what passed here before."""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from attacks.base import Attack, Seconds, register
from twin.errors import InputError
from twin.tags import Reading


@register("replay")
@dataclass(frozen=True, kw_only=True)
class Replay(Attack):
    """Show the readings that passed here earlier.

    With `shift`, always what passed that long ago. With `window`, what passed in that long before
    the attack began, over and over. The attacker records from the start of the warm-up, and before
    anything is tampered with at this port; what he has no recording of is dropped.
    """

    shift: Seconds | None = None
    window: Seconds | None = None

    example = '{on: "link:PLC2->SCADA", do: {replay: {window: 1 d}}, when: {from: 30 h}}'

    def __post_init__(self) -> None:
        if (self.shift is None) == (self.window is None):
            raise InputError("replay needs either shift or window")
        if not (self.shift or self.window):
            raise InputError("replay's shift or window must be longer than 0 s")

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return a recorder with an empty tape."""
        return _Recorder(shift=self.shift, window=self.window)


@dataclass(frozen=True, kw_only=True)
class _Recorder(Replay):
    """The tape of one run: times and values of each tag, and when playing began."""

    _times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _began: dict[str, float] = field(default_factory=dict)

    def watch(self, reading: Reading) -> None:
        self._times[reading.tag].append(reading.time)
        self._values[reading.tag].append(reading.value)

    def tamper(self, reading: Reading) -> Reading | None:
        if self.shift is not None:
            then = reading.time - self.shift
        else:
            assert self.window is not None
            began = self._began.setdefault(reading.tag, reading.time)
            then = began - self.window + (reading.time - began) % self.window
        found = bisect.bisect_right(self._times[reading.tag], then) - 1
        if found < 0:
            return None
        return reading.with_value(self._values[reading.tag][found])
