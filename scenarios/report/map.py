"""Where a network's nodes stand in a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from attacks.entries.entry import Entry
from scenarios.report.style import ENTRY, TRUTH
from twin.errors import listed
from twin.plants.spec import PlantSpec

_ITERATIONS = 20  # of the springs: a second for 500 nodes, twelve for 3,000
_APART = 0.01  # of the picture's half: nodes that start at one spot would stay there


def mapped(model: Any) -> bool:
    """Return whether a WNTR model's nodes have coordinates, and not all the same."""
    return len({tuple(node.coordinates) for _, node in model.nodes()}) > 1


def places(model: Any) -> dict[str, tuple[float, float]]:
    """Return each node's place: its coordinates, or one that shows what hangs together.

    Where nothing has coordinates, springs pull the ends of each link together, from a spectral
    layout on; the same network is always drawn the same way.
    """
    if mapped(model):
        return {name: tuple(node.coordinates) for name, node in model.nodes()}
    graph = nx.Graph((link.start_node_name, link.end_node_name) for _, link in model.links())
    graph.add_nodes_from(model.node_name_list)
    draws = np.random.default_rng(0)
    start = {
        name: spot + draws.normal(scale=_APART, size=2)
        for name, spot in nx.spectral_layout(graph).items()
    }
    found = nx.spring_layout(graph, pos=start, iterations=_ITERATIONS, method="force", seed=0)
    return {name: (float(x), float(y)) for name, (x, y) in found.items()}


_RINGS = {"fault": ("faulty", 520), "attack": ("attacked", 330)}
"""What a ring on the map says, and its size: both are seen where both act."""
_DMA_COLORS = ["#7fb3d5", "#a9dfbf", "#f9e79f", "#d7bde2", "#f5cba7", "#aeb6bf", "#a2d9ce"]
_MANY = 30  # names on the map, from which on they are written smaller


def network_map(spec: PlantSpec, entries: Sequence[Entry] = ()) -> Figure:
    """Draw the network by district, with its tanks, pumps and PLCs, and what entries act on."""
    model = spec.model
    at, surveyed = places(model), mapped(model)
    figure = Figure(figsize=(9.0, 6.4), layout="constrained")
    axes: Axes = figure.subplots()
    pipes = [
        [at[pipe.start_node_name], *(pipe.vertices if surveyed else ()), at[pipe.end_node_name]]
        for _, pipe in model.pipes()
    ]
    axes.add_collection(LineCollection(pipes, colors="#b3b9bd", linewidths=0.9, zorder=1))
    handles: list[Any] = []
    for color, (dma, members) in zip(_DMA_COLORS * 3, spec.dmas.items(), strict=False):
        points = np.array([at[name] for name in members])
        axes.scatter(points[:, 0], points[:, 1], s=11, color=color, zorder=2)
        handles.append(Line2D([], [], ls="", marker="o", ms=5, color=color, label=dma))
    middle = {
        name: tuple(np.mean([at[link.start_node_name], at[link.end_node_name]], axis=0))
        for name, link in model.links()
    }
    driven = _driven(spec)
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
        ringed = touched(spec, [entry for entry in entries if entry.label == label])
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
    title = "The network: districts (DMA), tanks, pumps and their PLCs"
    if not surveyed:
        title += "\nnetwork.inp has no coordinates: what is near here need not be near in the field"
    axes.set_title(title, fontsize=11)
    return figure


def _driven(spec: PlantSpec) -> set[str]:
    return {name for plc in spec.plcs.values() for name in plc.actuators}


def _label_devices(
    axes: Axes, spec: PlantSpec, place: dict[str, Any], rings: dict[str, str]
) -> None:
    """Name tanks one by one, and pumps by station, with the PLC in charge."""
    owner = {tag.element: tag.plc for tag in spec.tags}
    span = np.ptp(list(place.values()), axis=0).max()
    stations: list[tuple[Any, str, list[str]]] = []
    for name in [n for n in owner if n in _driven(spec)]:
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
    taken = [np.array(place[name]) for name in [*_driven(spec), *sources]]
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


def touched(spec: PlantSpec, entries: Iterable[Entry]) -> list[str]:
    """Return the tanks, pumps, valves, junctions and pipes that entries act on or lie about."""
    elements = {*spec.model.node_name_list, *spec.model.link_name_list}
    found: dict[str, None] = {}
    for entry in entries:
        port = entry.port
        names = [spec.element(tag) for tag in entry.tags]
        if port.family in ("sensor", "actuator", "plant") and not names:
            names = [spec.element(port.target)]
        names += getattr(entry.do, "actuators", ())
        names += [spec.element(order) for order in getattr(entry.do, "write", ())]
        if port.family == "link" and not names:
            names = [port.sender]
        found |= dict.fromkeys(n for n in names if n in elements)
    return list(found)
