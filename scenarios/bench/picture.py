"""The picture of a bench: what each detector notices, by family, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenarios.bench.words import advice, delay, percent

_TEXT = "#1c2833"
_QUIET = "#566573"
_BAR = "#b03a2e"


def plot_bench(figures: Mapping[str, Any], title: str) -> Figure:
    """Plot the share of visible incidents that each detector notices, and its false episodes.

    Parameters
    ----------
    figures : mapping
        As `scenarios.bench.figures.figures` returns them.
    title : str
    """
    detectors = figures["detectors"]
    names = list(detectors)
    rows = _rows(detectors)
    width = 4.6 + 1.25 * len(names) + 3.4
    told = [part for line in advice(figures) for part in wrap(line, int(13.5 * width))]
    above = 0.75 + 0.16 * len(told)
    height = above + 0.75 + 0.36 * len(rows)
    figure = Figure(figsize=(width, height))
    grid = figure.add_gridspec(
        1, 2, width_ratios=[1.25 * len(names), 3.0], wspace=0.12,
        left=2.6 / width, right=1 - 0.25 / width, top=1 - above / height, bottom=0.75 / height,
    )  # fmt: skip
    heat = figure.add_subplot(grid[0, 0])
    _heat(heat, rows, names)
    _false(figure.add_subplot(grid[0, 1]), detectors)
    figure.text(0.12 / width, 1 - 0.12 / height, title, fontsize=10, va="top", color=_TEXT)
    figure.text(
        0.12 / width, 1 - 0.36 / height, "\n".join(told), fontsize=8, va="top", color=_QUIET
    )
    words = "Of the incidents that SCADA shows (so many): share noticed while they last, and the "
    words += "median delay from the first frame that differs."
    figure.text(0.12 / width, 0.12 / height, words, fontsize=7.5, color=_QUIET)
    return figure


def _rows(detectors: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any] | None]]]:
    """Return the heat map's rows: a name, and of each detector the figures of its cell."""
    known = [*detectors.values()]
    families = [*dict.fromkeys(name for one in known for name in one["families"])]
    faults = [*dict.fromkeys(name for one in known for name in one["faults"]["families"])]
    rows: list[tuple[str, list[Mapping[str, Any] | None]]] = [
        ("all attacks", [one["all"] for one in known])
    ]
    rows += [(name, [one["families"].get(name) for one in known]) for name in families]
    rows += [
        (f"{size} ones", [one["sizes"].get(size) for one in known]) for size in known[0]["sizes"]
    ]
    rows += [
        (f"fault: {name}", [one["faults"]["families"].get(name) for one in known])
        for name in faults
    ]
    return rows


def _heat(
    axes: Axes, rows: Sequence[tuple[str, list[Mapping[str, Any] | None]]], names: Sequence[str]
) -> None:
    shares = np.array(
        [
            [np.nan if one is None or one["detected"] is None else one["detected"] for one in cells]
            for _, cells in rows
        ]
    )
    axes.imshow(shares, cmap="RdYlGn", vmin=0.0, vmax=1.0, aspect="auto", alpha=0.6)
    for i, (_, cells) in enumerate(rows):
        for j, one in enumerate(cells):
            words = "–"
            if one is not None and one["detected"] is not None:
                words = f"{percent(one['detected'])}  {delay(one['median_min'])}"
            axes.text(j, i, words, ha="center", va="center", fontsize=8, color=_TEXT)
    axes.set_xticks(range(len(names)), names, fontsize=8.5)
    axes.xaxis.tick_top()
    counted = [max((one["visible"] for one in cells if one is not None), default=0)
               for _, cells in rows]  # fmt: skip
    labels = [f"{name} ({count})" for (name, _), count in zip(rows, counted, strict=True)]
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    axes.tick_params(length=0)
    for place, (before, after) in enumerate(pairwise(rows)):
        if _part(before[0]) != _part(after[0]):
            axes.axhline(place + 0.5, color="white", lw=3)


def _part(name: str) -> str:
    if name.startswith("fault: "):
        return "fault"
    return "sum" if name == "all attacks" else "size" if name.endswith(" ones") else "family"


def _false(axes: Axes, detectors: Mapping[str, Any]) -> None:
    """Plot false episodes a normal week with their intervals, and what a frame costs in words."""
    places = np.arange(len(detectors))
    rates = [one["normal"]["per_week"] for one in detectors.values()]
    intervals = [one["normal"]["interval"] for one in detectors.values()]
    spread = [
        [rate - low for rate, (low, _) in zip(rates, intervals, strict=True)],
        [high - rate for rate, (_, high) in zip(rates, intervals, strict=True)],
    ]
    axes.barh(places, rates, height=0.35, color=_BAR, alpha=0.6)
    axes.errorbar(rates, places, xerr=spread, fmt="none", ecolor=_TEXT, capsize=3, lw=1)
    for place, (name, one) in enumerate(detectors.items()):
        normal = one["normal"]
        words = f"{name}: {normal['episodes']} in {normal['weeks']:g} weeks; "
        words += f"frames {one['interval_s'] / 60:g} min apart, {one['ms_a_frame']:.2g} ms each"
        axes.text(0.0, place - 0.28, words, fontsize=7.5, va="bottom", color=_TEXT)
    axes.set_yticks([])
    axes.set_ylim(len(detectors) - 0.4, -0.8)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("false episodes a normal week, 95 % interval", fontsize=8)
    axes.tick_params(labelsize=7.5)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def plot_evasion(figures: Mapping[str, Any], reaches: Sequence[str], title: str) -> Figure:
    """Plot the water that attackers still cost before they are noticed, by reach and disguise.

    Parameters
    ----------
    figures : mapping
        As `scenarios.bench.evasion.figures` returns them.
    reaches : sequence of str
        What attackers reach, the least first.
    title : str
    """
    detectors = figures["detectors"]
    figure = Figure(figsize=(max(1.6 + 3.1 * len(detectors), 7.0), 3.6))
    grid = figure.subplots(1, len(detectors), sharey=True, squeeze=False)[0]
    figure.subplots_adjust(left=0.9 / figure.get_figwidth(), right=0.98, top=0.84, bottom=0.27)
    for axes, (name, disguises) in zip(grid, detectors.items(), strict=True):
        for disguise, by_reach in disguises.items():
            kept = [by_reach[reach]["harm_until_noticed_m3"] for reach in reaches
                    if reach in by_reach]  # fmt: skip
            if kept:
                axes.plot(range(len(kept)), kept, marker="o", ms=4, lw=1.4, label=disguise)
            else:
                (bare,) = by_reach.values()
                axes.axhline(
                    bare["harm_until_noticed_m3"], color=_QUIET, ls=":", label="no disguise"
                )
        axes.set_title(name, fontsize=9)
        axes.set_xticks(range(len(reaches)), reaches, fontsize=7.5)
        axes.tick_params(axis="y", labelsize=7.5)
    grid[0].set_ylabel(
        "water lost before the alarm [m³]\n(all of it where there is none)", fontsize=8
    )
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), fontsize=8, frameon=False)
    figure.supxlabel("tags of SCADA's view that the attacker alters", fontsize=8, y=0.11)
    figure.suptitle(title, fontsize=10, x=0.02, ha="left")
    return figure
