"""What happens to the water, added up: spilled, missing, pumped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import wntr

from twin.tags import Values

_GRAVITY = 9.81  # kN/m³ of water: flow [m³/s] times head [m] gives kW
_BULGE = 1.2


@dataclass
class Meters:
    """What has happened to the water since the plant's start, added up over every step.

    Attributes
    ----------
    overflow, empty : ndarray of shape (tanks,)
        Spilled volume [m³] and time at the bottom [s] of each tank.
    unmet : float
        Demand that was not delivered [m³]: where demands are pressure-driven, what EPANET held
        back; where they are not, the demand of junctions below zero pressure, which no real
        network could have delivered.
    energy : float
        Electricity of all pumps [kWh], at the efficiency network.inp gives; of one that runs dry,
        for which EPANET finds any head, never more than its curve's largest power.
    starts : int
        Pump starts.
    warnings : Counter of str
        Solutions EPANET warned about, by its reason.
    """

    overflow: Values
    empty: Values
    unmet: float = 0.0
    energy: float = 0.0
    starts: int = 0
    warnings: Counter[str] = field(default_factory=Counter)

    def totals(self) -> Values:
        """Return unmet [m³], energy [kWh], starts, then overflow [m³] and empty [h] by tank."""
        return np.concatenate(
            ([self.unmet, self.energy, self.starts], self.overflow, self.empty / 3600.0)
        )


def most_power(model: wntr.network.WaterNetworkModel, pump: str) -> float:
    """Return the largest electric power on a pump's curve [kW]; infinite where it has none."""
    link = model.get_link(pump)
    if link.pump_type != "HEAD":
        return np.inf
    flow, head = np.array(link.get_pump_curve().points).T
    if len(flow) == 1:  # EPANET makes three points of one: no flow at 4/3 head, no head at 2 flows
        flow, head = np.array([0.0, flow[0], 2 * flow[0]]), np.array([4 / 3, 1.0, 0.0]) * head[0]
    at = np.linspace(0.0, flow[-1], 200)
    hydraulic = float((at * np.interp(at, flow, head)).max()) * _GRAVITY
    # EPANET's curve bulges above the straight lines between its points.
    return _BULGE * hydraulic / (model.options.energy.global_efficiency or 75.0) * 100.0
