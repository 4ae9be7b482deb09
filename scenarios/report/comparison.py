"""The picture of two runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from scenarios.report.style import ALARM, PAIR, TRUTH, VIEW, on_spans, tick_spacing
from scenarios.results.compare import Comparison
from scenarios.results.impact import DEVIATION
from twin.tags import Tag
from twin.units import HOUR

_PANELS = 5  # tags at most have a panel of their own


def plot_comparison(comparison: Comparison) -> Figure:
    """Plot when each tag differs, and the tags that differ most, in both runs."""
    tags = {tag.name: tag for tag in comparison.a.spec.tags}
    names = [difference.tag for difference in comparison.differences]
    drawn = _panel_tags(comparison, tags)
    heights = [0.2 * max(2, len(names)) + 0.3, *[1.2] * len(drawn)]
    figure = Figure(figsize=(10.0, sum(heights) + 1.5), layout="constrained")
    shape: Any = {"height_ratios": heights}
    panels = np.atleast_1d(figure.subplots(len(heights), 1, sharex=True, gridspec_kw=shape))
    _plot_spans(panels[0], comparison, names, tags)
    for axes, name in zip(panels[1:], drawn, strict=True):
        _plot_both(axes, comparison, tags[name])
    panels[-1].set_xlim(0, comparison.hours)
    panels[-1].xaxis.set_major_locator(MultipleLocator(tick_spacing(comparison.hours)))
    panels[-1].set_xlabel("hours since the start", fontsize=8)
    figure.legend(
        handles=[
            Line2D([], [], color=TRUTH, lw=1.8, label=f"A: {comparison.a.name}"),
            Line2D([], [], color=PAIR, lw=1.8, label=f"B: {comparison.b.name}"),
        ],
        loc="outside upper center", ncols=2, fontsize=9, frameon=False,
    )  # fmt: skip
    return figure


def _panel_tags(comparison: Comparison, tags: dict[str, Tag]) -> list[str]:
    """Return the tags with a panel: levels before others, the longest different first."""
    ranked = sorted(
        comparison.differences,
        key=lambda d: (tags[d.tag].quantity == "status", tags[d.tag].quantity != "level",
                       -(d.true_h + d.shown_h)),
    )  # fmt: skip
    return [difference.tag for difference in ranked[:_PANELS]]


def _plot_spans(
    axes: Axes, comparison: Comparison, names: Sequence[str], tags: dict[str, Tag]
) -> None:
    if not names:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "nothing differs", transform=axes.transAxes, ha="center", va="center")
        return
    views = [("truth", -0.2, TRUTH, "the water differs"),
             ("scada", 0.2, VIEW, "what SCADA shows differs")]  # fmt: skip
    for table, shift, color, label in views:
        first, second = getattr(comparison.a, table), getattr(comparison.b, table)
        times = first.index.intersection(second.index)
        for row, name in enumerate(names):
            apart = (first.loc[times, name] - second.loc[times, name]).abs()
            spans = on_spans(times.to_numpy() / HOUR, apart > DEVIATION[tags[name].quantity])
            axes.broken_barh(spans, (row + shift - 0.2, 0.4), facecolors=color, lw=0,
                             label=label if row == 0 else None)  # fmt: skip
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=7.5, frameon=False)


def _plot_both(axes: Axes, comparison: Comparison, tag: Tag) -> None:
    style: dict[str, Any] = {} if tag.quantity == "level" else {"drawstyle": "steps-post"}
    for side, color in ((comparison.b, PAIR), (comparison.a, TRUTH)):
        axes.plot(side.truth.index / HOUR, side.truth[tag.name], color=color, lw=1.4, **style)
    shows = (comparison.b, ALARM, "B shown"), (comparison.a, VIEW, "A shown")
    labels = ["B", "A"]
    for side, color, label in shows:
        wrong = (side.scada[tag.name] - side.truth[tag.name]).abs() > DEVIATION[tag.quantity]
        if wrong.any():
            view = side.scada[tag.name].where(wrong)
            axes.plot(view.index / HOUR, view, color=color, lw=1.2, ls="--", **style)
            labels.append(label)
    axes.legend(labels, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7.5, frameon=False)
    axes.set_ylabel(f"{tag.name}\n[{tag.unit or '0/1'}]", fontsize=8)
    axes.tick_params(labelsize=7.5)
