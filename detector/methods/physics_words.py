"""What a statistic of `physics` says in a sentence: the equation, the amount, the reading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detector.base import HOUR, Floats
from detector.methods.physics_plant import Control
from detector.methods.physics_statistics import Layout, Statistic


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a frame, by one statistic.

    Attributes
    ----------
    equation
        The law or rule that does not hold, like `mass balance of T1`.
    tags
        Whose reading would mend it, the likeliest first.
    district
        The district whose demand would, or empty.
    words
        A sentence without its full stop.
    """

    equation: str
    tags: tuple[str, ...]
    district: str
    words: str


def finding(
    layout: Layout, statistic: Statistic, value: float, row: Floats, shadow: Floats
) -> Finding:
    """Say what a statistic means in a frame.

    Parameters
    ----------
    layout
    statistic
    value
        The statistic, with its sign.
    row
        The frame's readings, ``(tags,)``.
    shadow
        The frame's shadow columns by channel, ``(channels,)``.
    """
    if not statistic.source:
        return _of_rule(layout, statistic, value, row)
    if statistic.source == "level":
        return _of_balance(layout, statistic, value, row, shadow)
    if statistic.source in ("step", "z"):
        return _of_demand(layout, statistic, value, shadow)
    return _of_reading(layout, statistic, value, row, shadow)


def _of_balance(
    layout: Layout, statistic: Statistic, value: float, row: Floats, shadow: Floats
) -> Finding:
    tag = statistic.name
    tank, plc = layout.plant.point(tag).element, layout.plant.point(tag).plc
    if statistic.kind == "now":
        off = _present(layout, statistic, shadow)
        rate = abs(off) / layout.interval_s * HOUR
        how = "faster" if off > 0 else "more slowly"
        words = f"{tank}'s level rises {rate:.2g} m/h {how} than its inflow says"
        words += f": {row[layout.tags.index(tag)] - off:.2f} m would fit, {_by(plc)}shows "
        words += f"{row[layout.tags.index(tag)]:.2f} m"
    else:
        how = "more" if value > 0 else "less"
        words = f"{tank}'s level has risen {abs(value):.2g} m {how} in {_span(statistic.hours)} "
        words += "than its inflow says" + (f" ({tag}, {plc})" if plc else f" ({tag})")
    return Finding(f"{statistic.law} of {tank}", (tag,), "", words)


def _of_reading(
    layout: Layout, statistic: Statistic, value: float, row: Floats, shadow: Floats
) -> Finding:
    tag = statistic.name
    point = layout.plant.point(tag)
    what = "flow" if tag.startswith("F_") or point.unit == "L/s" else "pressure"
    unit = point.unit or ("L/s" if what == "flow" else "m")
    off = _present(layout, statistic, shadow)
    shown = row[layout.tags.index(tag)] if tag in layout.tags else np.nan
    plc = f", {point.plc}" if point.plc else ""
    if statistic.kind == "now":
        where = f" in {point.district}" if point.district else ""
        reason = "any demand" if statistic.source == "projected" else f"this hour's demand{where}"
        reason += " explains"
        how = "more" if off > 0 else "less"
        words = f"{point.element}'s {what} reads {abs(off):.2f} {unit} {how} than {reason}: "
        words += f"{shown - off:.2f} {unit} would fit, not {shown:.2f} ({tag}{plc})"
    else:
        words = f"{point.element}'s {what} has been off what any demand explains for "
        words += f"{_span(statistic.hours)}, now by {off:+.2f} {unit} ({tag}{plc})"
    if statistic.law == "demand" and point.district:
        return Finding(f"demand of {point.district}", (tag,), point.district, words)
    return Finding(f"{statistic.law} at {point.element}", (tag,), "", words)


def _of_demand(layout: Layout, statistic: Statistic, value: float, shadow: Floats) -> Finding:
    district = statistic.name
    how = "more" if value > 0 else "less"
    if statistic.source == "step":
        off = _present(layout, statistic, shadow)
        words = f"flows and pressures fit only if demand in {district} had just changed by "
        words += f"{off:+.0%} of its base demand"
        if statistic.kind == "mean":
            words = f"flows and pressures of the last {_span(statistic.hours)} fit only with "
            words += f"{how} demand in {district} than at the hour's beginning"
    elif statistic.kind == "now":
        sigmas = abs(_present(layout, statistic, shadow))
        words = f"{district} draws {how} than ever at this hour: {sigmas:.1f} standard deviations"
    else:
        words = f"{district} has been drawing {how} than usual for {_span(statistic.hours)}"
    tags = tuple(name for name in layout.tags if layout.plant.point(name).district == district)
    return Finding(f"{statistic.law} of {district}", tags[:1], district, words)


def _of_rule(layout: Layout, statistic: Statistic, value: float, row: Floats) -> Finding:
    (control,) = (each for each in layout.plant.controls if each.actuator == statistic.name)
    drive = control.actuator
    tags = tuple(
        name for name in (control.status, control.flow, control.level) if name in layout.tags
    )
    if statistic.kind == "unruled":
        words = f"{drive} runs, and no rule of {control.plc} starts it"
    elif statistic.kind == "switches":
        words = f"{drive} has switched {value:.0f} times in {_span(statistic.hours)}"
        words += f" ({control.plc})"
    else:
        words = _misrule(layout, control, statistic, value, row)
    return Finding(f"{statistic.law} of {control.plc} for {drive}", tags, "", words)


def _misrule(
    layout: Layout, control: Control, statistic: Statistic, value: float, row: Floats
) -> str:
    level = float(row[layout.tags.index(control.level)])
    tag = control.status if control.status in layout.tags else control.flow
    is_open = abs(float(row[layout.tags.index(str(tag))])) > 0.5
    bound = control.opens_below if is_open == (statistic.kind == "odd") else control.closes_above
    state = "open" if is_open else "closed"
    if statistic.kind == "odd":
        verb, side = ("opened", "below") if is_open else ("closed", "above")
        return (
            f"{control.actuator} {verb} at {control.level} = {level:.2f} m, and {control.plc}'s "
            f"rule says {side} {bound:g} m"
        )
    side = "above" if is_open else "below"
    span = _span(value * layout.interval_s / HOUR)
    return (
        f"{control.actuator} has been {state} for {span} with {control.level} at {level:.2f} m, "
        f"{side} the {bound:g} m at which {control.plc} switches it"
    )


def _present(layout: Layout, statistic: Statistic, shadow: Floats) -> float:
    return float(shadow[layout.channels.index((statistic.source, statistic.name))])


def _by(plc: str) -> str:
    return f"{plc} " if plc else "SCADA "


def _span(hours: float) -> str:
    return f"{hours:g} h" if hours >= 1 else f"{hours * 60:.0f} min"
