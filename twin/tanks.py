"""The tanks: their shape, what they hold, and what spills over their rim."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        self._empty = self.lowest + _EMPTY
        spills = np.array([bool(tank.overflow) for tank in tanks], dtype=bool)
        self._rim = np.where(spills, self.highest - _FULL, np.inf)

    def held(self, levels: Values) -> Values:
        """Return what each tank holds [m³] above its bottom at `levels` [m]."""
        held = self._area * (levels - self.lowest)
        for i, (level, volume) in self._curves.items():
            ends = np.interp([self.lowest[i], levels[i]], level, volume)
            held[i] = ends[1] - ends[0]
        return np.asarray(held)

    def spilled(
        self, before: Values, levels: Values, inflows: Values, seconds: float
    ) -> Values | None:
        """Return what went over each rim [m³] in a step from `before` to `levels` [m], or None.

        It is what arrived at a full tank, with `inflows` [L/s], and is not in it.
        """
        if not (levels >= self._rim).any():
            return None
        full = (levels >= self._rim) & (inflows > 0.0)
        arrived = inflows * (seconds / 1000.0)
        gained = self.held(levels) - self.held(before)
        return np.where(full, np.maximum(arrived - gained, 0.0), 0.0)

    def drained(self, held: Values, inflows: Values) -> list[int]:
        """Return the places of tanks that hold less [m³] than flows out in a second [L/s]."""
        after = held * 1000.0 + inflows
        if not after.size or after.min() >= 0.0:
            return []
        return list(np.flatnonzero((inflows < 0.0) & (after < 0.0)).tolist())

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
