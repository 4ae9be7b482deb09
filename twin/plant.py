"""The water: EPANET stepped from the WNTR model, in BATADAL's units.

WNTR owns the model and writes it, without its controls, for EPANET (epanet-plus) to step. Every
conversion of units and every quirk of the engine lives here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import epanet
import numpy as np
import wntr
from epanet_plus import EpanetConstants as EN
from epanet_plus import EPyT
from numpy.typing import NDArray

from twin.closing import Closing
from twin.errors import PlantError
from twin.meters import Meters, most_power
from twin.network import Network
from twin.tags import Values
from twin.units import DAY

_WARNINGS = {
    1: "the solver did not converge",
    2: "the solution may be unstable",
    3: "junctions with a demand are cut off",
    4: "a pump cannot deliver its flow or head",
    5: "a valve cannot deliver its flow or pressure",
    6: "negative pressures",
}
VALVE_UNITS = {"FCV": 1000.0}  # what a valve's setting in WNTR's units [m³/s] is in ours [L/s]
_KW_PER_HP = 0.7457
_FOREVER = 1_900_000_000  # seconds; the longest EPANET's 32-bit clock takes on every platform
_REQUIRED_PRESSURE = 5.0  # m; a normal C-Town week then goes short of 4 m³ in all
_RESTART = 5.0  # m at a tripped pump's suction
_STANDSTILL = 3600  # s a tripped pump stands at least
_FULL = 1e-6  # m below its rim at which a tank counts as full
_EMPTY = 1e-3  # m above its bottom at which a tank counts as empty


def initial_setting(link: Any) -> float:
    """Return what a WNTR link is set to at the start, as `Plant.write` takes it."""
    if str(link.initial_status) == "Closed":
        return 0.0
    speed = link.base_speed if link.link_type == "Pump" else None
    if speed is not None:
        return float(speed if link.initial_setting is None else link.initial_setting)
    if str(link.initial_status) != "Active" or link.valve_type == "GPV":  # its setting is a curve
        return 1.0
    return float(link.initial_setting) * VALVE_UNITS.get(link.valve_type, 1.0)


class Plant(Closing):
    """A network's water, stepped.

    A step is: writes, `solve`, `advance`. Levels are known before a solution, flows and pressures
    after it.

    Parameters
    ----------
    network : Network
    clock : int
        Seconds since Sunday, midnight, at which it starts: the first day of patterns is a Sunday.
    pressure_driven : bool
        Whether junctions take less where pressure is below 5 m, or always their demand.
    accuracy : float, optional
        Change of flow, relative to all flow, at which EPANET counts a solution as found; by
        default network.inp's.

    Attributes
    ----------
    time : int
        Seconds since the plant's start.
    values : ndarray of shape (tags,)
        True value of every tag: level and pressure [m], flow [L/s], status [0/1].
    settings : dict of str to float
        What each link that a PLC drives was told last.
    tanks : tuple of str
    levels, inflows : ndarray of shape (tanks,)
        Level [m] now, net inflow [L/s] at the last solution.
    tripped : dict of str to int
        Pumps that stand still because too little reaches them, and since when [s]: their dry-run
        protection stops them where the pressure at their suction falls below zero. After an hour
        they start again, as they are told then, if it is 5 m. Without it EPANET invents flows and
        heads for a pump that runs dry.
    meters : Meters
    """

    def __init__(
        self,
        network: Network,
        *,
        clock: int = 0,
        pressure_driven: bool = False,
        accuracy: float | None = None,
    ):
        self.network = network
        self.time = 0
        self._folder = tempfile.TemporaryDirectory(prefix="hydrotwin-")
        model = network.read_model()
        if accuracy is not None:
            model.options.hydraulic.accuracy = accuracy
        self._prepare(model, clock, pressure_driven)
        self._pressure_driven = pressure_driven
        try:
            self._open(model)
        except Exception:
            self._folder.cleanup()
            raise

        tanks = [tank for _, tank in model.tanks()]
        self.tanks = tuple(tank.name for tank in tanks)
        self._area = np.array([np.pi / 4 * tank.diameter**2 for tank in tanks])
        self._curves = {
            i: np.array(tank.vol_curve.points).T
            for i, tank in enumerate(tanks)
            if tank.vol_curve_name
        }
        self._rim = np.array([tank.max_level - _FULL for tank in tanks])
        self._bottom = np.array([tank.min_level + _EMPTY for tank in tanks])
        self._range = np.array([(tank.min_level, tank.max_level) for tank in tanks])
        self._spills = np.array([bool(tank.overflow) for tank in tanks])
        self._tank_nodes = [self._node(name) for name in self.tanks]
        self.levels: Values = np.array([tank.init_level for tank in tanks])
        self.inflows: Values = np.zeros(len(tanks))
        self.meters = Meters(np.zeros(len(tanks)), np.zeros(len(tanks)))

        self._map_tags()
        self.values: Values = np.full(len(network.tags), np.nan)
        self.values[self._level_places] = self.levels[self._level_tanks]
        driven = [name for plc in network.plcs.values() for name in plc.actuators]
        self._links = {name: self._link(name) for name in driven}
        self._status_reads = [
            (place, tag.element)
            for place, tag in enumerate(network.tags)
            if tag.quantity == "status" and tag.element in self._links
        ]
        self.settings = {name: initial_setting(model.get_link(name)) for name in driven}
        self.tripped: dict[str, int] = {}
        for name, setting in self.settings.items():
            self.write(name, setting)
        self._pumps = [self._link(name) for name in model.pump_name_list]
        self._most_power = [most_power(model, name) for name in model.pump_name_list]
        self._stations = [
            (name, self._link(name), self._node(pump.start_node_name))
            for name, pump in model.pumps()
        ]
        self._running = [False] * len(self._pumps)

    def _prepare(
        self, model: wntr.network.WaterNetworkModel, clock: int, pressure_driven: bool
    ) -> None:
        for name in list(model.control_name_list):
            model.remove_control(name)
        for dma in self.network.profiled:
            pattern = f"{dma}-now"
            model.add_pattern(pattern, [1.0])
            for junction in self.network.dmas[dma]:
                for demand in model.get_node(junction).demand_timeseries_list:
                    if str(demand.pattern_name) in self.network.profiled_patterns:
                        demand.pattern_name = pattern
        times = model.options.time
        shift = times.pattern_start + clock - times.start_clocktime
        times.pattern_start = int(shift % (7 * DAY))
        for _, pump in model.pumps():
            if pump.pump_type == "POWER":
                # EPANET 2.3.6 runs one of a file in metric units 1/0.7457 times too strong.
                pump.power *= _KW_PER_HP
        options = model.options.hydraulic
        options.demand_model = "PDA" if pressure_driven else "DDA"
        if pressure_driven:
            options.required_pressure, options.minimum_pressure = _REQUIRED_PRESSURE, 0.0

    def _open(self, model: wntr.network.WaterNetworkModel) -> None:
        folder = Path(self._folder.name)
        inp = folder / "plant.inp"
        wntr.network.write_inpfile(model, str(inp), units="LPS")
        # Without a report file EPANET would print on stdout, from C.
        try:
            self._engine = EPyT(
                str(inp),
                use_project=True,
                rpt_file_out=str(folder / "plant.rpt"),
                out_file=str(folder / "plant.out"),
            )
        except RuntimeError as error:
            raise PlantError(f"EPANET cannot open {self.network.folder.name}: {error}") from None
        self._engine.set_error_handling(raise_exception_on_error=False, warn_on_error=False)
        self._project = self._engine.ph
        # The report step first: it caps the hydraulic one in silence.
        for what, value in (
            (EN.EN_DURATION, _FOREVER),
            (EN.EN_REPORTSTEP, _FOREVER),
            (EN.EN_HYDSTEP, self.network.step),
        ):
            self._must(epanet.EN_settimeparam(self._project, what, value))
        self._step = self.network.step
        self._patterns = [
            epanet.EN_getpatternindex(self._project, f"{dma}-now")[1]
            for dma in self.network.profiled
        ]
        self._must(epanet.EN_openH(self._project))
        self._must(epanet.EN_initH(self._project, 10))

    def _map_tags(self) -> None:
        def places(quantity: str) -> tuple[NDArray[np.intp], list[str]]:
            tags = enumerate(self.network.tags)
            found = [(place, tag.element) for place, tag in tags if tag.quantity == quantity]
            return np.array([place for place, _ in found], dtype=np.intp), [
                name for _, name in found
            ]

        self._level_places, tanks = places("level")
        self._level_tanks = np.array([self.tanks.index(name) for name in tanks], dtype=np.intp)
        self._pressure_places, nodes = places("pressure")
        self._pressure_nodes = [self._node(name) for name in nodes]
        self._flow_places, flowing = places("flow")
        self._status_places, switching = places("status")
        links = list(dict.fromkeys([*flowing, *switching]))
        self._flow_links = [self._link(name) for name in links]
        self._flow_of = np.array([links.index(name) for name in flowing], dtype=np.intp)
        self._status_of = np.array([links.index(name) for name in switching], dtype=np.intp)

    def set_demands(self, multipliers: Values) -> None:
        """Set the demand multipliers of DMAs, in the order of `network.profiled`; shape (DMAs,)."""
        for pattern, multiplier in zip(self._patterns, multipliers, strict=True):
            epanet.EN_setpatternvalue(self._project, pattern, 1, float(multiplier))

    def impose(self, values: Values) -> None:
        """Put tanks, pumps and valves where a frame shows them; the clock stays.

        Parameters
        ----------
        values : ndarray of shape (tags,)
            Levels beyond a tank's rim or bottom are taken for these. A status is a setting here:
            a pump that was open and delivered nothing shows 0 and is closed.
        """
        self.fill(
            {
                self.tanks[tank]: float(values[place])
                for place, tank in zip(self._level_places, self._level_tanks, strict=True)
            }
        )
        for place, actuator in self._status_reads:
            self.write(actuator, float(values[place]))

    def fill(self, levels: Mapping[str, float]) -> None:
        """Put tanks at levels [m]; beyond the rim or bottom means at it."""
        for name, wanted in levels.items():
            tank = self.tanks.index(name)
            low, high = self._range[tank]
            # EPANET refuses a level outside the tank (error 225) and would keep the old one.
            level = min(max(wanted, low), high)
            node = self._tank_nodes[tank]
            self._must(epanet.EN_setnodevalue(self._project, node, EN.EN_TANKLEVEL, level))
            self.levels[tank] = level
        self.values[self._level_places] = self.levels[self._level_tanks]

    def write(self, actuator: str, setting: float) -> None:
        """Close (0), open (1) or set a pump's relative speed or a valve's setting [m or L/s]."""
        self.settings[actuator] = setting
        if actuator not in self.tripped:
            self._set_link(self._links[actuator], setting)

    def _set_link(self, link: int, setting: float) -> None:
        if setting in (0.0, 1.0):  # STATUS 1 also puts a pump's speed back to 1
            self._must(epanet.EN_setlinkvalue(self._project, link, EN.EN_STATUS, setting))
        else:
            self._must(epanet.EN_setlinkvalue(self._project, link, EN.EN_SETTING, setting))

    def _read_levels(self) -> None:
        # A tank's level is its pressure; EN_TANKLEVEL reads back the initial one.
        self.levels[:] = self._at_nodes(self._tank_nodes, EN.EN_PRESSURE)
        self.values[self._level_places] = self.levels[self._level_tanks]

    def solve(self) -> None:
        """Solve the network as it stands now and read every flow, status and pressure.

        Raises
        ------
        PlantError
            If EPANET cannot solve it.
        """
        code = epanet.EN_runH(self._project)[0]
        if code in _WARNINGS or self.tripped:
            code = self._protect_pumps(code)
        if code:
            if code not in _WARNINGS:
                self._must((code,))
            self.meters.warnings[_WARNINGS[code]] += 1
        project, values, read = self._project, self.values, epanet.EN_getlinkvalue
        flows = np.array([read(project, link, EN.EN_FLOW)[1] for link in self._flow_links])
        values[self._flow_places] = flows[self._flow_of]
        values[self._status_places] = flows[self._status_of] != 0.0
        values[self._pressure_places] = self._at_nodes(self._pressure_nodes, EN.EN_PRESSURE)
        self.inflows[:] = self._at_nodes(self._tank_nodes, EN.EN_DEMAND)
        self._unmet = self._unmet_demand(code)
        self._power = 0.0
        for i, link in enumerate(self._pumps):
            power = min(read(project, link, EN.EN_ENERGY)[1], self._most_power[i])
            runs = power > 0.0
            self.meters.starts += runs and not self._running[i]
            self._running[i] = runs
            self._power += power

    def _protect_pumps(self, code: int) -> int:
        """Let pumps start that need not stand any more, stop those that run dry; solve anew.

        One pump that stops changes what reaches the others: it goes on until none runs dry.
        """
        project = self._project
        for name, link, suction in self._stations:
            waited = self.time - self.tripped.get(name, self.time) >= _STANDSTILL
            if waited and self._at_nodes([suction], EN.EN_PRESSURE)[0] >= _RESTART:
                del self.tripped[name]
                self._set_link(link, self.settings.get(name, 1.0))
                code = epanet.EN_runH(project)[0]
        while True:
            dry = [
                (name, link)
                for name, link, suction in self._stations
                if epanet.EN_getlinkvalue(project, link, EN.EN_FLOW)[1] != 0.0
                and self._at_nodes([suction], EN.EN_PRESSURE)[0] < 0.0
            ]
            if not dry:
                return code
            for name, link in dry:
                self.tripped[name] = self.time
                self._must(epanet.EN_setlinkvalue(project, link, EN.EN_STATUS, 0.0))
            code = epanet.EN_runH(project)[0]

    def advance(self, limit: int) -> None:
        """Move on by `limit` seconds, or less where EPANET finds a tank full or empty first."""
        if limit != self._step:
            self._must(epanet.EN_settimeparam(self._project, EN.EN_HYDSTEP, limit))
            self._step = limit
        code, seconds = epanet.EN_nextH(self._project)
        self._must((code,))
        before = self.levels.copy()
        self.time += seconds
        self._read_levels()
        meters = self.meters
        full = self._spills & (self.levels >= self._rim) & (self.inflows > 0.0)
        if full.any():
            arrived = self.inflows * (seconds / 1000.0)
            stored = self._area * (self.levels - before)
            for i, (level, volume) in self._curves.items():
                ends = np.interp([before[i], self.levels[i]], level, volume)
                stored[i] = ends[1] - ends[0]
            spilled = np.maximum(arrived - stored, 0.0)
            meters.overflow += np.where(full, spilled, 0.0)
        low = before <= self._bottom
        if low.any():
            meters.empty += np.where(low, seconds, 0.0)
        meters.unmet += self._unmet * seconds / 1000.0
        meters.energy += self._power * seconds / 3600.0

    def rates(self) -> Values:
        """Return how fast each tank's level rises since the last solution [m/s]; (tanks,)."""
        area = self._area
        if self._curves:
            area = area.copy()
            for i, (level, volume) in self._curves.items():
                # Of the piece of the curve that holds the level.
                after = int(np.searchsorted(level[1:-1], self.levels[i], "right")) + 1
                area[i] = (volume[after] - volume[after - 1]) / (level[after] - level[after - 1])
        return np.asarray(self.inflows / 1000.0 / area)

    def _unmet_demand(self, code: int) -> float:
        """Return the demand that is not delivered now [L/s]."""
        if self._pressure_driven:
            # EN_DEFICIENTNODES would be cheaper to ask, but EN_getstatistic crashes epanet-plus.
            return float(self._of_all_nodes(EN.EN_DEMANDDEFICIT).clip(min=0.0).sum())
        if not code:
            return 0.0
        demand = self._of_all_nodes(EN.EN_DEMAND)
        demand[np.array(self._tank_nodes) - 1] = 0.0
        return float(demand[(self._of_all_nodes(EN.EN_PRESSURE) < 0.0) & (demand > 0.0)].sum())

    def _at_nodes(self, nodes: list[int], what: int) -> list[float]:
        project, read = self._project, epanet.EN_getnodevalue
        return [read(project, node, what)[1] for node in nodes]

    def _of_all_nodes(self, what: int) -> Values:
        return np.asarray(epanet.EN_getnodevalues_NPY(self._project, what)[1], dtype=float)

    def _node(self, name: str) -> int:
        code, index = epanet.EN_getnodeindex(self._project, name)
        self._must((code,))
        return int(index)

    def _link(self, name: str) -> int:
        code, index = epanet.EN_getlinkindex(self._project, name)
        self._must((code,))
        return int(index)

    def _must(self, result: tuple[int, ...]) -> None:
        code = result[0]
        if code >= 100:
            reason = str(epanet.EN_geterror(code)[1]).strip()
            raise PlantError(f"EPANET stopped at {self.time / 3600:.2f} h: {reason} (error {code})")

    def close(self) -> None:
        """Give the engine and its temporary files back."""
        if self._project is not None:
            epanet.EN_closeH(self._project)
            epanet.EN_close(self._project)
            self._engine.deleteproject()
            self._project = None
            self._folder.cleanup()
