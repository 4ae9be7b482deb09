"""The story of a run in one picture: who was deceived, what was done, what broke, who noticed."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from scenarios.definition.words import blamed
from scenarios.report.story_devices import PLC, Lane, draw_lanes, switched, tall
from scenarios.report.story_entries import bars_of, draw_entries
from scenarios.report.story_tags import left_out, told_tags
from scenarios.report.style import (
    ALARM,
    ATTACK,
    CHARACTERS,
    ENTRY,
    PAIR,
    TRUTH,
    VIEW,
    WHITE,
    hours_axis,
    short,
)
from scenarios.results.impact import counters
from scenarios.results.incidents import merged
from scenarios.results.run import Run
from scenarios.results.views import SCADA, View
from twin.tags import Tag
from twin.units import HOUR

_NOTICED, _LIMIT = "#6c3483", "#b9770e"
_WIDE = 11.0  # inches
_DASHES: list[Any] = ["-.", (0, (1.5, 1.5)), (0, (6, 1.5)), (0, (3, 1, 1, 1, 1, 1))]
_PLCS = [PLC, "#b7950b", "#17a2b8", "#6e2c00"]
_DRY = -20.0  # pressures below [m] are off the scale
_MARKED = 3  # of more incidents than these, only the first mark is drawn
_HARM = {
    "overflow_m3": "spilled\n[m³]",
    "empty_tank_h": "tanks empty\n[h]",
    "unmet_m3": "demand not\nmet [m³]",
    "leaked_m3": "leaked\n[m³]",
    "pump_starts": "pump starts",
}
_QUIET: dict[str, Any] = {"fontsize": 8, "color": "#566573"}
_DAMAGE: dict[str, Any] = {"ls": ":", "lw": 2.0}
_DETECTED: dict[str, Any] = {"ls": (0, (6, 3)), "lw": 1.5}


def story(run: Run) -> Figure:
    """Draw a run's time line: entries by port, what was shown, commands, damage and alarms."""
    bars, tags, lanes = bars_of(run), told_tags(run), switched(run)
    more = _more(left_out(run, tags, [lane.device for lane in lanes]))
    harms = list(run.damage or {})
    rows: list[tuple[float, Callable[[Axes], None]]] = []
    acts = sum(bar.tall for bar in bars) + bool(run.scenario.operator)
    if acts:
        rows.append((0.4 * acts + 0.15, partial(draw_entries, run=run, bars=bars)))
    rows += [(1.15, partial(_draw_tag, run=run, tag=tag)) for tag in tags]
    if more:
        rows.append((0.16 + 0.14 * more.count("\n"), partial(_draw_more, words=more)))
    if lanes:
        rows.append((0.28 * tall(lanes), partial(_draw_devices, lanes=lanes)))
    if run.scenario.entries:
        rows += [(0.85 if name else 0.4, partial(_draw_harm, run=run, name=name))
                 for name in harms or [""]]  # fmt: skip
    rows.append((0.75, partial(_draw_alarms, run=run)))
    title = _title(run)
    heights = [height for height, _ in rows]
    above, below, gap = 0.3 + 0.17 * title.count("\n"), 0.75, 0.12
    high = sum(heights) + gap * (len(rows) - 1) + above + below
    figure = Figure(figsize=(_WIDE, high))
    figure.subplots_adjust(
        left=1.55 / _WIDE,
        right=1 - 1.35 / _WIDE,
        top=1 - above / high,
        bottom=below / high,
        hspace=gap / (sum(heights) / len(heights)),
    )
    shape: Any = {"height_ratios": heights}
    panels = np.atleast_1d(figure.subplots(len(rows), 1, sharex=True, gridspec_kw=shape))
    for axes, (_, draw) in zip(panels, rows, strict=True):
        draw(axes)
        _mark(axes, run)
        axes.tick_params(labelsize=7.5)
        axes.yaxis.set_label_coords(-0.8 / (_WIDE - 2.9), 0.5)
        if axes is not panels[-1]:
            axes.tick_params(axis="x", length=0)
    hours_axis(panels[-1], run)
    figure.text(0.12 / _WIDE, 1 - 0.1 / high, title, fontsize=9.5, va="top")
    figure.legend(handles=_signs(run), loc="lower right", ncols=4, fontsize=7.5, frameon=False,
                  handlelength=3.2)  # fmt: skip
    return figure


def _title(run: Run) -> str:
    head = f"{run.scenario.name}, seed {run.scenario.seed}"
    words = textwrap.wrap(run.scenario.description, 150)[:4]
    return "\n".join([head, *words])


def _more(names: Sequence[str]) -> str:
    """Say what was altered and has no place of its own in the picture."""
    words = f"and {len(names)} more that {'was' if len(names) == 1 else 'were'} altered: "
    return textwrap.fill(words + ", ".join(names), CHARACTERS) if names else ""


def _draw_more(axes: Axes, words: str) -> None:
    axes.axis("off")
    axes.text(0.003, 0.5, words, transform=axes.transAxes, va="center",
              path_effects=WHITE, **_QUIET)  # fmt: skip


def _draw_tag(axes: Axes, run: Run, tag: Tag) -> None:
    """Draw a tag as it was, and, where it was shown otherwise, as each PLC and SCADA saw it."""
    hours = run.truth.index / HOUR
    true = run.truth[tag.name]
    style: dict[str, Any] = {} if tag.quantity == "level" else {"drawstyle": "steps-post"}
    if run.scenario.entries and run.paired is not None:
        axes.plot(
            hours,
            run.paired[tag.name],
            color=PAIR,
            lw=1.0,
            label=f"no {blamed(run.scenario)}",
            **style,
        )
    axes.plot(hours, true, color=TRUTH, lw=1.6, label="truth", **style)
    plcs = 0
    for view in _merged_views(run.views.lies.get(tag.name, []), 0.02 * float(np.ptp(true))):
        color, dash = VIEW, "--"
        if view.readers != (SCADA,):
            color, dash = _PLCS[plcs % len(_PLCS)], _DASHES[plcs % len(_DASHES)]
            plcs += 1
        label = f"{short(', '.join(view.readers), 15)} saw"
        axes.plot(view.lie.index / HOUR, view.lie, color=color, lw=1.5, ls=dash, label=label,
                  **style)  # fmt: skip
    if tag.quantity == "level":
        tank = run.spec.model.get_node(tag.element)
        axes.axhline(tank.max_level, color=ALARM, lw=0.8, ls=":", label="rim")
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, tank.min_level), max(high, tank.max_level * 1.06))
    if tag.quantity == "pressure" and axes.get_ylim()[0] < _DRY:  # what is solved without water
        axes.set_ylim(_DRY, 1.05 * max(float(true.max()), 0.0))
    axes.set_ylabel(f"{tag.name}\n[{tag.unit or '0/1'}]", fontsize=8)
    _key(axes)


def _merged_views(lies: Sequence[View], near: float) -> list[View]:
    """Return views with those of PLCs as one that no line could tell apart: a scan or so late."""
    found: list[View] = []
    for view in lies:
        for place, known in enumerate(found):
            wrong = known.wrong | view.wrong
            if SCADA not in (*known.readers, *view.readers):
                apart = (known.seen - view.seen).abs()[wrong]
                if apart.notna().all() and apart.quantile(0.95) <= near:
                    readers = (*known.readers, *view.readers)
                    found[place] = View(readers, known.seen, known.wrong)
                    break
        else:
            found.append(view)
    return found


def _draw_devices(axes: Axes, lanes: Sequence[Lane]) -> None:
    draw_lanes(axes, lanes)
    axes.set_ylabel("pumps,\nvalves", fontsize=8)
    _key(axes)


def _draw_harm(axes: Axes, run: Run, name: str) -> None:
    """Draw what came to harm; of several incidents, since when and how much each is to blame."""
    if not name:
        words = f"not compared with a run without the {blamed(run.scenario)}"
        words = words if run.paired is None else "no damage"
        axes.set_yticks([])
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", **_QUIET)
        axes.set_ylabel("damage", fontsize=8)
        return
    hours = run.truth.index / HOUR
    assert run.paired is not None
    done, usual = counters(run.truth)[name], counters(run.paired)[name]
    axes.fill_between(hours, usual, done, color=ALARM, alpha=0.25, lw=0)
    axes.plot(hours, usual, color=PAIR, lw=1.0, label=f"no {blamed(run.scenario)}")
    axes.plot(hours, done, color=ALARM, lw=1.5, label="so far")
    axes.set_ylabel(_HARM[name], fontsize=8)
    axes.set_ylim(bottom=0)
    _key(axes)
    causes = [(one.name, one.damage[name]) for one in run.incidents
              if len(run.incidents) > 1 and one.damage and name in one.damage]  # fmt: skip
    for row, (incident, harm) in enumerate(causes[:_MARKED]):
        late = harm.since_h > 0.75 * run.hours
        axes.text(harm.since_h, 0.93 - 0.2 * row, f" {incident}: +{_figure(harm.most)} ",
                  fontsize=7,
                  transform=axes.get_xaxis_transform(), va="top", ha="right" if late else "left",
                  path_effects=WHITE)  # fmt: skip


def _draw_alarms(axes: Axes, run: Run) -> None:
    """Draw the detector's episodes and SCADA's own limit alarms, each with what it is about."""
    episodes = [
        (float(str(at)) / HOUR, row["last"] / HOUR + 1, f"by {', '.join(row['tags'][:2])}")
        for at, row in run.alarms.iterrows()
    ]
    limits = [
        (max(0.0, float(str(at)) / HOUR), row["cleared"] / HOUR, f"{row['tag']} {row['limit']}")
        for at, row in run.limits.iterrows()
    ]
    watched = run.false_episodes is not None
    none = "no alarm was raised" if watched else "nobody watched"
    _draw_raised(axes, run, 0, episodes, none, ALARM)
    _draw_raised(axes, run, 1, limits, "no limit was passed", _LIMIT)
    axes.set_yticks([0.15, 1.15], ["detector", "limits"], fontsize=7.5)
    axes.set_ylim(1.5, -0.75)
    axes.set_ylabel("alarms", fontsize=8)


def _draw_raised(
    axes: Axes,
    run: Run,
    row: int,
    raised: Sequence[tuple[float, float, str]],
    none: str,
    color: str,
) -> None:
    """Draw alarms from and to hours of the run; words that would overlap are left out."""
    if not raised:
        axes.text(0.5 * run.hours, row + 0.15, none, ha="center", va="center", **_QUIET)
    free = -1.0
    for start, end, words in raised:
        end = run.hours if math.isnan(end) else end
        axes.broken_barh([(start, end - start)], (row, 0.3), color=color, lw=0.8)
        wide = len(words) * run.hours / CHARACTERS
        if start > free and start + wide < run.hours:
            axes.text(start, row - 0.06, words, fontsize=7, va="bottom", color="#1c2833",
                      path_effects=WHITE)  # fmt: skip
            free = start + wide


def _mark(axes: Axes, run: Run) -> None:
    """Mark when incidents lasted, and when the damage began and they were noticed."""
    for first, last in _merged(run):
        axes.axvspan(first, last, color=ATTACK, alpha=0.4, lw=0, zorder=0)
    for at in _damaged(run):
        axes.axvline(at, color=ALARM, zorder=1, **_DAMAGE)
    for at in _noticed(run):
        axes.axvline(at, color=_NOTICED, zorder=1, **_DETECTED)


def _merged(run: Run) -> list[tuple[float, float]]:
    """Return the time [h] incidents lasted, overlapping ones as one."""
    return merged((one.start_h, one.end_h) for one in run.incidents
                  if one.start_h is not None and one.end_h is not None)  # fmt: skip


def _damaged(run: Run) -> list[float]:
    """Return when damage began [h]; of many incidents, the first only."""
    found = sorted({one.damage_h for one in run.incidents if one.damage_h is not None})
    return found if len(run.incidents) <= _MARKED else found[:1]


def _noticed(run: Run) -> list[float]:
    """Return when incidents were noticed [h]; of many, the first only."""
    found = sorted({one.start_h + one.delay_h for one in run.incidents
                    if one.start_h is not None and one.delay_h is not None})  # fmt: skip
    return found if len(run.incidents) <= _MARKED else found[:1]


def _signs(run: Run) -> list[Any]:
    """Return what the marks across all rows mean."""
    first = "first " if len(run.incidents) > _MARKED else ""
    signs: list[Any] = []
    if _merged(run):
        signs.append(Patch(color=ATTACK, alpha=0.5, label="an incident lasts"))
    if run.scenario.faults:
        signs.append(Patch(color=ENTRY["fault"], label="a fault lasts"))
    if _damaged(run):
        signs.append(Line2D([], [], color=ALARM, label=f"{first}damage begins", **_DAMAGE))
    if _noticed(run):
        signs.append(
            Line2D([], [], color=_NOTICED, label=f"{first}noticed by the detector", **_DETECTED)
        )
    return signs


def _key(axes: Axes) -> None:
    """Name a panel's lines beside it."""
    axes.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), fontsize=7, frameon=False,
                handlelength=1.8, labelspacing=0.25, borderaxespad=0.0)  # fmt: skip


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
