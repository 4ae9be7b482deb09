"""What tells attacked rows from normal ones and is kept as arrays: boosted trees, or a network."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from detector.base import Floats
from detector.methods.trees import Forest, histogram_tree
from detector.metrics import Bools

Tensors = dict[str, NDArray[Any]]

VOTES = 3
"""How many are grown, each with a seed of its own; their mean counts."""
_TREES, _RATE, _LEAVES, _SHARE = 100, 0.1, 31, 0.3  # of a vote; columns a split chooses from
_HIDDEN, _EPOCHS, _PATIENCE = (64, 32), 40, 4


class Classifier(Protocol):
    """Says how likely rows are under attack."""

    @classmethod
    def grow(cls, known: Floats, labels: Bools, seed: int, votes: int = VOTES) -> Self:
        """Learn from rows ``(N, F)`` and their labels ``(N,)``."""
        ...

    def odds(self, known: Floats) -> Floats:
        """Return the log odds of rows ``(N, F)``: ``(N,)``."""
        ...

    def tensors(self) -> Tensors:
        """Return what `restore` needs."""
        ...

    @classmethod
    def restore(cls, tensors: Tensors) -> Self:
        """Return the one whose `tensors` these are."""
        ...


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient-boosted trees of several votes.

    Attributes
    ----------
    forest : Forest
        All trees of all votes.
    offset : float
        What is added to a vote's sum, in log odds.
    votes : int
    """

    forest: Forest
    offset: float
    votes: int

    @classmethod
    def grow(  # noqa: D102 - see Classifier
        cls, known: Floats, labels: Bools, seed: int, votes: int = VOTES
    ) -> Self:
        trees, offsets = [], []
        for vote in range(votes):
            grown = HistGradientBoostingClassifier(
                max_iter=_TREES,
                learning_rate=_RATE,
                max_leaf_nodes=_LEAVES,
                max_features=_SHARE,
                early_stopping=False,
                random_state=VOTES * seed + vote,
            ).fit(np.nan_to_num(known), labels)
            trees += [histogram_tree(each[0].nodes) for each in grown._predictors]
            offsets.append(float(grown._baseline_prediction.item()))
        return cls(Forest.of(trees), float(np.mean(offsets)), votes)

    def odds(self, known: Floats) -> Floats:  # noqa: D102 - see Classifier
        sums: Floats = self.forest.values(np.nan_to_num(known)).sum(axis=1)
        return self.offset + sums / self.votes

    def tensors(self) -> Tensors:  # noqa: D102 - see Classifier
        return {**self.forest.arrays, "vote": np.array([self.offset, self.votes])}

    @classmethod
    def restore(cls, tensors: Tensors) -> Self:  # noqa: D102 - see Classifier
        offset, votes = tensors["vote"]
        arrays = {name: each for name, each in tensors.items() if name != "vote"}
        return cls(Forest(arrays), float(offset), int(votes))


@dataclass(frozen=True)
class Perceptron:
    """A network of two hidden layers, of several votes.

    Attributes
    ----------
    mean, scale : ndarray of shape (F,)
        Of the features' logarithms in normal and attacked rows.
    weights, biases : tuple of ndarray
        By layer ``(votes, inputs, outputs)`` and ``(votes, 1, outputs)``.
    """

    mean: Floats
    scale: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    @classmethod
    def grow(  # noqa: D102 - see Classifier
        cls, known: Floats, labels: Bools, seed: int, votes: int = VOTES
    ) -> Self:
        small = _logarithms(known)
        mean, scale = small.mean(axis=0), small.std(axis=0) + 1e-6
        grown = []
        for vote in range(votes):
            network = MLPClassifier(
                _HIDDEN,
                batch_size=256,
                max_iter=_EPOCHS,
                early_stopping=True,
                n_iter_no_change=_PATIENCE,
                random_state=VOTES * seed + vote,
            )
            with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
                grown.append(network.fit((small - mean) / scale, labels))
        layers = range(len(_HIDDEN) + 1)
        return cls(
            mean,
            scale,
            tuple(np.stack([each.coefs_[layer] for each in grown]) for layer in layers),
            tuple(np.stack([each.intercepts_[layer][None] for each in grown]) for layer in layers),
        )

    def odds(self, known: Floats) -> Floats:  # noqa: D102 - see Classifier
        found = ((_logarithms(known) - self.mean) / self.scale)[None]
        for weights, biases in zip(self.weights[:-1], self.biases[:-1], strict=True):
            found = np.maximum(found @ weights + biases, 0.0)
        odds: Floats = (found @ self.weights[-1] + self.biases[-1])[..., 0].mean(axis=0)
        return odds

    def tensors(self) -> Tensors:  # noqa: D102 - see Classifier
        layers = {f"weights{i}": each for i, each in enumerate(self.weights)}
        layers |= {f"biases{i}": each for i, each in enumerate(self.biases)}
        return {"mean": self.mean, "scale": self.scale, **layers}

    @classmethod
    def restore(cls, tensors: Tensors) -> Self:  # noqa: D102 - see Classifier
        layers = range(len(_HIDDEN) + 1)
        return cls(
            tensors["mean"],
            tensors["scale"],
            tuple(tensors[f"weights{layer}"] for layer in layers),
            tuple(tensors[f"biases{layer}"] for layer in layers),
        )


def _logarithms(known: Floats) -> Floats:
    found = np.nan_to_num(known)
    small: Floats = np.sign(found) * np.log1p(np.abs(found))
    return small


CLASSIFIERS: Mapping[str, type[BoostedTrees | Perceptron]] = {
    "trees": BoostedTrees,
    "perceptron": Perceptron,
}
