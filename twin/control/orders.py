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


@dataclass(frozen=True)
class Order:
    """What the operator writes at one time.

    Attributes
    ----------
    at : float
        Seconds since the scenario's start.
    values : dict of str to float
        By actuator (as `Rule.command`, NaN to leave it to its PLC) or setpoint; see `Scada.write`.
    """

    at: float
    values: dict[str, float]
