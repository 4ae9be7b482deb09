"""A wrong shadow: the plant as a defender knows it, who never holds the exact one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from twin.errors import InputError, nearest
from twin.seeds import generator
from twin.tags import Values


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """How far a shadow's plant is from the true one.

    Each is the standard deviation of relative errors, drawn once for every pipe, pump or junction.

    Attributes
    ----------
    roughness : float
        Of a pipe's roughness coefficient.
    pump_curves : float
        Of the heads of a pump's curve, or of its power.
    demand_split : float
        Of a junction's share in its district's demand; the districts' totals stay.
    sensor_noise : float
        Of each flow and pressure that is read, drawn anew for every frame, and of each level in
        metres: .01 is 1 % and 1 cm.
    seed : int
        The same seed draws the same errors.

    Raises
    ------
    InputError
        If a standard deviation is negative or not a number.
    """

    roughness: float = 0.0
    pump_curves: float = 0.0
    demand_split: float = 0.0
    sensor_noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self)[:-1]:
            spread = getattr(self, field.name)
            if not 0.0 <= spread < np.inf:
                message = f"{field.name} is a standard deviation, 0 or more, and cannot be {spread}"
                raise InputError(message, keys=[field.name])

    @classmethod
    def of(cls, told: Mapping[str, float]) -> Self | None:
        """Return what is told by name; None where nothing is, as the plant is then known exactly.

        Raises
        ------
        InputError
            If there is no such error, or it cannot be so large.
        """
        names = [field.name for field in fields(cls)]
        for name in told:
            if name not in names:
                message = f"a shadow twin has no error {name!r}: {nearest(name, names)}"
                raise InputError(message, keys=[name])
        if not told:
            return None
        return cls(**{**told, "seed": int(told.get("seed", 0))})  # type: ignore[arg-type]

    def errors(self, what: str, count: int) -> Values:
        """Draw the relative errors of `count` pipes, pumps or junctions; shape (count,)."""
        draws = generator(self.seed, f"shadow:{what}").standard_normal(count)
        return np.asarray(draws * getattr(self, what))

    def readings(self) -> np.random.Generator:
        """Return the random stream of the sensors' noise, from its beginning."""
        return generator(self.seed, "shadow:sensor_noise")


def perturb(model: Any, districts: dict[str, tuple[str, ...]], by: Perturbation) -> None:
    """Change a WNTR model's pipes, pumps and demands in place.

    Parameters
    ----------
    model : wntr.network.WaterNetworkModel
    districts : dict of str to tuple of str
        Junctions by district.
    by : Perturbation
    """
    pipes = [pipe for _, pipe in model.pipes()]
    factors = np.exp(by.errors("roughness", len(pipes)))
    for pipe, factor in zip(pipes, factors, strict=True):
        pipe.roughness = float(pipe.roughness * factor)
    pumps = [pump for _, pump in model.pumps()]
    for pump, error in zip(pumps, by.errors("pump_curves", len(pumps)), strict=True):
        if pump.pump_type == "POWER":
            pump.power = float(pump.power * (1.0 + error))
            continue
        curve = f"{pump.name}-shadow"
        points = [(flow, head * (1.0 + error)) for flow, head in pump.get_pump_curve().points]
        model.add_curve(curve, "HEAD", points)
        pump.pump_curve_name = curve
    draws = iter(by.errors("demand_split", sum(map(len, districts.values()))))
    for members in districts.values():
        demands = [
            (demand, float(np.exp(error)))
            for junction, error in zip(members, draws, strict=False)
            for demand in model.get_node(junction).demand_timeseries_list
            if demand.base_value > 0.0
        ]
        total = sum(demand.base_value for demand, _ in demands)
        drawn = sum(demand.base_value * factor for demand, factor in demands)
        for demand, factor in demands:
            demand.base_value *= factor * total / drawn
