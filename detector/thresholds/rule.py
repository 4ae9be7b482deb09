"""What every threshold is: set from held-out normal scores, with a promise that can be measured."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from detector.base import DAY, WEEK, Floats
from detector.episodes import MERGE_GAP_S
from detector.errors import DataError

LEAST = DAY
"""Seconds of held-out normal scores at least: fewer give no mean and deviation worth the name."""


@dataclass(frozen=True, slots=True)
class Promise:
    """How many false alarms a threshold promises, on normal scores like those it was set from.

    Attributes
    ----------
    most
        So many at most.
    per
        Alarmed frames in a ``frame`` (a share of all), or alarm episodes in a ``week``.
    """

    most: float
    per: Literal["frame", "week"]


class Rule(ABC):
    """Where an alarm begins; the class's docstring says what it promises.

    Attributes
    ----------
    promise
        The same as a number.
    """

    promise: Promise

    def statistic(self, scores: Floats) -> Floats:
        """Return what is compared with the level: the scores themselves, unless said otherwise.

        Parameters
        ----------
        scores
            Rows in time order, ``(T,)``, NaN where there is none.

        Returns
        -------
        ndarray
            ``(T,)``; no value depends on a later score.
        """
        return scores

    @abstractmethod
    def levels(self, scores: Floats) -> Floats:
        """Return above which value each row is alarmed, ``(T,)``; from earlier scores only."""

    def alarms(self, scores: Floats) -> NDArray[np.bool_]:
        """Return which rows are alarmed, ``(T,)``."""
        with np.errstate(invalid="ignore"):
            alarms: NDArray[np.bool_] = self.statistic(scores) > self.levels(scores)
        return alarms


@dataclass(frozen=True, slots=True)
class Fixed(Rule):
    """A level that stays; its promise is that of what chose it.

    Attributes
    ----------
    value
        The level.
    promise
        See `Rule`.
    """

    value: float
    promise: Promise

    def levels(self, scores: Floats) -> Floats:  # noqa: D102 - see base class
        return np.full(len(scores), self.value)


@dataclass(frozen=True, slots=True)
class Delivered:
    """False alarms on normal scores that no threshold was set from, with 95 % intervals.

    Attributes
    ----------
    frames, weeks
        How much was measured.
    per_frame, per_week
        Share of frames alarmed, and alarm episodes a week.
    frame_interval, week_interval
        Lower and upper end of each.
    """

    frames: int
    weeks: float
    per_frame: float
    frame_interval: tuple[float, float]
    per_week: float
    week_interval: tuple[float, float]

    def keeps(self, promise: Promise) -> bool:
        """Return whether the figures may be those of a threshold that keeps a promise."""
        low, _ = self.frame_interval if promise.per == "frame" else self.week_interval
        return low <= promise.most


def known(stretches: Sequence[Floats], interval_s: float) -> Floats:
    """Return all scores that there are, ``(N,)``.

    Raises
    ------
    DataError
        If there are scores of less than a day.
    """
    together = np.concatenate(list(stretches))
    scores: Floats = together[np.isfinite(together)]
    if len(scores) * interval_s < LEAST:
        raise DataError(
            f"only {len(scores)} held-out normal rows are scored: a threshold needs "
            f"{LEAST / interval_s:g}; give more normal data"
        )
    return scores


def count_episodes(alarms: NDArray[np.bool_], interval_s: float) -> int:
    """Return into how many episodes alarms gather, as `detector.episodes.Episodes` does it."""
    rows = np.flatnonzero(alarms)
    return int(len(rows) > 0) + int((np.diff(rows) * interval_s > MERGE_GAP_S).sum())


def level_for(stretches: Sequence[Floats], interval_s: float, per_week: float) -> float:
    """Return the lowest level with at most so many alarm episodes a week, at it and above.

    Parameters
    ----------
    stretches
        Scores, or statistics of them, of normal rows, each ``(T,)``.
    interval_s
        Time from row to row [s].
    per_week
        The budget.
    """
    scores = known(stretches, interval_s)
    allowed = per_week * len(scores) * interval_s / WEEK
    level = float(scores.max())
    with np.errstate(invalid="ignore"):
        for value in np.unique(scores)[::-1]:
            if sum(count_episodes(each > value, interval_s) for each in stretches) > allowed:
                break
            level = float(value)
    return level


def weekly_interval(episodes: int, weeks: float) -> tuple[float, float]:
    """Return the 95 % interval of the rate of rare events [1/week]: Garwood's (1936), of Poisson's.

    Parameters
    ----------
    episodes
        How many there were.
    weeks
        In how long, more than 0.
    """
    low = float(stats.chi2.ppf(0.025, 2 * episodes)) if episodes else 0.0
    return low / 2 / weeks, float(stats.chi2.ppf(0.975, 2 * episodes + 2)) / 2 / weeks


def measure(rule: Rule, stretches: Sequence[Floats], interval_s: float) -> Delivered:
    """Measure what a threshold delivers on normal scores that it was not set from.

    Alarms come in runs, so frames are not independent: the interval of their share is Clopper and
    Pearson's (1934) for as many frames as the day-to-day scatter of the share is worth; that of
    episodes is `weekly_interval`.

    Parameters
    ----------
    rule
        The threshold.
    stretches
        Unseen normal scores, each ``(T,)``.
    interval_s
        Time from row to row [s].
    """
    alarms = [rule.alarms(each)[np.isfinite(each)] for each in stretches]
    together = np.concatenate(alarms)
    frames, rate = len(together), float(together.mean())
    episodes = sum(count_episodes(rule.alarms(each), interval_s) for each in stretches)
    weeks = frames * interval_s / WEEK
    day = max(int(DAY // interval_s), 1)
    blocks = [each[: len(each) // day * day].reshape(-1, day).mean(axis=1) for each in alarms]
    shares = np.concatenate(blocks)
    effect = 1.0  # how many frames carry as much news as one independent frame
    if len(shares) > 1 and 0 < rate < 1:
        effect = max(1.0, float(shares.var(ddof=1)) / (rate * (1 - rate) / day))
    alarmed, worth = rate * frames / effect, frames / effect
    return Delivered(
        frames=frames,
        weeks=weeks,
        per_frame=rate,
        frame_interval=(
            float(stats.beta.ppf(0.025, alarmed, worth - alarmed + 1)) if alarmed else 0.0,
            float(stats.beta.ppf(0.975, alarmed + 1, worth - alarmed)) if rate < 1 else 1.0,
        ),
        per_week=episodes / weeks,
        week_interval=weekly_interval(episodes, weeks),
    )
