"""A plant's control system: sensors, PLCs, links, SCADA and actuators, built and stepped."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import simpy

from twin.control.alarms import LimitAlarm
from twin.control.crossings import Crossings
from twin.control.devices import Actuator, Instruments, Sensor, SensorRow
from twin.control.link import Link, LinkRow
from twin.control.memory import Block, Register
from twin.control.orders import Order
from twin.control.plc import Plc
from twin.control.ports import points_of
from twin.control.scada import Scada
from twin.control.taps import TapPoint
from twin.plants.spec import PlantSpec
from twin.seeds import Draws, generator
from twin.state import State
from twin.units import DAY, HOUR
from twin.water.plant import Plant

Log = Callable[[float, str, str, str, str], None]
"""Keeps an event, given its time [s], kind, source, subject and words."""


class ControlSystem:
    """The control system of one plant, between its true values and its settings.

    The way of a reading: `SensorRow.read` writes what is measured into PLCs' memories,
    `LinkRow.send` copies from memory to memory, `Plc.scan` and `Scada.poll` use what lies there. A
    row of all tags moves as one array; a tap takes its sensor or link out of the row, which then
    hands each of its readings to the tap, and detaching it puts that back.

    Parameters
    ----------
    spec : PlantSpec
    plant : Plant
    env : simpy.Environment
        Whose clock delays what arrives late.
    seed : int
        Of noise and losses.
    midnight : int
        Seconds from the last midnight to the scenario's start.
    wake : callable
        Makes a time [s] an instant too.
    log : Log

    Attributes
    ----------
    instruments : Instruments
    sensors : list of Sensor
    plcs : dict of str to Plc
    drivers : list of Plc
        Those that drive something.
    links : list of Link
        From PLC to PLC.
    scada : Scada
    actuators : dict of str to Actuator
    memories : ndarray
        What PLCs remember of their inputs now, one PLC behind the other.
    """

    def __init__(
        self,
        spec: PlantSpec,
        plant: Plant,
        env: simpy.Environment,
        seed: int,
        *,
        midnight: int,
        wake: Callable[[float], None],
        log: Log,
    ):
        self._spec, self._plant, self._env, self._seed = spec, plant, env, seed
        self._midnight, self._log = midnight, log
        wiring = spec.wiring
        self.instruments = Instruments(
            spec.tag_names, wiring.instruments, seed, spec.step, wiring.ranges
        )
        inputs = {name: [*plc.sensors, *plc.receives] for name, plc in spec.plcs.items()}
        orders = {name: plc.orders for name, plc in spec.plcs.items()}
        of_scada = {name: value for of_plc in orders.values() for name, value in of_plc.items()}
        remembered = sum(map(len, inputs.values()))
        self._block = block = Block(len(spec.tags) + 2 * len(of_scada) + remembered)
        self.scada = Scada(env, spec.tag_names, block, of_scada, spec.wiring.limits)
        self.scada.on_limit = self._log_limit
        memories = {name: Register(tags, block) for name, tags in inputs.items()}
        self.memories = block.values[block.used - remembered : block.used]
        self.plcs: dict[str, Plc] = {}
        self.actuators: dict[str, Actuator] = {}
        for name, plc in spec.plcs.items():
            written = Register(orders[name], block)
            written.values[:] = list(orders[name].values())
            coils = {actuator: plant.settings[actuator] for actuator in plc.actuators}
            self.plcs[name] = Plc(plc, memories[name], written, coils)
            for actuator, setting in coils.items():
                self.actuators[actuator] = Actuator(actuator, plant, setting, wake)
        for drive in self.actuators.values():
            drive.on_change = self._ask_every_drive
        self._ask_all = False
        self.drivers = [plc for plc in self.plcs.values() if plc.coils]
        place = {tag: i for i, tag in enumerate(spec.tags)}
        self.sensors = [
            Sensor(env, tag, place[tag], memories[name])
            for name in spec.plcs
            for tag in spec.tags
            if tag.plc == name
        ]
        levels = [s for s in self.sensors if s.tag.quantity == "level"]
        others = [s for s in self.sensors if s.tag.quantity != "level"]
        self._levels, self._others = SensorRow(levels, block), SensorRow(others, block)
        self.links = [
            self._link(sender, name, tags, memories[sender], memories[name])
            for name, plc in spec.plcs.items()
            for sender, tags in _by_sender(plc.receives).items()
        ]
        self._between = LinkRow(self.links, block)
        scada = self.scada
        answers = [
            (self._link(name, "SCADA", plc.sensors, memories[name], scada.register), plc.polling)
            for name, plc in spec.plcs.items()
        ]
        commands = [
            self._link("SCADA", plc.spec.name, plc.orders.tags, scada.orders, plc.orders)
            for plc in self.drivers
        ]
        scada.connect(answers, commands)
        tanks = {s.tag.name: plant.tanks.index(s.tag.element) for s in levels}
        self._crossings = Crossings(plant, tanks, midnight)

    def _link(
        self, sender: str, receiver: str, tags: Iterable[str], source: Register, target: Register
    ) -> Link:
        name = f"{sender}->{receiver}"
        medium = self._spec.wiring.links[name]
        stream = generator(self._seed, f"link:{name}")
        draws = Draws(lambda rows: stream.random((rows, 2 + 2 * medium.retries)), self._spec.step)
        return Link(self._env, f"link:{name}", tags, source, target, medium, draws)

    def points(self, name: str, outputs: bool = False) -> list[TapPoint]:
        """Return the tap points that a port has; see `twin.control.ports.points_of`."""
        wires = [sensor.wire for sensor in self.sensors]
        points: list[TapPoint] = [*self.sensors, *wires, *self.links, *self.scada.answers]
        points += [*self.scada.commands, *self.actuators.values(), self.scada.screen]
        return points_of(name, points, self.plcs, outputs)

    def state(self) -> State:
        """Return what it needs to go on from; taps and patches are not in it."""
        return {
            "block": self._block.state(),
            "noise": self.instruments.state(),
            "plcs": {name: plc.state() for name, plc in self.plcs.items()},
            "links": {link.name: link.state() for link in self._every_link()},
            "scada": self.scada.state(),
            "crossings": self._crossings.state(),
        }

    def restore(self, state: State) -> None:
        """Go on from a state of a control system like this one; the plant is at its own already."""
        self.instruments.restore(state["noise"])
        for name, plc in self.plcs.items():
            plc.restore(state["plcs"][name])
        self._block.restore(state["block"])
        for link in self._every_link():
            link.restore(state["links"][link.name])
        self.scada.restore(state["scada"])
        self._crossings.restore(state["crossings"])
        for name, drive in self.actuators.items():
            drive.setting = self._plant.settings[name]

    def _every_link(self) -> list[Link]:
        """Return all links, in the order in which they send at an instant."""
        return [*self.links, *self.scada.answers, *self.scada.commands]

    def sense(self, now: float, levels: bool) -> None:
        """Let PLCs measure the plant's values at `now` [s]: the levels, or else all other tags."""
        row = self._levels if levels else self._others
        row.read(now, self.instruments.show(now, self._plant.values), self.instruments.beyond)

    def exchange(self, now: float) -> None:
        """Send what PLCs tell each other at `now` [s]."""
        self._between.send(now)

    def scan(self, now: int, crossing: bool) -> None:
        """Let the PLCs that are due at `now` [s] scan, and actuators obey.

        Parameters
        ----------
        now : int
        crossing : bool
            Whether a rule's threshold is reached at this instant.
        """
        hour = (self._midnight + now) % DAY / HOUR
        due = [plc for plc in self.drivers if plc.is_due(now, crossing)]
        for plc in due:
            plc.scan(now, now / HOUR, hour)
        for plc in self.drivers if self._ask_all else due:
            for actuator, command in plc.coils.items():
                drive = self.actuators[actuator]
                if drive.obey(now, command) and now >= 0:
                    self._log_switch(now, plc, drive)
        if self._ask_all:
            self._ask_all = not all(drive.is_plain for drive in self.actuators.values())

    def _ask_every_drive(self) -> None:
        """Let every actuator be asked at each instant, as long as a tap is on any of them."""
        self._ask_all = True

    def until_crossing(self, now: int) -> int:
        """Return how soon after `now` [s] a rule is due before its PLC's next scan [s], or 0."""
        return self._crossings.ahead(now, self.drivers)

    def write(self, now: int, order: Order) -> None:
        """Give an order of the operator's to SCADA at `now` [s]."""
        for name, value in order.values.items():
            self.scada.write(name, value)
            for plc in self.drivers:
                if name in plc.orders.index:
                    plc.given[name] = now
            if now >= 0:
                by = f" ({order.by})" if order.by else ""
                what = f"{name} set to {self._spec.command(name, value)}{by}"
                self._log(now, "operator", "operator", name, what)

    def take_settings(self) -> None:
        """Set coils and actuators to what the plant's pumps and valves are set to."""
        for plc in self.plcs.values():
            for actuator in plc.coils:
                setting = self._plant.settings[actuator]
                plc.coils[actuator] = self.actuators[actuator].setting = setting

    def _log_switch(self, now: int, plc: Plc, drive: Actuator) -> None:
        actuator, setting = drive.actuator, drive.setting
        what = {0.0: "closed", 1.0: "opened"}.get(setting)
        what = what or f"set to {self._spec.command(actuator, setting)}"
        own = setting == plc.coils[actuator]  # else what reached it is not its PLC's doing
        source = plc.spec.name if own else drive.name
        self._log(now, "switch", source, actuator, f"{actuator} {what}")

    def _log_limit(self, alarm: LimitAlarm) -> None:
        if alarm.time >= 0:
            what = self._spec.passed(alarm.tag, alarm.limit, alarm.value, alarm.bound)
            if alarm.cleared is not None:
                what = f"{alarm.tag} {alarm.limit} cleared"
            now = alarm.time if alarm.cleared is None else alarm.cleared
            self._log(now, "limit", "SCADA", alarm.tag, what)


def _by_sender(receives: dict[str, str]) -> dict[str, list[str]]:
    """Return the tags a PLC receives, by the PLC that sends them."""
    tags: dict[str, list[str]] = {}
    for tag, sender in receives.items():
        tags.setdefault(sender, []).append(tag)
    return tags
