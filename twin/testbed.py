"""The testbed: a plant, its control system and a historian on one SimPy clock."""

from __future__ import annotations

import copy
import heapq
import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import simpy

from twin.closeable import Closing
from twin.control.operator import Operator
from twin.control.orders import Answer, Order
from twin.control.system import ControlSystem
from twin.control.taps import TapPoint
from twin.errors import InputError, under
from twin.plants.spec import PlantSpec
from twin.records.historian import Event, Historian
from twin.state import State
from twin.tags import Frame, Values
from twin.units import DAY, HOUR, time_of_day
from twin.water.demand import Demand, Hours
from twin.water.plant import Plant

START = datetime(2026, 1, 5)  # a Monday

Watcher = Callable[[float, Values], None]
"""Called at every instant, before PLCs scan, with the time [s] and the true values: levels of now,
the rest of the last solution."""


class Testbed(Closing):
    """A plant under its control system, ready to run once.

    It is the clock, and it sets the order of six calls at each instant: `ControlSystem.sense` (the
    levels), `.exchange` (between PLCs), `.scan` (rules, then actuators), `Plant.solve`, `.sense`
    (all other tags) and, where SCADA is due, `Scada.poll`.

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
        Pressure-driven, what a junction needs to take all of its demand [m]; by default the
        plant's own.
    levels : mapping of str to float, optional
        Levels of tanks [m] at the start, after the warm-up.
    demand : Hours, optional
        Of every hour from the start on, in place of what is drawn.
    orders : sequence of Order, optional
        What the operator writes to PLCs, and when.
    answers : sequence of Answer, optional
        What the operator writes once SCADA shows something.
    folder : Path, optional
        Where the historian writes; by default it keeps its tables in memory.
    state : State, optional
        What `state` returned of a testbed with the same arguments, but for the folder and, in the
        warm-up, `levels`, `demand` and `orders`: it goes on from there, and records from there on.

    Attributes
    ----------
    demand : Hours or None
        Where every hour's demands come from; None where they follow their own patterns.
    control : ControlSystem
        Its parts are attributes of the testbed too: `plcs`, `sensors`, `links`, `actuators`,
        `scada`.
    operator : Operator
        Whoever writes orders; `operator.give` takes one while the run goes on.
    observers : list of Watcher
        Each is called first at every instant: it sees how the last one ended, and changes nothing.
    actors : list of Watcher
        Each is called next, in order, and may attack: it changes the plant, PLCs or taps.
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
        required_pressure: float | None = None,
        levels: Mapping[str, float] | None = None,
        demand: Hours | None = None,
        orders: Sequence[Order] = (),
        answers: Sequence[Answer] = (),
        folder: Path | None = None,
        state: State | None = None,
    ):
        if warmup % HOUR:
            raise InputError(f"warmup must be whole hours, not {warmup:g} s")
        self.spec, self.seed, self.start = spec, seed, start
        self.warmup = int(warmup)
        self.pressure_driven, self.required_pressure = pressure_driven, required_pressure
        self._levels, self._played = dict(levels or {}), demand
        self._beside: list[Closing] = []
        self.recording = True
        self.env = simpy.Environment(-self.warmup)
        first = start - timedelta(seconds=self.warmup)
        self.demand: Hours | None = None
        if spec.profiled and (demand is None or self.warmup):
            self.demand = Demand(spec.profile, spec.profiled, first, seed)
        self.plant = Plant(
            spec,
            clock=int(first.isoweekday() % 7 * DAY + time_of_day(first)),
            pressure_driven=pressure_driven,
            required_pressure=required_pressure,
        )
        self._end = 0
        self._tripped: set[str] = set()
        self._planned, self._crossing = -self.warmup, -self.warmup - 1
        self._wakes: list[int] = []
        self.observers: list[Watcher] = []
        self.actors: list[Watcher] = []
        self._orders = tuple(orders)
        midnight = int(time_of_day(start))
        try:
            self.control = control = ControlSystem(
                spec,
                self.plant,
                self.env,
                seed=seed,
                midnight=midnight,
                wake=self.wake,
                log=self.log,
            )
            self.sensors, self.plcs, self.links = control.sensors, control.plcs, control.links
            self.actuators, self.scada = control.actuators, control.scada
            self.operator = Operator(self.scada, orders, answers, midnight)
            self._check_start()
        except InputError:
            self.plant.close()
            raise
        names = [f"{plc}.{tag}" for plc in self.plcs for tag in self.plcs[plc].memory.tags]
        self.historian = Historian(spec.tag_names, names, self.plant.meters.columns, folder)
        self.scada.subscribers.append(self._record_view)
        if self.operator.answers:
            self.scada.subscribers.append(self.operator.see)
        if state is not None:
            self.restore(state)

    def points(self, name: str, outputs: bool = False) -> list[TapPoint]:
        """Return the tap points that a port has; see `twin.control.ports.points_of`."""
        return self.control.points(name, outputs)

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
            orders=[order for order in self._orders if not order.by],
        )
        self.close_with(beside)
        return beside

    def close_with(self, other: Closing) -> None:
        """Close another when this one is closed."""
        self._beside.append(other)

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
        self._end = int(duration)
        water = self.env.process(self._water())
        try:
            while self.env.now < self._end:
                self.env.run(until=min(self.env.now + every(), self._end))
                yield float(self.env.now)
            self.env.run(until=water)
        finally:
            self.close()

    def end_at(self, end: int) -> None:
        """Let a run that goes on end at `end` [s], which is ahead."""
        self._end = end

    def state(self) -> State:
        """Return what it needs to go on from the instant that comes next, in plain values.

        A caller of `run` may ask for it at the start of the scenario and every 24 h from there,
        where EPANET starts afresh. What entries do is not in it.

        Raises
        ------
        ValueError
            At another time, or where an actor may have changed anything.
        """
        now = int(self.env.now)
        if not self._is_fresh(now):
            raise ValueError(f"a state is of a day's beginning, not of {now} s")
        if self.actors:
            raise ValueError("a state is of a testbed on which nothing acts")
        drawn = self.demand if isinstance(self.demand, Demand) else None
        return {
            "time": now,
            "demand": None if drawn is None else drawn.state(),
            "plant": self.plant.state(),
            "control": self.control.state(),
            "tripped": sorted(self._tripped),
            "planned": [self._planned, self._crossing],
            "operator": self.operator.state(),
            "events": [list(astuple(event)) for event in self.historian.events],
        }

    def restore(self, state: State) -> None:
        """Go on from a state, of a testbed that has not run yet."""
        if state["time"] > self.env.now:
            self.env.run(until=state["time"])  # nothing is scheduled yet: the clock is put forward
        if self._played is not None and state["time"] > 0:
            self.demand = copy.deepcopy(self._played)
            for _ in range(0, state["time"], int(HOUR)):
                self.demand.next_hour()
        elif isinstance(self.demand, Demand):
            self.demand.restore(state["demand"])
        self.plant.restore(state["plant"])
        self.control.restore(state["control"])
        self._tripped.update(state["tripped"])
        self._planned, self._crossing = state["planned"]
        self.operator.restore(state["operator"])
        self.historian.events[:] = [Event(*event) for event in state["events"]]

    @staticmethod
    def _is_fresh(now: float) -> bool:
        """Return whether EPANET starts afresh at `now` [s]."""
        return now >= 0 and now % DAY == 0

    def impose(self, values: Values) -> None:
        """Go on from what a frame shows: levels, pumps, valves and their PLCs' coils.

        Parameters
        ----------
        values : ndarray of shape (tags,)
            The frame, each tag in its unit. An actor calls it, so that PLCs scan it at once.
        """
        self.plant.impose(values)
        self.control.take_settings()

    def _water(self) -> Generator[simpy.Event, None, None]:
        """Step through instants: those that are due, and those of `Crossings` and the engine."""
        plant, control, env = self.plant, self.control, self.env
        step, polling = self.spec.step, self.spec.polling
        yield env.timeout(0.0)  # after what arrives at this very time
        while env.now < self._end:
            now = int(env.now)
            if now == 0:
                self._begin()
            if self._is_fresh(now):
                plant.start_afresh()
            if self.demand is not None and now % 3600 == 0:
                plant.set_demands(self.demand.next_hour())
            for order in self.operator.due(now):
                control.write(now, order)
            for observe in self.observers:
                observe(now, plant.values)
            for act in self.actors:
                act(now, plant.values)
            control.sense(now, levels=True)
            control.exchange(now)
            control.scan(now, now == self._crossing or now != self._planned)
            plant.solve()
            self._log_trips(now)
            control.sense(now, levels=False)
            if now == 0:
                plant.meters.restart()
            if self.recording and now >= 0 and now % step == 0:
                self._record_truth(now)
            if now % polling == 0:
                self.scada.poll(now)
            ahead = control.until_crossing(now)
            due = self._due(now)
            self._planned, self._crossing = now + due, now + ahead
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
        for plc in self.control.drivers:
            if plc.every % step:
                due = min(due, plc.every - now % plc.every)
        return due

    def _log_trips(self, now: int) -> None:
        if not self.plant.tripped and not self._tripped:
            return
        dry = set(self.plant.tripped)
        for pump in sorted(self._tripped ^ dry):
            kind = "trip" if pump in dry else "reset"
            what = "tripped: too little water reaches it" if pump in dry else "reset"
            self.log(now, kind, "plant", pump, f"{pump} {what}")
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

    def totals(self) -> dict[str, float]:
        """Return what the plant's meters have added up since the start, by column of `truth`."""
        meters = self.plant.meters
        return dict(zip(meters.columns, meters.totals().tolist(), strict=True))

    def log(self, now: float, kind: str, source: str, subject: str, what: str) -> None:
        """Keep an event of the present instant, `now` [s]; see `Event`."""
        self.historian.events.append(Event(float(now), kind, source, subject, what))

    def _record_truth(self, now: float) -> None:
        plant = self.plant
        self.historian.truth.append(now, np.concatenate([plant.values, plant.meters.totals()]))
        self.historian.plc.append(now, self.control.memories)

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
