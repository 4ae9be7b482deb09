"""The tanks: their shape, what they hold, and what spills over their rim."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twin.errors import InputError, nearest
from twin.tags import Values

_FULL = 1e-6  # m below its rim at which a tank counts as full
_STILL = 1e-3  # L/s; what EPANET leaves of a flow that it stops
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
    links : tuple of tuple of (str, int)
        Links at each tank, each with 1 where its flow counts into the tank, or -1.
    """

    def __init__(self, model: Any):
        tanks = [tank for _, tank in model.tanks()]
        self.names: tuple[str, ...] = tuple(tank.name for tank in tanks)
        # Plain lists: for so few numbers they are several times as fast as arrays.
        self._areas = [float(np.pi / 4 * tank.diameter**2) for tank in tanks]
        self._curves = {
            i: np.array(tank.vol_curve.points).T
            for i, tank in enumerate(tanks)
            if tank.vol_curve_name
        }
        self.lowest: Values = np.array([tank.min_level for tank in tanks], dtype=float)
        self.highest: Values = np.array([tank.max_level for tank in tanks], dtype=float)
        self.links = tuple(
            tuple(
                (link, 1 if model.get_link(link).end_node_name == name else -1)
                for link in model.get_links_for_node(name)
            )
            for name in self.names
        )
        self._bottoms = self.lowest.tolist()
        self._empty = (self.lowest + _EMPTY).tolist()
        spills = [bool(tank.overflow) for tank in tanks]
        whole = self.held(self.highest.tolist())
        self._capacity = [
            np.inf if spill else volume for spill, volume in zip(spills, whole, strict=True)
        ]
        self._rim = np.where(spills, self.highest - _FULL, np.inf).tolist()

    def check(self, levels: Mapping[str, float]) -> None:
        """Raise InputError if there is no such tank, or it holds no such level [m]."""
        reach = dict(zip(self.names, zip(self.lowest, self.highest, strict=True), strict=True))
        for name, level in levels.items():
            if name not in reach:
                raise InputError(f"unknown tank {name!r}: {nearest(name, reach)}", keys=[name])
            lowest, highest = reach[name]
            if not lowest <= level <= highest:
                words = f"{name} holds {lowest:g} to {highest:g} m, not {level:g}"
                raise InputError(words, keys=[name])

    def held(self, levels: Sequence[float]) -> list[float]:
        """Return what each tank holds [m³] above its bottom at `levels` [m]."""
        held = list(map(operator.mul, self._areas, map(operator.sub, levels, self._bottoms)))
        for i, (level, volume) in self._curves.items():
            ends = np.interp([self.lowest[i], levels[i]], level, volume)
            held[i] = float(ends[1] - ends[0])
        return held

    def spill(self, levels: Sequence[float]) -> bool:
        """Return whether one that spills is full."""
        return any(map(operator.ge, levels, self._rim))

    def spilled(
        self, gained: Values, inflows: Sequence[float], levels: Sequence[float], seconds: float
    ) -> Values:
        """Return what went over each rim [m³] in a step that ends at `levels` [m].

        It is what arrived at a full tank, with `inflows` [L/s], and is not `gained` [m³].
        """
        flows = np.array(inflows)
        full = (np.array(levels) >= np.array(self._rim)) & (flows > 0.0)
        arrived = flows * (seconds / 1000.0)
        return np.where(full, np.maximum(arrived - gained, 0.0), 0.0)

    def beyond(self, held: Sequence[float], inflows: Sequence[float]) -> dict[int, int]:
        """Return the places of tanks that a second of these flows takes beyond rim or bottom.

        Parameters
        ----------
        held : sequence of float
            What each holds [m³].
        inflows : sequence of float
            Net [L/s].

        Returns
        -------
        dict of int to int
            1 where it would be more than full and does not spill, -1 where less than empty.
        """
        found: dict[int, int] = {}
        for i, flow in enumerate(inflows):
            if flow < 0.0:
                if held[i] * 1000.0 < -flow:
                    found[i] = -1
            elif flow > _STILL and (self._capacity[i] - held[i]) * 1000.0 < flow:
                found[i] = 1
        return found

    def stand_empty(self, levels: Sequence[float]) -> bool:
        """Return whether one stands at its bottom."""
        return any(map(operator.le, levels, self._empty))

    def empty(self, levels: Sequence[float]) -> Any:
        """Return which stand at their bottom; shape (tanks,)."""
        return np.array(levels) <= self._empty

    def rates(self, levels: Sequence[float], inflows: Sequence[float]) -> list[float]:
        """Return how fast each level rises [m/s] with these inflows [L/s]."""
        areas = self._areas
        if self._curves:
            areas = areas.copy()
            for i, (level, volume) in self._curves.items():
                # Of the piece of the curve that holds the level.
                after = int(np.searchsorted(level[1:-1], levels[i], "right")) + 1
                rise = level[after] - level[after - 1]
                areas[i] = float((volume[after] - volume[after - 1]) / rise)
        return [inflow / 1000.0 / area for inflow, area in zip(inflows, areas, strict=True)]
