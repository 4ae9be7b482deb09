"""Decision trees as plain arrays: many evaluated at once, alike in a table and row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from detector.base import Floats

_CELLS = 4_000_000  # rows x trees at once


@dataclass(frozen=True)
class Tree:
    """One tree: a node a place, the root first; a leaf leads to itself.

    Attributes
    ----------
    feature, threshold
        A row goes left where its feature is at most the threshold, ``(nodes,)``.
    left, right
        Where it goes, ``(nodes,)``.
    value
        What a row is worth that ends here, ``(nodes,)``.
    """

    feature: NDArray[Any]
    threshold: Floats
    left: NDArray[Any]
    right: NDArray[Any]
    value: Floats

    @classmethod
    def of(
        cls,
        feature: NDArray[Any],
        threshold: Floats,
        left: NDArray[Any],
        right: NDArray[Any],
        value: Floats,
        leaf: NDArray[np.bool_],
    ) -> Self:
        """Return a tree of arrays whose leaves, marked, may lead anywhere."""
        here = np.arange(len(leaf))
        return cls(
            np.where(leaf, 0, feature).astype(np.int32),
            np.where(leaf, 0.0, threshold),
            np.where(leaf, here, left).astype(np.int32),
            np.where(leaf, here, right).astype(np.int32),
            np.where(leaf, value, 0.0),
        )


_ZERO = np.zeros(1)
STUMP = Tree.of(_ZERO, _ZERO, _ZERO, _ZERO, _ZERO, np.ones(1, bool))
"""A tree that is worth 0 everywhere."""


def histogram_tree(nodes: NDArray[Any]) -> Tree:
    """Return one of scikit-learn's histogram trees, from the table of its nodes."""
    return Tree.of(
        nodes["feature_idx"].astype(np.int64),
        nodes["num_threshold"],
        nodes["left"].astype(np.int64),
        nodes["right"].astype(np.int64),
        nodes["value"],
        nodes["is_leaf"].astype(bool),
    )


@dataclass(frozen=True)
class Forest:
    """Trees one behind the other.

    Attributes
    ----------
    arrays
        Those of a `Tree` by name, of all trees together, and ``first``: where each begins.
    """

    arrays: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> Self:
        """Return the forest of some trees."""
        sizes = np.array([len(each.value) for each in trees])
        first = np.cumsum(sizes) - sizes
        offset = np.repeat(first, sizes)
        joined = {
            name: np.concatenate([getattr(each, name) for each in trees])
            for name in ("feature", "threshold", "left", "right", "value")
        }
        joined["left"] = (joined["left"] + offset).astype(np.int32)
        joined["right"] = (joined["right"] + offset).astype(np.int32)
        return cls(joined | {"first": first.astype(np.int32)})

    def values(self, rows: Floats) -> Floats:
        """Return what each tree makes of each row ``(N, features)``: ``(N, trees)``."""
        arrays = self.arrays
        trees = len(arrays["first"])
        found = np.empty((len(rows), trees))
        step = max(_CELLS // trees, 1)
        for start in range(0, len(rows), step):
            batch = rows[start : start + step]
            index = np.arange(len(batch))[:, None]
            node = np.broadcast_to(arrays["first"], (len(batch), trees))
            while True:
                goes_left = batch[index, arrays["feature"][node]] <= arrays["threshold"][node]
                after = np.where(goes_left, arrays["left"][node], arrays["right"][node])
                if np.array_equal(after, node):
                    break
                node = after
            found[start : start + step] = arrays["value"][node]
        return found
