"""The layers of a network, as a table."""

from typing import Any

import torch
from torch import Tensor, nn

SECOND_BIAS = "bias_hh"
"""How the names of biases begin that torch keeps and other libraries do not: an LSTM's gates have
two, which only ever count as their sum."""


@torch.no_grad()
def layers(model: nn.Module, rows: int, channels: int) -> list[dict[str, Any]]:
    """Return a row a layer: name, kind, shape of its output for one window, parameters.

    Parameters
    ----------
    model
        A network over windows.
    rows, channels
        Of a window.

    Returns
    -------
    list of dict
        With ``layer``, ``kind``, ``output`` (as the layer returns it: convolutions have channels
        before time), ``parameters`` and ``one_bias``: the same with one bias an LSTM gate. The
        last row, ``all``, also counts numbers that are in no layer.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def keep(name: str) -> Any:
        def hook(_layer: nn.Module, _given: Any, made: Tensor | tuple[Tensor, Any]) -> None:
            shapes[name] = tuple((made[0] if isinstance(made, tuple) else made).shape[1:])

        return hook

    children = dict(model.named_children())
    hooks = [child.register_forward_hook(keep(name)) for name, child in children.items()]
    weights = next(model.parameters())
    model(torch.zeros(1, rows, channels, dtype=weights.dtype))
    for hook in hooks:
        hook.remove()
    found = [
        {
            "layer": name,
            "kind": type(child).__name__,
            "output": " x ".join(map(str, shapes.get(name, ()))),
            **_counts(child),
        }
        for name, child in children.items()
    ]
    return [*found, {"layer": "all", "kind": "", "output": "", **_counts(model)}]


def _counts(layer: nn.Module) -> dict[str, int]:
    sizes = {name: each.numel() for name, each in layer.named_parameters()}
    second = sum(size for name, size in sizes.items()
                 if name.rpartition(".")[2].startswith(SECOND_BIAS))  # fmt: skip
    return {"parameters": sum(sizes.values()), "one_bias": sum(sizes.values()) - second}
