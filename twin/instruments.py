"""What instruments make of the truth: noise, resolution, drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin.seeds import Draws, generator
from twin.tags import Values
from twin.units import DAY


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


class Instruments:
    """The instruments of a plant's tags.

    Parameters
    ----------
    tags : sequence of str
    instruments : mapping of str to Instrument
        Of the tags that have one; the others show the truth.
    seed, step : int
        Each tag's noise is a stream of its own, with a draw a step [s].
    """

    def __init__(
        self, tags: Sequence[str], instruments: Mapping[str, Instrument], seed: int, step: int
    ):
        all_of = [instruments.get(tag, Instrument()) for tag in tags]
        self.exact = all(one == Instrument() for one in all_of)
        self._drift = np.array([one.drift for one in all_of])
        self._resolution = np.array([one.resolution for one in all_of])
        self._coarse = self._resolution > 0.0
        spread = np.array([one.noise for one in all_of])
        streams = {i: generator(seed, f"sensor:{tags[i]}") for i in np.flatnonzero(spread).tolist()}

        def draw(rows: int) -> Values:
            errors = np.zeros((rows, len(tags)))
            for i, stream in streams.items():
                errors[:, i] = spread[i] * stream.standard_normal(rows)
            return errors

        self._noise = Draws(draw, step)

    def show(self, now: float, truth: Values) -> Values:
        """Return what the instruments show at `now` [s] for `truth`; both of shape (tags,)."""
        if self.exact:
            return truth
        shown = truth + self._noise.at(now) + self._drift * (max(now, 0.0) / DAY)
        coarse, steps = self._coarse, self._resolution
        shown[coarse] = np.round(shown[coarse] / steps[coarse]) * steps[coarse]
        return np.asarray(shown)
