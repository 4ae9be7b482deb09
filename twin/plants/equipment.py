"""Instruments, links and alarm limits as a plant folder describes them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


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


@dataclass(frozen=True, slots=True)
class Limits:
    """A tag's alarm limits in its unit, as ISA-18.2 names them; NaN for none.

    Attributes
    ----------
    LL, L, H, HH : float
        Low-low, low, high, high-high.
    deadband : float
        How far inside a limit the value must come back before its alarm clears.
    """

    LL: float = np.nan
    L: float = np.nan
    H: float = np.nan
    HH: float = np.nan
    deadband: float = 0.0


LEVELS = ("LL", "L", "H", "HH")


@dataclass(frozen=True, slots=True)
class Instrument:
    """How far an instrument shows something else than the truth, in its tag's unit.

    Attributes
    ----------
    noise : float
        Standard deviation of an error drawn anew every step.
    resolution : float
        What it shows is a multiple of this; 0 for any number.
    drift : float
        A day, from the scenario's start.
    """

    noise: float = 0.0
    resolution: float = 0.0
    drift: float = 0.0
