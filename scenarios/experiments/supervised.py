"""A detector that learns from attacks: boosted trees on what physics, rules and tags leave over.

It is trained on simulated weeks under attack and never on a record. What it knows of a row is how
far the row is from the demands that explain it best, how far levels and statuses are from where the
twin reaches them in an hour under its rules, and how far each tag is from what all others say
(`masked-trees`, fitted on normal years of the twin). Sums go back six hours and no farther: a day's
window keeps an alarm on for a day after the attack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from detector import checkpoint
from detector.base import Floats
from detector.errors import DataError
from detector.methods.masked import FLOORS, MaskedTrees
from detector.methods.trees import Forest, histogram_tree
from detector.metrics import false_episodes_per_week
from scenarios.experiments.attacked_weeks import AttackedWeek
from scenarios.experiments.hour_ahead import explain_hours
from twin.plants.profile import standardised
from twin.plants.spec import PlantSpec

Bools = NDArray[np.bool_]

KIND = "supervised"
FAMILIES_SHOWN = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "detected": "weeks detected",
    "false_episodes_per_week": "false/w",
}
"""Figures of a family that was left out, and their heads."""

SEEDS = 3
"""Forests that vote, each grown with a seed of its own."""
_TREES, _RATE, _LEAVES, _SHARE = 300, 0.05, 31, 0.3  # of a forest; columns a split chooses from
_SPANS = (3, 6)  # rows
_PER_WEEK = 0.1  # false episodes that the threshold may leave on families never learned from
_FARTHEST = 50.0  # in floors; beyond it a reading is simply wrong


def features(spec: PlantSpec, table: pd.DataFrame, start: datetime, masked: MaskedTrees) -> Floats:
    """Return what is known of each hourly row, from it and those before it, ``(T, F)``.

    Parameters
    ----------
    spec : PlantSpec
    table : DataFrame
        A column a tag, two decimals.
    start : datetime
        Of the first row.
    masked : MaskedTrees
        Fitted on normal rows of the plant.
    """
    rows = table[list(spec.tag_names)].to_numpy(dtype=np.float64)
    explained = explain_hours(spec, rows)
    floors = np.array([FLOORS[tag.name[:2]] for tag in spec.tags])
    measured = [i for i, tag in enumerate(spec.tags) if tag.quantity in ("flow", "pressure")]
    forecast = [i for i, tag in enumerate(spec.tags) if tag.quantity in ("level", "status")]
    now = np.concatenate(
        [
            ((rows - explained.expected) / floors)[:, measured],
            ((rows - explained.forecast) / floors)[:, forecast],
            standardised(explained.demands, start, spec.profile),
            masked.deviations(table),
        ],
        axis=1,
    )
    now = np.clip(now, -_FARTHEST, _FARTHEST)
    size = pd.DataFrame(np.abs(now))
    sums = [size.rolling(span, min_periods=1).mean().to_numpy() for span in _SPANS]
    worst = np.sort(np.abs(np.nan_to_num(now)), axis=1)[:, -5:]
    return np.concatenate([now, *sums, worst, explained.demands], axis=1)


@dataclass(frozen=True)
class Supervised:
    """Forests that say how likely a row is under attack, and where an alarm begins.

    Attributes
    ----------
    forest : Forest
        All trees of all seeds.
    offset : float
        What is added to their mean sum, in log odds.
    forests : int
        How many vote.
    threshold : float
        Of the probability.
    about : dict
        How it was trained.
    """

    forest: Forest
    offset: float
    forests: int
    threshold: float
    about: dict[str, Any]

    @classmethod
    def grow(cls, known: Floats, labels: Bools, seed: int, forests: int = SEEDS) -> Self:
        """Grow forests on rows ``(N, F)`` and their labels; the threshold is not set yet."""
        trees, offsets = [], []
        for number in range(forests):
            grown = HistGradientBoostingClassifier(
                max_iter=_TREES,
                learning_rate=_RATE,
                max_leaf_nodes=_LEAVES,
                max_features=_SHARE,
                early_stopping=False,
                random_state=SEEDS * seed + number,
            ).fit(np.nan_to_num(known), labels)
            trees += [histogram_tree(each[0].nodes) for each in grown._predictors]
            offsets.append(float(grown._baseline_prediction.item()))
        return cls(Forest.of(trees), float(np.mean(offsets)), forests, float("nan"), {"seed": seed})

    def probability(self, known: Floats) -> Floats:
        """Return how likely each row is under attack, ``(T,)``."""
        odds = self.offset + self.forest.values(np.nan_to_num(known)).sum(axis=1) / self.forests
        likely: Floats = 1.0 / (1.0 + np.exp(-odds))
        return likely

    def save(self, path: Path, masked: MaskedTrees) -> None:
        """Write it, and the fitted `masked-trees` that it listens to beside it."""
        masked.save(masked_path(path))
        checkpoint.write(
            path,
            dict(self.forest.arrays),
            {
                "kind": KIND,
                "tags": list(masked.tags),
                "interval_s": masked.interval_s,
                "threshold": {"value": self.threshold},
                "offset": self.offset,
                "forests": self.forests,
                **self.about,
            },
        )

    @classmethod
    def load(cls, path: Path) -> tuple[Self, MaskedTrees]:
        """Read what `save` wrote.

        Raises
        ------
        DataError
            If a file is missing or damaged, or another kind's.
        """
        arrays, card = checkpoint.read(path)
        if card["kind"] != KIND:
            raise DataError(f"{path}: weights of kind {card['kind']!r}, not {KIND!r}.")
        return (
            cls(
                Forest(arrays),
                card["offset"],
                card["forests"],
                card["threshold"]["value"],
                card,
            ),
            MaskedTrees.load(masked_path(path)),
        )


def masked_path(path: Path) -> Path:
    """Return where the `masked-trees` of a supervised detector lie."""
    return path.with_name(f"{path.stem}-masked{path.suffix}")


def train(
    weeks: Sequence[AttackedWeek],
    known: Sequence[Floats],
    seed: int = 0,
    on_family: Callable[[str], None] = lambda family: None,
) -> Supervised:
    """Train on attacked weeks; the threshold is set on families that were not learned from.

    Each family is scored by one forest grown on the others. The threshold is the one with the best
    F1 on these scores among those that leave at most .1 false episodes a week on them.

    Parameters
    ----------
    weeks : sequence of AttackedWeek
    known : sequence of ndarray
        The `features` of each.
    seed : int
    on_family : callable, optional
        Told of each family before it is left out, and of `all` at the end.
    """
    families = sorted({week.family for week in weeks})
    scores: list[Floats] = [np.empty(0)] * len(weeks)
    left_out: dict[str, Any] = {}
    for family in families:
        on_family(family)
        own = [i for i, week in enumerate(weeks) if week.family == family]
        others = [i for i in range(len(weeks)) if i not in own]
        grown = Supervised.grow(*_together(weeks, known, others), seed, 1)
        for i in own:
            scores[i] = grown.probability(known[i])
    labels = [week.labels for week in weeks]
    threshold = choose_threshold(scores, labels)
    for family in families:
        own = [i for i, week in enumerate(weeks) if week.family == family]
        left_out[family] = _judged([scores[i] for i in own], [labels[i] for i in own], threshold)
    on_family("all")
    whole = Supervised.grow(*_together(weeks, known, range(len(weeks))), seed)
    about = {"seed": seed, "weeks": len(weeks), "families_left_out": left_out}
    return replace(whole, threshold=threshold, about=about)


def _together(
    weeks: Sequence[AttackedWeek], known: Sequence[Floats], chosen: Sequence[int] | range
) -> tuple[Floats, Bools]:
    return (
        np.concatenate([known[i] for i in chosen]),
        np.concatenate([weeks[i].labels for i in chosen]),
    )


def choose_threshold(scores: Sequence[Floats], labels: Sequence[Bools]) -> float:
    """Return the threshold of the best F1 that keeps to .1 false episodes a week, of .02 to .98."""
    best, highest = 0.98, -1.0
    for level in np.arange(0.02, 0.99, 0.02).tolist():
        found = _judged(scores, labels, level)
        if found["false_episodes_per_week"] <= _PER_WEEK and found["f1"] > highest:
            best, highest = level, found["f1"]
    return best


def _judged(scores: Sequence[Floats], labels: Sequence[Bools], threshold: float) -> dict[str, Any]:
    """Return F1, precision and recall over rows, detected weeks and false episodes a week."""
    alarms = [each > threshold for each in scores]
    under, alarmed = np.concatenate(labels), np.concatenate(alarms)
    true = int((under & alarmed).sum())
    normal = [int((~each).sum()) for each in labels]
    false = [false_episodes_per_week(*pair) for pair in zip(labels, alarms, strict=True)]
    return {
        "f1": 2 * true / max(int(under.sum() + alarmed.sum()), 1),
        "precision": true / max(int(alarmed.sum()), 1),
        "recall": true / max(int(under.sum()), 1),
        "detected": float(np.mean([(a & b).any() for a, b in zip(labels, alarms, strict=True)])),
        "false_episodes_per_week": float(np.average(false, weights=normal)),
    }
