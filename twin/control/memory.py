"""The memories of PLCs and SCADA: the last value of each tag and when it arrived."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import simpy
from numpy.typing import NDArray

from twin.control.taps import Late
from twin.state import State
from twin.tags import Flags, Values

Places = NDArray[np.intp]


class Block:
    """The array in which registers lie one behind the other, so that a row of tags moves at once.

    Parameters
    ----------
    size : int
        How many values it holds.

    Attributes
    ----------
    values, arrived : ndarray of shape (size,)
        Each value in its tag's unit, and when it arrived by its time stamp [s].
    bad : ndarray of shape (size,)
        Which of them their instruments marked as bad.
    used : int
        How many of them belong to registers by now.
    """

    def __init__(self, size: int):
        self.values: Values = np.full(size, np.nan)
        self.arrived: Values = np.full(size, -np.inf)
        self.bad: Flags = np.zeros(size, dtype=bool)
        self.any_bad = False
        self.used = 0

    def state(self) -> State:
        """Return all it holds."""
        return {name: getattr(self, name).tolist() for name in ("values", "arrived", "bad")}

    def restore(self, state: State) -> None:
        """Hold what a state says."""
        for name, held in state.items():
            getattr(self, name)[:] = held
        self.any_bad = bool(self.bad.any())

    def store(self, places: Places, values: Values, now: float, bad: Flags | None = None) -> None:
        """Write `values` that arrive at `now` [s] to `places` of the block; None of them is bad."""
        self.values[places] = values
        self.arrived[places] = now
        if bad is not None or self.any_bad:
            self.mark(places, bad)

    def mark(self, places: Places, bad: Flags | bool | None) -> None:
        """Note which values at `places` of the block are bad: None of them without `bad`."""
        self.bad[places] = False if bad is None else bad
        self.any_bad = bool(self.bad.any())


class Register:
    """A receiver's memory: the last value of each tag and when it arrived.

    Parameters
    ----------
    tags : sequence of str
    block : Block, optional
        Where it lies, behind the registers already there; by default in a block of its own.

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
        self._places = np.arange(self.start, self.block.used)
        self.values, self.arrived = self.block.values[here], self.block.arrived[here]

    def value(self, tag: str) -> float:
        """Return the last value of `tag`, NaN if there never was one."""
        return float(self.values[self.index[tag]])

    def store(self, places: Places, values: Values, now: float, bad: Flags | None = None) -> None:
        """Write `values` that arrive at `now` [s] to `places` of this register."""
        self.block.store(self.start + places, values, now, bad)

    @property
    def bad(self) -> Flags:
        """Which of its values their instruments marked as bad; shape (tags,)."""
        return self.block.bad[self.start : self.start + len(self.tags)]

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
            if reading.bad or self.block.any_bad:
                self.block.mark(self._places[place : place + 1], reading.bad)

        if delay > 0.0:
            env.timeout(delay).callbacks.append(arrive)
        else:
            arrive()
