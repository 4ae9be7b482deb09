"""The rolling threshold: mean plus λ standard deviations of the last scores."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from detector.base import WEEK, Floats
from detector.thresholds.rule import Promise, Rule

_FEWEST = 24


@dataclass(frozen=True)
class RollingMeanSigma(Rule):
    """θ = μ + λσ of the scores of the last `span_s` seconds, without the present one.

    It promises that at most 1 / (1 + λ²) of the frames is alarmed if scores do not change their
    distribution (Cantelli's inequality), and follows them if they do: with the season, and as well
    with an attack. One that grows slowly enough drags it along and is never alarmed; prefer a
    level that stays.

    Attributes
    ----------
    sigmas
        λ.
    interval_s
        Time from row to row [s].
    span_s
        How far back it looks [s].
    """

    sigmas: float
    interval_s: float
    span_s: float = WEEK

    @property
    def promise(self) -> Promise:  # type: ignore[override]
        """See `Rule`."""
        return Promise(1 / (1 + self.sigmas**2), "frame")

    def levels(self, scores: Floats) -> Floats:
        """Return the level of each row; NaN, so no alarm, until there are 24 earlier scores."""
        rows = max(int(self.span_s // self.interval_s), _FEWEST)
        last = pd.Series(scores).shift(1).rolling(rows, min_periods=_FEWEST)
        return np.asarray(last.mean() + self.sigmas * last.std(ddof=0), dtype=np.float64)
