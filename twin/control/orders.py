"""Orders that the operator writes to PLCs: manual commands to actuators, and setpoints."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from twin.plants.logic import HIGHEST, STATES

ORDERS = {**STATES, "auto": math.nan}
"""Commands to an actuator by their words; `auto` leaves it to its PLC."""
SETPOINT = "^SP_.+_"
"""A regular expression for how the name of a setpoint begins."""


def order(name: str, written: float | str) -> float:
    """Return an order as `Scada.write` takes it, for an actuator or a setpoint like `SP_PU1_open`.

    Raises
    ------
    ValueError
        If it is no order: an actuator takes a word of `ORDERS` or a number, a setpoint a number.
    """
    is_setpoint = re.match(SETPOINT, name) is not None
    if isinstance(written, str):
        if is_setpoint:
            raise ValueError(f"{name} is a setpoint: a number in its tag's unit, not {written!r}")
        if written not in ORDERS:
            raise ValueError(f"{name} is told open, closed, auto or a number, not {written!r}")
        return ORDERS[written]
    if not (-HIGHEST if is_setpoint else 0.0) <= written <= HIGHEST:
        raise ValueError(f"{name} cannot be {written:g}")
    return written


def word(value: float) -> float | str:
    """Return an order as files have it: NaN is `auto`."""
    return "auto" if math.isnan(value) else value


@dataclass(frozen=True)
class Order:
    """What the operator writes at one time.

    Attributes
    ----------
    at : float
        Seconds since the scenario's start.
    values : dict of str to float
        By actuator (as `Rule.command`, NaN to leave it to its PLC) or setpoint; see `Scada.write`.
    by : str
        Who gave it by hand, or the condition it answers; empty for an order planned by the clock.
        The paired run has only the latter.
    """

    at: float
    values: dict[str, float]
    by: str = ""


@dataclass(frozen=True)
class Answer:
    """What the operator writes once SCADA shows something; the paired run has no answers.

    Attributes
    ----------
    when : str
        A condition on what SCADA shows (`seen.L_T1 > 6.2`), its limit alarms (`alarm(L_T1.HH)`),
        `detector.alarm`, `t` and `hour`. Each time it begins to hold, the operator answers.
    values : dict of str to float
        As in `Order`.
    delay : float
        How long [s] the operator takes.
    """

    when: str
    values: dict[str, float]
    delay: float = 0.0
