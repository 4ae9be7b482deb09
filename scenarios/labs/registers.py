"""A student's own register map: the plant's, with addresses and scales drawn anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twin.plants.spec import PlantSpec
from twin.servers.registers import Point, register_map

_ADDRESSES = 1000  # of each table, from 0
_FACTORS = (1.0, 2.0, 2.5, 4.0, 5.0)  # of the scale in the plant's own map
_MOST = 65534.0  # the greatest number of a UINT16 that is a value


def drawn_map(spec: PlantSpec, number: int) -> tuple[Point, ...]:
    """Return the register map that a number stands for.

    Every point stands at an address of 0 to 999 of its own, alone; there are no FLOAT32 mirrors.
    Levels, flows, pressures and setpoints have a scale of 1 to 5 times their usual one.

    Parameters
    ----------
    spec : PlantSpec
    number : int
        Which map; from the student's draws.
    """
    rng = np.random.default_rng(number)
    points = [point for point in register_map(spec) if point.type != "FLOAT32"]
    free = {
        table: rng.permutation(_ADDRESSES).tolist()
        for table in dict.fromkeys((point.plc, point.table) for point in points)
    }
    drawn = []
    for point in points:
        factor = float(rng.choice(_FACTORS)) if point.scale != 1.0 else 1.0
        scale = point.scale * factor
        address = free[point.plc, point.table].pop()
        most = min(point.max, _MOST / scale)
        drawn.append(replace(point, address=address, scale=scale, max=most))
    return tuple(drawn)


def point_of(points: tuple[Point, ...], tag: str, plc: str, table: str) -> Point:
    """Return the point of a tag, actuator or setpoint in one table of one PLC."""
    return next(p for p in points if (p.tag, p.plc, p.table) == (tag, plc, table))
