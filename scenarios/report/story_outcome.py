"""The story's last rows: the damage, the detector's alarms and SCADA's limit alarms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from scenarios.definition.words import blamed
from scenarios.report.alarm import length
from scenarios.report.style import ALARM, CHARACTERS, OUTLINE, PAIR, legend_beside
from scenarios.results.impact import counters
from scenarios.results.run import Run
from twin.units import HOUR, rounded

QUIET: dict[str, Any] = {"fontsize": 8, "color": "#566573"}
"""How text in place of a graph is set."""
_LIMIT = "#b9770e"
_ROOM = 70  # characters of why an alarm was raised
_CAUSES = 3  # incidents at most that are named beside a damage
_DAMAGE_LABELS = {
    "overflow_m3": "spilled\n[m³]",
    "empty_tank_h": "tanks empty\n[h]",
    "unmet_m3": "demand not\nmet [m³]",
    "leaked_m3": "leaked\n[m³]",
    "pump_starts": "pump starts",
}


def plot_damage(axes: Axes, run: Run, name: str) -> None:
    """Plot a damage counter beside that of the paired run, with each incident's share in words.

    Parameters
    ----------
    axes : Axes
    run : Run
    name : str
        The counter, like `overflow_m3`; '' to say that there is no damage, or none known.
    """
    if not name:
        words = f"not compared with a run without the {blamed(run.scenario)}"
        words = words if run.paired is None else "no damage"
        axes.set_yticks([])
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", **QUIET)
        axes.set_ylabel("damage", fontsize=8)
        return
    hours = run.truth.index / HOUR
    assert run.paired is not None
    total, usual = counters(run.truth)[name], counters(run.paired)[name]
    axes.fill_between(hours, usual, total, color=ALARM, alpha=0.25, lw=0)
    axes.plot(hours, usual, color=PAIR, lw=1.0, label=f"no {blamed(run.scenario)}")
    axes.plot(hours, total, color=ALARM, lw=1.5, label="so far")
    axes.set_ylabel(_DAMAGE_LABELS[name], fontsize=8)
    axes.set_ylim(bottom=0)
    legend_beside(axes)
    causes = [(one.name, one.damage[name]) for one in run.incidents
              if len(run.incidents) > 1 and one.damage and name in one.damage]  # fmt: skip
    for row, (incident, harm) in enumerate(causes[:_CAUSES]):
        late = harm.since_h > 0.75 * run.hours
        axes.text(harm.since_h, 0.93 - 0.2 * row, f" {incident}: +{_rounded(harm.most)} ",
                  fontsize=7,
                  transform=axes.get_xaxis_transform(), va="top", ha="right" if late else "left",
                  path_effects=OUTLINE)  # fmt: skip


def plot_alarms(axes: Axes, run: Run) -> None:
    """Plot each detector's episodes and SCADA's own limit alarms, each with what it is about."""
    names = [verdict.detector for verdict in run.detectors] or [""]
    episodes: dict[str, list[tuple[float, float, str]]] = {name: [] for name in names}
    for at, row in run.alarms.iterrows():
        words = _alarm(row, float(str(at)))
        span = (float(str(at)) / HOUR, row["last"] / HOUR + 1)
        episodes[row["detector"]].append((*span, words))
    limits = [
        (max(0.0, float(str(at)) / HOUR), row["cleared"] / HOUR, f"{row['tag']} {row['limit']}")
        for at, row in run.limits.iterrows()
    ]
    watched = run.false_episodes is not None
    none = "no alarm was raised" if watched else "nobody watched"
    for place, name in enumerate(names):
        _plot_alarm_row(axes, run, place, episodes[name], none, ALARM)
    count = len(names)
    _plot_alarm_row(axes, run, count, limits, _no_limit_alarm(run), _LIMIT)
    labels = names if count > 1 else ["detector"]
    ticks = [place + 0.15 for place in range(count + 1)]
    axes.set_yticks(ticks, [*labels, "limits"], fontsize=7.5)
    axes.set_ylim(count + 0.5, -0.75)
    axes.set_ylabel("alarms", fontsize=8)


def _alarm(row: pd.Series[Any], at: float) -> str:
    """Say how long an alarm stood, and why it was raised, as far as there is room."""
    words = row["why"] or f"by {', '.join(row['tags'][:2])}"
    return f"{length((row['last'] - at) / HOUR)}: {shorten(words, _ROOM, placeholder=' …')}"


def _no_limit_alarm(run: Run) -> str:
    """Say why the row of limit alarms is empty: none was passed, or none was seen to be."""
    if not run.unseen:
        return "no limit was passed"
    unseen = sum(one.true for one in run.unseen)
    forged = len(run.unseen) - unseen
    words = [f"{unseen} limit{'s were' if unseen > 1 else ' was'} passed unseen"] if unseen else []
    words += [f"{forged} alarm{'s' if forged > 1 else ''} of a forged view suppressed"] * bool(
        forged
    )
    return f"no alarm was raised; {', '.join(words)}"


def _plot_alarm_row(
    axes: Axes,
    run: Run,
    row: int,
    alarms: Sequence[tuple[float, float, str]],
    none: str,
    color: str,
) -> None:
    """Plot alarms, each from and to an hour, in words; words that would overlap are left out.

    Those of an alarm that is raised while an incident lasts are written before others.
    """
    if not alarms:
        axes.text(0.5 * run.hours, row + 0.15, none, ha="center", va="center", **QUIET)
    taken: list[tuple[float, float]] = []
    spans = [span for one in run.incidents for span in one.spans_h]
    for start, end, words in sorted(alarms, key=lambda alarm: not _during(alarm[0], spans)):
        end = run.hours if math.isnan(end) else end
        axes.broken_barh([(start, end - start)], (row, 0.3), color=color, lw=0.8)
        width = len(words) * run.hours / CHARACTERS
        left = max(min(start, run.hours - width), 0.0)
        if all(left > last or left + width < begin for begin, last in taken):
            axes.text(left, row - 0.06, words, fontsize=7, va="bottom", color="#1c2833",
                      path_effects=OUTLINE)  # fmt: skip
            taken.append((left, left + width))


def _during(hour: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(begin <= hour < end for begin, end in spans)


def _rounded(value: float) -> str:
    return rounded(value, 0) if value >= 10 else f"{value:.2g}"
