"""The map of a network: its districts, devices and PLCs, and what entries act on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attacks.entries.entry import Entry
from attacks.entries.targets import elements
from scenarios.report.style import ENTRY, OUTLINE, TRUTH
from twin.errors import listed
from twin.plants.spec import PlantSpec

_ITERATIONS = 20  # of the springs: a second for 500 nodes, twelve for 3,000
_JITTER = 0.01  # of the picture's half: nodes that start at one spot would stay there


def has_coordinates(model: Any) -> bool:
    """Return whether a WNTR model's nodes have coordinates, and not all the same."""
    return len({tuple(node.coordinates) for _, node in model.nodes()}) > 1


def node_positions(model: Any) -> dict[str, tuple[float, float]]:
    """Return each node's place (x, y): its coordinates, or a computed one where none has any.

    To compute them, springs pull the ends of each link together (`networkx.spring_layout`), from a
    spectral layout on; the same network is always laid out the same way.
    """
    if has_coordinates(model):
        return {name: tuple(node.coordinates) for name, node in model.nodes()}
    graph = nx.Graph((link.start_node_name, link.end_node_name) for _, link in model.links())
    graph.add_nodes_from(model.node_name_list)
    rng = np.random.default_rng(0)
    start = {
        name: spot + rng.normal(scale=_JITTER, size=2)
        for name, spot in nx.spectral_layout(graph).items()
    }
    spots = nx.spring_layout(graph, pos=start, iterations=_ITERATIONS, method="force", seed=0)
    return {name: (float(x), float(y)) for name, (x, y) in spots.items()}


def link_lines(model: Any) -> dict[str, list[tuple[float, float]]]:
    """Return each link's line: its ends, and its bends where the nodes have coordinates."""
    at, surveyed = node_positions(model), has_coordinates(model)
    return {
        name: [
            at[link.start_node_name],
            *(link.vertices if surveyed else ()),
            at[link.end_node_name],
        ]
        for name, link in model.links()
    }


_RINGS = {"fault": ("faulty", 520), "attack": ("attacked", 330)}
"""What a ring on the map says, and its size: both are seen where both act."""
_DMA_COLORS = ["#7fb3d5", "#a9dfbf", "#f9e79f", "#d7bde2", "#f5cba7", "#aeb6bf", "#a2d9ce"]
_MANY = 30  # names on the map, from which on they are written smaller


def plot_map(spec: PlantSpec, entries: Sequence[Entry] = ()) -> Figure:
    """Plot the network by district, with its tanks, pumps and PLCs, and rings where entries act."""
    model = spec.model
    at, surveyed = node_positions(model), has_coordinates(model)
    figure = Figure(figsize=(9.0, 6.4), layout="constrained")
    axes: Axes = figure.subplots()
    lines = link_lines(model)
    pipes = [lines[name] for name in model.pipe_name_list]
    crossings = [lines[name] for name in [*model.pump_name_list, *model.valve_name_list]]
    axes.add_collection(LineCollection(pipes, colors="#b3b9bd", linewidths=0.9, zorder=1))
    axes.add_collection(LineCollection(crossings, colors="#5d6d7e", linewidths=1.6, zorder=1.5))
    handles: list[Any] = []
    for color, (dma, members) in zip(_DMA_COLORS * 3, spec.dmas.items(), strict=False):
        points = np.array([at[name] for name in members])
        axes.scatter(points[:, 0], points[:, 1], s=11, color=color, zorder=2)
        handles.append(Line2D([], [], ls="", marker="o", ms=5, color=color, label=dma))
    middle = {name: halfway(line) for name, line in lines.items()}
    driven = _actuators(spec)
    groups = [
        ("tank", model.tank_name_list, at, "s", 62, TRUTH),
        ("reservoir", model.reservoir_name_list, at, "D", 62, "#117864"),
        ("pump", model.pump_name_list, middle, "^", 34, "#34495e"),
        ("valve", model.valve_name_list, middle, "P", 46, "#6c3483"),
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
        ringed = target_elements(spec, [entry for entry in entries if entry.label == label])
        for name in ringed:
            x, y = place[name]
            axes.scatter([x], [y], s=size, facecolors="none", edgecolors=color, lw=2.2, zorder=6)
        if ringed:
            handles.append(
                Line2D([], [], ls="", marker="o", ms=11, mfc="none", mec=color, mew=2, label=word)
            )
        rings |= dict.fromkeys(ringed, color)
    _label_devices(axes, spec, place, rings)
    axes.set_aspect("equal")
    axes.margins(0.08)
    axes.axis("off")
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=8)
    title = "The network: districts (DMA), tanks, pumps, valves and their PLCs"
    if not surveyed:
        title += "\nnetwork.inp has no coordinates: what is near here need not be near in the field"
    axes.set_title(title, fontsize=11)
    return figure


def halfway(line: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the point in the middle of a line's length."""
    points = np.array(line, dtype=float)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    x, y = (np.interp(along[-1] / 2, along, points[:, axis]) for axis in (0, 1))
    return float(x), float(y)


def _actuators(spec: PlantSpec) -> set[str]:
    return {name for plc in spec.plcs.values() for name in plc.actuators}


def _label_devices(
    axes: Axes, spec: PlantSpec, place: dict[str, Any], rings: dict[str, str]
) -> None:
    """Name tanks one by one, and pumps by station, with the PLC in charge."""
    owner = {tag.element: tag.plc for tag in spec.tags}
    span = np.ptp(list(place.values()), axis=0).max()
    stations: list[tuple[Any, str, list[str]]] = []
    for name in [n for n in owner if n in _actuators(spec)]:
        for _, plc, members in stations:
            apart = np.hypot(*np.subtract(place[members[-1]], place[name]))
            if plc == owner[name] and apart < 0.05 * span:
                members.append(name)
                break
        else:
            stations.append((place[name], owner[name], [name]))
    tanks = [(place[t], owner.get(t, ""), [t]) for t in spec.model.tank_name_list]
    size = 7 if len(tanks) + len(stations) < _MANY else 5
    sources = spec.model.tank_name_list + spec.model.reservoir_name_list
    taken = [np.array(place[name]) for name in [*_actuators(spec), *sources]]
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
            path_effects=OUTLINE,
        )


def target_elements(spec: PlantSpec, entries: Iterable[Entry]) -> list[str]:
    """Return the network's elements that entries act on or whose readings they alter."""
    return list(dict.fromkeys(name for entry in entries for name in elements(entry, spec)))
