"""The threshold θ = μ + λσ: mean of normal scores plus λ of their standard deviations."""

from dataclasses import dataclass

from detector.base import WEEK, Floats
from detector.thresholds.rule import LEAST, Fixed, Promise, count_episodes, known

__all__ = ["LEAST", "PER_WEEK", "SIGMAS", "Threshold", "choose_threshold"]

SIGMAS = tuple(round(0.5 * each, 1) for each in range(4, 21))
"""Values of λ tried, 2 to 10: the first that is quiet enough is taken. Not below 2: alarms that
never pause are one endless episode, and would count as quiet."""

PER_WEEK = 1.0
"""False episodes a week that operators tolerate."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """θ = μ + λσ of held-out normal scores.

    Attributes
    ----------
    mean, deviation
        μ and σ of the scores.
    sigmas
        λ, how many deviations above the mean.
    false_per_week
        Alarm episodes a week on the same held-out scores. λ was chosen on them, so expect a little
        more on fresh data.
    """

    mean: float
    deviation: float
    sigmas: float
    false_per_week: float

    @property
    def value(self) -> float:
        """The threshold θ; scores above it are alarms."""
        return self.mean + self.sigmas * self.deviation

    @property
    def rule(self) -> Fixed:
        """The threshold with its promise: `PER_WEEK` false episodes a week."""
        return Fixed(self.value, Promise(PER_WEEK, "week"))


def choose_threshold(stretches: list[Floats], interval_s: float) -> Threshold:
    """Take the smallest λ of `SIGMAS` with at most `PER_WEEK` alarm episodes a week.

    Parameters
    ----------
    stretches
        Scores of normal rows that the detector did not learn from, each ``(T,)``, NaN where there
        is none. Never scores of the data that will be evaluated.
    interval_s
        Time from row to row [s].

    Raises
    ------
    DataError
        If there are scores of less than a day.
    """
    scores = known(stretches, interval_s)
    mean, deviation = float(scores.mean()), float(scores.std())
    weeks = len(scores) * interval_s / WEEK
    for sigmas in SIGMAS:
        level = mean + sigmas * deviation
        count = sum(count_episodes(each > level, interval_s) for each in stretches)
        if count / weeks <= PER_WEEK:
            break
    return Threshold(mean, deviation, sigmas, count / weeks)
