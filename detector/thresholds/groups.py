"""Budgets of false alarms by group of scores: one loud group cannot hide a quiet one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detector.base import Floats
from detector.thresholds.rule import Fixed, Promise, level_for


@dataclass(frozen=True)
class GroupBudgets:
    """A level for each group of statistics, each with its own budget of false episodes a week.

    The combined score is the largest of the groups' scores over their levels, so that 1 is where
    the alarm begins. It promises as many false episodes a week as all budgets together, and fewer
    where groups alarm at the same time.

    Attributes
    ----------
    levels
        By group.
    budgets
        False episodes a week, by group.
    """

    levels: Mapping[str, float]
    budgets: Mapping[str, float]

    @classmethod
    def fit(
        cls,
        groups: Mapping[str, Sequence[Floats]],
        interval_s: float,
        budgets: Mapping[str, float],
    ) -> "GroupBudgets":
        """Return the levels for held-out normal scores of each group, each ``(T,)``.

        A group that never moves on them gets the least level above what it shows then.
        """
        levels = {}
        for name, stretches in groups.items():
            level = level_for(stretches, interval_s, budgets[name])
            levels[name] = level if level > 0 else float(np.finfo(float).tiny)
        return cls(levels, {name: budgets[name] for name in groups})

    @property
    def rule(self) -> Fixed:
        """The threshold of the combined score."""
        return Fixed(1.0, Promise(sum(self.budgets.values()), "week"))

    def combined(self, groups: Mapping[str, Floats]) -> Floats:
        """Return the combined score of rows, ``(T,)``; NaN where no group has one."""
        ratios = np.stack([np.asarray(groups[name]) / level for name, level in self.levels.items()])
        known = np.isfinite(ratios).any(axis=0)
        largest: Floats = np.where(known, np.nanmax(np.where(known, ratios, 0.0), axis=0), np.nan)
        return largest
