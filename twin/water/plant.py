"""The water: EPANET stepped from the WNTR model, in BATADAL's units.

The model it steps is built in `model.py`; dry-run protection is in `pumps.py`, leaks, stuck links
and wear in `disturbance.py`, the water balance in `balance.py`, EPANET's calls in `engine.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import epanet
import numpy as np
from epanet_plus import EpanetConstants as EN
from numpy.typing import NDArray

from twin.closeable import Closing
from twin.plants.spec import PlantSpec
from twin.state import State
from twin.tags import Values
from twin.units import HOUR
from twin.water.balance import COST, ENERGY, STARTS, STORED, Gauges, Meters
from twin.water.disturbance import Disturbances, check_hold, check_wear
from twin.water.engine import WARNINGS, Engine
from twin.water.model import Physics, stepped
from twin.water.pumps import Pumps
from twin.water.tanks import Tanks

VALVE_UNITS = {"FCV": 1000.0}  # what a valve's setting in WNTR's units [m³/s] is in ours [L/s]
_NUDGE = 1e-6


def valve_setting(kind: str, setting: float) -> float:
    """Return a setting of a valve of some type as `Plant.write` takes it.

    There 0 is closed and 1 open: a valve set to so many metres is set a thousandth of a millimetre
    higher. An FCV that lets 0 L/s through is closed.
    """
    if setting == 0.0 and kind == "FCV":
        return 0.0
    return setting + _NUDGE if setting in (0.0, 1.0) else setting


def initial_setting(link: Any) -> float:
    """Return a WNTR link's initial setting, as `Plant.write` takes it."""
    if str(link.initial_status) == "Closed":
        return 0.0
    speed = link.base_speed if link.link_type == "Pump" else None
    if speed is not None:
        return float(speed if link.initial_setting is None else link.initial_setting)
    if str(link.initial_status) != "Active" or link.valve_type == "GPV":  # its setting is a curve
        return 1.0
    setting = float(link.initial_setting) * VALVE_UNITS.get(link.valve_type, 1.0)
    return valve_setting(link.valve_type, setting)


class Plant(Closing):
    """A network's water, stepped.

    A step is: writes, `solve`, `advance`. Levels are known before a solution, flows and pressures
    after it.

    Parameters
    ----------
    spec : PlantSpec
    clock : int
        Seconds since Sunday, midnight, at which it starts: the first day of patterns is a Sunday.
    pressure_driven : bool
        Whether junctions take less where pressure is below `required_pressure`, or always their
        demand.
    required_pressure : float, optional
        In metres; by default the plant's own.
    accuracy : float, optional
        Change of flow, relative to all flow, at which EPANET counts a solution as found; by
        default network.inp's.

    Attributes
    ----------
    values : ndarray of shape (tags,)
        True value of every tag: level and pressure [m], flow [L/s], status [0/1].
    settings : dict of str to float
        The last command of each link that a PLC drives.
    tanks : tuple of str
    levels, inflows : list of float
        By tank: level [m] now, net inflow [L/s] at the last solution.
    meters : Meters
    """

    def __init__(
        self,
        spec: PlantSpec,
        *,
        clock: int = 0,
        pressure_driven: bool = False,
        required_pressure: float | None = None,
        accuracy: float | None = None,
    ):
        self.spec = spec
        required_pressure = required_pressure or spec.required_pressure
        physics = Physics(clock, pressure_driven, required_pressure, accuracy)
        model, inp = stepped(spec, physics)
        self._engine = Engine(inp, spec.folder.name, spec.step)
        self._patterns = [self._engine.pattern(f"{dma}-now") for dma in spec.profiled]
        self._shapes = Tanks(model)
        self.tanks = self._shapes.names
        self._tank_nodes = [self._engine.node(name) for name in self.tanks]
        self.levels = [float(tank.init_level) for _, tank in model.tanks()]
        self.inflows = [0.0] * len(self.tanks)
        self._held = self._shapes.held(self.levels)
        self.meters = Meters(self.tanks, spec.dmas)
        self._map_tags()
        self._gauges = Gauges(self._engine, spec, model, self.meters, pressure_driven)
        self._links: dict[str, int] = {}
        driven = [name for plc in spec.plcs.values() for name in plc.actuators]
        self._status_reads = [
            (place, tag.element)
            for place, tag in enumerate(spec.tags)
            if tag.quantity == "status" and tag.element in driven
        ]
        self._disturbances = Disturbances(self._engine, spec.model)
        self._pumps = Pumps(self._engine, model, self._put, spec.wiring.dry_run_protection)
        self._code = 0
        self._shut: dict[str, tuple[int, int, float]] = {}  # tank, way and inflow when it was shut
        self.settings = {name: initial_setting(model.get_link(name)) for name in driven}
        for name, setting in self.settings.items():
            self.write(name, setting)

    def _map_tags(self) -> None:
        def places(quantity: str) -> tuple[NDArray[np.intp], list[str]]:
            tags = enumerate(self.spec.tags)
            found = [(place, tag.element) for place, tag in tags if tag.quantity == quantity]
            return np.array([place for place, _ in found], dtype=np.intp), [
                name for _, name in found
            ]

        self._level_places, tanks = places("level")
        self._level_tanks = [self.tanks.index(name) for name in tanks]
        pressure_places, nodes = places("pressure")
        self._pressure_nodes = [self._engine.node(name) for name in nodes]
        flow_places, flowing = places("flow")
        status_places, switching = places("status")
        self._solved = np.concatenate([flow_places, status_places, pressure_places])
        self._flows = len(flowing)
        links = [*flowing, *(name for name in switching if name not in flowing)]
        self._flow_links = [self._engine.link(name) for name in links]
        self._status_of = [links.index(name) for name in switching]
        self.values: Values = np.full(len(self.spec.tags), np.nan)
        self._show_levels()

    def _show_levels(self) -> None:
        levels = self.levels
        self.values[self._level_places] = [levels[tank] for tank in self._level_tanks]

    @property
    def time(self) -> int:
        """Seconds since the plant's start."""
        return self._engine.time

    @property
    def tripped(self) -> dict[str, int]:
        """Pumps that their dry-run protection has stopped, and since when [s]; see `Pumps`."""
        return self._pumps.tripped

    def set_demands(self, multipliers: Values) -> None:
        """Set the demand multipliers of DMAs, in the order of `spec.profiled`; shape (DMAs,)."""
        project = self._engine.project
        for pattern, multiplier in zip(self._patterns, multipliers, strict=True):
            epanet.EN_setpatternvalue(project, pattern, 1, float(multiplier))
        self._gauges.look_again()

    def impose(self, values: Values) -> None:
        """Set tanks, pumps and valves to what a frame shows; the clock stays.

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
        """Put tanks at levels [m]; beyond the rim or bottom means at it. No meter counts it."""
        for name, wanted in levels.items():
            tank = self.tanks.index(name)
            # EPANET refuses a level outside the tank (error 225) and would keep the old one.
            level = min(max(wanted, self._shapes.lowest[tank]), self._shapes.highest[tank])
            self._engine.set_node(self._tank_nodes[tank], EN.EN_TANKLEVEL, level)
            self.levels[tank] = level
        self._show_levels()
        self._held = self._shapes.held(self.levels)

    def start_afresh(self) -> None:
        """Go on from the levels and settings of now, as a plant does that was just opened there.

        EPANET starts each solution from the flows of the last one, which nobody can set: after
        this, the next ones depend on nothing that was solved before. Levels are then as far from
        what they would have been as the solver's accuracy allows, .005 mm in C-Town after an hour.
        """
        shut = {name: why for name, why in self._shut.items() if name not in self.settings}
        for name in self._shut.keys() - shut.keys():
            self._engine.unshut(self._link(name))
        self.fill(dict(zip(self.tanks, self.levels, strict=True)))
        self._engine.restart()
        for name in (*self.settings, *sorted(self._disturbances.links - self.settings.keys())):
            self._put(name)
        for name in shut:  # not opened for a look: see `_find`
            self._engine.shut(self._link(name))
        self._shut = shut
        for name in self.tripped:
            self._engine.set_link(self._link(name), 0.0)
        self.meters.rates[:] = 0.0
        self._gauges.start_afresh()

    def state(self) -> State:
        """Return what it needs to go on from, with `start_afresh`; disturbances are not in it."""
        return {
            "time": self.time,
            "levels": list(self.levels),
            "values": self.values.tolist(),
            "settings": dict(self.settings),
            "shut": {name: list(why) for name, why in self._shut.items()},
            "pumps": self._pumps.state(),
            "meters": self.meters.state(),
        }

    def restore(self, state: State) -> None:
        """Take over a state of a plant like this one; `start_afresh` then goes on from it."""
        self._engine.time = state["time"]
        self.levels = list(state["levels"])
        self.values[:] = state["values"]
        self.settings.update(state["settings"])
        self._shut = {name: tuple(why) for name, why in state["shut"].items()}
        self._pumps.restore(state["pumps"])
        self.meters.restore(state["meters"])

    def check(self, levels: Mapping[str, float]) -> None:
        """Raise InputError if there is no such tank, or it holds no such level [m]."""
        self._shapes.check(levels)

    def write(self, actuator: str, setting: float) -> None:
        """Close (0), open (1) or set a pump's relative speed or a valve's setting [m or L/s]."""
        self.settings[actuator] = setting
        self._put(actuator)

    def _put(self, name: str) -> None:
        """Set a link in EPANET: its command, unless a disturbance or a trip overrides it."""
        self._shut.pop(name, None)
        if name not in self.tripped:
            setting = self._disturbances.setting(name, self.told(name))
            self._engine.set_link(self._link(name), setting)

    def _link(self, name: str) -> int:
        if name not in self._links:
            self._links[name] = self._engine.link(name)
        return self._links[name]

    def told(self, link: str) -> float:
        """Return a link's last command, or its initial setting in network.inp."""
        command = self.settings.get(link)
        return initial_setting(self.spec.model.get_link(link)) if command is None else command

    def leak(self, name: str, area: float, cause: object = None) -> None:
        """Open a leak at a junction or a pipe, or close it.

        Half of a pipe's leak lies at either end (see `twin.water.disturbance.leak_points`).

        Parameters
        ----------
        name : str
        area : float
            Of the hole [m²]; 0 closes it. A burst is a large one.
        cause : object, optional
            Whose leak it is: those of several causes add up.

        Raises
        ------
        InputError
            If there is no such junction or pipe.
        """
        self._disturbances.leak(name, area, cause)

    def demand(
        self, nodes: Iterable[str], factor: float, extra: float, cause: object = None
    ) -> None:
        """Let junctions draw more, or less.

        Parameters
        ----------
        nodes : iterable of str
            Junctions.
        factor : float
            On their own demands. With 1, and no extra, they draw as ever.
        extra : float
            Constant, added to all of them together [L/s], in proportion to their base demands, or
            evenly where none has any.
        cause : object, optional
            Factors of several causes multiply, extras add up.

        Raises
        ------
        InputError
            If there is no such junction.
        """
        self._disturbances.demand(nodes, factor, extra, cause)
        self._gauges.surges = self._disturbances.surges()
        self._gauges.look_again()

    def hold(self, link: str, setting: float, cause: object = None) -> None:
        """Keep a pump, valve or pipe at a setting, whatever its PLC commands, until `release`.

        A pump that is held open and runs dry is still stopped by its protection.

        Parameters
        ----------
        link : str
        setting : float
            As `write` takes it; a pipe is closed (0) or open (1).
        cause : object, optional
            Where several hold it, the later one does.

        Raises
        ------
        InputError
            If there is no such link, or it has no such setting.
        """
        check_hold(self.spec.model, link, setting)
        self._disturbances.hold(link, setting, cause)
        self._put(link)

    def release(self, link: str, cause: object = None) -> None:
        """Let a link that is held follow its commands again."""
        self._disturbances.release(link, cause)
        self._put(link)

    def wear(self, pump: str, factor: float, cause: object = None) -> None:
        """Let a pump turn at `factor` of the speed that is commanded; 1 repairs it.

        Raises
        ------
        InputError
            If there is no such pump, or its power is all that is known of it.
        """
        check_wear(self.spec.model, pump)
        self._disturbances.wear(pump, factor, cause)
        self._put(pump)

    def solve(self) -> None:
        """Solve the network as it stands now and read every flow, status and pressure.

        Raises
        ------
        PlantError
            If EPANET cannot solve it.
        """
        engine, meters = self._engine, self.meters
        self._code = code = self._find()
        if code:
            meters.warnings[WARNINGS[code]] += 1
        flows = engine.at_links(self._flow_links, EN.EN_FLOW)
        statuses = [flows[i] != 0.0 for i in self._status_of]
        pressures = engine.at_nodes(self._pressure_nodes, EN.EN_PRESSURE)
        self.values[self._solved] = [*flows[: self._flows], *statuses, *pressures]
        meters.rates[ENERGY], meters.rates[COST], starts = self._pumps.measure()
        if starts:
            meters.count(STARTS, starts)

    def _find(self) -> int:
        """Let EPANET solve until no pump runs dry, no empty tank gives and no full one takes water.

        EPANET lets water out of an empty tank while less than .15 mm of head is lost on the way,
        does not see that a tank will be empty or full within half a second, and lets water into a
        full one that does not spill where its volume misses the exact number: what flows out of the
        one and into the other is shut here, until the tank is that no more, or the heads at both
        ends say that water would flow the other way. To open it for a look would leave EPANET
        where it may find no more than a false solution: a pump of constant power without flow.

        Returns
        -------
        int
            EPANET's code.
        """
        engine, shapes = self._engine, self._shapes
        opened: set[str] = set()
        code = engine.run()
        while True:
            self.inflows = engine.at_nodes(self._tank_nodes, EN.EN_DEMAND)
            beyond = shapes.beyond(self._held, self.inflows)
            wrong = {
                name: (tank, way, self.inflows[tank])
                for tank, way in beyond.items()
                for name, inward in shapes.links[tank]
                if name not in self._shut
                and engine.at_links([self._link(name)], EN.EN_FLOW)[0] * inward * way > 0.0
            }
            free = [name for name in self._shut if name not in opened and self._may_open(name)]
            if not wrong and not free:
                # Pumps are looked at once tanks are settled: a shut pipe changes their suction.
                tripped = set(self.tripped)
                code = self._pumps.protect(code)
                if tripped == set(self.tripped):
                    return code
                continue
            for name in wrong:
                engine.shut(self._link(name))
            self._shut |= wrong
            for name in free:
                del self._shut[name]
                if not engine.unshut(self._link(name)):
                    self._put(name)
            opened.update(free)
            code = engine.run()

    def _may_open(self, name: str) -> bool:
        """Return whether a link that is shut at a full or an empty tank may be opened again."""
        tank, way, inflow = self._shut[name]
        flows = [0.0] * len(self.tanks)
        flows[tank] = inflow
        if not self._shapes.beyond(self._held, flows):
            return True
        link = self.spec.model.get_link(name)
        if link.link_type == "Pump":
            return False
        ends = [self._engine.node(end) for end in (link.start_node_name, link.end_node_name)]
        ends.remove(self._tank_nodes[tank])
        there, here = self._engine.at_nodes([*ends, self._tank_nodes[tank]], EN.EN_HEAD)
        return (there - here) * way < 0.0

    def advance(self, limit: int) -> None:
        """Move on by `limit` seconds, or less where EPANET finds a tank full or empty first."""
        engine, meters = self._engine, self.meters
        self._gauges.read(self._code, self._disturbances.leaking.values())
        seconds = engine.advance(limit)
        shapes, before, held = self._shapes, self.levels, self._held
        # A tank's level is its pressure; EN_TANKLEVEL reads back the initial one.
        self.levels = engine.at_nodes(self._tank_nodes, EN.EN_PRESSURE)
        self._show_levels()
        self._held = shapes.held(self.levels)
        meters.count(STORED, sum(self._held) - sum(held))
        if shapes.spill(self.levels):
            gained = np.subtract(self._held, held)
            meters.overflow += shapes.spilled(gained, self.inflows, self.levels, seconds)
        if shapes.stand_empty(before):
            meters.empty += np.where(shapes.empty(before), seconds / HOUR, 0.0)
        meters.go_on(seconds)

    def rates(self) -> list[float]:
        """Return how fast each tank's level rises since the last solution [m/s]."""
        return self._shapes.rates(self.levels, self.inflows)

    def close(self) -> None:
        """Give the engine and its temporary files back."""
        self._engine.close()
