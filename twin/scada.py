"""The operator's SCADA: it polls the PLCs, shows a frame, and lists the alarms raised to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import simpy

from twin.link import Block, Bundle, Link, Register
from twin.tags import Frame, Quality


@dataclass(frozen=True, slots=True)
class Alarm:
    """A line of the operator's alarm list.

    Attributes
    ----------
    time : float
        When it was raised, seconds since the scenario's start.
    score, threshold : float
        The detector's score then, and what it exceeded.
    tags : tuple of str
        Those that explain it, most telling first.
    plc : str
        The PLC that measures most of what explains it.
    """

    time: float
    score: float
    threshold: float
    tags: tuple[str, ...]
    plc: str


class Scada:
    """A SCADA server and its operator's screen.

    Parameters
    ----------
    env : simpy.Environment
    tags : sequence of str
        What it shows, in the data set's column order.
    block : Block
        The memory its register shares with the PLCs'.

    Attributes
    ----------
    links : list of Link
        One from each PLC.
    subscribers : list of callable
        Each is given every frame.
    alarms : list of Alarm
    """

    def __init__(self, env: simpy.Environment, tags: Sequence[str], block: Block):
        self.env = env
        self.register = Register(tags, block)
        self.links: list[Link] = []
        self.subscribers: list[Callable[[Frame], None]] = []
        self.alarms: list[Alarm] = []
        self._last_poll = -np.inf
        self._all_good = np.full(len(tags), Quality.GOOD, dtype=np.int8)

    def open(self) -> None:
        """Get ready to poll: links and the taps on them are as they will be."""
        self._bundle = Bundle(self.links)
        self._patience = max((link.latency for link in self.links), default=0.0)

    def poll(self, now: float) -> None:
        """Ask every PLC at `now` [s]; the frame is shown once the slowest link has answered."""
        self._bundle.send(now)
        if self._patience > 0.0:
            self.env.timeout(self._patience).callbacks.append(lambda _: self._show(now))
        else:
            self._show(now)

    def raise_alarm(self, alarm: Alarm) -> None:
        """Put an alarm on the operator's list."""
        self.alarms.append(alarm)

    def _show(self, now: float) -> None:
        register = self.register
        quality = self._all_good
        if register.arrived.min() <= self._last_poll:
            quality = quality.copy()
            quality[register.arrived <= self._last_poll] = Quality.STALE
            quality[np.isnan(register.values)] = Quality.BAD
        self._last_poll = now
        frame = Frame(now, register.tags, register.values.copy(), quality)
        for subscriber in self.subscribers:
            subscriber(frame)
