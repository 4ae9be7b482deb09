"""The CNN-LSTM autoencoder as a detector."""

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field

from detector.base import Floats, NoOptions, Training
from detector.methods.windowed import WindowDetector
from detector.networks.cnn_lstm import WINDOW, CnnLstmAutoencoder, one_thread
from detector.networks.train import EPOCHS, train
from detector.registry import register


class CnnLstmOptions(NoOptions):
    """The options of the network's training."""

    epochs: int = Field(EPOCHS, ge=1, description="passes over the training windows, at most")
    device: str = Field("cpu", description="where it trains: cpu or cuda")


@register("cnn-lstm")
class CnnLstm(WindowDetector):
    """Scores a row by how badly the network reconstructs the 24 rows before it.

    Window i holds rows i to i + 23 and is labelled by row i + 24: the score of row t is the mean
    squared error, over 24 hours and all channels, of rows t - 24 to t - 1. Of 4177 rows 4153 are
    scored, and what happens in row t shows from row t + 1 on. A constant channel that moves adds to
    the score in row t already, and for the 24 rows after it.
    """

    length = WINDOW
    includes_row = False
    reach = WINDOW + 1
    Options: ClassVar[type[NoOptions]] = CnnLstmOptions

    _model: CnnLstmAutoencoder

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        options = self.options(training).model_dump()
        model, history = train(
            windows, held_out, seed=training.seed, progress=training.progress, **options
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
        for first in range(0, len(windows), 512):
            batch = torch.from_numpy(np.ascontiguousarray(windows[first : first + 512]))
            errors.append((self._model(batch) - batch).square().mean(dim=1).numpy())
        return np.concatenate(errors)

    @one_thread()
    def slopes(self, window: Floats) -> Floats:  # noqa: D102 - see base class
        batch = torch.from_numpy(window[None].copy()).requires_grad_()
        error = (self._model(batch) - batch).square().mean()
        (slopes,) = torch.autograd.grad(error, batch)
        return np.asarray(slopes[0, -1].numpy())

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        # Trained in float32, so nothing is lost on the way to the file.
        return {name: each.float().numpy() for name, each in self._model.state_dict().items()}

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        model = CnnLstmAutoencoder(len(self.tags))
        model.load_state_dict({name: torch.from_numpy(each) for name, each in tensors.items()})
        self._set(model)

    def _set(self, model: CnnLstmAutoencoder) -> None:
        # Scoring runs in double precision: a window's error is then the same number, to twelve
        # digits, alone in a stream or among hundreds in a batch.
        self._model = model.double().eval()
