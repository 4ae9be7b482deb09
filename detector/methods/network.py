"""The base of detectors whose model is a torch network over windows."""

from abc import abstractmethod
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from detector.base import Floats, NoOptions, Training
from detector.methods.windowed import WindowDetector
from detector.networks.base import Network
from detector.networks.cnn_lstm import one_thread
from detector.networks.train import EPOCHS, train

_BATCH = 512


class NetworkOptions(NoOptions):
    """The options of a network's training."""

    epochs: int = Field(EPOCHS, ge=1, description="passes over the training windows, at most")
    device: str = Field("cpu", description="where it trains: cpu or cuda")


class NetworkDetector(WindowDetector):
    """A `WindowDetector` whose errors a network finds: a subclass says which network.

    Unless it says otherwise the network is an autoencoder, and a channel's error is its mean
    squared error over the window.
    """

    Options: ClassVar[type[NoOptions]] = NetworkOptions
    _model: nn.Module

    @abstractmethod
    def network(self, channels: int) -> Network:
        """Return the untrained network for so many channels."""

    @property
    def model(self) -> nn.Module:
        """The fitted network, in double precision."""
        return self._model

    def with_model(self, model: nn.Module) -> Self:
        """Return the same detector with another network in its network's place."""
        other = copy(self)
        other._model = model
        return other

    def channels(self) -> int:
        """Return how many channels the network sees."""
        return len(self.tags)

    def window_errors(self, windows: Tensor) -> Tensor:
        """Return each channel's error in each window, ``(N, C)``."""
        errors: Tensor = (self._model(windows) - windows).square().mean(dim=1)
        return errors

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        options = self.options(training)
        assert isinstance(options, NetworkOptions)
        model, history = train(
            windows,
            held_out,
            self.network,
            seed=training.seed,
            epochs=options.epochs,
            device=options.device,
            progress=training.progress,
        )
        self._set(model)
        self.about["history"] = {
            "loss": history.loss,
            "held_out": history.held_out,
            "best_epoch": history.best,
            "stopped": history.stopped,
        }

    @one_thread()
    @torch.no_grad()
    def errors(self, windows: Floats) -> Floats:  # noqa: D102 - see base class
        errors = []
        for first in range(0, len(windows), _BATCH):
            batch = torch.from_numpy(np.array(windows[first : first + _BATCH]))
            errors.append(self.window_errors(batch).numpy())
        return np.concatenate(errors)

    @one_thread()
    def slopes(self, window: Floats) -> Floats:  # noqa: D102 - see base class
        batch = torch.from_numpy(window[None].copy()).requires_grad_()
        (slopes,) = torch.autograd.grad(self.window_errors(batch).mean(), batch)
        return np.asarray(slopes[0, -1].numpy())

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        # Trained in float32, so nothing is lost on the way to the file.
        return {name: each.float().numpy() for name, each in self._model.state_dict().items()}

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        model = self.network(self.channels())
        model.load_state_dict({name: torch.from_numpy(each) for name, each in tensors.items()})
        self._set(model)

    def _set(self, model: Network) -> None:
        # Scoring runs in double precision: a window's error is then the same number, to twelve
        # digits, alone in a stream or among hundreds in a batch.
        self._model = model.double().eval()
