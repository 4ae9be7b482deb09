"""The shadow's hydraulics: a plant's network at an instant, without a clock of its own.

Its tanks and drives are put where a frame shows them, its districts draw what they are asked to,
and every other pattern stands at its value of that instant.
"""

from __future__ import annotations

from typing import Any, Self

import epanet
import numpy as np
from epanet_plus import EpanetConstants as EN

from twin.closeable import Closing
from twin.plants.spec import PlantSpec
from twin.shadow.perturbation import Perturbation, perturb
from twin.tags import Values
from twin.water.engine import Engine
from twin.water.model import Physics, as_inp, without_controls
from twin.water.plant import initial_setting
from twin.water.tanks import Tanks

_CONSTANT = np.ones(1)
_BEYOND = 1e5  # L/s or m


class ShadowNetwork(Closing):
    """A plant's network that is solved for given levels, states and demands.

    Parameters
    ----------
    spec : PlantSpec
    physics : Physics
        Its `clock` is the time of day and week [s] at time 0.
    perturbation : Perturbation, optional
        By default the plant is known exactly.

    Attributes
    ----------
    tanks : Tanks
    closing : ndarray of shape (tanks,)
        Whether a tank closes its inlet when it is full.
    drives : tuple of str
        The pumps and valves that a PLC drives.
    initial_levels : ndarray of shape (tanks,)
        [m].
    initially_open : ndarray of shape (drives,)
    """

    def __init__(self, spec: PlantSpec, physics: Physics, perturbation: Perturbation | None = None):
        model = without_controls(spec, physics)
        if perturbation is not None:
            perturb(model, spec.dmas, perturbation)
        times = model.options.time
        self._pattern_start = float(times.pattern_start)
        self._pattern_step = float(times.pattern_timestep)
        self._demand_patterns, self._other_patterns = _split_patterns(spec, model)
        speeds = _detach_speeds(model)
        self.tanks = Tanks(model)
        tanks = [tank for _, tank in model.tanks()]
        self.initial_levels: Values = np.array([tank.init_level for tank in tanks], dtype=float)
        self.closing = np.array([not tank.overflow for tank in tanks], dtype=bool)
        driven = [name for plc in spec.plcs.values() for name in plc.actuators]
        self.drives = tuple(dict.fromkeys(driven))
        self._open_settings = {name: _open_setting(spec, model, name) for name in self.drives}
        self.initially_open = np.array(
            [initial_setting(model.get_link(name)) != 0.0 for name in self.drives], dtype=bool
        )
        self._engine = engine = Engine(as_inp(model), spec.folder.name, spec.step)
        self._tank_nodes = [engine.node(name) for name in self.tanks.names]
        self._drive_links = [engine.link(name) for name in self.drives]
        self._speeds = {engine.link(name): series for name, series in speeds.items()}
        self._flow_links = [engine.link(t.element) for t in spec.tags if t.quantity == "flow"]
        self._nodes = [engine.node(t.element) for t in spec.tags if t.quantity == "pressure"]
        numbered = [
            (engine.pattern(name), district, series)
            for name, district, series in self._demand_patterns
        ]
        self._fitted = [entry for entry in numbered if entry[1] is not None]
        self._fixed = [(index, series) for index, district, series in numbered if district is None]
        self._fixed += [(engine.pattern(name), series) for name, series in self._other_patterns]
        self._bases = np.ones(len(self._fitted))
        self._settings: dict[int, float] = {}
        self._pattern_index: int | None = None
        self.restart()

    def restart(self) -> None:
        """Forget every solution: the same inputs then give the same numbers, bit for bit."""
        self._engine.must(epanet.EN_initH(self._engine.project, 10))
        self._settings.clear()
        self._pattern_index = None

    def set_time(self, seconds: float) -> None:
        """Put every pattern that no fit decides at its value, `seconds` after time 0."""
        index = int((seconds + self._pattern_start) // self._pattern_step)
        if index == self._pattern_index:
            return
        self._pattern_index = index
        project = self._engine.project
        for pattern, series in self._fixed:
            epanet.EN_setpatternvalue(project, pattern, 1, float(series[index % len(series)]))
        for link, series in self._speeds.items():
            if link not in self._drive_links:
                self._set(link, float(series[index % len(series)]))
        self._bases = np.array([series[index % len(series)] for _, _, series in self._fitted])

    def impose(self, levels: Values, opened: Any) -> None:
        """Put tanks at levels [m] and drives at open or closed; shapes (tanks,) and (drives,)."""
        project = self._engine.project
        within = np.clip(levels, self.tanks.lowest, self.tanks.highest)
        for node, level in zip(self._tank_nodes, within.tolist(), strict=True):
            epanet.EN_setnodevalue(project, node, EN.EN_TANKLEVEL, level)
        for name, link, is_open in zip(self.drives, self._drive_links, opened, strict=True):
            setting = 0.0
            if is_open:
                series = self._speeds.get(link)
                setting = self._open_settings[name]
                if series is not None and self._pattern_index is not None:
                    setting = float(series[self._pattern_index % len(series)])
            self._set(link, setting)

    def _set(self, link: int, setting: float) -> None:
        if self._settings.get(link) != setting:
            self._engine.set_link(link, setting)
            self._settings[link] = setting

    def solve(self, demands: Values) -> tuple[Values, Values]:
        """Solve for the districts' demands.

        Parameters
        ----------
        demands : ndarray of shape (DMAs,)
            What each district's demands are multiplied with.

        Returns
        -------
        measured : ndarray of shape (flows + pressures,)
            Flows [L/s], then pressures [m], each in tag order.
        inflows : ndarray of shape (tanks,)
            [L/s].

        Raises
        ------
        PlantError
            If EPANET cannot solve it.
        """
        engine = self._engine
        for (pattern, district, _), base in zip(self._fitted, self._bases.tolist(), strict=True):
            value = float(demands[district]) * base
            epanet.EN_setpatternvalue(engine.project, pattern, 1, value)
        engine.run()
        flows = engine.at_links(self._flow_links, EN.EN_FLOW)
        pressures = engine.at_nodes(self._nodes, EN.EN_PRESSURE)
        inflows = engine.at_nodes(self._tank_nodes, EN.EN_DEMAND)
        # Where no water gets to, EPANET's heads are of the order of 1e7 m: no reading is.
        measured = np.clip([*flows, *pressures], -_BEYOND, _BEYOND)
        return measured, np.clip(inflows, -_BEYOND, _BEYOND)

    def __deepcopy__(self, memo: object) -> Self:
        """Return itself: a copy of a shadow twin shares its engine, which is set at every frame."""
        return self

    def close(self) -> None:
        """Give the engine back."""
        self._engine.close()


_Patterns = list[tuple[str, int | None, Values]]


def _split_patterns(spec: PlantSpec, model: Any) -> tuple[_Patterns, list[tuple[str, Values]]]:
    """Give each district and pattern a pattern of one value of its own, in place.

    Returns
    -------
    list of (name, district, multipliers)
        Of demands; the district's number, or None where no fit decides the demand. Demands that
        the profile draws have the multipliers 1: the district's factor is their multiplier.
    list of (name, multipliers)
        Of reservoirs' heads.
    """
    numbers = {name: i for i, members in enumerate(spec.dmas.values()) for name in members}
    profiled = {i for i, dma in enumerate(spec.dmas) if dma in spec.profiled}
    made: dict[tuple[int | None, str], str] = {}
    demands: _Patterns = []

    def own(district: int | None, name: str, series: Values) -> str:
        key = (district, name)
        if key not in made:
            made[key] = f"shadow-{len(made) + 1}"
            model.add_pattern(made[key], [1.0])
            demands.append((made[key], district, series))
        return made[key]

    for junction in model.junction_name_list:
        for demand in model.get_node(junction).demand_timeseries_list:
            name, pattern = str(demand.pattern_name), demand.pattern
            series = _CONSTANT if pattern is None else np.array(pattern.multipliers, dtype=float)
            district = numbers.get(junction) if demand.base_value > 0.0 else None
            if name.endswith("-now") and name.removesuffix("-now") in spec.profiled:
                series = _CONSTANT  # the model of the water has put the profile in its place
            elif district in profiled:
                district = None
            demand.pattern_name = own(district, name, series)
    heads = []
    for name, reservoir in model.reservoirs():
        if reservoir.head_pattern_name is not None:
            series = np.array(model.get_pattern(reservoir.head_pattern_name).multipliers)
            heads.append((f"shadow-head-{name}", series))
            model.add_pattern(heads[-1][0], [1.0])
            reservoir.head_pattern_name = heads[-1][0]
    return demands, heads


def _detach_speeds(model: Any) -> dict[str, Values]:
    """Take pumps off their speed patterns, in place; return these by pump."""
    speeds = {}
    for name, pump in model.pumps():
        if pump.speed_pattern_name is not None:
            speeds[name] = np.array(model.get_pattern(pump.speed_pattern_name).multipliers)
            pump.speed_pattern_name = None
    return speeds


def _open_setting(spec: PlantSpec, model: Any, drive: str) -> float:
    """Return what a drive is set to while a frame shows it open."""
    commands = [
        rule.command
        for plc in spec.plcs.values()
        for rule in plc.rules
        if rule.actuator == drive and rule.command != 0.0
    ]
    return initial_setting(model.get_link(drive)) or next(iter(commands), 1.0)
