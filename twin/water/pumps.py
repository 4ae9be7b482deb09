"""The pumps: their dry-run protection, electric power, and what it costs."""

from __future__ import annotations

import operator
from collections.abc import Callable

import epanet
import numpy as np
import wntr
from epanet_plus import EpanetConstants as EN

from twin.state import State
from twin.water.engine import Engine

_RESTART = 5.0  # m at a tripped pump's suction
_STANDSTILL = 3600  # s a tripped pump stands at least
_GRAVITY = 9.81  # kN/m³ of water: flow [m³/s] times head [m] gives kW
_BULGE = 1.2
_JOULES = 3.6e6  # in a kWh; WNTR's prices are for a joule


class Pumps:
    """A network's pumps at work.

    Parameters
    ----------
    engine : Engine
    model : wntr.network.WaterNetworkModel
    put : callable
        Puts a pump, by name, as it is told.
    protected : bool
        Whether pumps have a dry-run protection, or run on as EPANET lets them.

    Attributes
    ----------
    tripped : dict of str to int
        Pumps that stand still because too little reaches them, and since when [s]: their dry-run
        protection stops them where the pressure at their suction falls below zero. After an hour
        they start again, as they are told then, if it is 5 m. Without it EPANET invents flows and
        heads for a pump that runs dry.
    """

    def __init__(
        self,
        engine: Engine,
        model: wntr.network.WaterNetworkModel,
        put: Callable[[str], None],
        protected: bool,
    ):
        self._engine, self._put = engine, put
        self.tripped: dict[str, int] = {}
        self._links = [engine.link(name) for name in model.pump_name_list]
        self._most_power = [most_power(model, name) for name in model.pump_name_list]
        self._stations = [
            (name, engine.link(name), engine.node(pump.start_node_name))
            for name, pump in model.pumps()
            if protected
        ]
        self._suctions = sorted({suction for _, _, suction in self._stations})
        self._running = [False] * len(self._links)
        self._tariff = _Tariff(model)

    def state(self) -> State:
        """Return which pumps are tripped, and which ran at the last measurement."""
        return {"tripped": dict(self.tripped), "running": list(self._running)}

    def restore(self, state: State) -> None:
        """Go on from a state; no pump is put anywhere."""
        self.tripped.update(state["tripped"])
        self._running = list(state["running"])

    def protect(self, code: int) -> int:
        """Let pumps start that need not stand any more, stop those that run dry; solve anew.

        One pump that stops changes what reaches the others: it goes on until none runs dry.
        EPANET's code does not tell: it warns of no pressure where nothing is drawn.

        Parameters
        ----------
        code : int
            Of the present solution.

        Returns
        -------
        int
            Of the last solution.
        """
        engine, project = self._engine, self._engine.project
        pressures = engine.at_nodes(self._suctions, EN.EN_PRESSURE)
        if not self.tripped and min(pressures, default=0.0) >= 0.0:
            return code
        for name, _, suction in self._stations:
            waited = engine.time - self.tripped.get(name, engine.time) >= _STANDSTILL
            if waited and engine.at_nodes([suction], EN.EN_PRESSURE)[0] >= _RESTART:
                del self.tripped[name]
                self._put(name)
                code = engine.run()
        while True:
            dry = [
                (name, link)
                for name, link, suction in self._stations
                if epanet.EN_getlinkvalue(project, link, EN.EN_FLOW)[1] != 0.0
                and engine.at_nodes([suction], EN.EN_PRESSURE)[0] < 0.0
            ]
            if not dry:
                return code
            for name, link in dry:
                self.tripped[name] = engine.time
                engine.set_link(link, 0.0)
            code = engine.run()

    def measure(self) -> tuple[float, float, int]:
        """Return the power of all [kW], what it costs [currency of network.inp/h], and new starts.

        Of a pump that runs dry, for which EPANET finds any head, never more than its curve's
        largest power.
        """
        engine, before = self._engine, self._running
        powers = engine.at_links(self._links, EN.EN_ENERGY)
        if any(map(operator.gt, powers, self._most_power)):
            powers = list(map(min, powers, self._most_power))
        cost = sum(map(operator.mul, powers, self._tariff.at(engine.time)))
        self._running = [power > 0.0 for power in powers]
        starts = 0
        if self._running != before:
            starts = sum(map(operator.gt, self._running, before))
        return sum(powers), cost, starts


class _Tariff:
    """The price of a kWh for each pump: its own where network.inp gives one, else the plant's."""

    def __init__(self, model: wntr.network.WaterNetworkModel):
        energy, times = model.options.energy, model.options.time
        self._start, self._step = int(times.pattern_start), int(times.pattern_timestep)
        self._prices: list[float] = []
        self._patterns: list[tuple[float, ...]] = []
        for _, pump in model.pumps():
            price = pump.energy_price or energy.global_price or 0.0
            pattern = pump.energy_pattern or energy.global_pattern
            self._prices.append(price * _JOULES)
            known = pattern and str(pattern) in model.pattern_name_list
            multipliers = model.get_pattern(str(pattern)).multipliers if known else ()
            self._patterns.append(tuple(multipliers) or (1.0,))
        self._fixed = all(len(pattern) == 1 for pattern in self._patterns)
        self._period = -1
        self._now = list(self._prices)

    def at(self, time: int) -> list[float]:
        """Return the prices at `time` [s since the start], by pump."""
        period = 0 if self._fixed else (time + self._start) // self._step
        if period != self._period:
            self._period = period
            self._now = [
                price * pattern[period % len(pattern)]
                for price, pattern in zip(self._prices, self._patterns, strict=True)
            ]
        return self._now


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
