"""The CNN-LSTM autoencoder: reconstructs 24 hours of all channels from 32 numbers."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from detector.networks.base import Autoencoder

WINDOW = 24
"""Rows in a window: one day of hourly frames."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one CPU thread inside the block.

    Layers this small gain nothing from a second thread, and lose much where another process wants
    the core: with both of two cores busy, a training step took 16 ms on one thread and 1300 on two.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class CnnLstmAutoencoder(Autoencoder):
    """Compresses a window of min-max scaled channels to 32 numbers, and reconstructs it from them.

    Layers, with shapes for 43 channels (batch left out)::

        window               24 x 43
        Conv1d k=3, ReLU     24 x 32     what neighbouring hours do together
        MaxPool 2            12 x 32
        LSTM 64              12 x 64
        LSTM 32, last step        32     the code: one day in 32 numbers
        repeat 24            24 x 32
        LSTM 32              24 x 32
        LSTM 64              24 x 64
        Conv1d k=3           24 x 43     linear: the window, reconstructed

    Convolutions pad with zeros so that the length stays ('same'). For 43 channels there are 83,627
    parameters; a layer that keeps one bias per LSTM gate where torch keeps two counts 82,859 for
    the same function.

    Parameters
    ----------
    channels
        Number of channels, 43 for C-Town.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = nn.Conv1d(channels, 32, kernel_size=3, padding="same")
        self.halve = nn.MaxPool1d(2)
        self.encode = nn.LSTM(32, 64, batch_first=True)
        self.squeeze = nn.LSTM(64, 32, batch_first=True)
        self.unfold = nn.LSTM(32, 32, batch_first=True)
        self.decode = nn.LSTM(32, 64, batch_first=True)
        self.draw = nn.Conv1d(64, channels, kernel_size=3, padding="same")

    def forward(self, windows: Tensor) -> Tensor:
        """Return each window as the network reconstructs it.

        Parameters
        ----------
        windows
            Scaled channels, ``(N, 24, C)``.

        Returns
        -------
        Tensor
            The reconstruction, ``(N, 24, C)``.
        """
        # Conv1d wants channels before time, the LSTMs time before channels.
        features = torch.relu(self.look(windows.transpose(1, 2)))
        halved = self.halve(features).transpose(1, 2)
        encoded, _ = self.encode(halved)
        squeezed, _ = self.squeeze(encoded)
        code = squeezed[:, -1:, :]
        repeated = code.expand(-1, windows.shape[1], -1)
        unfolded, _ = self.unfold(repeated)
        decoded, _ = self.decode(unfolded)
        reconstruction: Tensor = self.draw(decoded.transpose(1, 2))
        return reconstruction.transpose(1, 2)
