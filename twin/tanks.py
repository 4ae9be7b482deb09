"""The tanks: their shape, what they hold, and what spills over their rim."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.tags import Values

_FULL = 1e-6  # m below its rim at which a tank counts as full
_EMPTY = 1e-3  # m above its bottom at which a tank counts as empty


class Tanks:
    """The shapes of a network's tanks.

    Parameters
    ----------
    model : wntr.network.WaterNetworkModel

    Attributes
    ----------
    names : tuple of str
    lowest, highest : ndarray of shape (tanks,)
        Bottom and rim [m].
    pipes : tuple of tuple of str
        Pipes at each tank that can be shut.
    """

    def __init__(self, model: Any):
        tanks = [tank for _, tank in model.tanks()]
        self.names: tuple[str, ...] = tuple(tank.name for tank in tanks)
        self._area = np.array([np.pi / 4 * tank.diameter**2 for tank in tanks])
        self._curves = {
            i: np.array(tank.vol_curve.points).T
            for i, tank in enumerate(tanks)
            if tank.vol_curve_name
        }
        self.lowest: Values = np.array([tank.min_level for tank in tanks], dtype=float)
        self.highest: Values = np.array([tank.max_level for tank in tanks], dtype=float)
        self.pipes = tuple(
            tuple(
                pipe
                for pipe in model.get_links_for_node(name)
                if pipe in model.pipe_name_list and not model.get_link(pipe).check_valve
            )
            for name in self.names
        )
        self._full, self._empty = self.highest - _FULL, self.lowest + _EMPTY
        self._spills = np.array([bool(tank.overflow) for tank in tanks])

    def gained(self, before: Values, after: Values) -> Values:
        """Return what each tank holds more [m³] at the levels `after` than `before` [m]."""
        gained = self._area * (after - before)
        for i, (level, volume) in self._curves.items():
            ends = np.interp([before[i], after[i]], level, volume)
            gained[i] = ends[1] - ends[0]
        return np.asarray(gained)

    def spilled(
        self, gained: Values, levels: Values, inflows: Values, seconds: float
    ) -> Values | None:
        """Return what went over each rim [m³] in a step that ends at `levels`; None if nothing.

        It is what arrived at a full tank, with `inflows` [L/s], and is not in it.
        """
        full = self._spills & (levels >= self._full) & (inflows > 0.0)
        if not full.any():
            return None
        arrived = inflows * (seconds / 1000.0)
        return np.where(full, np.maximum(arrived - gained, 0.0), 0.0)

    def drained(self, levels: Values, inflows: Values) -> NDArray[np.intp]:
        """Return the places of tanks that hold less than flows out of them in a second [L/s]."""
        left = self.gained(self.lowest, levels) * 1000.0
        return np.flatnonzero((inflows < 0.0) & (left < -inflows))

    def are_empty(self, levels: Values) -> Any:
        """Return which stand at their bottom; shape (tanks,)."""
        return levels <= self._empty

    def rates(self, levels: Values, inflows: Values) -> Values:
        """Return how fast each level rises [m/s] with these inflows [L/s]."""
        area = self._area
        if self._curves:
            area = area.copy()
            for i, (level, volume) in self._curves.items():
                # Of the piece of the curve that holds the level.
                after = int(np.searchsorted(level[1:-1], levels[i], "right")) + 1
                area[i] = (volume[after] - volume[after - 1]) / (level[after] - level[after - 1])
        return np.asarray(inflows / 1000.0 / area)
