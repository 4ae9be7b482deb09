"""Instruments, links and alarm limits as a plant folder describes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

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


VACUUM = -10.0
"""No water's pressure is lower [m]."""
_PRESSURES = 200.0  # m
_LEVEL_MARGIN = 0.05  # of a tank's height, beyond its rim and its bottom
_VELOCITY = 10.0  # m/s


def usual_range(quantity: str, element: str, model: Any) -> tuple[float, float]:
    """Return the range of an instrument of which plcs.yaml names none, in its tag's unit.

    Pressure: -10 m, a vacuum, to 200 m, or to twice the head of the highest source above the node
    if that is more. Level: the bottom to the rim, and 5 % of its height more at both ends. Flow:
    10 m/s either way through the widest pipe or valve at the link's ends; without any, and for a
    status, no end.

    Parameters
    ----------
    quantity : str
        `level`, `flow`, `pressure` or `status`.
    element : str
        The tank, junction or link that is measured.
    model : wntr.network.WaterNetworkModel
    """
    if quantity == "pressure":
        heads = [tank.elevation + tank.max_level for _, tank in model.tanks()]
        heads += [reservoir.base_head for _, reservoir in model.reservoirs()]
        node = model.get_node(element)
        ground = node.base_head if node.node_type == "Reservoir" else node.elevation
        return VACUUM, max(_PRESSURES, 2.0 * (max(heads, default=ground) - ground))
    if quantity == "level":
        tank = model.get_node(element)
        more = _LEVEL_MARGIN * tank.max_level
        return min(0.0, tank.min_level) - more, tank.max_level + more
    if quantity == "flow":
        link = model.get_link(element)
        ends = (link.start_node_name, link.end_node_name)
        beside = {name for end in ends for name in model.get_links_for_node(end)}
        sizes = [getattr(model.get_link(name), "diameter", None) for name in beside]
        widest = max((float(size) for size in sizes if size), default=math.inf)
        most = _VELOCITY * math.pi / 4.0 * widest**2 * 1000.0
        return -most, most
    return -math.inf, math.inf
