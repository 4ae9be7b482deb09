"""The picture of fidelity: every tag's distribution, the record's and the twin's."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from scenarios.validation.fidelity import Fidelity
from scenarios.validation.similarity import Sample
from twin.tags import Values

RECORD, TWIN, SIBLING = "#7fb3d5", "#c0392b", "#5d6d7e"
_COLUMNS = 8
_POINTS = np.linspace(0.0, 1.0, 401)


def plot_fidelity(fidelity: Fidelity) -> Figure:
    """Plot, for every tag, the share of hours below each value; for a status, its duty cycle."""
    tags = fidelity.spec.tags
    rows = math.ceil((len(tags) + 1) / _COLUMNS)  # one place at least for the legend
    figure = Figure(figsize=(2.0 * _COLUMNS, 1.75 * rows), layout="constrained")
    grid: list[Axes] = list(np.ravel(figure.subplots(rows, _COLUMNS)))
    distance = np.median([comparison.ks for comparison in fidelity.against], axis=0)
    samples: list[tuple[Sample, str, float]] = [(year, TWIN, 0.6) for year in fidelity.years]
    if fidelity.sibling is not None:
        samples.insert(0, (fidelity.sibling, SIBLING, 1.2))
    samples.insert(0, (fidelity.record, RECORD, 4.5))
    for i, (tag, axes) in enumerate(zip(tags, grid, strict=False)):
        unit = f" [{tag.unit}]" if tag.unit else " duty"
        axes.set_title(f"{tag.name}{unit}", fontsize=8, loc="left", pad=3)
        axes.set_title(f"KS {distance[i]:.3f}", fontsize=7, loc="right", pad=3, color="#5d6d7e")
        if tag.quantity == "status":
            _plot_duty(axes, [(s.rows[s.normal, i], color) for s, color, _ in samples])
        else:
            for sample, color, width in samples:
                quantiles = np.quantile(sample.rows[sample.normal, i], _POINTS)
                axes.plot(quantiles, _POINTS, color=color, lw=width)
            axes.locator_params(axis="x", nbins=4)
            if len(np.unique(fidelity.record.rows[fidelity.record.normal, i])) == 1:
                axes.set_xticks([fidelity.record.rows[0, i]])  # it never moves
            axes.set_ylim(-0.03, 1.03)
            axes.set_yticks([0, 0.5, 1])
        axes.tick_params(labelsize=7, length=2)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid[len(tags) :]:
        axes.axis("off")
    handles = [Line2D([], [], color=RECORD, lw=4.5, label="record")]
    if fidelity.sibling is not None:
        handles.append(Line2D([], [], color=SIBLING, lw=1.2, label="sibling, normal hours"))
    count = len(fidelity.years)
    label = f"twin, {count} seeds" if count > 1 else "twin, 1 seed"
    handles.append(Line2D([], [], color=TWIN, lw=0.9, label=label))
    grid[len(tags)].legend(handles=handles, loc="center left", frameon=False, fontsize=9)
    figure.suptitle(
        "Share of hours below each value, for every tag, hourly; KS: median distance of the twin",
        fontsize=11,
    )
    return figure


def _plot_duty(axes: Axes, samples: list[tuple[Values, str]]) -> None:
    """Plot the share of hours a status is 1, a bar a sample."""
    duty = [values.mean() for values, _ in samples]
    axes.bar(range(len(duty)), duty, color=[color for _, color in samples], width=0.75)
    axes.set_xticks([])
    axes.set_ylim(0, max(1.15 * max(duty), 0.02))
    axes.locator_params(axis="y", nbins=3)
