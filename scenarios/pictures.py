"""Pictures of a run: where, what the water did, what was shown, what the detector thought."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator, MultipleLocator, NullFormatter, StrMethodFormatter

from attacks.entry import Entry
from scenarios.places import mapped, places
from scenarios.result import Run
from scenarios.words import blamed
from twin.errors import listed
from twin.network import Network
from twin.units import HOUR

TRUTH, VIEW, PAIR, ATTACK, ALARM = "#1b4f72", "#e67e22", "#9aa5ab", "#f5b7b1", "#c0392b"
ENTRY = {"attack": ALARM, "fault": "#b7950b"}
SHADES = {"attack": ATTACK, "fault": "#f7dc6f"}
"""The colours of entries, and of the time in which they are active, by their label."""
_RINGS = {"fault": ("faulty", 520), "attack": ("attacked", 330)}
"""What a ring on the map says, and its size: both are seen where both act."""
_DMA_COLORS = ["#7fb3d5", "#a9dfbf", "#f9e79f", "#d7bde2", "#f5cba7", "#aeb6bf", "#a2d9ce"]
_MANY = 30  # names on the map, from which on they are written smaller


def pictures(run: Run) -> dict[str, Callable[[Run], Figure]]:
    """Return what draws each picture that a run has, by the name of its file."""
    measured = {tag.quantity for tag in run.network.tags}
    found: dict[str, Callable[[Run], Figure]] = {
        "map": lambda run: network_map(run.network, run.scenario.entries)
    }
    if "level" in measured:
        found["levels"] = levels
    if "status" in measured:
        found["pumps"] = pumps
    if len(run.scores):
        found["score"] = score
    return found


def network_map(network: Network, entries: Sequence[Entry] = ()) -> Figure:
    """Draw the network by district, with its tanks, pumps and PLCs, and what entries act on."""
    model = network.model
    at, surveyed = places(model), mapped(model)
    figure = Figure(figsize=(9.0, 6.4), layout="constrained")
    axes: Axes = figure.subplots()
    pipes = [
        [at[pipe.start_node_name], *(pipe.vertices if surveyed else ()), at[pipe.end_node_name]]
        for _, pipe in model.pipes()
    ]
    axes.add_collection(LineCollection(pipes, colors="#b3b9bd", linewidths=0.9, zorder=1))
    handles: list[Any] = []
    for color, (dma, members) in zip(_DMA_COLORS * 3, network.dmas.items(), strict=False):
        points = np.array([at[name] for name in members])
        axes.scatter(points[:, 0], points[:, 1], s=11, color=color, zorder=2)
        handles.append(Line2D([], [], ls="", marker="o", ms=5, color=color, label=dma))
    middle = {
        name: tuple(np.mean([at[link.start_node_name], at[link.end_node_name]], axis=0))
        for name, link in model.links()
    }
    driven = _driven(network)
    valves = [name for name in model.valve_name_list if name in driven]
    groups = [
        ("tank", model.tank_name_list, at, "s", 62, TRUTH),
        ("reservoir", model.reservoir_name_list, at, "D", 62, "#117864"),
        ("pump", model.pump_name_list, middle, "^", 34, "#34495e"),
        ("valve", valves, middle, "P", 46, "#6c3483"),
    ]
    for label, names, where, marker, size, color in groups:
        if not names:
            continue
        points = np.array([where[name] for name in names])
        axes.scatter(points[:, 0], points[:, 1], s=size, marker=marker, color=color, zorder=4)
        handles.append(Line2D([], [], ls="", marker=marker, ms=6, color=color, label=label))
    # A node and a link may have one name: what is driven is a link, all else is rather a node.
    place = middle | at | {name: middle[name] for name in driven}
    rings: dict[str, str] = {}
    for label, (word, size) in _RINGS.items():
        color = ENTRY[label]
        ringed = touched(network, [entry for entry in entries if entry.label == label])
        for name in ringed:
            x, y = place[name]
            axes.scatter([x], [y], s=size, facecolors="none", edgecolors=color, lw=2.2, zorder=6)
        if ringed:
            handles.append(
                Line2D([], [], ls="", marker="o", ms=11, mfc="none", mec=color, mew=2, label=word)
            )
        rings |= dict.fromkeys(ringed, color)
    _label_devices(axes, network, place, rings)
    axes.set_aspect("equal")
    axes.margins(0.08)
    axes.axis("off")
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)
    title = "The network: districts (DMA), tanks, pumps and their PLCs"
    if not surveyed:
        title += "\nnetwork.inp has no coordinates: what is near here need not be near in the field"
    axes.set_title(title, fontsize=11)
    return figure


def _driven(network: Network) -> set[str]:
    return {name for plc in network.plcs.values() for name in plc.actuators}


def _label_devices(
    axes: Axes, network: Network, place: dict[str, Any], rings: dict[str, str]
) -> None:
    """Name tanks one by one, and pumps by station, with the PLC in charge."""
    owner = {tag.element: tag.plc for tag in network.tags}
    span = np.ptp(list(place.values()), axis=0).max()
    stations: list[tuple[Any, str, list[str]]] = []
    for name in [n for n in owner if n in _driven(network)]:
        for _, plc, members in stations:
            apart = np.hypot(*np.subtract(place[members[-1]], place[name]))
            if plc == owner[name] and apart < 0.05 * span:
                members.append(name)
                break
        else:
            stations.append((place[name], owner[name], [name]))
    tanks = [(place[t], owner.get(t, ""), [t]) for t in network.model.tank_name_list]
    size = 7 if len(tanks) + len(stations) < _MANY else 5
    sources = network.model.tank_name_list + network.model.reservoir_name_list
    taken = [np.array(place[name]) for name in [*_driven(network), *sources]]
    for spot, plc, members in [*tanks, *stations]:
        sides = [(0.035, 0.0), (-0.035, 0.0), (0.0, 0.035), (0.0, -0.035)]
        middles = [np.array(spot) + span * np.array(side) * (1.9, 1.0) for side in sides]
        # The side of the device that is farthest from other devices and their names.
        room = [sorted(np.hypot(*(m - other)) for other in taken)[:2] for m in middles]
        best = max(range(len(sides)), key=lambda i: room[i])
        taken.append(middles[best])
        axes.annotate(
            f"{listed(members)}\n{plc}".strip(),
            middles[best],
            ha="center",
            va="center",
            fontsize=size,
            zorder=7,
            color=next((rings[name] for name in members if name in rings), "#1c2833"),
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )


def touched(network: Network, entries: Iterable[Entry]) -> list[str]:
    """Return the tanks, pumps, valves, junctions and pipes that entries act on or lie about."""
    elements = {*network.model.node_name_list, *network.model.link_name_list}
    found: dict[str, None] = {}
    for entry in entries:
        family, _, rest = entry.on.partition(":")
        names = [network.element(tag) for tag in entry.tags]
        if family in ("sensor", "actuator", "plant") and not names:
            names = [network.element(rest)]
        names += getattr(entry.do, "actuators", ())
        names += [network.element(order) for order in getattr(entry.do, "write", ())]
        if family == "link" and not names:
            names = [rest.partition("->")[0]]
        found |= dict.fromkeys(n for n in names if n in elements)
    return list(found)


def levels(run: Run) -> Figure:
    """Draw every tank's level: the truth, what SCADA showed, and the paired run."""
    tags = [tag for tag in run.network.tags if tag.quantity == "level"]
    figure = Figure(figsize=(9.0, 1.15 * len(tags) + 1.0), layout="constrained")
    rows = np.atleast_1d(figure.subplots(len(tags), 1, sharex=True))
    hours = run.truth.index / HOUR
    for axes, tag in zip(rows, tags, strict=True):
        tank = run.network.model.get_node(tag.element)
        _shade(axes, run)
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
    handles += _shades(run)
    figure.legend(handles=handles, loc="outside upper center", ncols=5, fontsize=8, frameon=False)
    hours_axis(rows[-1], run)
    return figure


def pumps(run: Run) -> Figure:
    """Draw when each pump and driven valve ran, with and without the attack."""
    tags = [tag for tag in run.network.tags if tag.quantity == "status"]
    figure = Figure(figsize=(9.0, 0.27 * len(tags) + 1.2), layout="constrained")
    axes: Axes = figure.subplots()
    _shade(axes, run)
    hours = run.truth.index / HOUR
    for row, tag in enumerate(tags):
        if run.scenario.entries and run.paired is not None:
            _bars(axes, hours, run.paired[tag.name].to_numpy(), row + 0.22, 0.22, PAIR)
        _bars(axes, hours, run.truth[tag.name].to_numpy(), row - 0.12, 0.42, TRUTH)
    axes.set_yticks(range(len(tags)), [tag.element for tag in tags], fontsize=8)
    axes.set_ylim(len(tags) - 0.4, -0.6)
    handles = [Patch(color=TRUTH, label="runs (valve: flows)")]
    if run.scenario.entries and run.paired is not None:
        handles.append(Patch(color=PAIR, label=f"without the {blamed(run.scenario)}"))
    handles += _shades(run)
    figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    hours_axis(axes, run)
    return figure


def on_spans(hours: Any, on: Any) -> list[tuple[float, float]]:
    """Return start and length [h] of each stretch of rows that are on; shape (T,) both."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(on, dtype=int), [0]))))
    ends = np.append(hours, 2 * hours[-1] - hours[-2] if len(hours) > 1 else hours[-1:])
    return [
        (float(ends[first]), float(ends[last] - ends[first]))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]


def _bars(axes: Axes, hours: pd.Index, on: Any, middle: float, height: float, color: str) -> None:
    spans = on_spans(hours, on > 0.5)
    axes.broken_barh(spans, (middle - height / 2, height), facecolors=color, lw=0)


def score(run: Run) -> Figure:
    """Draw the detector's score, its threshold and the alarm episodes."""
    figure = Figure(figsize=(9.0, 3.0), layout="constrained")
    axes: Axes = figure.subplots()
    _shade(axes, run)
    hours = run.scores.index / HOUR
    axes.plot(hours, run.scores["score"], color=TRUTH, lw=1.3, drawstyle="steps-post")
    axes.axhline(float(run.scores["threshold"].iloc[0]), color=ALARM, lw=1.0, ls="--")
    floor = float(run.scores["score"].min()) * 0.6
    for first, last in zip(run.alarms.index, run.alarms["last"], strict=True):
        axes.axvspan(first / HOUR, last / HOUR + 1, ymax=0.05, color=ALARM)
    axes.set_yscale("log")
    axes.set_ylim(bottom=floor)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("score (mean squared\nwindow error, scaled)", fontsize=8)
    axes.tick_params(labelsize=8)
    handles: list[Any] = [
        Line2D([], [], color=TRUTH, lw=1.5, label="score, hourly"),
        Line2D([], [], color=ALARM, lw=1.2, ls="--", label="threshold"),
        Patch(color=ALARM, label="alarm episode"),
    ]
    handles += _shades(run)
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    hours_axis(axes, run)
    return figure


def _shade(axes: Axes, run: Run) -> None:
    """Shade the time in which attacks, and faults, were active."""
    active = run.labels[run.labels["active"].astype(bool)]
    for label, color in SHADES.items():
        mine = run.truth.index.isin(active.loc[active["label"] == label, "time"])
        for begin, length in on_spans(run.truth.index / HOUR, mine):
            axes.axvspan(begin, begin + length, color=color, alpha=0.5, lw=0)


def _shades(run: Run) -> list[Any]:
    """Return what the shades mean."""
    some = {"attack": run.scenario.attacks, "fault": run.scenario.faults}
    return [
        Patch(color=color, alpha=0.5, label=f"{label} active")
        for label, color in SHADES.items()
        if some[label]
    ]


def spacing(hours: float) -> float:
    """Return how many hours apart ticks are: a day or a few, or a part of one in short runs."""
    parts = [part for part in (0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 12) if hours / part <= 10]
    return parts[0] if parts else 24 * math.ceil(hours / 24 / 10)


def hours_axis(axes: Axes, run: Run) -> None:
    """Label the time axis in hours since the start, with about ten ticks."""
    axes.xaxis.set_major_locator(MultipleLocator(spacing(run.hours)))
    axes.set_xlim(0, run.hours)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(f"hours since {run.scenario.start:%a %Y-%m-%d %H:%M}", fontsize=8)
