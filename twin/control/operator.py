"""The operator: orders by the clock, answers to what SCADA shows, and orders given by hand."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Sequence

from twin.conditions.condition import Condition
from twin.conditions.parser import parse
from twin.control.orders import Answer, Order
from twin.control.scada import Scada
from twin.errors import InputError, noting, together
from twin.plants.equipment import LEVELS
from twin.state import State
from twin.tags import Frame
from twin.units import DAY, HOUR

SEEN = "seen."
DETECTOR_ALARM = "detector.alarm"


class Operator:
    """Whoever writes orders at SCADA.

    Parameters
    ----------
    scada : Scada
    orders : sequence of Order
        Planned.
    answers : sequence of Answer
    midnight : float
        Seconds from the last midnight to the scenario's start.

    Raises
    ------
    InputError
        For an order that no PLC takes, or a condition that names what SCADA does not show.
    """

    def __init__(
        self, scada: Scada, orders: Sequence[Order], answers: Sequence[Answer], midnight: float
    ):
        self._scada, self._midnight = scada, midnight
        written: list[Order | Answer] = [*orders, *answers]
        wrong: list[InputError] = []
        for i, values in enumerate([one.values for one in written]):
            for name in values:
                with noting(wrong, "operator", i, "write"):
                    scada.check(name)
        self._pending = sorted(orders, key=lambda order: order.at)
        self._given = 0
        self._answers = tuple(answers)
        alarms = [f"alarm({tag}.{level})" for tag in scada.limits.limits for level in LEVELS]
        names = [*(SEEN + tag for tag in scada.register.tags), "t", "hour"]
        flags = [*alarms, DETECTOR_ALARM]
        refused = {tag: f"write {SEEN}{tag}: SCADA shows it" for tag in scada.register.tags}
        self._conditions: list[Condition] = []
        for i, answer in enumerate(answers):
            with noting(wrong, "operator", len(orders) + i, "when"):
                self._conditions.append(parse(answer.when, names, flags=flags, refused=refused))
        if wrong:
            raise together(wrong)
        self._held = [False] * len(self._answers)

    @property
    def answers(self) -> bool:
        """Whether it has to look at what SCADA shows."""
        return bool(self._answers)

    def give(self, order: Order) -> None:
        """Have an order written at its time, or at the next instant if that has passed."""
        for name in order.values:
            self._scada.check(name)
        bisect.insort(self._pending, order, key=lambda pending: pending.at)

    def due(self, now: float) -> Iterator[Order]:
        """Yield the orders due at `now` [s], each once."""
        while self._pending and self._pending[0].at <= now:
            self._given += 1
            yield self._pending.pop(0)

    def state(self) -> State:
        """Return how many orders were given.

        Raises
        ------
        ValueError
            Where there are answers, which may be under way.
        """
        if self._answers:
            raise ValueError("a state is of an operator who answers nothing")
        return {"given": self._given}

    def restore(self, state: State) -> None:
        """Go on from a state of one with the same orders, or of a time before all of them."""
        self._given = state["given"]
        del self._pending[: self._given]

    def see(self, frame: Frame) -> None:
        """Take what SCADA shows, and answer what begins to hold; nothing in the warm-up."""
        if frame.time < 0:
            return
        shown: dict[str, float] = {
            SEEN + tag: value for tag, value in zip(frame.tags, frame.values.tolist(), strict=True)
        }
        shown |= {"t": frame.time / HOUR, "hour": (self._midnight + frame.time) % DAY / HOUR}
        on = {f"alarm({alarm.tag}.{alarm.limit})" for alarm in self._scada.limits.standing}
        if self._scada.detecting:
            on.add(DETECTOR_ALARM)
        for i, (answer, condition) in enumerate(zip(self._answers, self._conditions, strict=True)):
            present = {name: shown.get(name, float(name in on)) for name in condition.names}
            held, self._held[i] = self._held[i], condition(present)
            if self._held[i] and not held:
                self.give(Order(math.ceil(frame.time + answer.delay), answer.values, answer.when))
