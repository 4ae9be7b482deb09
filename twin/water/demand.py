"""Demand: what each DMA draws, hour by hour, from its profile and the seed, or from a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from twin.errors import InputError
from twin.files import read_csv
from twin.plants.profile import DAY_TYPE, Profile
from twin.seeds import generator
from twin.state import State
from twin.tags import Values


class Hours(Protocol):
    """Anything that says, hour after hour, what the DMAs draw."""

    def next_hour(self) -> Values:
        """Return the coming hour's multipliers; shape (DMAs,)."""


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
        shape = (len(dmas), 3, 24)
        self._mean = np.broadcast_to(profile.mean, shape)
        self._std = np.broadcast_to(profile.std, shape)
        self._ceiling = np.broadcast_to(profile.ceiling, shape)
        self._streams = [generator(seed, f"demand:{dma}") for dma in dmas]
        self._hour = start.weekday() * 24 + start.hour

    def state(self) -> State:
        """Return where it is in the week, and where in its random streams."""
        return {"hour": self._hour, "streams": [s.bit_generator.state for s in self._streams]}

    def restore(self, state: State) -> None:
        """Go on from a state."""
        self._hour = state["hour"]
        for stream, at in zip(self._streams, state["streams"], strict=True):
            stream.bit_generator.state = at

    def next_hour(self) -> Values:
        """Draw the coming hour's multipliers; shape (DMAs,)."""
        day, hour = divmod(self._hour, 24)
        kind = DAY_TYPE[day % 7]
        self._hour += 1
        drawn = np.empty(len(self._streams))
        for i, stream in enumerate(self._streams):
            mean, std = self._mean[i, kind, hour], self._std[i, kind, hour]
            drawn[i] = stream.normal(mean, std)
            while not 0.0 <= drawn[i] <= self._ceiling[i, kind, hour]:
                drawn[i] = stream.normal(mean, std)
        return drawn


class Playback:
    """Known multipliers, hour after hour: a record's demands, to run the water through them again.

    Parameters
    ----------
    multipliers : ndarray of shape (T, DMAs)
    """

    def __init__(self, multipliers: Values):
        self._rows = iter(multipliers)

    def next_hour(self) -> Values:
        """Return the coming hour's multipliers; shape (DMAs,)."""
        return np.asarray(next(self._rows))


def read_hours(path: Path, dmas: Sequence[str]) -> Values:
    """Read multipliers by the hour from a CSV file with a column a DMA.

    Returns
    -------
    ndarray of shape (T, DMAs)

    Raises
    ------
    InputError
        If a column or a number is missing; with file and line.
    """
    (_, header), *rows = read_csv(path) or [(1, [])]
    missing = [name for name in dmas if name not in header]
    if missing:
        needed = f"a column for each of {', '.join(dmas)}, and a row an hour"
        raise InputError(f"no column {', '.join(missing)}: it needs {needed}", path, 1)
    table = np.empty((len(rows), len(dmas)))
    for i, (line, row) in enumerate(rows):
        try:
            table[i] = [float(row[header.index(name)]) for name in dmas]
        except (ValueError, IndexError):
            message = f"a row has a number for each of {', '.join(dmas)}, not {row}"
            raise InputError(message, path, line) from None
        if not (np.isfinite(table[i]) & (table[i] >= 0.0)).all():
            raise InputError(f"a multiplier is 0 or more: {row}", path, line)
    return table
