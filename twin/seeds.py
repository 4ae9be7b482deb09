"""Random streams: one for each named component, so that adding one leaves the others unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

_STEPS = 288  # rows drawn at a time: a day of 5-min steps


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one component of a scenario.

    Parameters
    ----------
    seed : int
        The scenario's seed.
    name : str
        The component's name, like `demand:DMA1`; the stream depends on nothing else.
    """
    digest = hashlib.sha256(name.encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=key))


class Draws:
    """One row of random numbers for each step of the clock.

    However many instants lie within a step, they get the same row: instants depend on the water and
    so on attacks, and what is drawn must not.

    Parameters
    ----------
    draw : callable
        Given a number of rows, returns an array of that many, drawn in order.
    step : int
        Length of a step [s].

    Attributes
    ----------
    began : int or None
        The number of the step that got the first row; set before the first row is asked for, the
        rows are as if they had been asked for since then.
    """

    def __init__(self, draw: Callable[[int], Any], step: int):
        self._draw, self._step = draw, step
        self.began: int | None = None
        self._first: int | None = None
        self._rows = draw(0)

    def at(self, now: float) -> Any:
        """Return the row of the step that holds `now` [s]; time must not go back."""
        step = int(now // self._step)
        if self._first is None:
            self.began = self._first = step if self.began is None else self.began
            self._rows = self._draw(_STEPS)
        while step - self._first >= _STEPS:
            self._first += _STEPS
            self._rows = self._draw(_STEPS)
        return self._rows[step - self._first]
