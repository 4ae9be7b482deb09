"""What all pages of one control room share."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scenarios.definition.words import clock
from scenarios.live.alarms import LiveAlarm
from scenarios.live.picture import Drawing, draw
from scenarios.live.process import process_of
from scenarios.live.source import Source
from scenarios.live.users import Door
from scenarios.live.values import Changes, Values
from twin.units import HOUR


@dataclass(frozen=True, slots=True)
class Served:
    """A server beside the room: its protocol, address, and what it serves."""

    protocol: str
    address: str
    what: str


@dataclass
class Room:
    """A control room: what it shows, who may enter, and what its pages share.

    Attributes
    ----------
    source : Source
    door : Door
    servers : tuple of Served
    lateness : deque of float
        How long after it was published each page showed a snapshot, of the last ones [s].
    pages : int
        How many are open.
    """

    source: Source
    door: Door
    servers: tuple[Served, ...] = ()
    lateness: deque[float] = field(default_factory=lambda: deque(maxlen=5000))
    pages: int = 0

    def __post_init__(self) -> None:
        spec = self.source.spec
        self.drawing: Drawing = draw(spec, process_of(spec))
        self._values = Values(spec, self.drawing)

    def changes(self, alarms: list[LiveAlarm]) -> Changes:
        """Return what the process picture shows now."""
        return self._values.of(self.source.snapshot, self.source.history, alarms)

    def note_shown(self, looked: float) -> None:
        """Note that a page shows the last snapshot, if it came since the page last looked.

        Parameters
        ----------
        looked : float
            The machine's monotonic clock then [s].
        """
        published = self.source.snapshot.published
        if published > looked:
            self.lateness.append(time.monotonic() - published)

    def time_words(self, at: float) -> str:
        """Return a time [s] as date and time of the plant."""
        return f"{self.source.scenario.start + timedelta(seconds=at):%a %Y-%m-%d %H:%M:%S}"

    def hour_words(self, at: float) -> str:
        """Return a time [s] as day and time of the run."""
        return clock(at / HOUR)

    def stamp(self, at: float) -> float:
        """Return a time [s] as charts have it: the plant's clock in ms, as if it were UTC."""
        epoch = self.source.scenario.start - datetime(1970, 1, 1)
        return (epoch.total_seconds() + at) * 1000.0
