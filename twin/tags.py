"""Tags (the named points of a SCADA system), readings of one tag, and frames of all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Quality(IntEnum):
    """How good a shown value is: in time; an older one; none, or its instrument's range ended."""

    GOOD = 0
    STALE = 1
    BAD = 2


@dataclass(frozen=True, slots=True)
class Tag:
    """A measured point of the plant.

    Attributes
    ----------
    name : str
        BATADAL's name, like `L_T1`.
    quantity : str
        `level` [m], `flow` [L/s], `pressure` [m] or `status` [0/1].
    element : str
        The tank, pump, valve or junction in the network.
    unit : str
        Empty for a status.
    plc : str
        The PLC whose input it is.
    """

    name: str
    quantity: str
    element: str
    unit: str
    plc: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one tag, as a sensor, PLC or SCADA sends it.

    Attributes
    ----------
    time : float
        When it was sent, in seconds since the scenario's start.
    tag : str
        The tag, or the actuator where the reading is a command.
    value : float
        In the tag's unit; a command is 0 (closed), 1 (open) or a relative pump speed.
    bad : bool
        Whether its instrument marks it as bad: the true value was beyond its range.
    """

    time: float
    tag: str
    value: float
    bad: bool = False

    def with_value(self, value: float) -> Reading:
        """Return the same reading showing another value, which no instrument marks as bad."""
        return replace(self, value=value, bad=False)


class Frame(NamedTuple):
    """One poll: what SCADA shows for every tag.

    It has no field for the truth or a label: a detector cannot see what an operator cannot.

    Attributes
    ----------
    time : float
        Seconds since the scenario's start.
    tags : tuple of str
        Names, in the data set's column order.
    values : ndarray of shape (tags,)
        Each in its tag's unit; NaN where nothing ever arrived.
    quality : ndarray of shape (tags,)
        `Quality` of each.
    """

    time: float
    tags: tuple[str, ...]
    values: Values
    quality: NDArray[np.int8]
