"""Demand: what each DMA draws, hour by hour, seeded.

The day-type profile is BATADAL's own: one for all DMAs, with three day types. It is taken from the
168-hour patterns of network.inp, whose first day is a Sunday (Taormina et al. 2018; measured
against the published normal year). Demands that follow any other pattern follow it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from twin.seeds import generator
from twin.tags import Values
from twin.units import HOUR

WEEKDAY, SATURDAY, SUNDAY = 0, 1, 2
_WEEK = 168
_DAY_TYPE = [WEEKDAY] * 5 + [SATURDAY, SUNDAY]  # by datetime.weekday()


@dataclass(frozen=True)
class Profile:
    """Mean and standard deviation of an hour's demand multiplier.

    Attributes
    ----------
    mean, std : ndarray of shape (3, 24)
        By day type (weekday, Saturday, Sunday) and hour of day.
    ceiling : float
        A draw above it is drawn again.
    """

    mean: Values
    std: Values
    ceiling: float


def weekly(model: Any) -> frozenset[str]:
    """Return the names of a WNTR model's patterns that give every hour of a week."""
    if model.options.time.pattern_timestep != HOUR:
        return frozenset()
    return frozenset(name for name, p in model.patterns() if len(p.multipliers) == _WEEK)


def profile(model: Any) -> Profile:
    """Take the day-type profile from a WNTR model's 168-hour patterns.

    Raises
    ------
    ValueError
        If the model has no pattern of 168 hours.
    """
    names = weekly(model)
    weeks = [pattern.multipliers for name, pattern in model.patterns() if name in names]
    if not weeks:
        raise ValueError("no demand pattern of 168 hours in network.inp: nothing to profile")
    days = np.array(weeks, dtype=float).reshape(len(weeks), 7, 24)
    groups = [days[:, 1:6].reshape(-1, 24), days[:, 6], days[:, 0]]
    return Profile(
        mean=np.array([group.mean(axis=0) for group in groups]),
        # A single week has one Saturday: it is then like no other, and has no spread.
        std=np.array([group.std(axis=0, ddof=min(1, len(group) - 1)) for group in groups]),
        ceiling=max(1.0, float(days.max())),
    )


class Demand:
    """A stream of hourly multipliers, one a DMA, each DMA from its own random stream.

    Parameters
    ----------
    profile : Profile
    dmas : sequence of str
    start : datetime
        Of the first hour drawn.
    seed : int
        The scenario's.
    """

    def __init__(self, profile: Profile, dmas: tuple[str, ...], start: datetime, seed: int):
        self._profile = profile
        self._streams = [generator(seed, f"demand:{dma}") for dma in dmas]
        self._hour = start.weekday() * 24 + start.hour

    def next_hour(self) -> Values:
        """Draw the coming hour's multipliers; shape (DMAs,)."""
        day, hour = divmod(self._hour, 24)
        kind = _DAY_TYPE[day % 7]
        mean, std = self._profile.mean[kind, hour], self._profile.std[kind, hour]
        self._hour += 1
        drawn = np.empty(len(self._streams))
        for i, stream in enumerate(self._streams):
            drawn[i] = stream.normal(mean, std)
            while drawn[i] > self._profile.ceiling:
                drawn[i] = stream.normal(mean, std)
        return drawn
