"""The pictures of a run: map, tank levels, pumps, the detector's score, and the story."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from scenarios.definition.words import blamed
from scenarios.report.map import plot_map
from scenarios.report.story import plot_story
from scenarios.report.style import (
    ALARM,
    PAIR,
    TRUTH,
    VIEW,
    hours_axis,
    on_spans,
    plotting,
    shade_active,
    shade_handles,
)
from scenarios.results.run import Run
from twin.units import HOUR


def pictures(run: Run) -> dict[str, Callable[[Run], Figure]]:
    """Return what plots each picture that a run has, by the stem of its file's name."""
    measured = {tag.quantity for tag in run.spec.tags}
    plots: dict[str, Callable[[Run], Figure]] = {
        "story": plot_story,
        "map": lambda run: plot_map(run.spec, run.scenario.entries),
    }
    if "level" in measured:
        plots["levels"] = plot_levels
    if "status" in measured:
        plots["pumps"] = plot_pumps
    if len(run.scores):
        plots["score"] = plot_score
    return plots


def plot_levels(run: Run) -> Figure:
    """Plot every tank's level: the truth, what SCADA showed, and the paired run."""
    tags = [tag for tag in run.spec.tags if tag.quantity == "level"]
    figure = Figure(figsize=(9.0, 1.15 * len(tags) + 1.0), layout="constrained")
    rows = np.atleast_1d(figure.subplots(len(tags), 1, sharex=True))
    hours = run.truth.index / HOUR
    for axes, tag in zip(rows, tags, strict=True):
        tank = run.spec.model.get_node(tag.element)
        shade_active(axes, run)
        if run.scenario.entries and run.paired is not None:
            axes.plot(hours, run.paired[tag.name], color=PAIR, lw=1.0)
        axes.plot(hours, run.truth[tag.name], color=TRUTH, lw=1.4)
        axes.plot(run.scada.index / HOUR, run.scada[tag.name], color=VIEW, lw=1.1, ls="--")
        axes.axhline(tank.max_level, color="#c0392b", lw=0.7, ls=":")
        axes.set_ylim(min(0.0, tank.min_level) - 0.2, tank.max_level * 1.12)
        axes.set_ylabel(f"{tag.name}\n[m]", fontsize=8)
        axes.tick_params(labelsize=7)
    handles: list[Any] = [
        Line2D([], [], color=TRUTH, lw=1.6, label="truth"),
        Line2D([], [], color=VIEW, lw=1.4, ls="--", label="shown by SCADA"),
        Line2D([], [], color="#c0392b", lw=0.9, ls=":", label="rim"),
    ]
    if run.scenario.entries and run.paired is not None:
        handles.append(
            Line2D([], [], color=PAIR, lw=1.4, label=f"truth without the {blamed(run.scenario)}")
        )
    handles += shade_handles(run)
    figure.legend(handles=handles, loc="outside upper center", ncols=5, fontsize=8, frameon=False)
    hours_axis(rows[-1], run)
    return figure


def plot_pumps(run: Run) -> Figure:
    """Plot when each pump and driven valve ran, with and without the attack."""
    tags = [tag for tag in run.spec.tags if tag.quantity == "status"]
    figure = Figure(figsize=(9.0, 0.27 * len(tags) + 1.2), layout="constrained")
    axes: Axes = figure.subplots()
    shade_active(axes, run)
    hours = run.truth.index / HOUR
    for row, tag in enumerate(tags):
        if run.scenario.entries and run.paired is not None:
            _plot_bars(axes, hours, run.paired[tag.name].to_numpy(), row + 0.22, 0.22, PAIR)
        _plot_bars(axes, hours, run.truth[tag.name].to_numpy(), row - 0.12, 0.42, TRUTH)
    axes.set_yticks(range(len(tags)), [tag.element for tag in tags], fontsize=8)
    axes.set_ylim(len(tags) - 0.4, -0.6)
    handles = [Patch(color=TRUTH, label="runs (valve: flows)")]
    if run.scenario.entries and run.paired is not None:
        handles.append(Patch(color=PAIR, label=f"without the {blamed(run.scenario)}"))
    handles += shade_handles(run)
    figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    hours_axis(axes, run)
    return figure


def _plot_bars(
    axes: Axes, hours: pd.Index, on: Any, middle: float, height: float, color: str
) -> None:
    spans = on_spans(hours, on > 0.5)
    axes.broken_barh(spans, (middle - height / 2, height), facecolors=color, lw=0)


def plot_score(run: Run) -> Figure:
    """Plot each detector's score, its threshold and the alarm episodes, one below the other."""
    count = len(run.detectors)
    figure = Figure(figsize=(9.0, 1.0 + 2.0 * count), layout="constrained")
    rows = np.atleast_1d(figure.subplots(count, 1, sharex=True))
    for place, axes in enumerate(rows):
        _plot_score(axes, run, place)
    every = "hourly" if len(run.scores_of(0)) <= run.hours + 1 else "every frame"
    handles: list[Any] = [
        Line2D([], [], color=TRUTH, lw=1.5, label=f"score, {every}"),
        Line2D([], [], color=ALARM, lw=1.2, ls="--", label="threshold"),
        Patch(color=ALARM, label="alarm episode"),
    ]
    handles += shade_handles(run)
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    hours_axis(rows[-1], run)
    return figure


def _plot_score(axes: Axes, run: Run, place: int) -> None:
    """Plot the score of one of a run's detectors."""
    scores, name = run.scores_of(place), run.detectors[place].detector
    shade_active(axes, run)
    axes.plot(scores.index / HOUR, scores["score"], color=TRUTH, lw=1.3, drawstyle="steps-post")
    axes.axhline(float(scores["threshold"].iloc[0]), color=ALARM, lw=1.0, ls="--")
    floor = float(scores["score"].min()) * 0.6
    alarms = run.alarms[run.alarms["detector"] == name]
    for first, last in zip(alarms.index, alarms["last"], strict=True):
        axes.axvspan(first / HOUR, last / HOUR + 1, ymax=0.05, color=ALARM)
    axes.set_yscale("log")
    if floor > 0:
        axes.set_ylim(bottom=floor)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(f"score of\n{name}", fontsize=8)
    axes.tick_params(labelsize=8)


def write_pictures(folder: Path, run: Run) -> list[str]:
    """Write each picture of a run as PNG; return which of them failed, and why."""
    failed: list[str] = []
    for name, plot in pictures(run).items():
        path = folder / f"{name}.png"
        with plotting(path.name, failed.append):
            plot(run).savefig(path, dpi=140)
    return failed
