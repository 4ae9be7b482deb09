"""The whole twin on one SimPy clock: plant, sensors, PLCs, links, SCADA, historian."""

from __future__ import annotations

import copy
import heapq
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import simpy

from twin.closeable import Closing
from twin.control.alarms import LimitAlarm
from twin.control.crossings import Crossings
from twin.control.devices import Actuator, Instruments, Sensor
from twin.control.link import Bundle, Link
from twin.control.memory import Block, Places, Register
from twin.control.orders import Order
from twin.control.plc import Plc
from twin.control.ports import named
from twin.control.scada import Scada
from twin.control.taps import TapPoint
from twin.errors import InputError, under
from twin.plants.spec import PlantSpec
from twin.records.historian import Event, Historian
from twin.seeds import Draws, generator
from twin.tags import Frame, Values
from twin.units import DAY, HOUR, time_of_day
from twin.water.demand import Demand, Hours
from twin.water.plant import REQUIRED_PRESSURE, Plant

START = datetime(2026, 1, 5)  # a Monday
Wiring = tuple[Places, Places]


class Testbed(Closing):
    """A plant under its control system, ready to run once.

    One instant goes through six calls: `Sensor.read`, `Link.send` (between PLCs), `Plc.scan`,
    `Actuator.obey`, `Plant.solve`, and, where SCADA is due, `Scada.poll`.

    Parameters
    ----------
    spec : PlantSpec
    seed : int, default 0
        Of every random stream.
    start : datetime, optional
        Of the scenario's first hour; by default Monday 2026-01-05.
    warmup : float, default 7 days
        Simulated but not recorded before the start [s], whole hours: C-Town forgets its initial
        levels in four days.
    pressure_driven : bool, default False
    required_pressure : float, optional
        Pressure-driven, what a junction needs to take all of its demand [m].
    levels : mapping of str to float, optional
        Levels of tanks [m] at the start, after the warm-up.
    demand : Hours, optional
        Of every hour from the start on, in place of what is drawn.
    orders : sequence of Order, optional
        What the operator writes to PLCs, and when.
    folder : Path, optional
        Where the historian writes; by default it keeps its tables in memory.

    Attributes
    ----------
    demand : Hours or None
        Where every hour's demands come from; None where they follow their own patterns.
    watchers : list of callable
        Each is called at every instant, before any PLC scans, with the time [s] and the true
        values (levels of now, the rest of the last solution).
    recording : bool
        Whether the historian keeps what happens.
    """

    __test__ = False  # not a test, whatever pytest thinks of its name

    def __init__(
        self,
        spec: PlantSpec,
        *,
        seed: int = 0,
        start: datetime = START,
        warmup: float = 7 * DAY,
        pressure_driven: bool = False,
        required_pressure: float = REQUIRED_PRESSURE,
        levels: Mapping[str, float] | None = None,
        demand: Hours | None = None,
        orders: Sequence[Order] = (),
        folder: Path | None = None,
    ):
        if warmup % HOUR:
            raise InputError(f"warmup must be whole hours, not {warmup:g} s")
        self.spec, self.seed, self.start = spec, seed, start
        self.warmup = int(warmup)
        self.pressure_driven, self.required_pressure = pressure_driven, required_pressure
        self._levels, self._played = dict(levels or {}), demand
        self._beside: list[Testbed] = []
        self.recording = True
        self.env = simpy.Environment(initial_time=-self.warmup)
        first = start - timedelta(seconds=self.warmup)
        self._clock = int(time_of_day(start))
        self.demand: Hours | None = None
        if spec.profiled:
            self.demand = Demand(spec.profile, spec.profiled, first, seed)
        self.plant = Plant(
            spec,
            clock=int(first.isoweekday() % 7 * DAY + time_of_day(first)),
            pressure_driven=pressure_driven,
            required_pressure=required_pressure,
        )
        self._tripped: set[str] = set()
        self._wakes: list[int] = []
        self.watchers: list[Callable[[float, Values], None]] = []
        self._orders = tuple(orders)
        try:
            self._build()
            self._check_start()
        except InputError:
            self.plant.close()
            raise
        names = [f"{plc}.{tag}" for plc in self.plcs for tag in self.plcs[plc].memory.tags]
        self.historian = Historian(spec.tag_names, names, self.plant.meters.columns, folder)
        self.scada.subscribers.append(self._record_view)

    def _build(self) -> None:
        spec, env = self.spec, self.env
        place = {tag.name: i for i, tag in enumerate(spec.tags)}
        by_name = {tag.name: tag for tag in spec.tags}
        tanks = self.plant.tanks.index
        levels = {t.name: tanks(t.element) for t in spec.tags if t.quantity == "level"}
        self._crossings = Crossings(self.plant, levels, self._clock)
        wiring = spec.wiring
        self.instruments = Instruments(spec.tag_names, wiring.instruments, self.seed, spec.step)
        inputs = {name: [*plc.sensors, *plc.receives] for name, plc in spec.plcs.items()}
        given = {name: plc.orders for name, plc in spec.plcs.items()}
        orders = {name: value for of_plc in given.values() for name, value in of_plc.items()}
        size = len(spec.tags) + 2 * len(orders) + sum(map(len, inputs.values()))
        self._block = Block(size)
        self.scada = Scada(env, spec.tag_names, self._block, orders, wiring.limits)
        self.scada.on_limit = self._log_limit
        self.plcs: dict[str, Plc] = {}
        self.sensors: list[Sensor] = []
        self.actuators: dict[str, Actuator] = {}
        memories = {name: Register(inputs[name], self._block) for name in spec.plcs}
        self._memories = slice(self._block.used - sum(map(len, inputs.values())), self._block.used)
        for name, plc_spec in spec.plcs.items():
            memory = memories[name]
            written = Register(given[name], self._block)
            written.values[:] = list(given[name].values())
            coils = {actuator: self.plant.settings[actuator] for actuator in plc_spec.actuators}
            self.plcs[name] = Plc(plc_spec, memory, written, coils)
            self.sensors += [Sensor(env, by_name[t], place[t], memory) for t in plc_spec.sensors]
            for actuator, setting in coils.items():
                self.actuators[actuator] = Actuator(actuator, self.plant, setting, self.wake)
        self._drivers = {name: plc for name, plc in self.plcs.items() if plc.coils}
        self.links: list[Link] = []
        for name, plc in self.plcs.items():
            for sender in dict.fromkeys(plc.spec.receives.values()):
                tags = [tag for tag, source in plc.spec.receives.items() if source == sender]
                source = self.plcs[sender].memory
                self.links.append(self._link(f"{sender}->{name}", tags, source, plc.memory))
        for name, plc in self.plcs.items():
            plc_spec, shown = plc.spec, self.scada.register
            answer = self._link(f"{name}->SCADA", plc_spec.sensors, plc.memory, shown)
            self.scada.links.append((answer, plc_spec.polling))
            if plc.coils:
                command = self._link(f"SCADA->{name}", given[name], self.scada.orders, plc.orders)
                self.scada.commands.append(command)

    def _link(self, name: str, tags: Iterable[str], source: Register, target: Register) -> Link:
        medium = self.spec.wiring.links[name]
        stream = generator(self.seed, f"link:{name}")
        draws = Draws(lambda rows: stream.random((rows, 2 + 2 * medium.retries)), self.spec.step)
        return Link(self.env, f"link:{name}", tags, source, target, medium, draws)

    def points(self, name: str, outputs: bool = False) -> list[TapPoint]:
        """Return the tap points a port names; see `twin.control.ports.named`."""
        wires = [sensor.wire for sensor in self.sensors]
        answers = [link for link, _ in self.scada.links]
        everything: list[TapPoint] = [*self.sensors, *wires, *self.links, *answers]
        everything += [*self.scada.commands, *self.actuators.values(), self.scada.screen]
        return named(name, everything, self.plcs, outputs)

    def without_attacks(self, spec: PlantSpec | None = None) -> Testbed:
        """Return a testbed like this one before anything was done to it, to run beside it.

        It is closed with this one.

        Parameters
        ----------
        spec : PlantSpec, optional
            Another idea of the same plant.
        """
        beside = Testbed(
            spec or self.spec,
            seed=self.seed,
            start=self.start,
            warmup=self.warmup,
            pressure_driven=self.pressure_driven,
            required_pressure=self.required_pressure,
            levels=self._levels,
            demand=self._played,
            orders=self._orders,
        )
        self._beside.append(beside)
        return beside

    def run(self, duration: float, every: Callable[[], float] = lambda: HOUR) -> Iterator[float]:
        """Run the warm-up and then `duration` seconds.

        Yields
        ------
        float
            The simulated time [s], after as many seconds as `every` says each time, so that the
            caller can show progress, pace the run, or stop it: closing the generator keeps what
            was recorded.

        Raises
        ------
        PlantError
            If the water cannot be solved any more; what was recorded is kept.
        """
        end = int(duration)
        water = self.env.process(self._water(end))
        try:
            while self.env.now < end:
                self.env.run(until=min(self.env.now + every(), end))
                yield float(self.env.now)
            self.env.run(until=water)
        finally:
            self.close()

    def impose(self, values: Values) -> None:
        """Go on from what a frame shows: levels, pumps, valves and their PLCs' coils.

        Parameters
        ----------
        values : ndarray of shape (tags,)
            The frame, each tag in its unit; for a watcher to call, so that PLCs scan it at once.
        """
        self.plant.impose(values)
        for plc in self.plcs.values():
            for actuator in plc.coils:
                setting = self.plant.settings[actuator]
                plc.coils[actuator] = self.actuators[actuator].setting = setting

    def _water(self, end: int) -> Generator[simpy.Event, None, None]:
        """Step through instants: those that are due, and those of `Crossings` and the engine."""
        plant, env = self.plant, self.env
        step, polling = self.spec.step, self.spec.polling
        tapped = [s for s in self.sensors if s.taps or s.wire.taps]
        clean = [s for s in self.sensors if s not in tapped]
        first, rest = self._wiring(clean, levels=True), self._wiring(clean, levels=False)
        between = Bundle(self.links)
        self.scada.open()
        orders = iter(sorted(self._orders, key=lambda order: order.at))
        order = next(orders, None)
        self._tapped_drives = [a for a in self.actuators.values() if a.taps]
        planned, crossing = int(env.now), -1
        while env.now < end:
            now = int(env.now)
            if now == 0:
                self._begin()
            if self.demand is not None and now % 3600 == 0:
                plant.set_demands(self.demand.next_hour())
            while order is not None and order.at <= now:
                self._write(now, order)
                order = next(orders, None)
            for watch in self.watchers:
                watch(now, plant.values)
            self._sense(now, first, tapped, levels=True)
            between.send(now)
            self._control(now, now == crossing or now != planned)
            plant.solve()
            self._log_trips(now)
            self._sense(now, rest, tapped, levels=False)
            if now == 0:
                plant.meters.restart()
            if self.recording and now >= 0 and now % step == 0:
                self._record_truth(now)
            if now % polling == 0:
                self.scada.poll(now)
            ahead = self._crossings.ahead(now, self._drivers.values())
            crossing = now + ahead if ahead else -1
            due = self._due(now)
            planned = now + due
            plant.advance(min(due, ahead or due))
            yield env.timeout(plant.time - self.warmup - now)

    def wake(self, at: float) -> None:
        """Make `at` [s] an instant too, rounded up: something happens between two steps."""
        heapq.heappush(self._wakes, math.ceil(at))

    def _due(self, now: int) -> int:
        """Return how soon after `now` [s] a step, a scan or what wanted to be woken is due."""
        while self._wakes and self._wakes[0] <= now:
            heapq.heappop(self._wakes)
        step = self.spec.step
        due = step - now % step
        if self._wakes:
            due = min(due, self._wakes[0] - now)
        for plc in self._drivers.values():
            if plc.every % step:
                due = min(due, plc.every - now % plc.every)
        return due

    def _log_trips(self, now: int) -> None:
        if not self.plant.tripped and not self._tripped:
            return
        dry = set(self.plant.tripped)
        for pump in sorted(self._tripped ^ dry):
            words = "tripped: too little water reaches it" if pump in dry else "reset"
            self.log(now, "plant", f"{pump} {words}")
        self._tripped = dry

    def _begin(self) -> None:
        """Put the water, at the scenario's start, where the scenario says it is."""
        if self._played is not None:
            self.demand = copy.deepcopy(self._played)
        if self._levels:
            self.plant.fill(self._levels)

    def _check_start(self) -> None:
        with under("initial_levels"):
            self.plant.check(self._levels)
        if self._played is not None and not self.spec.profiled:
            raise InputError("no demand of this plant is drawn by the hour", keys=["demands"])
        for i, order in enumerate(self._orders):
            for name in order.values:
                with under("operator", i, "write"):
                    self.scada.check(name)

    def _write(self, now: int, order: Order) -> None:
        for name, value in order.values.items():
            self.scada.write(name, value)
            if now >= 0:
                self.log(now, "operator", f"{name} set to {self.spec.command(name, value)}")

    def _log_limit(self, alarm: LimitAlarm) -> None:
        if alarm.time >= 0:
            words = self.spec.passed(alarm.tag, alarm.limit, alarm.value, alarm.bound)
            if alarm.cleared is not None:
                words = f"{alarm.tag} {alarm.limit} cleared"
            self.log(alarm.time if alarm.cleared is None else alarm.cleared, "SCADA", words)

    def _control(self, now: int, crossing: bool) -> None:
        hour = (self._clock + now) % DAY / HOUR
        due = [plc for plc in self._drivers.values() if plc.is_due(now, crossing)]
        for plc in due:
            plc.scan(now, now / HOUR, hour)
        for plc in self._drivers.values() if self._tapped_drives else due:
            for actuator, command in plc.coils.items():
                drive = self.actuators[actuator]
                if drive.obey(now, command) and now >= 0:
                    words = {0.0: "closed", 1.0: "opened"}.get(drive.setting)
                    words = words or f"set to {self.spec.command(actuator, drive.setting)}"
                    own = drive.setting == command  # else what reached it is not its PLC's doing
                    self.log(now, plc.spec.name if own else drive.name, f"{actuator} {words}")

    def _wiring(self, clean: list[Sensor], levels: bool) -> Wiring:
        """Return where untapped inputs stand in the plant's values and in the block."""
        some = [s for s in clean if (s.tag.quantity == "level") == levels]
        sources = np.array([s.position for s in some], dtype=np.intp)
        places = [s.memory.start + s.memory.index[s.tag.name] for s in some]
        return sources, np.array(places, dtype=np.intp)

    def _sense(self, now: float, wiring: Wiring, tapped: list[Sensor], levels: bool) -> None:
        measured = self.instruments.show(now, self.plant.values)
        sources, places = wiring
        self._block.store(places, measured[sources], now)
        for sensor in tapped:
            if (sensor.tag.quantity == "level") == levels:
                sensor.read(now, float(measured[sensor.position]))

    def totals(self) -> dict[str, float]:
        """Return what the plant's meters have added up since the start, by column of `truth`."""
        meters = self.plant.meters
        return dict(zip(meters.columns, meters.totals().tolist(), strict=True))

    def log(self, now: float, source: str, what: str) -> None:
        """Keep an event of the present instant."""
        self.historian.events.append(Event(float(now), source, what))

    def _record_truth(self, now: float) -> None:
        self.historian.truth.append(now, self.plant.values, self.plant.meters.totals())
        self.historian.plc.append(now, self._block.values[self._memories])

    def _record_view(self, frame: Frame) -> None:
        if self.recording and frame.time >= 0:
            self.historian.scada.append(frame.time, frame.values)
            self.historian.quality.append(frame.time, frame.quality)

    def close(self) -> None:
        """Write what the historian still holds and give the engine back."""
        for beside in self._beside:
            beside.close()
        self.historian.close()
        self.plant.close()
