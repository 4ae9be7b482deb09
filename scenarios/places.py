"""Where a network's nodes stand in a picture."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np

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
