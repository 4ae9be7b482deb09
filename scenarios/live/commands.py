"""What may be written to a plant, within which range, and by whom."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scenarios.live.snapshot import Snapshot
from scenarios.live.users import Visitor
from twin.errors import InputError, nearest
from twin.plants.equipment import Limits
from twin.plants.spec import PlantSpec

_SPEEDS = (0.5, 1.2)
"""Relative speeds that a pump may be set to by hand, beside stopped."""


@dataclass(frozen=True, slots=True)
class Range:
    """From where to where something may be written, in its unit, and why."""

    low: float
    high: float
    why: str


def plc_of(spec: PlantSpec, name: str) -> str:
    """Return the PLC that takes an order.

    Raises
    ------
    InputError
        If none does.
    """
    owners = {order: plc for plc, known in spec.plcs.items() for order in known.orders}
    if name not in owners:
        raise InputError(f"no PLC takes {name!r}: {nearest(name, owners)}")
    return owners[name]


def setpoint_tag(spec: PlantSpec, name: str) -> str:
    """Return the tag that a setpoint is compared with; empty for an actuator."""
    known = spec.plcs[plc_of(spec, name)]
    if name not in known.setpoints:
        return ""
    (tag,) = known.rules[known.setpoints[name]].when.names
    return str(tag)


def ranges(spec: PlantSpec, name: str) -> tuple[Range, Range]:
    """Return the range within which an operator may write a setpoint, and an engineer.

    The operator's is that of the tag's alarm limits L and H, the engineer's its instrument's; each
    is the other where there is none of its own.
    """
    tag = setpoint_tag(spec, name)
    lowest, highest = spec.wiring.ranges.get(tag, (-math.inf, math.inf))
    known = next(t for t in spec.tags if t.name == tag)
    if known.quantity == "level":
        tank = spec.model.get_node(known.element)
        lowest, highest = float(tank.min_level), float(tank.max_level)
    instrument = Range(lowest, highest, f"what {tag} can show")
    limits = spec.wiring.limits.get(tag, Limits())
    low, high = max(lowest, _or(limits.L, lowest)), min(highest, _or(limits.H, highest))
    return Range(low, high, f"the alarm limits of {tag}"), instrument


def _or(limit: float, otherwise: float) -> float:
    return otherwise if math.isnan(limit) else limit


def check(spec: PlantSpec, now: Snapshot, visitor: Visitor, name: str, value: float) -> None:
    """Raise InputError for what a visitor may not write: by role, range, or its partner.

    Parameters
    ----------
    spec : PlantSpec
    now : Snapshot
    visitor : Visitor
    name : str
        An actuator or a setpoint.
    value : float
        As in `Order.values`.
    """
    if not visitor.may("operate"):
        raise InputError(f"{visitor.name} may look only: choose the role operate")
    plc_of(spec, name)
    tag = setpoint_tag(spec, name)
    if not tag:
        low, high = _SPEEDS
        pump = name in spec.model.pump_name_list
        if value == value and value not in (0.0, 1.0) and not (pump and low <= value <= high):
            raise InputError(f"{name} is opened, closed, or a pump's speed is {low:g} to {high:g}")
        return
    if value != value:
        raise InputError(f"{name} is a number in {spec.unit(tag)}")
    allowed, possible = ranges(spec, name)
    if not visitor.may("engineer") and not allowed.low <= value <= allowed.high:
        words = f"{allowed.low:g} to {allowed.high:g} {spec.unit(tag)}, {allowed.why}"
        raise InputError(f"{name} = {value:g} is outside {words}; an engineer may go beyond them")
    if not possible.low <= value <= possible.high:
        words = f"{possible.low:g} to {possible.high:g} {spec.unit(tag)}, {possible.why}"
        raise InputError(f"{name} = {value:g} is outside {words}")
    _check_partner(spec, now, name, tag, value)


def _check_partner(spec: PlantSpec, now: Snapshot, name: str, tag: str, value: float) -> None:
    """Raise InputError for a setpoint on the wrong side of the other one of its actuator."""
    known = spec.plcs[plc_of(spec, name)]
    own = known.orders
    actuator = known.rules[known.setpoints[name]].actuator
    for other, place in known.setpoints.items():
        rule = known.rules[place]
        if other == name or rule.actuator != actuator or tag not in rule.when.names:
            continue
        present = now.ordered.get(other, own[other])
        if (value - present) * (own[name] - own[other]) <= 0:
            side = "below" if own[name] < own[other] else "above"
            raise InputError(
                f"{name} must be {side} {other}, which is {present:g} {spec.unit(tag)}"
            )
