"""The CNN-LSTM autoencoder as a detector."""

from detector.methods.network import NetworkDetector
from detector.networks.base import Network
from detector.networks.cnn_lstm import WINDOW, CnnLstmAutoencoder
from detector.registry import register


@register("cnn-lstm")
class CnnLstm(NetworkDetector):
    """Scores a row by how badly the network reconstructs the 24 rows before it.

    Window i holds rows i to i + 23 and is labelled by row i + 24: the score of row t is the mean
    squared error, over 24 hours and all channels, of rows t - 24 to t - 1. Of 4177 rows 4153 are
    scored, and what happens in row t shows from row t + 1 on. A constant channel that moves adds to
    the score in row t already, and for the 24 rows after it.
    """

    length = WINDOW
    includes_row = False
    reach = WINDOW + 1

    def network(self, channels: int) -> Network:  # noqa: D102 - see base class
        return CnnLstmAutoencoder(channels)
