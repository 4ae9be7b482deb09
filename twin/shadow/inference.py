"""The inverse of the water: the demands that explain a frame.

With the tanks at the levels and the pumps and valves in the states that a frame shows, flows and
pressures depend on one number a DMA, its demand multiplier. Least squares finds it, and what is
left over is physics' opinion of the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.closeable import Closing
from twin.plants.spec import PlantSpec
from twin.tags import Values
from twin.water.plant import Plant

_ACCURACY = 1e-5  # network.inp's .001 leaves noise that hides a pressure's answer to a demand
_NUDGE = 0.01  # of a multiplier, for its derivative: flows answer to it by .1 L/s and more
_CLOSE = 1e-7  # a change of every multiplier below this ends the search
_STEPS = 12
_START = 0.6  # about C-Town's mean multiplier; the first frame's search starts there
_MOST = 10.0  # beyond any multiplier; keeps a search on a forged frame within what EPANET solves


@dataclass(frozen=True, slots=True)
class Explained:
    """What physics makes of a frame.

    Attributes
    ----------
    multipliers : ndarray of shape (DMAs,)
        The demands that explain the frame best, in the order of `network.profiled`; NaN where the
        frame lacks a level or a status, or holds no flow and pressure.
    expected : ndarray of shape (tags,)
        The frame that physics expects of these levels, statuses and demands, each tag in its
        unit; NaN where the multipliers are.
    """

    multipliers: Values
    expected: Values


class Inference(Closing):
    """Finds the demands behind frames, one frame after the other.

    1 L/s of a flow counts as much as 1 m of a pressure: records are rounded alike in both, and
    counting each tag by its own spread would let the rounding of a pressure that spans centimetres
    decide (dataset03 at two decimals: the demands so found spread 1.7 times as far as they do).

    Gauss–Newton with a finite-difference Jacobian at the first step and Broyden's updates after it
    (C. G. Broyden 1965, Math. Comp. 19, 577–593): a frame of C-Town takes about a dozen solutions.

    Parameters
    ----------
    spec : PlantSpec
    """

    def __init__(self, spec: PlantSpec):
        self.spec = spec
        self._plant = Plant(spec, accuracy=_ACCURACY)
        tags = spec.tags
        self._fitted = np.array([tag.quantity in ("flow", "pressure") for tag in tags])
        self._needed = np.array([tag.quantity in ("level", "status") for tag in tags])
        self._last = np.full(len(spec.profiled), _START)

    def explain(self, values: Values) -> Explained:
        """Find the demands that explain a frame best.

        Parameters
        ----------
        values : ndarray of shape (tags,)
            The frame, each tag in its unit. Levels and statuses are believed; flows and pressures
            are fitted, and those that are NaN left out.
        """
        seen = self._fitted & np.isfinite(values)
        if not seen.any() or not np.isfinite(values[self._needed]).all():
            return Explained(np.full(len(self._last), np.nan), np.full(len(values), np.nan))
        self._plant.impose(values)
        target = values[seen]

        def error(multipliers: Values) -> Values:
            return np.asarray(self._solve(multipliers)[seen] - target)

        at = self._last
        now = error(at)
        slope = np.empty((len(target), len(at)))
        for i in range(len(at)):
            nudged = at.copy()
            nudged[i] += _NUDGE
            slope[:, i] = (error(nudged) - now) / _NUDGE
        best, least = at, float(now @ now)
        for _ in range(_STEPS):
            step = np.linalg.lstsq(slope, -now, rcond=None)[0]
            moved = np.clip(at + step, 0.0, _MOST)
            step = moved - at
            length = float(step @ step)
            if length < _CLOSE**2:
                break
            at, before = moved, now
            now = error(at)
            slope += np.outer((now - before - slope @ step) / length, step)
            square = float(now @ now)
            if square < least:
                best, least = at, square
        self._last = best
        return Explained(best, self._solve(best).copy())

    def _solve(self, multipliers: Values) -> Values:
        self._plant.set_demands(multipliers)
        self._plant.solve()
        return self._plant.values

    def close(self) -> None:
        """Give the engine back."""
        self._plant.close()


def explain_all(
    spec: PlantSpec, rows: Values, on_row: Callable[[int], None] = lambda count: None
) -> tuple[Values, Values]:
    """Find the demands behind every row of a record.

    Parameters
    ----------
    spec : PlantSpec
    rows : ndarray of shape (T, tags)
    on_row : callable, optional
        Told how many rows are done.

    Returns
    -------
    multipliers : ndarray of shape (T, DMAs)
    expected : ndarray of shape (T, tags)
        As in `Explained`.
    """
    multipliers, expected = np.empty((len(rows), len(spec.profiled))), np.empty(rows.shape)
    with Inference(spec) as inference:
        for i, row in enumerate(rows):
            found = inference.explain(row)
            multipliers[i], expected[i] = found.multipliers, found.expected
            on_row(i + 1)
    return multipliers, expected
