"""The story's pumps and valves: what each did, what was seen of it, and without the attack."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from scenarios.definition.words import blamed
from scenarios.report.style import ALARM, PAIR, TRUTH, VIEW, on_spans
from scenarios.results.run import Run
from scenarios.results.views import SCADA
from twin.tags import Tag
from twin.units import HOUR

PLC = "#1e8449"
_MISSING = "#7d3c98"
_DEVICES = 8  # at most so many are told of
_APART, _CLOSE = 0.22, 0.05  # between devices, and between the rows of one


@dataclass(frozen=True)
class Lane:
    """A row: when one was on, or was seen to be; named in its first row."""

    device: str
    seen: pd.Series
    color: str
    label: str
    height: float


def switched(run: Run) -> list[Lane]:
    """Return the rows of each device: what it did, what was seen of it, and without the attack."""
    lanes = []
    for tag in _told(run):
        lanes.append(Lane(tag.element, run.truth[tag.name], TRUTH, "runs", 0.42))
        for view in run.views.lies.get(tag.name, []):
            scada = view.readers == (SCADA,)
            label, color = ("SCADA saw", VIEW) if scada else ("PLC saw", PLC)
            lanes.append(Lane("", view.seen, color, label, 0.26))
        lanes += _misordered(run, tag.element)
        if run.paired is not None and run.scenario.entries:
            lanes.append(Lane("", run.paired[tag.name], PAIR, f"no {blamed(run.scenario)}", 0.2))
    return lanes


def _misordered(run: Run, device: str) -> list[Lane]:
    """Return when its PLC held forged orders for it, and when it did not get SCADA's."""
    lanes, of = [], {one.name: run.spec.element(one.name) for one in run.orders}
    for forged, old, label, color in (
        (True, False, "forged order", ALARM),
        (True, True, "old order", ALARM),
        (False, False, "order missing", _MISSING),
    ):
        when = pd.Series(0.0, index=run.truth.index)
        for one in run.orders:
            if (one.forged, one.old) == (forged, old) and of[one.name] == device:
                until = math.inf if one.end is None else one.end
                when[(when.index >= one.start) & (when.index < until)] = 1.0
        if when.any():
            lanes.append(Lane("", when, color, label, 0.2))
    return lanes


def _told(run: Run) -> list[Tag]:
    """Return the statuses to tell of: those lied about, attacked or ordered, those that differ."""
    tags = {tag.element: tag for tag in run.spec.tags if tag.quantity == "status"}
    by_name = {tag.name: element for element, tag in tags.items()}
    lied = [by_name[name] for name in run.views.lies if name in by_name]
    orders = [order.values for order in run.scenario.operator]  # noqa: PD011, no table
    aimed = [name for names in orders for name in names]
    aimed += [one.name for one in run.orders]
    deceived: list[str] = []
    for entry in run.scenario.entries:
        port = entry.port
        aimed += [port.target, *entry.tags, *getattr(entry.do, "actuators", ())]
        aimed += getattr(entry.do, "write", ())
        if port.receiver in run.spec.plcs:
            deceived += run.spec.plcs[port.receiver].actuators
    deceived = [name for name in deceived if name in tags and run.truth[tags[name].name].any()]
    different = pd.Series(dtype=float)
    if run.paired is not None and run.scenario.entries:
        off = (run.truth[list(by_name)] - run.paired[list(by_name)]).abs().mean()
        different = off[off > 0.01].sort_values(ascending=False)
    others = [by_name[name] for name in different.index]
    ranked = [run.spec.element(name) for name in (*lied, *aimed, *deceived, *others)]
    told = [name for name in dict.fromkeys(ranked) if name in tags]
    return [tags[name] for name in tags if name in told[:_DEVICES]]


def tall(lanes: Sequence[Lane]) -> float:
    """Return the height of all rows together, where a device's own row is .42."""
    return sum(lane.height + _CLOSE + (_APART if lane.device else 0.0) for lane in lanes) + _APART


def draw_lanes(axes: Axes, lanes: Sequence[Lane]) -> None:
    """Draw them one below the other, the devices named at the side."""
    at, end = 0.0, max(lane.seen.index[-1] for lane in lanes) / HOUR
    ticks: dict[str, float] = {}
    known: set[str] = set()
    for lane in lanes:
        if lane.device:
            at += _APART
            ticks[lane.device] = at + lane.height / 2
        if not lane.device:  # that nothing was seen to run is seen too
            axes.broken_barh(
                [(0.0, end)], (at, lane.height), facecolors=lane.color, alpha=0.2, lw=0
            )
        axes.broken_barh(
            on_spans(lane.seen.index.to_numpy() / HOUR, lane.seen.to_numpy() > 0.5),
            (at, lane.height),
            facecolors=lane.color,
            lw=0,
            label=None if lane.label in known else lane.label,
        )
        known.add(lane.label)
        at += lane.height + _CLOSE
    axes.set_yticks(list(ticks.values()), list(ticks), fontsize=7.5)
    axes.set_ylim(tall(lanes), 0.0)
