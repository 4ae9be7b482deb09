"""The isolation forest: rows that few cuts set apart."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest as SklearnForest
from sklearn.tree import DecisionTreeRegressor

from detector.base import Floats, Training
from detector.methods.trees import Forest, Tree
from detector.methods.windowed import WindowDetector
from detector.registry import register

_TREES = 200
_SAMPLE = 256  # rows a tree is grown on, as Liu et al. 2008


@register("isolation-forest")
class IsolationForest(WindowDetector):
    """Scores a row by how few random cuts set it apart from normal rows, averaged over 6 rows.

    As Liu et al. 2008. The forest names no tag: a score is shared among them by how far each is
    from its normal mean.
    """

    length = 1
    includes_row = True
    trail = 6
    reach = 6

    def learn(  # noqa: D102 - see base class
        self, windows: Floats, held_out: Floats, training: Training
    ) -> None:
        rows = windows[:, -1]
        grown = SklearnForest(n_estimators=_TREES, max_samples=min(_SAMPLE, len(rows)),
                              random_state=training.seed).fit(rows)  # fmt: skip
        self._forest = Forest.of([_tree(each) for each in grown.estimators_])
        self._mean, self._deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-3)

    def errors(self, windows: Floats) -> Floats:  # noqa: D102 - see base class
        rows = windows[:, -1]
        score = 2.0 ** -(self._forest.values(rows).mean(axis=1, keepdims=True) / _path(_SAMPLE))
        far = ((rows - self._mean) / self._deviation) ** 2 + 1e-9
        errors: Floats = score * far / far.mean(axis=1, keepdims=True)
        return errors

    def tensors(self) -> dict[str, NDArray[Any]]:  # noqa: D102 - see base class
        return {**self._forest.arrays, "mean": self._mean, "deviation": self._deviation}

    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:  # noqa: D102 - see base class
        kept = dict(tensors)
        self._mean, self._deviation = kept.pop("mean"), kept.pop("deviation")
        self._forest = Forest(kept)


def _path(rows: float) -> float:
    """Return the mean path length of an unsuccessful search among so many rows (equation 1)."""
    if rows <= 2:
        return float(rows == 2)
    return 2.0 * (float(np.log(rows - 1)) + 0.5772156649) - 2.0 * (rows - 1) / rows


def _tree(grown: DecisionTreeRegressor) -> Tree:
    """Return a grown tree whose leaves are worth the cuts to them, and those left unmade."""
    tree = grown.tree_
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):  # a node stands before those below it
        for below in (tree.children_left[node], tree.children_right[node]):
            if below >= 0:
                depth[below] = depth[node] + 1
    unmade = np.array([_path(count) for count in tree.n_node_samples])
    leaf = tree.children_left < 0
    return Tree.of(
        tree.feature, tree.threshold, tree.children_left, tree.children_right, depth + unmade, leaf
    )
