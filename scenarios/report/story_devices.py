"""The story's pumps and valves: what each did, what was seen of it, and without the attack."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes

from attacks.entries.targets import SCADA, named
from scenarios.definition.words import blamed
from scenarios.report.style import ALARM, PAIR, TRUTH, VIEW, legend_beside, on_spans
from scenarios.results.run import Run
from twin.control.orders import Answer, Order
from twin.tags import Tag
from twin.units import HOUR

PLC = "#1e8449"
"""The colour of what a PLC saw."""
_MISSING = "#7d3c98"
_DEVICES = 8  # at most
_DEVICE_GAP, _ROW_GAP = 0.22, 0.05  # between devices, and between the rows of one


@dataclass(frozen=True)
class DeviceRow:
    """A row of bars: when a pump or valve was on, was seen to be, or had an order.

    Attributes
    ----------
    device : str
        The element's name in its first row, else ''.
    on : Series
        By time [s]; above 0.5 where a bar is drawn.
    color, label : str
    height : float
        In the axes' units, where a device's own row is 0.42.
    """

    device: str
    on: pd.Series
    color: str
    label: str
    height: float


def device_rows(run: Run) -> list[DeviceRow]:
    """Return the rows of each device: what it did, what was seen of it, and without the attack."""
    rows = []
    for tag in _shown_statuses(run):
        rows.append(DeviceRow(tag.element, run.truth[tag.name], TRUTH, "runs", 0.42))
        for view in run.views.falsified.get(tag.name, []):
            scada = view.readers == (SCADA,)
            label, color = ("SCADA saw", VIEW) if scada else ("PLC saw", PLC)
            rows.append(DeviceRow("", view.seen, color, label, 0.26))
        rows += _order_rows(run, tag.element)
        if run.paired is not None and run.scenario.entries:
            label = f"no {blamed(run.scenario)}"
            rows.append(DeviceRow("", run.paired[tag.name], PAIR, label, 0.2))
    return rows


def _order_rows(run: Run, device: str) -> list[DeviceRow]:
    """Return when its PLC held forged orders for it, and when it did not get SCADA's."""
    rows, elements = [], {order.name: run.spec.element(order.name) for order in run.orders}
    for forged, old, label, color in (
        (True, False, "forged order", ALARM),
        (True, True, "old order", ALARM),
        (False, False, "order missing", _MISSING),
    ):
        on = pd.Series(0.0, index=run.truth.index)
        for order in run.orders:
            if (order.forged, order.old) == (forged, old) and elements[order.name] == device:
                end = math.inf if order.end is None else order.end
                on[(on.index >= order.start) & (on.index < end)] = 1.0
        if on.any():
            rows.append(DeviceRow("", on, color, label, 0.2))
    return rows


def _shown_statuses(run: Run) -> list[Tag]:
    """Return the statuses to show: those falsified, attacked or ordered, those that differ."""
    tags = {tag.element: tag for tag in run.spec.tags if tag.quantity == "status"}
    elements = {tag.name: element for element, tag in tags.items()}
    falsified = [elements[name] for name in run.views.falsified if name in elements]
    written: list[Order | Answer] = [*run.scenario.operator, *run.scenario.answers]
    targets = [name for one in written for name in one.values]  # noqa: PD011, no table
    targets += [order.name for order in run.orders]
    deceived: list[str] = []
    for entry in run.scenario.entries:
        targets += named(entry)
        if (receiver := entry.port.receiver) in run.spec.plcs:
            deceived += run.spec.plcs[receiver].actuators
    deceived = [name for name in deceived if name in tags and run.truth[tags[name].name].any()]
    different = pd.Series(dtype=float)
    if run.paired is not None and run.scenario.entries:
        off = (run.truth[list(elements)] - run.paired[list(elements)]).abs().mean()
        different = off[off > 0.01].sort_values(ascending=False)
    others = [elements[name] for name in different.index]
    ranked = [run.spec.element(name) for name in (*falsified, *targets, *deceived, *others)]
    devices = [name for name in dict.fromkeys(ranked) if name in tags]
    return [tags[name] for name in tags if name in devices[:_DEVICES]]


def total_height(rows: Sequence[DeviceRow]) -> float:
    """Return the height of all rows and gaps together, where a device's own row is .42."""
    gap = _DEVICE_GAP
    return sum(row.height + _ROW_GAP + (gap if row.device else 0.0) for row in rows) + gap


def plot_devices(axes: Axes, rows: Sequence[DeviceRow]) -> None:
    """Plot the rows one below the other, the devices named at the side."""
    top, end = 0.0, max(row.on.index[-1] for row in rows) / HOUR
    ticks: dict[str, float] = {}
    labelled: set[str] = set()
    for row in rows:
        if row.device:
            top += _DEVICE_GAP
            ticks[row.device] = top + row.height / 2
        else:  # a faint bar behind: that a device was seen to stand still is seen too
            axes.broken_barh([(0.0, end)], (top, row.height), facecolors=row.color, alpha=0.2, lw=0)
        axes.broken_barh(
            on_spans(row.on.index.to_numpy() / HOUR, row.on.to_numpy() > 0.5),
            (top, row.height),
            facecolors=row.color,
            lw=0,
            label=None if row.label in labelled else row.label,
        )
        labelled.add(row.label)
        top += row.height + _ROW_GAP
    axes.set_yticks(list(ticks.values()), list(ticks), fontsize=7.5)
    axes.set_ylim(total_height(rows), 0.0)
    axes.set_ylabel("pumps,\nvalves", fontsize=8)
    legend_beside(axes)
