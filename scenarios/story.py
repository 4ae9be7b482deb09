"""The story of a run in one picture: who was deceived, what was done, what broke, who noticed."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from attacks.entry import Entry
from scenarios.impact import DAMAGE, counters, damaging
from scenarios.incidents import merged
from scenarios.pictures import ALARM, ATTACK, PAIR, TRUTH, VIEW, hours_axis, on_spans
from scenarios.result import Run
from scenarios.words import entry_in_words, order_in_words
from twin.tags import Tag
from twin.units import HOUR

PLC, _NOTICED = "#1e8449", "#6c3483"
_ENTRY = {"attack": "#c0392b", "fault": "#b7950b"}
_WIDE, _CHARACTERS = 11.0, 130  # inches, and what fits across a panel
_LIES, _TANKS, _DEVICES = 4, 2, 8  # at most so many tags and devices are told of
_DRY = -20.0  # pressures below [m] are off the scale
_MARKED = 3  # of more incidents than these, only the first mark is drawn
_HARM = {
    "overflow_m3": "spilled\n[m³]",
    "empty_tank_h": "tanks empty\n[h]",
    "unmet_m3": "demand not\nmet [m³]",
    "leaked_m3": "leaked\n[m³]",
    "pump_starts": "pump starts",
}
_WHITE = [withStroke(linewidth=2.5, foreground="white")]


@dataclass(frozen=True)
class _Bar:
    """A row of the time line: an entry, and each start and length [h] of its acting."""

    entry: Entry
    spans: list[tuple[float, float]]


def story(run: Run) -> Figure:
    """Draw a run's time line: entries by port, what was shown, commands, damage and alarms."""
    bars, tags, devices, harms = _bars(run), _told_tags(run), _told_devices(run), _harms(run)
    rows: list[tuple[float, Callable[[Axes], None]]] = []
    acts = len(bars) + bool(run.scenario.operator)
    if acts:
        rows.append((0.4 * acts + 0.15, partial(_draw_entries, run=run, bars=bars)))
    rows += [(1.15, partial(_draw_tag, run=run, tag=tag)) for tag in tags]
    if devices:
        rows.append((0.24 * len(devices) + 0.3, partial(_draw_devices, run=run, devices=devices)))
    if run.scenario.entries:
        rows += [(0.85 if name else 0.4, partial(_draw_harm, run=run, name=name))
                 for name in harms or [""]]  # fmt: skip
    rows.append((0.5, partial(_draw_alarms, run=run)))
    title = _title(run)
    heights = [height for height, _ in rows]
    above, below, gap = 0.3 + 0.17 * title.count("\n"), 0.75, 0.12
    tall = sum(heights) + gap * (len(rows) - 1) + above + below
    figure = Figure(figsize=(_WIDE, tall))
    figure.subplots_adjust(
        left=1.55 / _WIDE,
        right=1 - 1.35 / _WIDE,
        top=1 - above / tall,
        bottom=below / tall,
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
    figure.text(0.12 / _WIDE, 1 - 0.1 / tall, title, fontsize=9.5, va="top")
    figure.legend(handles=_signs(run), loc="lower right", ncols=3, fontsize=7.5, frameon=False)
    return figure


def _title(run: Run) -> str:
    head = f"{run.scenario.name}, seed {run.scenario.seed}"
    words = textwrap.wrap(run.scenario.description, 150)[:4]
    return "\n".join([head, *words])


def _bars(run: Run) -> list[_Bar]:
    """Return the time line's rows: those of one port together, in the order they are written."""
    bars = []
    for entry in run.scenario.entries:
        mine = run.labels[run.labels["entry"] == entry.name]
        active = mine["active"].to_numpy(dtype=bool)
        bars.append(_Bar(entry, on_spans(mine["time"].to_numpy() / HOUR, active)))
    ports = list(dict.fromkeys(bar.entry.on for bar in bars))
    return sorted(bars, key=lambda bar: ports.index(bar.entry.on))


def _draw_entries(axes: Axes, run: Run, bars: Sequence[_Bar]) -> None:
    """Draw each entry as a bar, with what it is in words above it."""
    names = [_short(bar.entry.on, 22) for bar in bars]
    if run.scenario.operator:
        _draw_orders(axes, run, len(names))
        names.append("operator")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.35, -0.65)
    for row, bar in enumerate(bars):
        axes.broken_barh(bar.spans, (row, 0.34), facecolors=_ENTRY[bar.entry.label], lw=0)
        words = f"{bar.entry.name}: {entry_in_words(bar.entry)}"
        if not bar.spans:
            words = f"never acted: {words}"
        words = _short(words, _CHARACTERS)
        wide = len(words) * run.hours / _CHARACTERS
        at = min(bar.spans[0][0] if bar.spans else 0.0, max(0.0, 0.995 * run.hours - wide))
        axes.text(at + 0.003 * run.hours, row - 0.06, words, va="bottom", fontsize=7.5,
                  color="#1c2833" if bar.spans else "#7b7d7d", path_effects=_WHITE)  # fmt: skip


def _draw_orders(axes: Axes, run: Run, row: int) -> None:
    """Mark what the operator wrote, and when; words that would overlap are left out."""
    free = -1.0
    for order in run.scenario.operator:
        at = order.at / HOUR
        axes.plot([at], [row + 0.17], marker="v", ms=5, color=TRUTH)
        words = _short(order_in_words(order), 40)
        if at >= free:
            axes.text(at, row - 0.06, words, va="bottom", fontsize=7.5, path_effects=_WHITE)
            free = at + len(words) * run.hours / _CHARACTERS


def _told_tags(run: Run) -> list[Tag]:
    """Return the tags to tell of: those lied about first, then the levels the attack moved."""
    tags = {tag.name: tag for tag in run.network.tags}
    named = [
        tag for entry in run.scenario.entries for tag in (*entry.tags, entry.on.partition(":")[2])
    ]
    altered = pd.Series([t for some in run.labels["altered"] for t in some], dtype=object)
    named = [tag for tag in [*named, *altered.unique()] if tag in tags]
    # Of many, those whose view is farthest from the truth, each by how much it moves itself.
    lies = _misled(run)
    ranked = sorted(dict.fromkeys(named), key=lambda t: -lies.get(t, 0.0))
    told = [t for t in ranked if tags[t].quantity != "status" or len(ranked) <= 2][:_LIES]
    told += [tag for tag in _moved(run) if tag not in told][:_TANKS]
    if not told:
        told = [t for t in tags if tags[t].quantity == "level"]
    return [tag for tag in run.network.tags if tag.name in told]


def _misled(run: Run) -> dict[str, float]:
    """Return by tag how far any view of it was from the truth, in its own standard deviations."""
    found = {}
    for tag in run.network.tags:
        true = run.truth[tag.name]
        scale = float(true.std()) or 1.0
        views = [run.plc[c] for c in map(str, run.plc) if c.partition(".")[2] == tag.name]
        views.append(run.scada[tag.name].reindex(true.index))
        found[tag.name] = max(float((view - true).abs().mean()) / scale for view in views)
    return found


def _moved(run: Run) -> list[str]:
    """Return the levels the attacks moved, the most moved in its tank's height first."""
    if run.paired is None or not run.scenario.entries:
        return []
    moved = {}
    for tag in run.network.tags:
        if tag.quantity == "level":
            off = (run.truth[tag.name] - run.paired[tag.name]).abs().mean()
            moved[tag.name] = float(off) / run.network.model.get_node(tag.element).max_level
    return [tag for tag in sorted(moved, key=lambda t: -moved[t]) if moved[tag] > 0.01]


def _draw_tag(axes: Axes, run: Run, tag: Tag) -> None:
    """Draw a tag as it was, and, where it was shown otherwise, as each PLC and SCADA saw it."""
    hours = run.truth.index / HOUR
    true = run.truth[tag.name]
    style: dict[str, Any] = {} if tag.quantity == "level" else {"drawstyle": "steps-post"}
    if run.scenario.entries and run.paired is not None:
        axes.plot(hours, run.paired[tag.name], color=PAIR, lw=1.0, label="no attack", **style)
    axes.plot(hours, true, color=TRUTH, lw=1.6, label="truth", **style)
    views = [(names, PLC, "-.") for names in _deceived(run, tag)]
    for names, color, dash in [*views, (["SCADA"], VIEW, "--")]:
        view = run.scada[tag.name] if color == VIEW else run.plc[f"{names[0]}.{tag.name}"]
        lie = _where_wrong(view, true)
        if lie.notna().any():
            label = f"{_short(', '.join(names), 15)} saw"
            axes.plot(lie.index / HOUR, lie, color=color, lw=1.5, ls=dash, label=label, **style)
    if tag.quantity == "level":
        tank = run.network.model.get_node(tag.element)
        axes.axhline(tank.max_level, color=ALARM, lw=0.8, ls=":", label="rim")
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, tank.min_level), max(high, tank.max_level * 1.06))
    if tag.quantity == "pressure" and axes.get_ylim()[0] < _DRY:  # what is solved without water
        axes.set_ylim(_DRY, 1.05 * max(float(true.max()), 0.0))
    axes.set_ylabel(f"{tag.name}\n[{tag.unit or '0/1'}]", fontsize=8)
    _key(axes)


def _where_wrong(view: pd.Series, true: pd.Series) -> pd.Series:
    """Return a view where it differs from the truth, and at the rows beside; NaN elsewhere."""
    wrong = (view - true.reindex(view.index)).abs() > 1e-6
    if wrong.mean() < 0.5 and wrong.rolling(3).sum().max() < 3:
        return view * np.nan  # a PLC a scan behind its sensor, here and there, is no lie
    return view.where(wrong.rolling(3, center=True, min_periods=1).max() > 0)


def _deceived(run: Run, tag: Tag) -> list[list[str]]:
    """Return the PLCs that saw a tag wrong, those that saw the same together."""
    columns = {
        column.partition(".")[0]: run.plc[column]
        for column in map(str, run.plc)
        if column.partition(".")[2] == tag.name
    }
    groups: list[list[str]] = []
    for name, view in columns.items():
        if _where_wrong(view, run.truth[tag.name]).notna().any():
            like = next((g for g in groups if columns[g[0]].equals(view)), None)
            if like is None:
                groups.append([name])
            else:
                like.append(name)
    return groups


def _told_devices(run: Run) -> list[Tag]:
    """Return the statuses to tell of: those attacked, then those that ran otherwise."""
    tags = {tag.element: tag for tag in run.network.tags if tag.quantity == "status"}
    aimed: list[str] = []
    deceived: list[str] = []
    for entry in run.scenario.entries:
        family, _, rest = entry.on.partition(":")
        aimed += [rest.removeprefix("S_"), *getattr(entry.do, "actuators", ())]
        aimed += [tag.removeprefix("S_") for tag in entry.tags]
        target = rest.rpartition("->")[2]
        if family in ("plc", "link") and target in run.network.plcs:
            deceived += run.network.plcs[target].actuators
    deceived = [name for name in deceived if name in tags and run.truth[tags[name].name].any()]
    different = pd.Series(dtype=float)
    if run.paired is not None and run.scenario.entries:
        names = [tag.name for tag in tags.values()]
        off = (run.truth[names] - run.paired[names]).abs().mean()
        different = off[off > 0.01].sort_values(ascending=False)
    by_name = {tag.name: element for element, tag in tags.items()}
    others = [by_name[name] for name in different.index]
    told = [name for name in dict.fromkeys([*aimed, *deceived, *others]) if name in tags]
    return [tags[name] for name in tags if name in told[:_DEVICES]]


def _draw_devices(axes: Axes, run: Run, devices: Sequence[Tag]) -> None:
    hours = run.truth.index.to_numpy() / HOUR
    usual = run.paired if run.scenario.entries else None
    for row, tag in enumerate(devices):
        for table, low, height, color in (
            (run.truth, row - 0.36, 0.42, TRUTH),
            *([] if usual is None else [(usual, row + 0.12, 0.2, PAIR)]),
        ):
            axes.broken_barh(
                on_spans(hours, table[tag.name].to_numpy() > 0.5),
                (low, height),
                facecolors=color,
                lw=0,
                label=("no attack" if color == PAIR else "runs") if row == 0 else None,
            )
    axes.set_yticks(range(len(devices)), [tag.element for tag in devices], fontsize=7.5)
    axes.set_ylim(len(devices) - 0.4, -0.6)
    axes.set_ylabel("pumps,\nvalves", fontsize=8)
    _key(axes)


def _harms(run: Run) -> list[str]:
    """Return the impact counters that came to exceed the pair's by what counts as damage."""
    if run.paired is None or not run.scenario.entries:
        return []
    harmed = damaging(run.truth, run.paired).any()
    return [name for name in DAMAGE if harmed[name]]


def _draw_harm(axes: Axes, run: Run, name: str) -> None:
    if not name:
        known = run.paired is not None
        words = "no damage" if known else "not compared with a run without the attack"
        axes.set_yticks([])
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center",
                  fontsize=8, color="#566573")  # fmt: skip
        axes.set_ylabel("damage", fontsize=8)
        return
    hours = run.truth.index / HOUR
    assert run.paired is not None
    done, usual = counters(run.truth)[name], counters(run.paired)[name]
    axes.fill_between(hours, usual, done, color=ALARM, alpha=0.25, lw=0)
    axes.plot(hours, usual, color=PAIR, lw=1.0, label="no attack")
    axes.plot(hours, done, color=ALARM, lw=1.5, label="so far")
    axes.set_ylabel(_HARM[name], fontsize=8)
    axes.set_ylim(bottom=0)
    _key(axes)


def _draw_alarms(axes: Axes, run: Run) -> None:
    axes.set_yticks([])
    axes.set_ylim(0, 1)
    axes.set_ylabel("alarms", fontsize=8)
    if not len(run.alarms):
        words = "nobody watched" if run.false_episodes is None else "no alarm was raised"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center",
                  fontsize=8, color="#566573")  # fmt: skip
        return
    free = -1.0
    for first, row in run.alarms.iterrows():
        start, end = float(str(first)) / HOUR, row["last"] / HOUR + 1
        axes.broken_barh([(start, end - start)], (0.1, 0.35), facecolors=ALARM, lw=0)
        words = f"by {', '.join(row['tags'][:2])}"
        wide = len(words) * run.hours / _CHARACTERS
        if start > free and start + wide < run.hours:
            axes.text(start, 0.55, words, fontsize=7, va="bottom", color="#1c2833",
                      path_effects=_WHITE)  # fmt: skip
            free = start + wide


def _mark(axes: Axes, run: Run) -> None:
    """Mark when incidents lasted, and when the damage began and they were noticed."""
    for first, last in _merged(run):
        axes.axvspan(first, last, color=ATTACK, alpha=0.4, lw=0, zorder=0)
    for at in _damaged(run):
        axes.axvline(at, color=ALARM, lw=1.1, ls=":", zorder=1)
    for at in _noticed(run):
        axes.axvline(at, color=_NOTICED, lw=1.1, ls=":", zorder=1)


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
    if _damaged(run):
        signs.append(Line2D([], [], color=ALARM, ls=":", label=f"{first}damage begins"))
    if _noticed(run):
        signs.append(
            Line2D([], [], color=_NOTICED, ls=":", label=f"{first}noticed by the detector")
        )
    return signs


def _key(axes: Axes) -> None:
    """Name a panel's lines beside it."""
    axes.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), fontsize=7, frameon=False,
                handlelength=1.8, labelspacing=0.25, borderaxespad=0.0)  # fmt: skip


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
