"""Attacks on when a reading arrives, or whether: lost, late, twice, with a wrong time.

The kinds are drop, delay, reorder, duplicate, timestamp and bandwidth.

What travels together, like a PLC's answer to a poll, is lost or late together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from attacks.annotations import Seconds, Shift, Unit
from attacks.attack import Attack
from attacks.registry import register
from twin.control.taps import Late
from twin.errors import InputError
from twin.plants.equipment import message_bits
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed

_BLOCK = "T0804 Block Reporting Message"
_BETWEEN = "T0830 Adversary-in-the-Middle"


@register("drop")
@dataclass(frozen=True, kw_only=True)
class Drop(Attack):
    """Let nothing through (denial of service), or lose some: the receiver keeps its last value.

    With a `probability` below 1, each message is lost by chance; with a `burst` as well, losses
    come in bursts of that mean duration, as on a channel that is good or bad for a while. The
    share that is lost stays the same. Both states last exponentially distributed times.

    Source of the bursts: Gilbert 1960, "Capacity of a burst-noise channel", in continuous time and
    with a bad state that loses everything.
    """

    probability: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    burst: Seconds | None = None

    at_end = "readings arrive again"
    example = '{on: "link:PLC2->PLC1", do: {drop: {}}, when: {start: "S_PU2 > 0", for: 1 d}}'
    technique = _BLOCK

    def __post_init__(self) -> None:
        if self.burst is not None and (self.probability == 1.0 or not self.burst):
            raise InputError("a burst is longer than 0 s and needs a probability below 1")

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that draws from the entry's stream."""
        if self.burst is not None:
            return _Bursts(self.probability, self.burst, rng)
        return _Losing(self.probability, rng)


class _Losing(Attack):
    def __init__(self, probability: float, rng: np.random.Generator):
        self._probability, self._rng = probability, rng

    def tamper_packet(self, packet: Sequence[Reading]) -> Sequence[Reading]:
        return () if self._rng.random() < self._probability else packet


class _Bursts(Attack):
    def __init__(self, probability: float, burst: float, rng: np.random.Generator):
        self._probability, self._rng = probability, rng
        self._means = {True: burst, False: burst * (1.0 - probability) / probability}

    def begin(self, testbed: Testbed, target: str) -> None:
        self._bad = bool(self._rng.random() < self._probability)
        self._until = testbed.env.now + self._rng.exponential(self._means[self._bad])

    def tamper_packet(self, packet: Sequence[Reading]) -> Sequence[Reading]:
        while packet and self._until <= packet[0].time:
            self._bad = not self._bad
            self._until += self._rng.exponential(self._means[self._bad])
        return () if self._bad else packet


@register("delay")
@dataclass(frozen=True, kw_only=True)
class Delay(Attack):
    """Let every message, or command to a drive, arrive late: by a time, and by chance by more.

    What is added has the mean `jitter` and is exponentially distributed; a message may then
    overtake another, and the receiver believes the one that came last.
    """

    by: Seconds
    jitter: Seconds = 0.0

    ports = ("sensor", "link", "plc", "scada", "actuator")
    example = '{on: "link:PLC4->PLC3", do: {delay: {by: 1 h}}, when: {start: "L_T3 < 4", for: 1 d}}'
    at_end = "readings arrive in time again; those held back still arrive late"
    technique = _BETWEEN

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that draws from the entry's stream."""
        return _Later(lambda: self.by + (rng.exponential(self.jitter) if self.jitter else 0.0))


@register("reorder")
@dataclass(frozen=True, kw_only=True)
class Reorder(Attack):
    """Hold each message back for a time drawn anew, so that later ones overtake it.

    The time is uniform between 0 and `within`. The receiver believes what arrives last.
    """

    within: Seconds

    example = '{on: "link:PLC2->SCADA", do: {reorder: {within: 1 h}}, when: {from: 12 h, for: 1 d}}'
    at_end = Delay.at_end
    technique = _BETWEEN

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that draws from the entry's stream."""
        return _Later(lambda: rng.uniform(0.0, self.within))


class _Later(Attack):
    def __init__(self, wait: Callable[[], float]):
        self._wait = wait

    def tamper_packet(self, packet: Sequence[Reading]) -> Iterable[Late]:
        wait = self._wait()
        return [Late(reading, wait) for reading in packet]


@register("duplicate")
@dataclass(frozen=True, kw_only=True)
class Duplicate(Attack):
    """Let every reading pass, and pass once more later.

    The copy replaces what the receiver has heard meanwhile, until it hears again: it misleads who
    is asked between two messages, or where the link loses some.
    """

    after: Seconds

    example = '{on: "link:PLC2->PLC1", do: {duplicate: {after: 7 min}}, when: {from: 12 h}}'
    at_end = "readings pass once again; copies held back still arrive"
    technique = _BETWEEN

    def tamper(self, reading: Reading) -> Sequence[Reading | Late]:
        """Return the reading and its copy."""
        return [reading, Late(reading, self.after)]


@register("timestamp")
@dataclass(frozen=True, kw_only=True)
class Timestamp(Attack):
    """Let readings claim to have been sent earlier (`-1 h`) or later.

    Values pass at once and unchanged; a receiver judges by the stamp how old they are. Earlier ones
    go stale on SCADA's screen, and a PLC ignores those that are older than its `hold`. Later ones
    make a link that is cut afterwards look alive for as long.
    """

    by: Shift

    example = '{on: "link:PLC2->SCADA", do: {timestamp: {by: -1 h}}, when: {from: 12 h, for: 1 d}}'
    at_end = "readings bear their own times again"
    technique = "T0856 Spoof Reporting Message"

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading with another time."""
        return replace(reading, time=reading.time + self.by)


@register("bandwidth")
@dataclass(frozen=True, kw_only=True)
class Bandwidth(Attack):
    """Leave a link so many bits a second: messages wait for those before them, later and later.

    What an attacker's flood of traffic leaves. The links one entry names share it, as one cable. A
    poll's answer of n values is 8 · (67 + 4 n) bits.
    """

    bits_per_s: Annotated[float, Field(gt=0.0), Unit("bit/s")]

    ports = ("link",)
    technique = "T0814 Denial of Service"
    example = '{on: "link:PLC4->PLC3", do: {bandwidth: {bits_per_s: 0.5}}, when: {from: 30 h}}'
    at_end = "messages pass at once again; what waits still arrives late"

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one with a queue."""
        return _Queue(bits_per_s=self.bits_per_s)


@dataclass(frozen=True, kw_only=True)
class _Queue(Bandwidth):
    """Remembers when the last message in the queue will have been sent [s]."""

    _free: list[float] = field(default_factory=lambda: [-math.inf])

    def tamper_packet(self, packet: Sequence[Reading]) -> Iterable[Reading | Late]:
        if not packet:
            return []
        now = packet[0].time
        free = max(now, self._free[0]) + message_bits(len(packet)) / self.bits_per_s
        self._free[0] = free
        return [Late(reading, free - now) for reading in packet]
