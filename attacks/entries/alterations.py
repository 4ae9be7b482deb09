"""What one entry makes of what passes at one point: what is shown behind it, and what came in."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from itertools import count

from twin.control.taps import Late
from twin.tags import Reading


class Passage:
    """What a receiver behind an entry shows, beside what it would show without that entry.

    Attributes
    ----------
    altered : set of str
        Tags whose shown value differed when something last passed: another was put in its place,
        or an older one stands because the new one is missing or late. A copy, or a forged value
        that equals the one that came in, alters nothing.
    """

    def __init__(self) -> None:
        self.altered: set[str] = set()
        self._came: dict[str, float] = {}
        self._shown: dict[str, float] = {}
        self._coming: list[tuple[float, int, Reading]] = []
        self._order = count()

    def note(self, now: float, packet: Sequence[Reading], passed: Iterable[Reading | Late]) -> None:
        """Take what came in at `now` [s], and what passes in its place."""
        self._came.update((reading.tag, reading.value) for reading in packet)
        while self._coming and self._coming[0][0] <= now:
            self._show(heapq.heappop(self._coming)[2])
        for one in passed:
            if isinstance(one, Late) and one.by > 0.0:
                heapq.heappush(self._coming, (now + one.by, next(self._order), one.reading))
            else:
                self._show(one.reading if isinstance(one, Late) else one)
        tags = self._came | self._shown if self._came != self._shown else {}
        self.altered = {tag for tag in tags if not self._is_true(tag)}

    def _show(self, reading: Reading) -> None:
        self._shown[reading.tag] = reading.value

    def _is_true(self, tag: str) -> bool:
        came, shown = (some.get(tag, math.nan) for some in (self._came, self._shown))
        return came == shown or (math.isnan(came) and math.isnan(shown))
