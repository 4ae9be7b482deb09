"""A detector that learns from attacks, by what physics, rules and tags leave over.

It is trained on simulated weeks under attack and never on a record. What it knows of a row is how
far the row is from the demands that explain it best, how far levels and statuses are from where the
twin reaches them in an hour under its rules, and how far each tag is from what all others say
(`masked-trees`, fitted on normal years of the twin). Sums go back six hours and no farther: a day's
window keeps an alarm on for a day after the attack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from detector import checkpoint
from detector.base import Floats
from detector.errors import DataError
from detector.methods.masked import FLOORS, MaskedTrees
from detector.metrics import Bools, false_episodes_per_week
from scenarios.experiments.attacked_weeks import AttackedWeek
from scenarios.experiments.classifiers import CLASSIFIERS, Classifier
from scenarios.experiments.hour_ahead import explain_hours
from twin.plants.profile import standardised
from twin.plants.spec import PlantSpec

KIND = "supervised"
FIGURES_SHOWN = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "detected": "weeks detected",
    "false_episodes_per_week": "false/w",
}
"""Figures of weeks that were left out, and their heads."""

PARTS = 4
"""Into which the weeks are divided; each by turns is held out, to set the threshold."""

_SPANS = (3, 6)  # rows
_PER_WEEK = 0.1  # false episodes that the threshold may leave on weeks that were held out
_LEVELS = np.arange(12.0, -6.0, -0.1)  # log odds that are tried as the threshold
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
    """Says how likely a row is under attack, and where an alarm begins.

    Attributes
    ----------
    classifier : Classifier
    threshold : float
        Of the probability.
    about : dict
        How it was trained; `classifier` is its name.
    """

    classifier: Classifier
    threshold: float
    about: dict[str, Any]

    def probability(self, known: Floats) -> Floats:
        """Return how likely each row is under attack, ``(T,)``."""
        return _probability(self.classifier.odds(known))

    def save(self, path: Path, masked: MaskedTrees) -> None:
        """Write it, and the fitted `masked-trees` that it listens to beside it."""
        masked.save(masked_path(path))
        checkpoint.write(
            path,
            self.classifier.tensors(),
            {
                "kind": KIND,
                "tags": list(masked.tags),
                "interval_s": masked.interval_s,
                "threshold": {"value": self.threshold},
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
        tensors, card = checkpoint.read(path)
        if card["kind"] != KIND:
            raise DataError(f"{path}: weights of kind {card['kind']!r}, not {KIND!r}.")
        classifier = CLASSIFIERS[card["classifier"]].restore(tensors)
        found = cls(classifier, card["threshold"]["value"], card)
        return found, MaskedTrees.load(masked_path(path))


def masked_path(path: Path) -> Path:
    """Return where the `masked-trees` of a supervised detector lie."""
    return path.with_name(f"{path.stem}-masked{path.suffix}")


def _probability(odds: Floats) -> Floats:
    likely: Floats = 1.0 / (1.0 + np.exp(-odds))
    return likely


def train(
    weeks: Sequence[AttackedWeek],
    known: Sequence[Floats],
    seed: int = 0,
    classifier: str = "trees",
    on_part: Callable[[str], None] = lambda part: None,
) -> Supervised:
    """Train on attacked weeks; the threshold is set on weeks that were not learned from.

    Each of `PARTS` parts of the weeks is scored by one vote grown on the others, and the threshold
    is set on these scores; see `choose_threshold`. Each family is then scored by one grown without
    it, at the same threshold, to tell what an attack of a new kind would meet.

    Parameters
    ----------
    weeks : sequence of AttackedWeek
    known : sequence of ndarray
        The `features` of each.
    seed : int
    classifier : str
        One of `CLASSIFIERS`.
    on_part : callable, optional
        Told of each part of the weeks before it is left out, and of `all` at the end.
    """
    grow = CLASSIFIERS[classifier].grow

    def held_out(of_week: Sequence[Any]) -> list[Floats]:
        scores: list[Floats] = [np.empty(0)] * len(weeks)
        for part in sorted(set(of_week)):
            on_part(f"without {part}")
            others = [i for i, each in enumerate(of_week) if each != part]
            grown = grow(*_together(weeks, known, others), seed, 1)
            for i in set(range(len(weeks))) - set(others):
                scores[i] = _probability(grown.odds(known[i]))
        return scores

    scores = held_out([number % PARTS for number in range(len(weeks))])
    threshold = choose_threshold(weeks, scores)
    families = [week.family for week in weeks]
    unknown = held_out(families)
    left_out: dict[str, Any] = {}
    for family in sorted(set(families)):
        own = [i for i, each in enumerate(families) if each == family]
        left_out[family] = judged([weeks[i] for i in own], [unknown[i] for i in own], threshold)
    on_part("all")
    whole = grow(*_together(weeks, known, range(len(weeks))), seed)
    return Supervised(
        whole,
        threshold,
        {
            "classifier": classifier,
            "seed": seed,
            "weeks": len(weeks),
            "held_out": judged(weeks, scores, threshold),
            "families_left_out": left_out,
        },
    )


def _together(
    weeks: Sequence[AttackedWeek], known: Sequence[Floats], chosen: Sequence[int] | range
) -> tuple[Floats, Bools]:
    """Return the rows that can be learned from, and their labels."""
    return (
        np.concatenate([known[i][~weeks[i].unseen] for i in chosen]),
        np.concatenate([weeks[i].labels[~weeks[i].unseen] for i in chosen]),
    )


def choose_threshold(weeks: Sequence[AttackedWeek], scores: Sequence[Floats]) -> float:
    """Return the threshold of the best F1 that leaves at most .1 false episodes a week.

    Log odds from -6 to 12 are tried; if none leaves so few, it is the highest. Rows count as
    `judged` says.
    """
    levels = _probability(_LEVELS)
    under, counts = _counted(weeks)
    likely = np.concatenate(scores)
    attacked, normal = np.sort(likely[under]), np.sort(likely[counts & ~under])
    true = len(attacked) - np.searchsorted(attacked, levels, side="right")
    false = len(normal) - np.searchsorted(normal, levels, side="right")
    f1 = 2 * true / np.maximum(true + false + len(attacked), 1)
    for place in np.argsort(-f1, kind="stable"):
        level = float(levels[place])
        if judged(weeks, scores, level)["false_episodes_per_week"] <= _PER_WEEK:
            return level
    return float(levels[0])


def judged(
    weeks: Sequence[AttackedWeek], scores: Sequence[Floats], threshold: float
) -> dict[str, float]:
    """Return F1, precision and recall over rows, detected weeks and false episodes a week.

    Rows of an attack that has shown nothing yet, and of its aftermath, are neither attacked nor
    normal.
    """
    alarms = [each > threshold for each in scores]
    under, counts = _counted(weeks)
    alarmed = np.concatenate(alarms) & counts
    true = int((under & alarmed).sum())
    excused = [week.labels | week.aftermath for week in weeks]
    normal = [int((~each).sum()) for each in excused]
    false = [false_episodes_per_week(*pair) for pair in zip(excused, alarms, strict=True)]
    return {
        "f1": 2 * true / max(int(under.sum() + alarmed.sum()), 1),
        "precision": true / max(int(alarmed.sum()), 1),
        "recall": true / max(int(under.sum()), 1),
        "detected": float(
            np.mean([(w.labels & a).any() for w, a in zip(weeks, alarms, strict=True)])
        ),
        "false_episodes_per_week": float(np.average(false, weights=normal)),
    }


def _counted(weeks: Sequence[AttackedWeek]) -> tuple[Bools, Bools]:
    """Return which rows of all weeks are visibly under attack, and which count at all."""
    under = np.concatenate([week.labels & ~week.unseen for week in weeks])
    excused = np.concatenate([week.unseen | week.aftermath for week in weeks])
    return under, ~excused
