"""Windowed principal components: the linear detector that a deep one has to beat."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from detector.base import Floats, Progress
from detector.methods.windowed import WindowDetector
from detector.registry import register

VARIANCE = 0.995
"""Part of the variance of normal windows that the kept components explain: on dataset03 some 240
components of 24 x 43. Chosen on dataset04, so its figures there are development figures."""


@register("pca")
class WindowedPca(WindowDetector):
    """Scores a row by how badly a linear model of the last day draws it, averaged over 6 hours.

    Each window of 24 rows is one long vector; projected on the first principal components of
    normal windows and back, it shows the error of its last row. The score of row t is the mean
    squared error of rows t - 5 to t, each drawn at the end of its own window: the row itself
    counts, unlike in `cnn-lstm`.
    """

    includes_row = True
    trail = 6
    reach = 6

    def learn(  # noqa: D102 - the base class says it
        self,
        windows: Floats,
        held_out: Floats,
        *,
        seed: int,
        epochs: int | None,
        device: str,
        progress: Progress | None,
    ) -> None:
        flat = windows.reshape(len(windows), -1)
        model = PCA(n_components=VARIANCE, svd_solver="covariance_eigh").fit(flat)
        # Kept in the precision they are saved in: half the file, and fitted and loaded agree.
        self._keep(model.mean_.astype(np.float32), model.components_.astype(np.float32))
        self.about["components"] = len(self._components)

    def errors(self, windows: Floats) -> Floats:  # noqa: D102 - the base class says it
        channels = windows.shape[2]
        last = self._components[:, -channels:]
        found = []
        for first in range(0, len(windows), 512):
            some = windows[first : first + 512]
            codes = (some.reshape(len(some), -1) - self._mean) @ self._components.T
            drawn = codes @ last + self._mean[-channels:]
            found.append((drawn - some[:, -1]) ** 2)
        return np.concatenate(found)

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - the base class says it
        return {
            "mean": self._mean.astype(np.float32),
            "components": self._components.astype(np.float32),
        }

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        mean, components = tensors["mean"], tensors["components"]
        size = self.length * len(self.tags)
        if mean.shape != (size,) or components.shape[1:] != (size,):
            raise ValueError(f"not components of windows of {self.length} x {len(self.tags)}")
        self._keep(mean, components)

    def _keep(self, mean: NDArray[Any], components: NDArray[Any]) -> None:
        self._mean = mean.astype(np.float64)
        self._components = components.astype(np.float64)
