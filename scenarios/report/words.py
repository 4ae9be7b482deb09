"""Figures of a run in words: orders, damage, masks, counters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scenarios.definition.words import clock, joined
from scenarios.results.damage import Damage
from scenarios.results.impact import COST
from scenarios.results.orders import Misorder
from scenarios.results.slips import Slip
from scenarios.results.views import ALIKE
from twin.plants.spec import PlantSpec
from twin.units import HOUR, rounded
from twin.water.balance import LOW_PRESSURE


def misorders_in_words(orders: Sequence[Misorder], spec: PlantSpec, hours: float) -> list[str]:
    """Say which orders a PLC held that were forged or old, or did not get.

    Orders of one PLC that were wrong at the same times share a sentence, and so do the values of a
    forged one that changed again and again.

    Parameters
    ----------
    orders : sequence of Misorder
    spec : PlantSpec
    hours : float
        Length of the run.
    """
    groups: dict[tuple[str, str, float | None, bool], list[Misorder]] = {}
    for order in orders:
        key = (order.plc, order.name, None if order.forged else order.start, order.old)
        groups.setdefault(key, []).append(order)
    alike: dict[tuple[object, ...], list[str]] = {}
    for (plc, name, written, old), group in groups.items():
        commands = list(dict.fromkeys(spec.command(name, order.value) for order in group))
        values = " or ".join(commands)
        if len(commands) > 3:
            values = f"{commands[0]} … {commands[-1]}, {len(commands)} values"
        ends = [hours if order.end is None else order.end / HOUR for order in group]
        lasted = sum(end - order.start / HOUR for end, order in zip(ends, group, strict=True))
        gaps = zip(ends, group[1:], strict=False)
        times = 1 + sum(order.start / HOUR > end for end, order in gaps)
        until = f"until h {ends[-1]:.1f}" if group[-1].arrived else ""
        start = group[0].start / HOUR
        how = (plc, written, start, round(lasted, 2), times, until, old)
        alike.setdefault(how, []).append(f"{name} {values}")
    return [_misorder(how, joined(names)) for how, names in alike.items()]


def _misorder(how: tuple[object, ...], orders: str) -> str:
    plc, written, start, lasted, times, until, old = how
    if written is not None:
        arrived = f"did not arrive {until}" if until else "never arrived"
        return f"SCADA's order of h {start:.1f} to {plc} ({orders}) {arrived}."
    often = f", {times} times" if times != 1 else ""
    sent = "had sent before and no longer did" if old else "never sent"
    return (
        f"{plc} was ordered {orders}, which SCADA {sent}, from {clock(float(str(start)))}"
        f"{often}, for {lasted:g} h."
    )


_HARM_WORDS = {
    "overflow_m3": "{} m³ spilled",
    "empty_tank_h": "tanks stood empty for {} h, added up,",
    "unmet_m3": "{} m³ of demand were not delivered",
    "leaked_m3": "{} m³ leaked away",
    "pump_starts": "{} pump starts",
}


def damage_in_words(harms: Damage) -> list[str]:
    """Say what was damaged, how much and since when: the earliest first."""
    ranked = sorted(harms.items(), key=lambda item: item[1].since_h)
    words = []
    for name, harm in ranked:
        most = rounded(harm.most, 1 if name == "empty_tank_h" else 0)
        words.append(f"{_HARM_WORDS[name].format(most)} from {clock(harm.since_h)} on")
    return words


_OVER_ALL = "standard deviations in the mean of all tags it masks"


def slip_in_words(slip: Slip, spec: PlantSpec) -> str:
    """Say how far a covert attack's view differed from what SCADA would usually show."""
    if slip.most <= ALIKE:
        return f"The mask of {slip.entry} did not slip: SCADA showed what it usually would."
    amount = f"{slip.most:.2g} {spec.unit(slip.tag)}".rstrip()
    words = f"The mask of {slip.entry} slipped most at {slip.tag}: by up to {amount}"
    mean = "" if slip.mean_relative is None else f"; {slip.mean_relative:.2g} {_OVER_ALL}"
    return f"{words}, at {clock(slip.at_h)}{mean}."


COUNTER_WORDS = {
    "overflow_m3": "overflow [m³]",
    "empty_tank_h": "empty tanks [h]",
    "unmet_m3": "demand not delivered [m³]",
    "low_pressure_h": f"junctions below {LOW_PRESSURE:g} m [h]",
    "leaked_m3": "leaked [m³]",
    "supplied_m3": "supplied [m³]",
    "drawn_m3": "drawn by junctions [m³]",
    "added_m3": "of it, added by `demand` entries [m³]",
    "pump_starts": "pump starts",
    "energy_kwh": "pump energy [kWh]",
    "energy_cost": "its cost, at the prices of network.inp",
    "availability_percent": "water service availability [%]",
}
"""The counters of `scenarios.results.impact`, in words with units."""


def figure(counter: str, value: float, sign: str = "") -> str:
    """Write a counter's value for a table; with the `sign` "+", a difference."""
    if math.isnan(value):
        return "no price in network.inp" if counter == COST else "–"
    return (sign if round(value, 1) >= 0 else "") + rounded(value, 1)
