"""Small autoencoders of windows that rival the CNN-LSTM: dense, LSTM, CNN, Transformer.

Each maps windows ``(N, rows, C)``, scaled to 0 to 1, to their reconstructions in the same shape.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from detector.networks.base import Autoencoder


class Dense(Autoencoder):
    """Reconstructs each row alone, through layers that shrink to a code and grow again.

    As the AED of Taormina & Galelli 2018 (J. Water Resources Planning and Management 144(10),
    04018065): the code has C / 2.5 numbers, two layers lead to it and two from it, all tanh.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        code = max(round(channels / 2.5), 1)
        middle = (channels + code) // 2
        sizes = (channels, middle, code, middle, channels)
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.Tanh()]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, windows: Tensor) -> Tensor:
        """Return the windows, reconstructed."""
        rows: Tensor = self.layers(windows)
        return rows


class Lstm(Autoencoder):
    """Reads a window with an LSTM, unfolds its last state with another (Malhotra et al. 2016)."""

    def __init__(self, channels: int, size: int = 32) -> None:
        super().__init__()
        self.encode = nn.LSTM(channels, size, batch_first=True)
        self.decode = nn.LSTM(size, size, batch_first=True)
        self.draw = nn.Linear(size, channels)

    def forward(self, windows: Tensor) -> Tensor:
        """Return the windows, reconstructed."""
        encoded, _ = self.encode(windows)
        decoded, _ = self.decode(encoded[:, -1:].expand(-1, windows.shape[1], -1))
        rows: Tensor = self.draw(decoded)
        return rows


class Cnn(Autoencoder):
    """Halves a window's length twice by strided convolutions, and doubles it again."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(channels, 32, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv1d(32, 8, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose1d(8, 32, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose1d(32, channels, kernel_size=4, stride=2, padding=1),
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Return the windows, reconstructed; their rows are a multiple of 4."""
        rows: Tensor = self.layers(windows.transpose(1, 2)).transpose(1, 2)
        return rows


class Transformer(Autoencoder):
    """One self-attention layer over a window's rows, and eight numbers a row to go through."""

    def __init__(self, channels: int, rows: int = 24, size: int = 32) -> None:
        super().__init__()
        self.enter = nn.Linear(channels, size)
        self.place = nn.Parameter(0.02 * torch.randn(rows, size))
        self.attend = nn.TransformerEncoderLayer(size, 4, 64, dropout=0.0, batch_first=True)
        self.narrow = nn.Linear(size, 8)
        self.draw = nn.Sequential(nn.Linear(8, size), nn.ReLU(), nn.Linear(size, channels))

    def forward(self, windows: Tensor) -> Tensor:
        """Return the windows, reconstructed."""
        rows: Tensor = self.draw(self.narrow(self.attend(self.enter(windows) + self.place)))
        return rows
