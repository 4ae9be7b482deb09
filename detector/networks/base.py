"""What every network is: windows in, and a loss of its own."""

from abc import abstractmethod

from torch import Tensor, nn


class Network(nn.Module):
    """A network over windows of rows, ``(N, rows, C)``."""

    @abstractmethod
    def loss(self, windows: Tensor) -> Tensor:
        """Return what training makes small: its mean over a batch of windows."""


class Autoencoder(Network):
    """A network that returns windows as it reconstructs them; its loss is their squared error."""

    def loss(self, windows: Tensor) -> Tensor:  # noqa: D102 - see base class
        return nn.functional.mse_loss(self(windows), windows)
