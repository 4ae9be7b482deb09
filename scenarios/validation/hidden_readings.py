"""The hidden readings of a record's rows: levels and statuses that an attack falsified."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from twin.closeable import Closing
from twin.plants.spec import PlantSpec
from twin.shadow.inference import Inference
from twin.tags import Values
from twin.water.plant import Plant

_ACCURACY = 1e-5
_GUESS = 0.6  # about C-Town's mean demand multiplier
_MOST = 3.0  # beyond any multiplier
_LEVEL_WEIGHT = 0.03
"""What a metre off the expected level costs, where a metre off a pressure that is seen costs 1: a
level that no pressure determines stays as expected, and any other follows the pressures."""
_STATUS_COST = 1e-3  # of a status other than the expected one, in squares of the same units
_EVALUATIONS = 12  # of the slope
_SHIFT = 0.25  # m either way, to see whether a row determines a level
_OBSERVED = 1e-3  # squares by which it then explains the row worse
_INSIDE = 1e-3  # of the bounds, where a search starts
_FULL = 0.01
"""So close below its rim [m] a tank is taken for full: its inlet closes, which no slope shows."""


def level_bounds(spec: PlantSpec) -> tuple[Values, Values]:
    """Return how low and how high each level can be [m]; shape (tags,), NaN of other tags."""
    bottom, rim = np.full((2, len(spec.tags)), np.nan)
    for place, tag in enumerate(spec.tags):
        if tag.quantity == "level":
            tank = spec.model.get_node(tag.element)
            bottom[place], rim[place] = tank.min_level, tank.max_level
    return bottom, rim


class HiddenReadings(Closing):
    """Reconstructs the demands, levels and statuses behind rows, one row after the other.

    Combinations of hidden statuses are tried, the expected one first, until one explains the row;
    hidden levels and the demands follow by least squares on the flows and pressures that are not
    hidden, a litre a second counting as much as a metre.

    Parameters
    ----------
    spec : PlantSpec
    """

    def __init__(self, spec: PlantSpec):
        self._plant = Plant(spec, accuracy=_ACCURACY)
        self._inference = Inference(spec)
        tags = spec.tags
        self._fitted = np.array([tag.quantity in ("flow", "pressure") for tag in tags])
        self._is_level = np.array([tag.quantity == "level" for tag in tags])
        self._is_status = np.array([tag.quantity == "status" for tag in tags])
        self._bottom, self._rim = level_bounds(spec)
        self._last = np.full(len(spec.profiled), _GUESS)

    def reconstruct(
        self, row: Values, hidden: NDArray[np.bool_], expected: Values
    ) -> tuple[Values, Values]:
        """Reconstruct the state that explains a row.

        Parameters
        ----------
        row, hidden : ndarray of shape (tags,)
        expected : ndarray of shape (tags,)
            A forecast of levels [m], and of pumps and valves as `Plant.write` takes them.

        Returns
        -------
        state : ndarray of shape (tags,)
            The row, its hidden levels and statuses reconstructed.
        multipliers : ndarray of shape (DMAs,)
        """
        if not hidden.any():
            self._last = self._inference.explain(row).multipliers
            return row, self._last
        seen, state = self._fitted & ~hidden, row.copy()
        levels = np.flatnonzero(self._is_level & hidden)
        full = expected[levels] > self._rim[levels] - _FULL
        state[levels[full]] = self._rim[levels[full]]
        levels = levels[~full]
        count, likely, frame = len(self._last), expected[levels], state.copy()

        def error(x: Values) -> Values:
            frame[levels] = x[count:]
            self._plant.impose(frame)
            self._plant.set_demands(x[:count])
            self._plant.solve()
            off = _LEVEL_WEIGHT * (x[count:] - likely)
            return np.concatenate([(self._plant.values - row)[seen], off])

        lowest = np.concatenate([np.zeros(count), self._bottom[levels]])
        highest = np.concatenate([np.full(count, _MOST), self._rim[levels]])
        start = np.clip(np.concatenate([self._last, likely]), lowest + _INSIDE, highest - _INSIDE)
        best, least = start, np.inf
        statuses = np.flatnonzero(self._is_status & hidden)
        for choice in _choices(expected[statuses]):
            frame[statuses] = choice
            fit = least_squares(
                error, start, bounds=(lowest, highest), diff_step=0.01, max_nfev=_EVALUATIONS
            )
            cost = fit.cost + _STATUS_COST * np.count_nonzero(choice != expected[statuses])
            if cost < least:
                best, least = fit.x, cost
                state[statuses] = choice
            if least < _STATUS_COST:
                break
        state[levels] = best[count:]
        self._last = best[:count]
        return state, self._last

    def observable(self, row: Values, levels: NDArray[np.intp]) -> bool:
        """Return whether a row determines levels: no demands explain it as well with others.

        Parameters
        ----------
        row : ndarray of shape (tags,)
            With the levels in question.
        levels : ndarray of int
            Their places among the tags.
        """
        squares = []
        for sign in (-1.0, 1.0):
            frame = row.copy()
            frame[levels] += sign * _SHIFT
            off = (self._inference.explain(frame).expected - row)[self._fitted]
            squares.append(float(off @ off))
        return abs(squares[1] - squares[0]) > _OBSERVED

    def close(self) -> None:
        """Give the engines back."""
        self._plant.close()
        self._inference.close()


def _choices(expected: Values) -> list[tuple[float, ...]]:
    """Return every combination of statuses, the expected one first."""
    settings = [(now, 0.0 if now else 1.0) for now in expected.tolist()]
    return list(product(*settings))
