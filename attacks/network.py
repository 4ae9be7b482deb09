"""Attacks on the network itself, beside those on when a reading arrives (`delay`, `drop`)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from pydantic import Field

from attacks.base import Attack, Unit, register
from twin.link import Late, message_bits
from twin.tags import Reading


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
