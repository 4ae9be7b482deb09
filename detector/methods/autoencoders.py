"""The autoencoders that rival the CNN-LSTM: one table, a detector a row."""

from collections.abc import Callable
from dataclasses import dataclass

from detector.methods.network import NetworkDetector
from detector.networks import autoencoders
from detector.networks.base import Network
from detector.registry import register


@dataclass(frozen=True)
class Rival:
    """A row of the table.

    Attributes
    ----------
    kind
        Its name.
    summary
        What it does: the first line of its help.
    network
        Makes it for a number of channels.
    length, trail
        As in `detector.methods.windowed.WindowDetector`; the row that is scored ends its window.
    """

    kind: str
    summary: str
    network: Callable[[int], Network]
    length: int = 24
    trail: int = 1


RIVALS = (
    Rival(
        "dense-ae",
        "Scores a row by how badly a dense autoencoder (AED) reconstructs it, over 6 rows.",
        autoencoders.Dense,
        length=1,
        trail=6,
    ),
    Rival(
        "lstm-ae",
        "Scores a row by how badly an LSTM autoencoder reconstructs the 24 rows that end with it.",
        autoencoders.Lstm,
    ),
    Rival(
        "cnn-ae",
        "Scores a row by how badly a CNN autoencoder reconstructs the 24 rows that end with it.",
        autoencoders.Cnn,
    ),
    Rival(
        "transformer-ae",
        "Scores a row by how badly a small Transformer reconstructs the 24 rows that end with it.",
        autoencoders.Transformer,
    ),
)


def _detector(rival: Rival) -> type[NetworkDetector]:
    def network(_: NetworkDetector, channels: int) -> Network:
        return rival.network(channels)

    return type(
        rival.kind.title().replace("-", ""),
        (NetworkDetector,),
        {
            "__doc__": rival.summary,
            "__module__": __name__,
            "includes_row": True,
            "length": rival.length,
            "trail": rival.trail,
            "reach": max(rival.length, rival.trail),
            "network": network,
        },
    )


for _rival in RIVALS:
    register(_rival.kind)(_detector(_rival))
