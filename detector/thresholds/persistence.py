"""Thresholds on what persists: EWMA and CUSUM of the scores."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from detector.base import HOUR, Floats
from detector.thresholds.rule import Promise, Rule, known, level_for


class _Level(Rule):
    """A rule whose level stays."""

    level: float

    def levels(self, scores: Floats) -> Floats:
        return np.full(len(scores), self.level)


@dataclass(frozen=True)
class Ewma(_Level):
    """Alarms where the exponentially weighted mean of the scores passes a level.

    It promises `promise.most` false episodes a week: the level is the lowest with no more on the
    held-out scores. A single high score counts less, a small rise that stays counts more.

    Attributes
    ----------
    weight
        The newest score's, 0 to 1.
    level
        Above which the mean is alarmed.
    promise
        See `Rule`.
    """

    weight: float
    level: float
    promise: Promise

    @classmethod
    def fit(
        cls,
        stretches: Sequence[Floats],
        interval_s: float,
        per_week: float = 1.0,
        half_life_s: float = 3 * HOUR,
    ) -> "Ewma":
        """Return the rule for held-out normal scores; old ones lose half their weight in a time."""
        rule = cls(1 - 0.5 ** (interval_s / half_life_s), 0.0, Promise(per_week, "week"))
        level = level_for([rule.statistic(each) for each in stretches], interval_s, per_week)
        return replace(rule, level=level)

    def statistic(self, scores: Floats) -> Floats:
        """Return the weighted mean of each row and those before it, ``(T,)``."""
        series = pd.Series(scores)
        smooth = series.ewm(alpha=self.weight, adjust=False, ignore_na=True).mean()
        return smooth.where(series.notna()).to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class Cusum(_Level):
    """Alarms where the scores' excess over normal, summed up, passes a level (Page 1954).

    The sum is S = max(0, S + (score - μ)/σ - `slack`), kept below twice the level so that it
    comes down when the excess is over. It promises `promise.most` false episodes a week: the level
    is the lowest with no more on the held-out scores.

    Attributes
    ----------
    mean, deviation
        μ and σ of held-out normal scores.
    slack
        How far above μ scores may stay, in σ.
    level
        Above which the sum is alarmed.
    promise
        See `Rule`.
    """

    mean: float
    deviation: float
    slack: float
    level: float
    promise: Promise

    @classmethod
    def fit(
        cls,
        stretches: Sequence[Floats],
        interval_s: float,
        per_week: float = 1.0,
        slack: float = 0.5,
    ) -> "Cusum":
        """Return the rule for held-out normal scores."""
        scores = known(stretches, interval_s)
        deviation = float(scores.std()) or 1.0
        promise = Promise(per_week, "week")
        rule = cls(float(scores.mean()), deviation, slack, float("inf"), promise)
        level = level_for([rule.statistic(each) for each in stretches], interval_s, per_week)
        return replace(rule, level=level)

    def statistic(self, scores: Floats) -> Floats:
        """Return the sum at each row, ``(T,)``; a missing score leaves it as it is."""
        excess = (scores - self.mean) / self.deviation - self.slack
        sums = np.full(len(scores), np.nan)
        total = 0.0
        for row, step in enumerate(excess.tolist()):
            if step == step:  # not NaN
                total = min(max(0.0, total + step), 2 * self.level)
                sums[row] = total
        return sums
