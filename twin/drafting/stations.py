"""Stations: which pumps, valves and tanks of a network share a PLC.

Pumps, and the valves and pipes that a control drives, are one station's actuators where no more
than `REACH` metres of pipe lie between one and the next; a station has one PLC. A tank within that
reach of a station is wired to it; any other has a PLC of its own, which sends what it measures.
Measured are every tank's level, flow and status of every actuator, pressure at the ends of every
pump and driven valve, and whatever else a rule reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from twin.drafting.controls import ControlLogic
from twin.drafting.lines import Point

REACH = 250.0
"""Pipe [m] up to which two devices belong to one site: as far as a field wire (4–20 mA) is run.

C-Town's own PLCs have their devices within 201 m, and none that is 340 m away or farther.
"""


@dataclass
class Station:
    """The devices that are wired to one PLC.

    Attributes
    ----------
    actuators : list of str
    points : list of Point
        What is wired to its inputs.
    """

    actuators: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)


def group(model: Any, controls: ControlLogic) -> dict[str, Station]:
    """Group what is driven and what is measured into PLCs.

    Parameters
    ----------
    model : wntr.network.WaterNetworkModel
    controls : ControlLogic
        Of the same network.

    Returns
    -------
    dict of str to Station
        By the PLC's name: stations in the order of their actuators, then what stands alone.
    """
    actuators = _actuators(model, controls)
    graph = _pipes(model)
    ends = {name: _ends(model, name) for name in actuators}
    reach = {
        name: nx.multi_source_dijkstra_path_length(graph, ends[name], REACH, "length")
        for name in actuators
    }
    near = nx.Graph()
    near.add_nodes_from(actuators)
    near.add_edges_from((a, b) for a in actuators for b in actuators if ends[b] & reach[a].keys())
    place = {name: i for i, name in enumerate(actuators)}
    together = [sorted(names, key=place.__getitem__) for names in nx.connected_components(near)]
    stations = [Station(names) for names in sorted(together, key=lambda names: place[names[0]])]
    station = {name: site for site in stations for name in site.actuators}
    alone: dict[str, Station] = {}
    for point in _points(model, actuators, controls):
        quantity, element = point
        if quantity in ("flow", "status") and element in station:
            station[element].points.append(point)
            continue
        at = _ends(model, element) if quantity in ("flow", "status") else {element}
        close = [
            (reach[name][node], place[name], name)
            for name in actuators
            for node in at & reach[name].keys()
        ]
        site = station[min(close)[2]] if close else alone.setdefault(element, Station())
        site.points.append(point)
    return {f"PLC{i}": site for i, site in enumerate([*stations, *alone.values()], start=1)}


def _actuators(model: Any, controls: ControlLogic) -> list[str]:
    driven = {line.actuator for line in controls.lines}
    others = [name for name in model.valve_name_list + model.pipe_name_list if name in driven]
    return [*model.pump_name_list, *others]


def _pipes(model: Any) -> nx.Graph:
    """Return the network as a graph with `length` [m]; pumps and valves have none."""
    graph = nx.Graph()
    for _, link in model.links():
        ends = (link.start_node_name, link.end_node_name)
        length = float(link.length) if link.link_type == "Pipe" else 0.0
        if not graph.has_edge(*ends) or graph.edges[ends]["length"] > length:
            graph.add_edge(*ends, length=length)
    return graph


def _points(model: Any, actuators: list[str], controls: ControlLogic) -> list[Point]:
    """Return everything that is measured, in the order of the tags."""
    points: list[Point] = [("level", tank) for tank in model.tank_name_list]
    for name in actuators:
        points += [("flow", name), ("status", name)]
    read = dict.fromkeys(point for line in controls.lines for point in line.reads)
    points += [point for point in read if point[0] in ("flow", "status")]
    for name in actuators:
        link = model.get_link(name)
        if link.link_type != "Pipe":
            ends = (link.start_node_name, link.end_node_name)
            points += [("pressure", end) for end in ends if end in model.junction_name_list]
    return list(dict.fromkeys([*points, *read]))


def _ends(model: Any, link: str) -> set[str]:
    ends = model.get_link(link)
    return {ends.start_node_name, ends.end_node_name}
