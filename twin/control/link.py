"""Links between PLCs and SCADA, one by one and as a row of those that send at one instant."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import simpy

from twin.control.memory import Block, Places, Register
from twin.control.taps import Late, TapPoint
from twin.plants.equipment import PERFECT, Medium, message_bits
from twin.seeds import Draws
from twin.state import State
from twin.tags import Flags, Reading, Values


@dataclass(frozen=True, eq=False, slots=True)
class Message:
    """What is under way on a link: when it arrives [s], its values, and which of them are bad."""

    at: float
    values: Values
    bad: Flags | None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a link was given to send at one instant, and what became of it.

    Attributes
    ----------
    link : Link
    time : float
        When it was sent [s].
    sent : ndarray of shape (tags,)
        The link's tags, each in its unit.
    latency : float or None
        How long it takes [s]; None if it is lost.
    passed : list of Late, or None
        What its taps let through; None where there is no tap, and all of it arrives.
    """

    link: Link
    time: float
    sent: Values
    latency: float | None
    passed: list[Late] | None


class Link(TapPoint):
    """A one-way link that carries tags from one register to another, message by message.

    A link that is perfect and has no tap is moved with its row; see `LinkRow`.

    Parameters
    ----------
    env : simpy.Environment
    name : str
        `link:SOURCE->TARGET`.
    tags : iterable of str
        In the order of a message.
    source, target : Register
    medium : Medium
    draws : Draws, optional
        Random numbers of each step, uniform in [0, 1): one for each try, then one for the jitter of
        each. Any medium but a perfect one needs them.
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
        self._under_way: list[Message] = []
        self._perfect = medium == PERFECT
        self._watchers: list[Callable[[Sent], None]] = []

    @property
    def places(self) -> tuple[Places, Places]:
        """Where in the block its tags are read and written."""
        return self.source.start + self._from, self.target.start + self._to

    @property
    def is_plain(self) -> bool:
        """Whether it delivers everything at once, with no tap on it and nobody watching."""
        return not self.taps and self._perfect and not self._watchers

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches its messages."""
        return bool(self._watchers)

    def watch(self, watcher: Callable[[Sent], None]) -> None:
        """Call `watcher` with every message from now on; it changes nothing."""
        self._watchers.append(watcher)
        self.on_change()

    @property
    def patience(self) -> float:
        """How long a receiver waits for its message [s]."""
        return self.medium.patience(len(self.tags))

    def send(self, now: float) -> None:
        """Send the source's present values [their tags' units] at `now` [s]."""
        latency = self._carry(now)
        values = self.source.values[self._from]
        passed = None if latency is None else self._deliver(now, values, latency)
        for watcher in self._watchers:
            watcher(Sent(self, now, values, latency, passed))

    def _deliver(self, now: float, values: Values, latency: float) -> list[Late] | None:
        """Let values that take so long [s] arrive; return what taps let through, if there are."""
        bad = self.source.bad[self._from] if self.source.block.any_bad else None
        if self.taps:
            marks = [False] * len(values) if bad is None else bad.tolist()
            numbers = zip(self.tags, values.tolist(), marks, strict=True)
            passed = self.tamper([Reading(now, *number) for number in numbers], now)
            for late in passed:
                self.target.take(self.env, late, latency)
            return passed
        if latency > 0.0:
            self._await(Message(now + latency, values, bad))
        else:
            self.target.store(self._to, values, now, bad)
        return None

    def _await(self, message: Message) -> None:
        self._under_way.append(message)

        def arrive(_: object) -> None:
            self._under_way.remove(message)
            self.target.store(self._to, message.values, message.at, message.bad)

        self.env.timeout(message.at - self.env.now).callbacks.append(arrive)

    def state(self) -> State:
        """Return how long it is busy, where its random stream is, and what is under way on it."""
        began = None if self._draws is None else self._draws.began
        messages = [[m.at, m.values.tolist(), _plain(m.bad)] for m in self._under_way]
        return {"busy": self._busy, "began": began, "messages": messages}

    def restore(self, state: State) -> None:
        """Go on from a state; of several links, in the order in which they send."""
        self._busy = state["busy"]
        if self._draws is not None:
            self._draws.began = state["began"]
        for at, values, bad in state["messages"]:
            marks = None if bad is None else np.array(bad, dtype=bool)
            self._await(Message(at, np.array(values, dtype=float), marks))

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


def _plain(bad: Flags | None) -> list[bool] | None:
    return None if bad is None else bad.tolist()


class LinkRow:
    """Links that send at the same instant.

    The values of plain ones move as one array. A link that is not perfect or has a tap is taken out
    of the row and sends its own messages; when its last tap is detached, it is put back.

    Parameters
    ----------
    links : sequence of Link
    block : Block
        In which the registers of all of them lie.

    Attributes
    ----------
    is_plain : bool
        Whether all that it sent last arrived at once, and would again.
    """

    def __init__(self, links: Sequence[Link], block: Block):
        self._links, self._block = links, block
        for link in links:
            link.on_change = self._note_change
        self._sort()

    def _note_change(self) -> None:
        self._stale, self.is_plain = True, False

    def _sort(self) -> None:
        """Part the plain links from the others."""
        plain = [link for link in self._links if link.is_plain]
        self._others = [link for link in self._links if not link.is_plain]
        none = np.empty(0, dtype=np.intp)
        self._from = np.concatenate([none, *(link.places[0] for link in plain)])
        self._to = np.concatenate([none, *(link.places[1] for link in plain)])
        self._stale, self.is_plain = False, not self._others

    def send(self, now: float) -> None:
        """Send what every link's source holds at `now` [s]."""
        if self._stale:
            self._sort()
        block = self._block
        bad = block.bad[self._from] if block.any_bad else None
        block.store(self._to, block.values[self._from], now, bad)
        for link in self._others:
            link.send(now)
