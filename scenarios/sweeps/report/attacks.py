"""Attacks beside one another: who notices which, when, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scenarios.report.style import OUTLINE, shortened
from scenarios.sweeps.report.told import Picture, Told, wilson

_MOST = 60  # attacks in a picture
_NAMED = 10  # of the points of a panel, those that cost most


def heat_map(told: Told) -> Iterator[Picture]:
    """Draw how many runs of each attack each detector noticed."""
    rows = told.watched
    attacks, detectors = told.attacks(rows), told.detectors
    if len(attacks) < 2 or len(attacks) > _MOST:
        return
    cells = rows.groupby(["attack", "detector"])["detected"].agg(["sum", "size"])
    cells = cells.reindex(pd.MultiIndex.from_product([attacks, detectors]))
    hits, of = (cells[name].to_numpy().reshape(len(attacks), -1) for name in ("sum", "size"))
    share = (hits / of).astype(float)
    longest = max(len(shortened(name, 60)) for name in attacks)
    size = (2.2 + 0.07 * longest + 1.25 * len(detectors), 1.3 + 0.27 * len(attacks))
    figure = Figure(figsize=size, layout="constrained")
    panel = figure.subplots()
    image = panel.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(share.shape):
        if not np.isnan(share[row, column]):
            text = f"{hits[row, column]:.0f}/{of[row, column]:.0f}"
            colour = "white" if share[row, column] > 0.6 else "#1c2833"
            panel.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    panel.set_xticks(range(len(detectors)), detectors, fontsize=8)
    panel.set_yticks(range(len(attacks)), [shortened(name, 60) for name in attacks], fontsize=8)
    panel.xaxis.tick_top()
    bar = figure.colorbar(image, ax=panel, format=PercentFormatter(1.0), fraction=0.06, pad=0.02)
    bar.ax.tick_params(labelsize=7)
    yield Picture(
        "who-notices",
        "Which attacks does each detector notice?",
        "Runs whose attack raised an alarm, of all runs of the attack.",
        figure,
    )


def delays(told: Told) -> Iterator[Picture]:
    """Draw how long it took until attacks were noticed."""
    rows = told.watched
    if not rows["delay_h"].notna().any():
        return
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    panel = figure.subplots()
    end = 1.1 * max(float(rows["delay_h"].max()), 1.0)
    for detector in told.detectors:
        mine = rows[rows["detector"] == detector]
        found = np.sort(mine["delay_h"].dropna().to_numpy(dtype=float))
        steps = np.arange(len(found) + 1) / max(len(mine), 1)
        label = f"{detector}: {len(found)} of {len(mine)}"
        panel.step(
            [0.0, *found, end], [*steps, steps[-1]], where="post", color=told.colour(detector),
            label=label,
        )  # fmt: skip
    panel.set_xscale("symlog", linthresh=1.0)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.set_xlim(-0.03, end)
    panel.set_ylim(0, 1.03)
    panel.yaxis.set_major_formatter(PercentFormatter(1.0))
    panel.set_xlabel("time from the attack's begin to its alarm [h]", fontsize=9)
    panel.set_ylabel("runs whose attack was noticed by then", fontsize=9)
    panel.grid(alpha=0.25)
    panel.legend(fontsize=8, frameon=False)
    yield Picture(
        "delays",
        "How soon are attacks noticed?",
        "The share of attacked runs in which an alarm had been raised by then; a line that ends "
        "below 100 % never noticed the others.",
        figure,
    )


def spread(told: Told) -> Iterator[Picture]:
    """Draw the delay of each run, attack by attack."""
    rows = told.watched
    attacks = told.attacks(rows)
    if rows["run"].nunique() <= len(attacks) or len(attacks) > _MOST:
        return
    figure = Figure(figsize=(8.2, 1.5 + 0.32 * len(attacks)), layout="constrained")
    panel, missed = figure.subplots(1, 2, sharey=True, width_ratios=(6, 1))
    height = 0.7 / len(told.detectors)
    for place, detector in enumerate(told.detectors):
        mine = rows[rows["detector"] == detector]
        at = mine["attack"].map({name: float(row) for row, name in enumerate(attacks)})
        at = at + (place - (len(told.detectors) - 1) / 2) * height
        colour = told.colour(detector)
        panel.plot(mine["delay_h"], at, "o", ms=4, alpha=0.6, mew=0, color=colour, label=detector)
        for row, group in mine.groupby(at):
            lost = int((~group["detected"]).sum())
            missed.barh(row, lost / len(group), height=height, color=colour)
    panel.set_xscale("symlog", linthresh=1.0)
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.set_xlim(-0.1, 1.25 * max(float(rows["delay_h"].fillna(0.0).max()), 1.0))
    panel.set_yticks(range(len(attacks)), [shortened(name, 60) for name in attacks], fontsize=8)
    panel.set_ylim(len(attacks) - 0.5, -0.5)
    panel.set_xlabel("time to the alarm [h]", fontsize=9)
    missed.set_xlim(0, 1)
    missed.xaxis.set_major_formatter(PercentFormatter(1.0))
    missed.set_xlabel("not noticed", fontsize=9)
    for axes in (panel, missed):
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(alpha=0.25)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside upper center", ncols=4,
                  frameon=False, fontsize=8)  # fmt: skip
    yield Picture(
        "spread",
        "How far does the verdict on an attack depend on the run?",
        "A dot a run, from the attack's begin to its alarm; bars: the runs that raised none.",
        figure,
    )


def impact(told: Told) -> Iterator[Picture]:
    """Draw what attacks cost against how many were noticed."""
    rows = told.watched
    groups = ["attack", *told.magnitudes]
    if not rows["lost_m3"].gt(0).any() or len(rows.groupby(groups)) < 3 * len(told.detectors):
        return
    figure = Figure(figsize=(1.0 + 3.6 * len(told.detectors), 4.4), layout="constrained")
    axes = figure.subplots(1, len(told.detectors), sharex=True, sharey=True, squeeze=False)[0]
    for panel, detector in zip(axes, told.detectors, strict=True):
        mine = rows[rows["detector"] == detector].groupby(groups, sort=False)
        table = pd.DataFrame(
            {"lost": mine["lost_m3"].mean(), "hits": mine["detected"].sum(), "of": mine.size()}
        ).reset_index()
        share = table["hits"] / table["of"]
        bands = np.array([wilson(h, n) for h, n in zip(table["hits"], table["of"], strict=True)])
        panel.hlines(table["lost"], bands[:, 0], bands[:, 1], color="#d5d8dc", lw=0.8, zorder=1)
        colour = told.colour(detector)
        panel.plot(share, table["lost"], "o", ms=5, alpha=0.75, mew=0, color=colour, clip_on=False)
        panel.set_title(detector, fontsize=9)
        panel.set_yscale("symlog", linthresh=10.0)
        panel.set_ylim(bottom=0)
        panel.set_xlim(-0.05, 1.05)
        panel.xaxis.set_major_formatter(PercentFormatter(1.0))
        panel.grid(alpha=0.25)
        names = table[groups].map(lambda value: value if isinstance(value, str) else f"{value:g}")
        _name_points(panel, table.assign(share=share, name=names.agg(" ".join, axis=1)))
    axes[0].set_ylabel("water spilled, leaked or not delivered [m³]", fontsize=9)
    figure.supxlabel("runs in which it was noticed", fontsize=9)
    yield Picture(
        "harm-and-detection",
        "Which attacks do harm and go unnoticed?",
        "A point an attack, at the mean over its runs: the higher, the more harm; the further to "
        "the left, the less noticed. Lines: Wilson's 95 % confidence intervals.",
        figure,
    )


def _name_points(panel: Axes, table: pd.DataFrame) -> None:
    """Name the points that cost most, each where no other name stands."""
    taken: list[tuple[bool, float]] = []
    worst = table[table["lost"] > 0].sort_values("lost", ascending=False).head(_NAMED)
    for name, share, lost in zip(worst["name"], worst["share"], worst["lost"], strict=True):
        right, level = bool(share > 0.5), float(np.log10(max(lost, 1.0)))
        if any(side == right and abs(level - other) < 0.12 for side, other in taken):
            continue
        taken.append((right, level))
        panel.annotate(
            shortened(str(name), 30), (share, lost), fontsize=6.5, va="center",
            xytext=(-5 if right else 5, 0), textcoords="offset points",
            ha="right" if right else "left", path_effects=OUTLINE,
        )  # fmt: skip
