"""What carries readings: a tap point an attacker can sit on, the receiver's memory, the link."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import simpy
from numpy.typing import NDArray

from twin.seeds import Draws
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
Tap = Callable[[Sequence[Reading]], "Iterable[Reading | Late]"]
"""What sits on a tap point: given the readings that pass together, it returns what passes instead:
these, others, late ones, fewer or more."""


class TapPoint:
    """A place readings pass and may be seen or changed.

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

    def attach(self, tap: Tap, tags: Iterable[str], first: bool = False) -> None:
        """Let `tap` see every reading of `tags` here, after (or before) those already attached."""
        self.taps.insert(0 if first else len(self.taps), (frozenset(tags), tap))

    def tamper(self, packet: Sequence[Reading]) -> list[Late]:
        """Pass readings that travel together through the taps, in order.

        Returns
        -------
        list of Late
            What arrives, and how much later.
        """
        passing = [Late(reading, 0.0) for reading in packet]
        for tags, tap in self.taps:
            mine = [late for late in passing if late.reading.tag in tags]
            passing = [late for late in passing if late.reading.tag not in tags]
            # Where nothing is left, a tap is asked too: it may send something of its own.
            for behind in dict.fromkeys(late.by for late in mine) or (0.0,):
                for passed in tap([late.reading for late in mine if late.by == behind]):
                    late = passed if isinstance(passed, Late) else Late(passed, 0.0)
                    passing.append(Late(late.reading, late.by + behind))
        return passing


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
        Views of the block: each value in its tag's unit, and when it arrived by its time stamp [s].
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

    def take(self, env: simpy.Environment, late: Late, latency: float = 0.0) -> None:
        """Store a reading once it arrives: at once, or after `latency` and its own lateness [s]."""
        reading, delay = late.reading, latency + late.by
        place = self.index[reading.tag]

        def arrive(_: object = None) -> None:
            self.values[place] = reading.value
            self.arrived[place] = reading.time + delay

        if delay > 0.0:
            env.timeout(delay).callbacks.append(arrive)
        else:
            arrive()


@dataclass(frozen=True, slots=True)
class Medium:
    """How well a link carries messages.

    Attributes
    ----------
    latency : float
        Seconds from sending to arrival.
    jitter : float
        Mean of what is added to it at random, exponentially distributed [s].
    loss : float
        Probability that a message is lost.
    bandwidth : float
        Bits a second; a message of n values has `message_bits(n)` and waits for those before it.
    retries : int
        How often a message that was lost is sent again …
    timeout : float
        … after waiting so long for an answer [s].
    outages : tuple of (float, float)
        Intervals [from, to) without any connection [s].
    """

    latency: float = 0.0
    jitter: float = 0.0
    loss: float = 0.0
    bandwidth: float = math.inf
    retries: int = 0
    timeout: float = 1.0
    outages: tuple[tuple[float, float], ...] = ()

    def patience(self, values: int) -> float:
        """Return how long one waits for a message of so many values [s]: nearly all arrive."""
        sending = message_bits(values) / self.bandwidth
        return sending + self.latency + 5.0 * self.jitter + self.retries * self.timeout


PERFECT = Medium()


def message_bits(values: int) -> int:
    """Return the size of a message: Ethernet, IP, TCP and Modbus headers, 4 bytes a value.

    Source: 18 + 20 + 20 bytes of headers, and 9 of a Modbus/TCP answer to function 3.
    """
    return 8 * (18 + 20 + 20 + 9 + 4 * values)


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
    medium : Medium
    draws : Draws, optional
        Chances of each step, uniform in [0, 1): one a try, then one for the jitter of each. Any
        medium but a perfect one needs them.
    """

    def __init__(
        self,
        env: simpy.Environment,
        name: str,
        tags: Iterable[str],
        source: Register,
        target: Register,
        medium: Medium = PERFECT,
        draws: Draws | None = None,
    ):
        super().__init__(name, tags)
        self.env, self.source, self.target = env, source, target
        self.medium, self._draws = medium, draws
        self._from, self._to = source.places(self.tags), target.places(self.tags)
        self._busy = -math.inf
        self._perfect = medium == PERFECT

    @property
    def places(self) -> tuple[Places, Places]:
        """Where in the block its tags are read and written."""
        return self.source.start + self._from, self.target.start + self._to

    @property
    def is_plain(self) -> bool:
        """Whether it delivers everything at once, unseen."""
        return not self.taps and self._perfect

    @property
    def patience(self) -> float:
        """How long one waits for its message before going on without [s]."""
        return self.medium.patience(len(self.tags))

    def send(self, now: float) -> None:
        """Send the source's present values [their tags' units] at `now` [s]."""
        latency = self._carry(now)
        if latency is None:
            return
        values = self.source.values[self._from]
        if self.taps:
            numbers = zip(self.tags, values.tolist(), strict=True)
            for late in self.tamper([Reading(now, tag, value) for tag, value in numbers]):
                self.target.take(self.env, late, latency)
        elif latency > 0.0:
            later = self.env.timeout(latency)
            later.callbacks.append(lambda _: self.target.store(self._to, values, now + latency))
        else:
            self.target.store(self._to, values, now)

    def _carry(self, now: float) -> float | None:
        """Return how long a message sent at `now` takes [s], or None if it is lost."""
        if self._perfect:
            return 0.0
        medium = self.medium
        tries = 1 + medium.retries
        assert self._draws is not None
        chances = self._draws.at(now)
        for i in range(tries):
            sent = now + i * medium.timeout
            if chances[i] < medium.loss or any(a <= sent < b for a, b in medium.outages):
                continue
            self._busy = max(sent, self._busy) + message_bits(len(self.tags)) / medium.bandwidth
            jitter = -medium.jitter * math.log1p(-chances[tries + i]) if medium.jitter else 0.0
            return self._busy - now + medium.latency + jitter
        return None


class Bundle:
    """Links that send at the same instants: the plain ones in one go, the others one by one.

    Parameters
    ----------
    links : sequence of Link
        Whose registers share a block. Taps attached later are not seen.

    Attributes
    ----------
    is_plain : bool
        Whether everything arrives at once, always.
    """

    def __init__(self, links: Sequence[Link]):
        plain = [link for link in links if link.is_plain]
        self._others = [link for link in links if not link.is_plain]
        self.is_plain = not self._others
        self._block = links[0].target.block if links else Block(0)
        none = np.empty(0, dtype=np.intp)
        self._from = np.concatenate([none, *(link.places[0] for link in plain)])
        self._to = np.concatenate([none, *(link.places[1] for link in plain)])

    def send(self, now: float) -> None:
        """Send what every link's source holds at `now` [s]."""
        self._block.store(self._to, self._block.values[self._from], now)
        for link in self._others:
            link.send(now)
