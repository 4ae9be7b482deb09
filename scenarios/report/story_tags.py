"""The story's readings: which tags have a panel, what the panels show, and which have none."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from attacks.entries.targets import SCADA, named
from scenarios.definition.words import blamed
from scenarios.report.story_devices import PLC
from scenarios.report.style import ALARM, CHARACTERS, PAIR, TRUTH, VIEW, legend_beside, shortened
from scenarios.results.damage import DAMAGE
from scenarios.results.impact import COUNTERS
from scenarios.results.run import Run
from scenarios.results.views import View
from twin.tags import Tag
from twin.units import HOUR

_FALSIFIED, _HARMED, _MOVED = 4, 4, 2  # tags as a rule; one an entry, if that is more
_PANELS = 8  # at most
_PLC_COLORS = [PLC, "#b7950b", "#17a2b8", "#6e2c00"]
_PLC_DASHES: list[Any] = ["-.", (0, (1.5, 1.5)), (0, (6, 1.5)), (0, (3, 1, 1, 1, 1, 1))]
_LOWEST = -20.0  # pressures below [m] are off the scale: they are solved without water


def shown_tags(run: Run) -> list[Tag]:
    """Return the tags with a panel: harmed tanks, falsified readings, levels the attack moved.

    Of each entry that altered any, one at least as long as there is room. Statuses are shown
    beside the pumps and valves they are of.
    """
    tags = {tag.name: tag for tag in run.spec.tags if tag.quantity != "status"}
    targets = [name for entry in run.scenario.entries for name in named(entry)]
    ranked = [tag for tag in dict.fromkeys([*run.views.falsified, *targets]) if tag in tags]
    harmed = _harmed_levels(run)[:_HARMED]
    shown = _one_per_entry(run, ranked, harmed)[: _PANELS - len(harmed)]
    shown += [tag for tag in ranked if tag not in shown][: max(0, _FALSIFIED - len(shown))]
    room = min(_MOVED - len(harmed), _PANELS - len(harmed) - len(shown))
    shown += [tag for tag in _moved_levels(run) if tag not in (*shown, *harmed)][: max(0, room)]
    if not shown and not harmed:
        shown = [name for name in tags if tags[name].quantity == "level"]
    rest = [tag for tag in run.spec.tags if tag.name in shown and tag.name not in harmed]
    return [*(tags[name] for name in harmed), *rest]


def tags_not_shown(run: Run, tags: Sequence[Tag], devices: Collection[str]) -> list[str]:
    """Return what was altered and is neither among the tags shown nor at a device shown."""
    readings = {tag.name for tag in run.spec.tags if tag.quantity != "status"}
    altered = {name for names in run.labels["altered"] for name in names}
    altered -= {tag.name for tag in tags}
    missing = [n for n in altered if n in readings or run.spec.element(n) not in devices]
    places = {name: i for i, name in enumerate(run.spec.tag_names)}
    return sorted(missing, key=lambda name: (places.get(name, len(places)), name))


def _one_per_entry(run: Run, ranked: Sequence[str], harmed: Sequence[str]) -> list[str]:
    """Return one tag of each entry that altered some of `ranked`, attacks first."""
    chosen: list[str] = []
    for entry in (*run.scenario.attacks, *run.scenario.faults):
        rows = run.labels.loc[run.labels["entry"] == entry.name, "altered"]
        altered = {name for names in rows for name in names}
        candidates = [tag for tag in ranked if tag in altered]
        if candidates and not altered & {*chosen, *harmed}:
            chosen.append(candidates[0])
    return chosen


def _harmed_levels(run: Run) -> list[str]:
    """Return the levels of tanks that ran empty or over as they did not without the attacks."""
    if run.paired is None:
        return []
    since: dict[str, float] = {}
    for name in {"overflow_m3", "empty_tank_h"} & set(run.damage or {}):
        head, tail = COUNTERS[name]
        for tag in run.spec.tags:
            column = f"{head}{tag.element}{tail}"
            if tag.quantity == "level" and column in run.truth:
                past = (run.truth[column] - run.paired[column]) > DAMAGE[name]
                if past.any():
                    first = float(str(past.idxmax()))
                    since[tag.name] = min(first, since.get(tag.name, first))
    return sorted(since, key=lambda tag: since[tag])


def _moved_levels(run: Run) -> list[str]:
    """Return the levels the attacks moved, the most moved in its tank's height first."""
    if run.paired is None or not run.scenario.entries:
        return []
    moved = {}
    for tag in run.spec.tags:
        if tag.quantity == "level":
            off = (run.truth[tag.name] - run.paired[tag.name]).abs().mean()
            moved[tag.name] = float(off) / run.spec.model.get_node(tag.element).max_level
    return [tag for tag in sorted(moved, key=lambda t: -moved[t]) if moved[tag] > 0.01]


def not_shown_in_words(names: Sequence[str]) -> str:
    """Say what was altered and has no place of its own in the picture; '' if that is nothing."""
    words = f"and {len(names)} more that {'was' if len(names) == 1 else 'were'} altered: "
    return textwrap.fill(words + ", ".join(names), CHARACTERS) if names else ""


def plot_tag(axes: Axes, run: Run, tag: Tag) -> None:
    """Plot a tag's truth, and, where they saw something else, what each PLC and SCADA saw."""
    hours = run.truth.index / HOUR
    true = run.truth[tag.name]
    style: dict[str, Any] = {} if tag.quantity == "level" else {"drawstyle": "steps-post"}
    if run.scenario.entries and run.paired is not None:
        label = f"no {blamed(run.scenario)}"
        axes.plot(hours, run.paired[tag.name], color=PAIR, lw=1.0, label=label, **style)
    axes.plot(hours, true, color=TRUTH, lw=1.6, label="truth", **style)
    plcs = 0
    for view in _merged_views(run.views.falsified.get(tag.name, []), 0.02 * float(np.ptp(true))):
        color, dash = VIEW, "--"
        if view.readers != (SCADA,):
            color = _PLC_COLORS[plcs % len(_PLC_COLORS)]
            dash = _PLC_DASHES[plcs % len(_PLC_DASHES)]
            plcs += 1
        label = f"{shortened(', '.join(view.readers), 15)} saw"
        seen = view.seen_wrong
        axes.plot(seen.index / HOUR, seen, color=color, lw=1.5, ls=dash, label=label, **style)
    if tag.quantity == "level":
        tank = run.spec.model.get_node(tag.element)
        axes.axhline(tank.max_level, color=ALARM, lw=0.8, ls=":", label="rim")
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, tank.min_level), max(high, tank.max_level * 1.06))
    if tag.quantity == "pressure" and axes.get_ylim()[0] < _LOWEST:
        axes.set_ylim(_LOWEST, 1.05 * max(float(true.max()), 0.0))
    axes.set_ylabel(f"{tag.name}\n[{tag.unit or '0/1'}]", fontsize=8)
    legend_beside(axes)


def _merged_views(views: Sequence[View], near: float) -> list[View]:
    """Return views with those of PLCs as one that no line could tell apart: a scan or so late."""
    merged: list[View] = []
    for view in views:
        for place, other in enumerate(merged):
            wrong = other.wrong | view.wrong
            if SCADA not in (*other.readers, *view.readers):
                apart = (other.seen - view.seen).abs()[wrong]
                if apart.notna().all() and apart.quantile(0.95) <= near:
                    readers = (*other.readers, *view.readers)
                    merged[place] = View(readers, other.seen, other.wrong)
                    break
        else:
            merged.append(view)
    return merged
