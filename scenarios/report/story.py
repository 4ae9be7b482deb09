"""The story of a run in one picture: who was deceived, what was done, what broke, who noticed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scenarios.report.story_devices import device_rows, plot_devices, total_height
from scenarios.report.story_entries import entry_bars, plot_entries
from scenarios.report.story_outcome import QUIET, plot_alarms, plot_damage
from scenarios.report.story_tags import not_shown_in_words, plot_tag, shown_tags, tags_not_shown
from scenarios.report.style import ALARM, ATTACK, ENTRY, OUTLINE, hours_axis
from scenarios.results.incidents import merged
from scenarios.results.run import Run

_NOTICED = "#6c3483"
_WIDTH = 11.0  # inches
_MARKED = 3  # of more incidents than these, only the first mark is drawn
_DAMAGE_LINE: dict[str, Any] = {"ls": ":", "lw": 2.0}
_NOTICE_LINE: dict[str, Any] = {"ls": (0, (6, 3)), "lw": 1.5}


def plot_story(run: Run) -> Figure:
    """Plot a run's time line: entries by port, what was shown, commands, damage and alarms."""
    panels = _panels(run)
    title = _title(run)
    heights = [height for height, _ in panels]
    above, below, gap = 0.3 + 0.17 * title.count("\n"), 0.75, 0.12
    total = sum(heights) + gap * (len(panels) - 1) + above + below
    figure = Figure(figsize=(_WIDTH, total))
    figure.subplots_adjust(
        left=1.55 / _WIDTH,
        right=1 - 1.35 / _WIDTH,
        top=1 - above / total,
        bottom=below / total,
        hspace=gap / (sum(heights) / len(heights)),
    )
    shape: Any = {"height_ratios": heights}
    grid = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True, gridspec_kw=shape))
    for axes, (_, plot) in zip(grid, panels, strict=True):
        plot(axes)
        _mark(axes, run)
        axes.tick_params(labelsize=7.5)
        axes.yaxis.set_label_coords(-0.8 / (_WIDTH - 2.9), 0.5)
        if axes is not grid[-1]:
            axes.tick_params(axis="x", length=0)
    hours_axis(grid[-1], run)
    figure.text(0.12 / _WIDTH, 1 - 0.1 / total, title, fontsize=9.5, va="top")
    figure.legend(handles=_mark_handles(run), loc="lower right", ncols=4, fontsize=7.5,
                  frameon=False, handlelength=3.2)  # fmt: skip
    return figure


def _panels(run: Run) -> list[tuple[float, Callable[[Axes], None]]]:
    """Return each panel's height [inches] and what plots it, from the top down."""
    bars, tags, devices = entry_bars(run), shown_tags(run), device_rows(run)
    not_shown = not_shown_in_words(tags_not_shown(run, tags, [row.device for row in devices]))
    panels: list[tuple[float, Callable[[Axes], None]]] = []
    rows = sum(bar.height for bar in bars) + bool(run.written)
    if rows:
        panels.append((0.4 * rows + 0.15, partial(plot_entries, run=run, bars=bars)))
    panels += [(1.15, partial(plot_tag, run=run, tag=tag)) for tag in tags]
    if not_shown:
        height = 0.16 + 0.14 * not_shown.count("\n")
        panels.append((height, partial(_write, words=not_shown)))
    if devices:
        panels.append((0.28 * total_height(devices), partial(plot_devices, rows=devices)))
    if run.scenario.entries:
        panels += [(0.85 if name else 0.4, partial(plot_damage, run=run, name=name))
                   for name in run.damage or [""]]  # fmt: skip
    panels.append((0.75, partial(plot_alarms, run=run)))
    return panels


def _title(run: Run) -> str:
    head = f"{run.scenario.name}, seed {run.scenario.seed}"
    words = textwrap.wrap(run.scenario.description, 150)[:4]
    return "\n".join([head, *words])


def _write(axes: Axes, words: str) -> None:
    axes.axis("off")
    axes.text(0.003, 0.5, words, transform=axes.transAxes, va="center",
              path_effects=OUTLINE, **QUIET)  # fmt: skip


def _mark(axes: Axes, run: Run) -> None:
    """Mark when incidents lasted, and when the damage began and they were noticed."""
    for first, last in _incident_spans(run):
        axes.axvspan(first, last, color=ATTACK, alpha=0.4, lw=0, zorder=0)
    for at in _damage_hours(run):
        axes.axvline(at, color=ALARM, zorder=1, **_DAMAGE_LINE)
    for at in _notice_hours(run):
        axes.axvline(at, color=_NOTICED, zorder=1, **_NOTICE_LINE)


def _incident_spans(run: Run) -> list[tuple[float, float]]:
    """Return the time [h] incidents lasted, overlapping ones as one."""
    return merged((one.start_h, one.end_h) for one in run.incidents
                  if one.start_h is not None and one.end_h is not None)  # fmt: skip


def _damage_hours(run: Run) -> list[float]:
    """Return when damage began [h]; of many incidents, the first only."""
    hours = sorted({one.damage_h for one in run.incidents if one.damage_h is not None})
    return hours if len(run.incidents) <= _MARKED else hours[:1]


def _notice_hours(run: Run) -> list[float]:
    """Return when incidents were noticed [h]; of many, the first only."""
    hours = sorted({one.start_h + one.delay_h for one in run.incidents
                    if one.start_h is not None and one.delay_h is not None})  # fmt: skip
    return hours if len(run.incidents) <= _MARKED else hours[:1]


def _mark_handles(run: Run) -> list[Any]:
    """Return the legend's handles of the marks across all panels."""
    first = "first " if len(run.incidents) > _MARKED else ""
    handles: list[Any] = []
    if _incident_spans(run):
        handles.append(Patch(color=ATTACK, alpha=0.5, label="an incident lasts"))
    if run.scenario.faults:
        handles.append(Patch(color=ENTRY["fault"], label="a fault lasts"))
    if _damage_hours(run):
        handles.append(Line2D([], [], color=ALARM, label=f"{first}damage begins", **_DAMAGE_LINE))
    if _notice_hours(run):
        label = f"{first}noticed by the detector"
        handles.append(Line2D([], [], color=_NOTICED, label=label, **_NOTICE_LINE))
    return handles
