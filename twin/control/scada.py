"""The SCADA server: it polls the PLCs, shows frames, keeps the alarm list and sends orders."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import simpy

from twin.control.alarms import Alarm, LimitAlarm, LimitWatch
from twin.control.link import Link, LinkRow
from twin.control.memory import Block, Places, Register
from twin.control.taps import TapPoint
from twin.errors import InputError, nearest
from twin.plants.equipment import Limits
from twin.state import State
from twin.tags import Frame, Quality, Reading, Values


@dataclass
class _Round:
    """PLCs that are polled equally often, and when they were polled last and before that [s]."""

    every: int
    row: LinkRow
    places: Places
    polled: float = -np.inf
    before: float = -np.inf


class Scada:
    """A SCADA server and its operator's screen.

    Parameters
    ----------
    env : simpy.Environment
    tags : sequence of str
        What it shows, in the data set's column order.
    block : Block
        In which its registers lie beside the PLCs'.
    orders : mapping of str to float
        What it sends to PLCs from the start: setpoints, and NaN for every actuator left to its PLC.
    limits : mapping of str to Limits
        Of the tags it raises alarms for.

    Attributes
    ----------
    answers, commands : tuple of Link
        From each PLC, and to each PLC that drives something.
    screen : TapPoint
        Between the server and what the operator and the detector see.
    subscribers : list of callable
        Each is given every frame.
    alarms : list of Alarm
        A detector's; those of limits are in `limits.alarms`.
    limits : LimitWatch
    detecting : set of str
        The detectors whose score is above its threshold now.
    on_limit : callable
        Called with each limit alarm when it is raised and when it is cleared.
    """

    def __init__(
        self,
        env: simpy.Environment,
        tags: Sequence[str],
        block: Block,
        orders: Mapping[str, float],
        limits: Mapping[str, Limits],
    ):
        self.env = env
        self.register = Register(tags, block)
        self.orders = Register(orders, block)
        self.orders.values[:] = list(orders.values())
        self.screen = TapPoint("scada", tags)
        self.subscribers: list[Callable[[Frame], None]] = []
        self.alarms: list[Alarm] = []
        self.detecting: set[str] = set()
        self.limits = LimitWatch(self.register.tags, limits)
        self.on_limit: Callable[[LimitAlarm], None] = lambda alarm: None
        self._all_good = np.full(len(tags), Quality.GOOD, dtype=np.int8)
        self._shown = Register(tags)
        self._new_orders = False
        self._awaited: list[int] = []
        self.connect([], [])

    def connect(self, answers: Iterable[tuple[Link, int]], commands: Iterable[Link]) -> None:
        """Connect it with its PLCs.

        Parameters
        ----------
        answers : iterable of (Link, int)
            The link from each PLC, and how often that PLC is polled [s].
        commands : iterable of Link
            The link to each PLC that drives something.
        """
        every_of = dict(answers)
        self.answers, self.commands = tuple(every_of), tuple(commands)
        self._rounds = []
        for every in sorted(set(every_of.values())):
            links = [link for link in self.answers if every_of[link] == every]
            places = self.register.places(tag for link in links for tag in link.tags)
            self._rounds.append(_Round(every, LinkRow(links, self.register.block), places))
        # However slow a link is, the next poll does not wait for its answer.
        slowest = max((link.patience for link in self.answers), default=0.0)
        self._patience = min(slowest, self._rounds[0].every - 1.0) if self._rounds else 0.0
        self._command_row = LinkRow(self.commands, self.orders.block)

    def poll(self, now: int) -> None:
        """Poll every PLC that is due at `now` [s]; show the frame once the slowest has answered."""
        for group in self._rounds:
            if now % group.every == 0:
                group.row.send(now)
                group.before, group.polled = group.polled, now
        if self._patience > 0.0:
            self._show_later(now)
        else:
            self._show(now)
        if self._new_orders or not self._command_row.is_plain:
            self._command_row.send(now)
            self._new_orders = False

    def _show_later(self, polled: int) -> None:
        self._awaited.append(polled)

        def show(_: object) -> None:
            self._awaited.remove(polled)
            self._show(polled)

        self.env.timeout(polled + self._patience - self.env.now).callbacks.append(show)

    def state(self) -> State:
        """Return when it polled, which frames are still to be shown, and its limit alarms."""
        return {
            "rounds": [[group.polled, group.before] for group in self._rounds],
            "awaited": list(self._awaited),
            "new_orders": self._new_orders,
            "shown": self._shown.block.state(),
            "limits": self.limits.state(),
        }

    def restore(self, state: State) -> None:
        """Go on from a state, after the links have: what arrives with a frame is shown in it."""
        for group, (polled, before) in zip(self._rounds, state["rounds"], strict=True):
            group.polled, group.before = polled, before
        for polled in state["awaited"]:
            self._show_later(polled)
        self._new_orders = state["new_orders"]
        self._shown.block.restore(state["shown"])
        self.limits.restore(state["limits"])

    def write(self, name: str, value: float) -> None:
        """Write an order for its PLC, sent with the next poll and each one after it.

        Parameters
        ----------
        name : str
            An actuator, or a setpoint like `SP_PU10_open`.
        value : float
            As in `Rule.command`, NaN to leave the actuator to its PLC; a setpoint in its tag's
            unit.

        Raises
        ------
        InputError
            If no PLC takes orders of that name.
        """
        self.check(name)
        self.orders.values[self.orders.index[name]] = value
        self._new_orders = True

    def check(self, name: str) -> None:
        """Raise InputError if no PLC takes orders of that name."""
        if name not in self.orders.index:
            hint = nearest(name, self.orders.tags)
            raise InputError(f"no PLC takes {name!r}: {hint}", keys=[name])

    def raise_alarm(self, alarm: Alarm) -> None:
        """Put an alarm on the operator's list."""
        self.alarms.append(alarm)

    def _show(self, now: float) -> None:
        register = self.register
        quality = self._all_good
        for group in self._rounds:
            if not group.row.is_plain:
                arrived = register.arrived[group.places]
                late = group.places[arrived <= group.before + self._patience]
                quality = quality.copy()
                quality[late] = Quality.STALE
        values = register.values
        if math.isnan(sum(values.tolist())):  # one of them is; no array operation is as fast here
            quality = quality.copy()
            quality[np.isnan(values)] = Quality.BAD
        if register.block.any_bad:
            quality = quality.copy()
            quality[register.bad] = Quality.BAD
        for alarm in self.limits.see(now, values):
            self.on_limit(alarm)
        frame = Frame(now, register.tags, self._on_screen(now), quality)
        for subscriber in self.subscribers:
            subscriber(frame)

    def _on_screen(self, now: float) -> Values:
        if not self.screen.taps:
            self._shown.values[:] = self.register.values  # what a tap leaves out stays as it is
            return self.register.values.copy()
        numbers = zip(self.register.tags, self.register.values.tolist(), strict=True)
        for late in self.screen.tamper([Reading(now, tag, value) for tag, value in numbers], now):
            self._shown.take(self.env, late)
        return self._shown.values.copy()
