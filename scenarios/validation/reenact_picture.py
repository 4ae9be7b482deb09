"""The picture of a re-enactment: truth, view and record of every attacked tag."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from attacks.entries.entry import Entry
from attacks.entries.trigger import FOREVER
from scenarios.report.style import ATTACK, TRUTH, VIEW
from scenarios.validation.reenact import Deviation, Reenactment
from twin.units import HOUR

RECORD = "#1c2833"


def plot_reenactment(reenactment: Reenactment) -> Figure:
    """Plot the attacked tags by hour: a free run on the left, one step ahead on the right."""
    tags = {tag.name: tag for tag in reenactment.spec.tags}
    shown = [tags[name] for name in reenactment.attacked]
    heights = [0.45 if tag.quantity == "status" else 1.0 for tag in shown]
    figure = Figure(figsize=(13.0, 1.25 * sum(heights) + 1.5), layout="constrained")
    grid = figure.subplots(
        len(shown), 2, sharex=True, sharey="row", squeeze=False, height_ratios=heights
    )
    columns = (
        (
            "free",
            reenactment.free,
            "free: one of the runs from the first row on; median RMSE/σ of all",
        ),
        ("guided", reenactment.guided, "guided: an hour ahead of each row; RMSE/σ"),
    )
    for column, (mode, deviation, title) in enumerate(columns):
        grid[0, column].set_title(f"{title} beside each tag", fontsize=10)
        for row, tag in enumerate(shown):
            axes: Axes = grid[row, column]
            _shade(axes, reenactment)
            hours = reenactment.record.index
            style = "steps-mid" if tag.quantity == "status" else "default"
            axes.plot(
                hours, reenactment.truths[mode][tag.name], color=TRUTH, lw=1.0, drawstyle=style
            )
            axes.plot(hours, reenactment.views[mode][tag.name], color=VIEW, lw=1.4, drawstyle=style)
            axes.plot(hours, reenactment.record[tag.name], color=RECORD, ls="", marker=".", ms=2.6)
            _note(axes, tag.name, deviation)
            unit = f"\n[{tag.unit}]" if tag.unit else ""
            if column == 0:
                axes.set_ylabel(f"{tag.name}{unit}", fontsize=8)
            if tag.quantity == "status":
                axes.set_ylim(-0.2, 1.2)
                axes.set_yticks([0, 1], ["off", "on"])
            axes.tick_params(labelsize=7)
            axes.set_xlim(0, len(hours) - 1)
            axes.set_xticks(np.arange(0, len(hours), 24))
    for axes in grid[-1]:
        axes.set_xlabel(f"hours since {reenactment.scenario.start:%d/%m/%Y %H:%M}", fontsize=8)
    handles = [
        Line2D([], [], color=RECORD, ls="", marker=".", ms=6, label="record"),
        Line2D([], [], color=VIEW, lw=1.6, label="shown by our SCADA"),
        Line2D([], [], color=TRUTH, lw=1.2, label="our truth"),
        Patch(color=ATTACK, alpha=0.5, label="an attack entry acts"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=9, frameon=False)
    return figure


def _note(axes: Axes, name: str, deviation: Deviation) -> None:
    """Write a tag's RMSE/σ at the right of its panel."""
    if name in deviation.tags:
        axes.annotate(
            f"{deviation.tags[name]:.2f}",
            (1.005, 0.5),
            xycoords="axes fraction",
            va="center",
            fontsize=7,
        )


def _shade(axes: Axes, reenactment: Reenactment) -> None:
    spans = [_span(entry) for entry in reenactment.scenario.attacks]
    last = reenactment.scenario.duration
    begin, end = min(span[0] for span in spans), max(min(span[1], last) for span in spans)
    axes.axvspan(begin / HOUR, end / HOUR, color=ATTACK, alpha=0.4, lw=0)


def _span(entry: Entry) -> tuple[float, float]:
    when = entry.when
    begin = when.begins if when.start is None else when.not_before
    return begin, min(when.ends, begin + when.lasts if when.lasts < FOREVER else FOREVER)
