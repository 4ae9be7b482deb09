"""What carries readings: a tap point an attacker can sit on, the receiver's memory, the link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


class Block:
    """Memory that registers share, so that many can be written in one go.

    Parameters
    ----------
    size : int
        Values it holds.
    """

    def __init__(self, size: int):
        self.values: Values = np.full(size, np.nan)
        self.arrived: Values = np.full(size, -np.inf)
        self.used = 0

    def store(self, places: Places, values: Values, now: float) -> None:
        """Take `values` that arrive at `now` [s] at `places` of the block."""
        self.values[places] = values
        self.arrived[places] = now


class Register:
    """A receiver's memory: the last value of each tag and when it arrived.

    Parameters
    ----------
    tags : sequence of str
    block : Block, optional
        Where it lies, behind what lies there already; by default in one of its own.

    Attributes
    ----------
    start : int
        Its first place in the block.
    values, arrived : ndarray of shape (tags,)
        Views of the block: each value in its tag's unit, and when it arrived [s].
    """

    def __init__(self, tags: Iterable[str], block: Block | None = None):
        self.tags = tuple(tags)
        self.index = {tag: i for i, tag in enumerate(self.tags)}
        self.block = Block(len(self.tags)) if block is None else block
        self.start = self.block.used
        self.block.used += len(self.tags)
        here = slice(self.start, self.block.used)
        self.values, self.arrived = self.block.values[here], self.block.arrived[here]

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

    @property
    def places(self) -> tuple[Places, Places]:
        """Where in the block its tags are read and written."""
        return self.source.start + self._from, self.target.start + self._to

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


class Bundle:
    """Links that send at the same instants: the clean ones in one go, the others one by one.

    Parameters
    ----------
    links : sequence of Link
        Whose registers share a block. Taps attached later are not seen.
    """

    def __init__(self, links: Sequence[Link]):
        clean = [link for link in links if not link.taps and link.latency == 0.0]
        self._others = [link for link in links if link not in clean]
        self._block = links[0].target.block if links else Block(0)
        none = np.empty(0, dtype=np.intp)
        self._from = np.concatenate([none, *(link.places[0] for link in clean)])
        self._to = np.concatenate([none, *(link.places[1] for link in clean)])

    def send(self, now: float) -> None:
        """Send what every link's source holds at `now` [s]."""
        self._block.store(self._to, self._block.values[self._from], now)
        for link in self._others:
            link.send(now)
