"""Windowed principal components: the linear baseline for the neural detectors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from detector.base import Floats, Training
from detector.methods.windowed import WindowDetector
from detector.registry import register

VARIANCE = 0.995
"""Part of the variance of normal windows that the kept components explain: on dataset03 some 240
components of 24 x 43. Chosen on dataset04, so its figures there are development figures."""


@register("pca")
class WindowedPca(WindowDetector):
    """Scores a row by how badly a linear model of a day reconstructs it, averaged over 6 hours.

    Each window of 24 rows is one vector, projected on the first principal components of normal
    windows and back; the error is that of its last row. The score of row t is the mean squared
    error of rows t - 5 to t, each reconstructed at the end of its own window: the row itself
    counts, unlike in `cnn-lstm`.
    """

    seeded = False
    includes_row = True
    trail = 6
    reach = 6

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        flat = windows.reshape(len(windows), -1)
        model = PCA(n_components=VARIANCE, svd_solver="covariance_eigh").fit(flat)
        # Kept in the precision they are saved in: half the file, and fitted and loaded agree.
        self._set(model.mean_.astype(np.float32), model.components_.astype(np.float32))
        self.about["components"] = len(self._components)

    def errors(self, windows: Floats) -> Floats:  # noqa: D102 - see base class
        channels = windows.shape[2]
        last = self._components[:, -channels:]
        errors = []
        for first in range(0, len(windows), 512):
            batch = windows[first : first + 512]
            codes = (batch.reshape(len(batch), -1) - self._mean) @ self._components.T
            reconstructed = codes @ last + self._mean[-channels:]
            errors.append((reconstructed - batch[:, -1]) ** 2)
        return np.concatenate(errors)

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        return {
            "mean": self._mean.astype(np.float32),
            "components": self._components.astype(np.float32),
        }

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        mean, components = tensors["mean"], tensors["components"]
        size = self.length * len(self.tags)
        if mean.shape != (size,) or components.shape[1:] != (size,):
            raise ValueError(f"not components of windows of {self.length} x {len(self.tags)}")
        self._set(mean, components)

    def _set(self, mean: NDArray[Any], components: NDArray[Any]) -> None:
        self._mean = mean.astype(np.float64)
        self._components = components.astype(np.float64)
