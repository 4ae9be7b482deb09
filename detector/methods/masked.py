"""Masked prediction: each tag of a row from all other tags of that row, and from the past.

A forged reading may fit its own past; it has to fit all others as well. What is left over counts in
units of its usual size, which has floors: BATADAL's record was solved at EPANET's accuracy of .01,
so that normal flows and pressures are off by as much as that leaves open.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pydantic import Field
from sklearn.ensemble import HistGradientBoostingRegressor
from torch import Tensor

from detector.base import Floats, NoOptions, Step, Training
from detector.methods.network import NetworkDetector, NetworkOptions
from detector.methods.trees import STUMP, Forest, Tree, histogram_tree
from detector.methods.windowed import WindowDetector
from detector.methods.windows import carry, values_of, windows_of
from detector.networks.base import Network
from detector.networks.masked import MaskedCnnLstm
from detector.registry import register

FLOORS = {"F_": 0.1, "P_": 0.05, "L_": 0.02, "S_": 0.05}
"""Smallest usual size of what is left over, by the first letters of a tag: L/s, m, m, a status."""

_RIDGE = 1e-2  # on channels scaled to 0 to 1


class MaskedOptions(NoOptions):
    """The options of masked prediction."""

    floors: Mapping[str, float] = Field(
        default=FLOORS,
        description="smallest usual size of what is left over, by the first letters of a tag, "
        "in the tag's unit",
    )


class MaskedTreesOptions(MaskedOptions):
    """The options of `masked-trees`."""

    rounds: int = Field(100, ge=1, description="boosted trees for each tag")
    leaves: int = Field(31, ge=2, description="leaves of a tree, at most")


class MaskedNetworkOptions(NetworkOptions, MaskedOptions):
    """The options of `masked`."""


def skip(now: Floats, before: Floats) -> tuple[Floats, Floats]:
    """Fit the linear prediction of each channel from the others and the row before.

    Parameters
    ----------
    now, before
        Scaled rows and those before them, ``(N, C)``.

    Returns
    -------
    tuple
        Weights ``(C, 2 C)``, 0 for each channel's own reading, and intercepts ``(C,)``.
    """
    rows = np.concatenate([now, before], axis=1)
    centre = rows.mean(axis=0)
    product = (rows - centre).T @ (rows - centre) + _RIDGE * np.eye(rows.shape[1])
    weights = np.zeros((now.shape[1], rows.shape[1]))
    for channel in range(now.shape[1]):
        others = np.delete(np.arange(rows.shape[1]), channel)
        weights[channel, others] = np.linalg.solve(
            product[np.ix_(others, others)], product[others, channel]
        )
    return weights, centre[: now.shape[1]] - weights @ centre


def usual_size(detector: WindowDetector, left: Floats, floors: Mapping[str, float]) -> Floats:
    """Return the usual size of what is left over of each channel, scaled, ``(C,)``.

    Parameters
    ----------
    detector
        Whose channels they are; it is scaled already.
    left
        What is left over of normal rows that were not learned from, scaled, ``(N, C)``.
    floors
        See `MaskedOptions`.
    """
    least = [
        next((floor for start, floor in floors.items() if tag.startswith(start)), 0.0)
        for tag in detector.tags
    ]
    span = np.where(detector.scaler.constant, 1.0, detector.scaler.high - detector.scaler.low)
    size: Floats = np.maximum(np.maximum(left.std(axis=0), np.array(least) / span), 1e-6)
    return size


@register("masked-trees")
class MaskedTrees(WindowDetector):
    """Scores a row by how badly its tags fit each other and the row before, averaged over 6 rows.

    Each tag is predicted by ridge regression, and what it leaves over by boosted trees. The error
    of a tag is log(1 + z²), z in units of its usual size on held-out normal rows: many tags a
    little off count as much as one far off. Lag, logarithm and 6 rows were chosen on BATADAL's
    dataset04, so its figures there are development figures.
    """

    length = 2
    includes_row = True
    trail = 6
    reach = 6
    seeded = False
    Options: ClassVar[type[NoOptions]] = MaskedTreesOptions

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        options = self.options(training)
        assert isinstance(options, MaskedTreesOptions)
        self._weights, self._intercept = skip(windows[:, 1], windows[:, 0])
        rows, left = self._rows(windows), self._left_by_skip(windows)
        trees: list[Tree] = []
        for channel, constant in enumerate(self.scaler.constant):
            if constant:
                trees += [STUMP] * options.rounds
                continue
            blind = rows.copy()
            blind[:, channel] = 0.0  # nothing to split at: no tree asks for the tag itself
            grown = HistGradientBoostingRegressor(
                max_iter=options.rounds,
                max_leaf_nodes=options.leaves,
                early_stopping=False,
                random_state=training.seed,
            ).fit(blind, left[:, channel])
            self._intercept[channel] += float(grown._baseline_prediction.item())
            trees += [histogram_tree(each[0].nodes) for each in grown._predictors]
            if training.progress is not None:
                size = float(left[:, channel].std())
                training.progress(Step(channel + 1, len(self.tags), size, size))
        self._forest = Forest.of(trees)
        self._size = usual_size(self, self._left(held_out), options.floors)

    def errors(self, windows: Floats) -> Floats:  # noqa: D102 - see base class
        errors: Floats = np.log1p((self._left(windows) / self._size) ** 2)
        return errors

    def deviations(self, table: pd.DataFrame) -> Floats:
        """Return how far each tag of each row is from what the others say, in usual sizes.

        Parameters
        ----------
        table
            As `score` takes it.

        Returns
        -------
        ndarray
            ``(T, C)``, signed; NaN in the first row.
        """
        rows = self.scaler.scale(carry(values_of(table, self.tags), self.scaler.middle))
        found = np.full(rows.shape, np.nan)
        found[1:] = self._left(windows_of(rows, self.length)) / self._size
        return found

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        own = {"weights": self._weights, "intercept": self._intercept, "size": self._size}
        return {**self._forest.arrays, **own}

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        kept = dict(tensors)
        self._weights, self._intercept = kept.pop("weights"), kept.pop("intercept")
        self._size = kept.pop("size")
        self._forest = Forest(kept)

    def _rows(self, windows: Floats) -> Floats:
        """Return the last row and the one before it side by side, ``(N, 2 C)``."""
        return np.concatenate([windows[:, 1], windows[:, 0]], axis=1)

    def _left_by_skip(self, windows: Floats) -> Floats:
        # einsum adds in one order, whether a row stands alone or among hundreds.
        predicted = np.einsum("nf,cf->nc", self._rows(windows), self._weights)
        left: Floats = windows[:, 1] - predicted - self._intercept
        return left

    def _left(self, windows: Floats) -> Floats:
        values = self._forest.values(self._rows(windows))
        by_trees: Floats = values.reshape(len(windows), len(self.tags), -1).sum(axis=2)
        return self._left_by_skip(windows) - by_trees


@register("masked")
class Masked(NetworkDetector):
    """Scores a row by how badly its tags fit each other and the day before, averaged over 6 rows.

    A CNN-LSTM with a linear skip predicts each tag from all others and the past
    (`detector.networks.masked`); scored as `masked-trees`.
    """

    includes_row = True
    trail = 6
    reach = 6
    Options: ClassVar[type[NoOptions]] = MaskedNetworkOptions

    _skip: tuple[Floats, Floats, Floats] | None = None

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        options = self.options(training)
        assert isinstance(options, MaskedNetworkOptions)
        now, before = windows[:, -1], windows[:, -2]
        weights, intercept = skip(now, before)
        left = now - np.concatenate([now, before], axis=1) @ weights.T - intercept
        deviation = usual_size(self, left, options.floors)
        self._skip = (weights, intercept, deviation)
        self._size = np.ones(len(self.tags))
        super().learn(windows, held_out, training)
        floors = usual_size(self, np.zeros((1, len(self.tags))), options.floors) / deviation
        with torch.no_grad():
            found = [self._model(each).numpy() for each in _batches(held_out)]
        self._size = np.maximum(np.concatenate(found).std(axis=0), floors)

    def network(self, channels: int) -> Network:  # noqa: D102 - see base class
        nothing = np.zeros((channels, 2 * channels)), np.zeros(channels), np.ones(channels)
        return MaskedCnnLstm(*(self._skip or nothing))

    def window_errors(self, windows: Tensor) -> Tensor:  # noqa: D102 - see base class
        left: Tensor = self._model(windows)
        return torch.log1p((left / torch.from_numpy(self._size)).square())

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        return {**super().tensors(), "size": self._size}

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        kept = dict(tensors)
        self._size = kept.pop("size")
        super().restore(kept)


def _batches(windows: Floats, size: int = 512) -> list[Tensor]:
    return [
        torch.from_numpy(np.array(windows[first : first + size]))
        for first in range(0, len(windows), size)
    ]
