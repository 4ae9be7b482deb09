"""What carries readings: a tap point an attacker can sit on, the receiver's memory, the link."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import simpy
from numpy.typing import NDArray

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


Places = NDArray[np.intp]
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

    def store(self, places: Places, values: Values, now: float) -> None:
        """Take `values` that arrive at `now` [s] for the tags at `places`."""
        self.values[places] = values
        self.arrived[places] = now

    def places(self, tags: Iterable[str]) -> Places:
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
        for i, tag in enumerate(self.tags):
            passed = self.tamper(Reading(now, tag, float(values[i])))
            if passed is not None:
                value = np.array([passed.reading.value])
                self._deliver(now, self._to[i : i + 1], value, self.latency + passed.by)

    def _deliver(self, now: float, places: Places, values: Values, delay: float) -> None:
        if delay > 0.0:
            later = self.env.timeout(delay)
            later.callbacks.append(lambda _: self.target.store(places, values, now + delay))
        else:
            self.target.store(places, values, now)
