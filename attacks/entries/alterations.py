"""Which tags one entry alters at one tap point: what it lets through against what came in."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from itertools import count

from twin.control.taps import Late
from twin.tags import Reading


class Alterations:
    """What a receiver shows behind an entry, compared with what it would show without the entry.

    Attributes
    ----------
    altered : set of str
        Tags whose shown value differed when something last passed: another was put in its place,
        or an older one stands because the new one is missing or late. A copy, or a forged value
        that equals the one that came in, alters nothing.
    """

    def __init__(self) -> None:
        self.altered: set[str] = set()
        self._incoming: dict[str, float] = {}
        self._shown: dict[str, float] = {}
        self._delayed: list[tuple[float, int, Reading]] = []
        self._order = count()

    def update(
        self, now: float, packet: Sequence[Reading], passed: Iterable[Reading | Late]
    ) -> None:
        """Take the packet that came in at `now` [s], and what passes in its place."""
        self._incoming.update((reading.tag, reading.value) for reading in packet)
        while self._delayed and self._delayed[0][0] <= now:
            self._show(heapq.heappop(self._delayed)[2])
        for item in passed:
            if isinstance(item, Late) and item.by > 0.0:
                heapq.heappush(self._delayed, (now + item.by, next(self._order), item.reading))
            else:
                self._show(item.reading if isinstance(item, Late) else item)
        tags = self._incoming | self._shown if self._incoming != self._shown else {}
        self.altered = {tag for tag in tags if not self._is_true(tag)}

    def _show(self, reading: Reading) -> None:
        self._shown[reading.tag] = reading.value

    def _is_true(self, tag: str) -> bool:
        incoming, shown = (last.get(tag, math.nan) for last in (self._incoming, self._shown))
        return incoming == shown or (math.isnan(incoming) and math.isnan(shown))
