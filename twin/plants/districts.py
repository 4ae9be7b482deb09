"""District metered areas (DMA): what of a network hangs together without its pumps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

import networkx as nx

from twin.units import HOUR


def districts(model: Any, driven: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the junctions of each district, those with a demand or without.

    A district is what stays connected when the pumps are taken out, with what lies beside one from
    end to end, and the links that are closed for good, and uses water. It is called after its
    demand pattern (`DMA1_pat` → `DMA1`) where each has one of its own, a week long; otherwise
    districts are numbered, the largest demand first.

    Parameters
    ----------
    model : wntr.network.WaterNetworkModel
    driven : collection of str
        Links that something opens and closes: being closed at the start, they are not for good.
    """
    graph = nx.Graph()
    graph.add_nodes_from(model.node_name_list)
    stations = {_ends(pump) for _, pump in model.pumps()}
    for name, link in model.links():
        shut = str(link.initial_status) == "Closed" and name not in driven
        if not shut and _ends(link) not in stations:
            graph.add_edge(link.start_node_name, link.end_node_name)
    junctions = set(model.junction_name_list)
    parts = [tuple(sorted(part & junctions)) for part in nx.connected_components(graph)]
    patterns = {part: patterns_of(model, part) for part in parts}
    using = sorted(part for part in parts if patterns[part])
    first = {part: min(patterns[part]) for part in using}
    shared = Counter(pattern for part in using for pattern in patterns[part])
    if all(shared[name] == 1 and name in weekly(model) for name in first.values()):
        return dict(sorted((first[part].removesuffix("_pat"), part) for part in using))
    using.sort(key=lambda part: -sum(model.get_node(name).base_demand for name in part))
    return {f"DMA{i}": part for i, part in enumerate(using, start=1)}


def patterns_of(model: Any, junctions: Iterable[str]) -> set[str]:
    """Return the patterns that demands of `junctions` follow."""
    return {
        str(demand.pattern_name)
        for name in junctions
        for demand in model.get_node(name).demand_timeseries_list
        if demand.base_value > 0
    }


def _ends(link: Any) -> frozenset[str]:
    return frozenset((link.start_node_name, link.end_node_name))


def weekly(model: Any) -> frozenset[str]:
    """Return the names of a WNTR model's patterns that give every hour of a week."""
    if model.options.time.pattern_timestep != HOUR:
        return frozenset()
    return frozenset(name for name, p in model.patterns() if len(p.multipliers) == 7 * 24)
