"""What carries readings: a tap point an attacker can sit on, the receiver's memory, the link."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import simpy

from twin.tags import Reading, Values


@dataclass(frozen=True, slots=True)
class Late:
    """A reading that a tap lets through only after a while.

    Attributes
    ----------
    reading : Reading
    by : float
        Seconds it arrives later than it would have.
    """

    reading: Reading
    by: float


Tap = Callable[[Reading], "Reading | Late | None"]
"""What sits on a tap point: it returns the reading, another one, a late one, or None (dropped)."""


class TapPoint:
    """A place a reading passes and may be seen or changed.

    Parameters
    ----------
    name : str
        As a scenario names it: `link:PLC2->PLC1`, `sensor:L_T1`, `actuator:PU1`.
    tags : iterable of str
        What passes here.
    """

    def __init__(self, name: str, tags: Iterable[str]):
        self.name, self.tags = name, tuple(tags)
        self.taps: list[tuple[frozenset[str], Tap]] = []

    def attach(self, tap: Tap, tags: Iterable[str]) -> None:
        """Let `tap` see every reading of `tags` here, after those already attached."""
        self.taps.append((frozenset(tags), tap))

    def tamper(self, reading: Reading) -> Late | None:
        """Pass one reading through the taps, in order.

        Returns
        -------
        Late or None
            What arrives and how much later; None where it was dropped.
        """
        late = 0.0
        for tags, tap in self.taps:
            if reading.tag in tags:
                passed = tap(reading)
                if passed is None:
                    return None
                if isinstance(passed, Late):
                    late += passed.by
                    passed = passed.reading
                reading = passed
        return Late(reading, late)


class Register:
    """A receiver's memory: the last value of each tag and when it arrived.

    Parameters
    ----------
    tags : sequence of str
    """

    def __init__(self, tags: Iterable[str]):
        self.tags = tuple(tags)
        self.index = {tag: i for i, tag in enumerate(self.tags)}
        self.values: Values = np.full(len(self.tags), np.nan)
        self.arrived: Values = np.full(len(self.tags), -np.inf)

    def value(self, tag: str) -> float:
        """Return the last value of `tag`, NaN if there never was one."""
        return float(self.values[self.index[tag]])

    def places(self, tags: Iterable[str]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Return where `tags` stand in `values`."""
        return np.array([self.index[tag] for tag in tags], dtype=np.intp)


class Link(TapPoint):
    """A one-way link that carries tags from one register to another.

    Parameters
    ----------
    env : simpy.Environment
    name : str
        `link:SOURCE->TARGET`.
    tags : iterable of str
        What it carries.
    source, target : Register
    latency : float
        Seconds from sending to arrival.
    """

    def __init__(
        self,
        env: simpy.Environment,
        name: str,
        tags: Iterable[str],
        source: Register,
        target: Register,
        latency: float = 0.0,
    ):
        super().__init__(name, tags)
        self.env, self.source, self.target, self.latency = env, source, target, latency
        self._from, self._to = source.places(self.tags), target.places(self.tags)

    def send(self, now: float) -> None:
        """Send the source's present values [their tags' units] at `now` [s]."""
        values = self.source.values[self._from]
        if not self.taps:
            self._deliver(now, self._to, values, self.latency)
            return
        for tag, place, value in zip(self.tags, self._to, values, strict=True):
            passed = self.tamper(Reading(now, tag, float(value)))
            if passed is not None:
                self._deliver(now, place, passed.reading.value, self.latency + passed.by)

    def _deliver(self, now: float, places: object, values: object, delay: float) -> None:
        def arrive(_: object = None) -> None:
            self.target.values[places] = values  # type: ignore[index]
            self.target.arrived[places] = now + delay  # type: ignore[index]

        if delay > 0.0:
            self.env.timeout(delay).callbacks.append(arrive)
        else:
            arrive()
