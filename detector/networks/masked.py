"""A network that predicts each channel of a row from all the other channels and the rows before."""

import torch
from torch import Tensor, nn

from detector.base import Floats
from detector.networks.base import Network

_FARTHEST = 10.0
"""Errors of the linear skip count up to so many of their deviations: switches leave far ones."""


class MaskedCnnLstm(Network):
    """What is left of a channel when all others and the past have been heard, in deviations.

    A linear skip predicts each channel of the last row from the other channels of that row and all
    of the row before; the network learns what the skip leaves over, in units of its deviation. The
    past enters as a code of 32 numbers, from Conv1D, pooling and an LSTM over the rows before the
    last. The last row enters as a sum over its channels, from which, for each channel's own
    prediction, its own part is taken away: no output sees its own reading.

    Parameters
    ----------
    weights, intercept
        Of the skip, scaled: ``(C, 2 C)``, for the last row and the one before, and ``(C,)``.
    deviation
        Of what the skip leaves over on the rows it was fitted on, ``(C,)``.
    size
        Hidden numbers a channel.
    """

    weights: Tensor
    intercept: Tensor
    deviation: Tensor

    def __init__(
        self, weights: Floats, intercept: Floats, deviation: Floats, size: int = 64
    ) -> None:
        super().__init__()
        channels = len(intercept)
        for name, each in (
            ("weights", weights),
            ("intercept", intercept),
            ("deviation", deviation),
        ):
            self.register_buffer(name, torch.tensor(each, dtype=torch.float32))
        self.look = nn.Conv1d(channels, 32, kernel_size=3, padding="same")
        self.halve = nn.MaxPool1d(2)
        self.encode = nn.LSTM(32, 32, batch_first=True)
        self.present = nn.Parameter(torch.randn(channels, size) / channels**0.5)
        self.past = nn.Linear(32 + channels, size)
        self.mix = nn.Linear(size, size)
        self.read = nn.Parameter(torch.zeros(channels, size))
        self.offset = nn.Parameter(torch.zeros(channels))

    def forward(self, windows: Tensor) -> Tensor:
        """Return what no other channel explains in the last row of each window.

        Parameters
        ----------
        windows
            Scaled channels, ``(N, rows, C)``.

        Returns
        -------
        Tensor
            Seen less predicted, in deviations of the skip's errors, ``(N, C)``.
        """
        last, before = windows[:, -1], windows[:, -2]
        skip = torch.cat([last, before], dim=1) @ self.weights.T + self.intercept
        left = ((last - skip) / self.deviation).clamp(-_FARTHEST, _FARTHEST)
        features = torch.relu(self.look(windows[:, :-1].transpose(1, 2)))
        encoded, _ = self.encode(self.halve(features).transpose(1, 2))
        context = self.past(torch.cat([encoded[:, -1], before], dim=1))
        parts = last[:, :, None] * self.present
        others = parts.sum(dim=1, keepdim=True) - parts
        hidden = torch.relu(others + context[:, None])
        hidden = hidden + torch.relu(self.mix(hidden))
        expected: Tensor = (hidden * self.read).sum(dim=2) + self.offset
        return left - expected

    def loss(self, windows: Tensor) -> Tensor:  # noqa: D102 - see base class
        left: Tensor = self(windows)
        return left.square().mean()
