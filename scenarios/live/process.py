"""A plant as a process picture needs it: zones of water, the stations between them, their tags."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import networkx as nx

from twin.errors import natural
from twin.plants.spec import PlantSpec


@dataclass(frozen=True)
class Zone:
    """What of the network hangs together when all that is driven is closed.

    Attributes
    ----------
    name : str
        Of the district most of its junctions belong to; `source` for one without customers.
    tanks, sources : tuple of str
    tags : tuple of str
        Of pressures and flows in it that belong to no station.
    depth : int
        How many stations lie between it and a source.
    """

    name: str
    tanks: tuple[str, ...]
    sources: tuple[str, ...]
    tags: tuple[str, ...]
    depth: int


@dataclass(frozen=True)
class Station:
    """Pumps and valves that lead from one zone to another.

    Attributes
    ----------
    plc : str
        The PLC that drives them; empty where none does.
    devices : tuple of str
    kinds : dict of str to str
        Of each device: `pump` or `valve`.
    inlet, outlet : int
        Places of the zones.
    pressures : tuple of (str, str)
        Tags of pressures at its ends, with `in` or `out`.
    """

    plc: str
    devices: tuple[str, ...]
    kinds: dict[str, str]
    inlet: int
    outlet: int
    pressures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Process:
    """Zones, and stations between them."""

    zones: tuple[Zone, ...]
    stations: tuple[Station, ...]


def process_of(spec: PlantSpec) -> Process:
    """Return the zones and stations of a plant."""
    model = spec.model
    owner = {device: name for name, plc in spec.plcs.items() for device in plc.actuators}
    moving = [*dict.fromkeys([*owner, *model.pump_name_list])]
    graph = nx.Graph()
    graph.add_nodes_from(model.node_name_list)
    for name, link in model.links():
        if name not in moving:
            graph.add_edge(link.start_node_name, link.end_node_name)
    ends = {name: model.get_link(name) for name in moving}
    touched = {n for link in ends.values() for n in (link.start_node_name, link.end_node_name)}
    touched |= {*model.tank_name_list, *model.reservoir_name_list}
    parts = [part for part in nx.connected_components(graph) if part & touched]
    of_node = {node: i for i, part in enumerate(parts) for node in part}
    stations = _stations(spec, moving, owner, of_node)
    depths = _depths(len(parts), stations, [bool(p & {*model.reservoir_name_list}) for p in parts])
    at_station = {tag for station in stations for tag, _ in station.pressures}
    driven = {*moving}
    loose: dict[int, list[str]] = {}
    for tag in spec.tags:
        if tag.quantity == "pressure" and tag.name not in at_station:
            loose.setdefault(of_node.get(tag.element, 0), []).append(tag.name)
        elif tag.quantity == "flow" and tag.element not in driven:
            node = model.get_link(tag.element).start_node_name
            loose.setdefault(of_node.get(node, 0), []).append(tag.name)
    names = _names(spec, parts)
    zones = tuple(
        Zone(
            names[i],
            tuple(sorted(part & {*model.tank_name_list}, key=natural)),
            tuple(sorted(part & {*model.reservoir_name_list}, key=natural)),
            tuple(loose.get(i, ())),
            depths[i],
        )
        for i, part in enumerate(parts)
    )
    return Process(zones, tuple(stations))


def _stations(
    spec: PlantSpec, moving: list[str], owner: dict[str, str], of_node: dict[str, int]
) -> list[Station]:
    model = spec.model
    pumps = {*model.pump_name_list}
    groups: dict[tuple[int, int, str], list[str]] = {}
    for name in moving:
        link = model.get_link(name)
        key = (of_node[link.start_node_name], of_node[link.end_node_name], owner.get(name, ""))
        groups.setdefault(key, []).append(name)
    stations = []
    for (inlet, outlet, plc), devices in groups.items():
        side: dict[str, str] = {}
        for name in devices:
            link = model.get_link(name)
            side |= {link.start_node_name: "in", link.end_node_name: "out"}
        stations.append(
            Station(
                plc,
                tuple(sorted(devices, key=natural)),
                {name: "pump" if name in pumps else "valve" for name in devices},
                inlet,
                outlet,
                tuple(
                    (tag.name, side[tag.element])
                    for tag in spec.tags
                    if tag.quantity == "pressure" and tag.element in side
                ),
            )
        )
    return stations


def _depths(zones: int, stations: list[Station], is_source: list[bool]) -> list[int]:
    """Return how many stations lie between each zone and the nearest source."""
    graph = nx.Graph()
    graph.add_nodes_from(range(zones))
    graph.add_edges_from((station.inlet, station.outlet) for station in stations)
    depths = [0] * zones
    for part in nx.connected_components(graph):
        roots = {zone for zone in part if is_source[zone]} or {min(part)}
        for zone, far in nx.multi_source_dijkstra_path_length(graph, roots, weight=None).items():
            depths[zone] = int(far)
    return depths


def _names(spec: PlantSpec, parts: list[set[str]]) -> list[str]:
    """Return what each zone is called: after its district, numbered where two share it."""
    district = {node: name for name, nodes in spec.dmas.items() for node in nodes}
    names = []
    for part in parts:
        known = Counter(district[node] for node in part if node in district)
        names.append(known.most_common(1)[0][0] if known else "source")
    shared = Counter(names)
    seen: Counter[str] = Counter()
    for i, name in enumerate(names):
        if shared[name] > 1:
            seen[name] += 1
            names[i] = f"{name}, part {seen[name]}"
    return names


def tag_of(spec: PlantSpec, element: str, quantity: str) -> str:
    """Return the tag of a quantity of a tank, pump, valve or junction; empty if it has none."""
    return next(
        (tag.name for tag in spec.tags if tag.element == element and tag.quantity == quantity), ""
    )
