"""What spills over the tanks' rims: since when, how much, and whether it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from twin.records.historian import Event


@dataclass(frozen=True, slots=True)
class Spill:
    """One time that a tank spilled: from when to when [s], and how much [m³].

    `end` is None as long as it goes on.
    """

    tank: str
    begin: float
    end: float | None
    volume: float


class Spills:
    """All times that tanks spilled, told what each has spilled since the start.

    Attributes
    ----------
    all : tuple of Spill
        In the order in which they began; replaced as a whole.
    """

    def __init__(self) -> None:
        self.all: tuple[Spill, ...] = ()
        self._at = 0.0
        self._totals: dict[str, float] = {}

    def see(self, now: float, totals: Mapping[str, float]) -> None:
        """Take the totals at `now` [s], by tank [m³]; what is new was spilled since the last."""
        going = {spill.tank: spill for spill in self.all if spill.end is None}
        for tank, total in totals.items():
            more, known = total - self._totals.get(tank, 0.0), going.get(tank)
            if more > 0 and known is None:
                self.all = (*self.all, Spill(tank, self._at, None, more))
            elif known is not None:
                after = (
                    replace(known, volume=known.volume + more)
                    if more > 0
                    else replace(known, end=self._at)
                )
                self.all = tuple(after if spill is known else spill for spill in self.all)
        self._at, self._totals = now, dict(totals)

    def events(self) -> list[Event]:
        """Return the begins and ends as events, in order."""
        told = [
            Event(at, "spill", "plant", spill.tank, f"{spill.tank} {what}")
            for spill in self.all
            for at, what in ((spill.begin, "begins to spill"), (spill.end, "spills no more"))
            if at is not None
        ]
        return sorted(told, key=lambda event: event.time)
