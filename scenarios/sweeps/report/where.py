"""Where attacks sat: what they cost and who noticed, by element and by PLC, on the network."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from scenarios.report.map import halfway, link_lines, node_positions
from scenarios.report.style import OUTLINE
from scenarios.sweeps.report.told import Picture, Told
from twin.errors import listed, natural
from twin.plants.spec import PlantSpec


def network_map(told: Told) -> Iterator[Picture]:
    """Draw on the network where attacks sat, what they cost and how many were noticed."""
    spec, rows = told.spec, told.attacked
    if spec is None:
        return
    parts = {column: _by_part(told, column) for column in ("elements", "plcs")}
    parts = {column: table for column, table in parts.items() if len(table) > 1}
    if not parts:
        return
    figure = Figure(figsize=(10.4, 5.6), layout="constrained")
    net, bars = figure.subplots(1, 2, width_ratios=(3, 2))
    at = _places(spec)
    lines = link_lines(spec.model)
    net.add_collection(LineCollection(list(lines.values()), colors="#c9ced1", linewidths=0.8))
    most = max(float(each["lost"].max()) for each in parts.values()) or 1.0
    shown, marker = ("elements", "o") if "elements" in parts else ("plcs", "s")
    table = parts[shown][parts[shown].index.isin(list(at))]
    spots = np.array([at[name] for name in table.index])
    sizes = 70 + 500 * np.sqrt(table["lost"] / most)
    marks = net.scatter(
        spots[:, 0], spots[:, 1], s=sizes, c=table["share"],
        cmap="RdYlGn", vmin=0, vmax=1, edgecolors="#34495e", marker=marker, zorder=3, alpha=0.9,
    )  # fmt: skip
    beside = {at[name]: math.sqrt(size) / 2 + 2 for name, size in sizes.items()}  # [points]
    span = np.ptp(list(at.values()), axis=0).max()
    for spot, names in _grouped(list(table.index), at):
        gap = (spots - spot) / span
        crowded = ((gap[:, 0] > 0) & (gap[:, 0] < 0.1) & (abs(gap[:, 1]) < 0.05)).any()
        net.annotate(
            names, spot, fontsize=7, ha="right" if crowded else "left", va="center", zorder=4,
            xytext=(-beside[spot] if crowded else beside[spot], 0), textcoords="offset points",
            path_effects=OUTLINE,
        )  # fmt: skip
    net.autoscale()
    net.set_aspect("equal")
    net.axis("off")
    if told.detectors:
        bar = figure.colorbar(marks, ax=net, location="bottom", fraction=0.05, pad=0.02,
                              format=PercentFormatter(1.0))  # fmt: skip
        bar.set_label("runs noticed, mean over the detectors", fontsize=8)
    _bars(bars, parts["plcs"] if "plcs" in parts else parts["elements"])
    yield Picture(
        "where",
        "Where does an attack hurt, and where is it seen?",
        f"The elements that attacks acted on or lied about, and their PLCs. The larger a mark, "
        f"the more water was spilled, leaked or not delivered, mean over {len(rows)} "
        "attacked runs; red was seldom noticed, green always.",
        figure,
    )


def _grouped(
    names: list[str], at: Mapping[str, tuple[float, float]]
) -> list[tuple[tuple[float, float], str]]:
    """Return names by where they are written: those that lie close together as one."""
    close = 0.05 * float(np.ptp(list(at.values()), axis=0).max())
    groups: list[tuple[tuple[float, float], list[str]]] = []
    for name in names:
        near = (each for spot, each in groups if np.hypot(*np.subtract(spot, at[name])) < close)
        group = next(near, None)
        if group is None:
            groups.append((at[name], [name]))
        else:
            group.append(name)
    return [(spot, listed(group)) for spot, group in groups]


def _bars(axes: Axes, table: pd.DataFrame) -> None:
    """Draw what the attacks on each part cost, and how many of them were noticed."""
    places = np.arange(len(table))
    axes.barh(places, table["lost"], color="#c0392b", alpha=0.7)
    for place, lost, share in zip(places, table["lost"], table["share"], strict=True):
        words = f"{lost:,.0f} m³" + ("" if np.isnan(share) else f", {share:.0%} noticed")
        axes.annotate(words, (lost, place), xytext=(4, 0), textcoords="offset points",
                      fontsize=7, va="center", path_effects=OUTLINE)  # fmt: skip
    axes.set_ylim(-0.6, max(len(table), 5) - 0.4)
    axes.set_yticks(places, list(table.index), fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.5 * float(table["lost"].max() or 1.0))
    harm = bool(table["lost"].any())
    axes.xaxis.set_visible(harm)
    axes.spines["bottom"].set_visible(harm)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlabel("water spilled, leaked or not delivered [m³]", fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _by_part(told: Told, column: str) -> pd.DataFrame:
    """Return by PLC or element the mean water lost, and the share noticed over all detectors."""

    def exploded(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(part=rows[column].str.split()).explode("part")

    lost = exploded(told.attacked).groupby("part")["lost_m3"].mean()
    share = exploded(told.watched).groupby("part")["detected"].mean()
    table = pd.DataFrame({"lost": lost.fillna(0.0), "share": share.reindex(lost.index)})
    return table.loc[sorted(table.index, key=natural)]


def _places(spec: PlantSpec) -> dict[str, tuple[float, float]]:
    """Return where nodes, links and PLCs are; a PLC amid what it measures and drives."""
    at = node_positions(spec.model)
    at |= {name: halfway(line) for name, line in link_lines(spec.model).items() if name not in at}
    for plc in spec.plcs:
        spots = [at[tag.element] for tag in spec.tags if tag.plc == plc and tag.element in at]
        if spots:
            x, y = np.mean(spots, axis=0)
            at[plc] = (float(x), float(y))
    return at
