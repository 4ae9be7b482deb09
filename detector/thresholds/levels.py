"""Levels that stay, each from held-out normal scores: quantile, split conformal, extreme values."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from detector.base import Floats
from detector.errors import DataError
from detector.thresholds.rule import Fixed, Promise, known, level_for

RATE = 1e-3
"""Share of normal frames that may be alarmed, unless said otherwise: one in six weeks of hours."""

TAIL = 0.02
"""The part of the held-out scores that counts as their tail, for extreme values."""

_FEWEST_PEAKS = 10


def episode_budget(stretches: Sequence[Floats], interval_s: float, per_week: float = 1.0) -> Fixed:
    """Return the lowest level with so many alarm episodes a week on the held-out scores.

    It promises `per_week` false episodes a week; chosen on the held-out scores, it delivers a
    little more on fresh ones.

    Parameters
    ----------
    stretches
        Held-out normal scores, each ``(T,)``, NaN where there is none.
    interval_s
        Time from row to row [s].
    per_week
        The budget.
    """
    return Fixed(level_for(stretches, interval_s, per_week), Promise(per_week, "week"))


def quantile(stretches: Sequence[Floats], interval_s: float, rate: float = RATE) -> Fixed:
    """Return the quantile of held-out scores above which a share of them lies.

    It promises that share of alarmed frames, on average over many fits; with fewer than 1 / rate
    scores it is their largest, and promises what it cannot know.

    Parameters
    ----------
    stretches, interval_s
        As in `episode_budget`.
    rate
        The share of normal frames alarmed.
    """
    scores = known(stretches, interval_s)
    return Fixed(float(np.quantile(scores, 1 - rate)), Promise(rate, "frame"))


def conformal(stretches: Sequence[Floats], interval_s: float, rate: float = RATE) -> Fixed:
    """Return the split conformal level: the score ranked ⌈(n + 1)(1 - rate)⌉ of n held-out ones.

    It promises that a fresh normal frame is alarmed with a probability of at most `rate`, whatever
    the scores' distribution, if it is exchangeable with the held-out ones (Vovk et al. 2005). A
    plant's scores follow the hour and the season, and are so only nearly. Where there are too few
    scores no level keeps the promise, and it is refused.

    Parameters
    ----------
    stretches, interval_s
        As in `episode_budget`.
    rate
        The probability that a normal frame is alarmed.

    Raises
    ------
    DataError
        If there are fewer than 1 / rate - 1 scores.
    """
    scores = np.sort(known(stretches, interval_s))
    rank = math.ceil((len(scores) + 1) * (1 - rate))
    if rank > len(scores):
        raise DataError(
            f"{len(scores)} held-out scores cannot promise an alarm in {rate:g} of the frames: "
            f"give {math.ceil(1 / rate) - 1}, or a rate of {1 / (len(scores) + 1):.2g}"
        )
    return Fixed(float(scores[rank - 1]), Promise(rate, "frame"))


def extreme_value(stretches: Sequence[Floats], interval_s: float, rate: float = RATE) -> Fixed:
    """Return the level of peaks over threshold: a generalised Pareto tail, read at `rate`.

    It promises that share of alarmed frames, also where the share is smaller than one held-out
    score: the tail is extrapolated (Siffer et al. 2017, equation 1), which holds if scores beyond
    the `TAIL` quantile go on as those seen.

    Parameters
    ----------
    stretches, interval_s
        As in `episode_budget`.
    rate
        The share of normal frames alarmed, less than `TAIL`.

    Raises
    ------
    DataError
        If the tail has too few scores, or the rate is not in it.
    """
    if not 0 < rate < TAIL:
        raise DataError(f"rate {rate:g}: more than 0 and less than the tail's part, {TAIL:g}")
    scores = known(stretches, interval_s)
    start = float(np.quantile(scores, 1 - TAIL))
    peaks = scores[scores > start] - start
    if len(peaks) < _FEWEST_PEAKS:
        raise DataError(
            f"only {len(peaks)} scores in the tail: give {math.ceil(_FEWEST_PEAKS / TAIL)} rows"
        )
    shape, _, scale = stats.genpareto.fit(peaks / peaks.mean(), floc=0.0)
    beyond = stats.genpareto.isf(rate * len(scores) / len(peaks), shape, scale=scale)
    return Fixed(start + float(beyond) * float(peaks.mean()), Promise(rate, "frame"))
