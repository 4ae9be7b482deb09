"""Two samples of the same water, and how well they can be told apart.

Each tag's distribution, duty cycle and switches, and a classifier that tries to tell the two apart
(a classifier two-sample test: D. Lopez-Paz and M. Oquab, ICLR 2017): an AUC of .5 says that it
cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from twin.plants.spec import PlantSpec
from twin.tags import Values

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
LAGS = (1, 24)
"""Hours of the autocorrelation."""
_FOLDS = 5
_SAMPLED = (0, 6, 12, 18)  # hours of day at which a day's summary notes the levels


@dataclass(frozen=True)
class Sample:
    """Hourly rows of normal operation, of the record or of the twin.

    Attributes
    ----------
    start : datetime
        Of the first row.
    rows : ndarray of shape (T, tags)
        Rounded to two decimals, as the benchmark's files are: unrounded, a full T6 tells the twin.
    normal : ndarray of shape (T,)
        Which rows count: those under attack, or with a missing reading, do not.
    """

    start: datetime
    rows: Values
    normal: NDArray[np.bool_]


@dataclass(frozen=True)
class Comparison:
    """One sample against another.

    Attributes
    ----------
    ks : ndarray of shape (tags,)
        Two-sample Kolmogorov–Smirnov distance of each tag.
    auc_row, auc_pair, auc_day : float
        How well a classifier tells single rows, pairs of rows that follow each other, and days
        summed up apart: area under the ROC curve; NaN where there are too few to tell.
    """

    ks: Values
    auc_row: float
    auc_pair: float
    auc_day: float


def statistics(sample: Sample, spec: PlantSpec) -> pd.DataFrame:
    """Return a row a tag: mean, std, quantiles, autocorrelation, duty and switches a day.

    Duty (share of hours that show 1) and switches (changes from one hour to the next) are those of
    statuses, NaN for other tags; an autocorrelation is NaN where a tag never moves.
    """
    values = sample.rows[sample.normal]
    table = pd.DataFrame(index=pd.Index(spec.tag_names, name="tag"))
    table["mean"], table["std"] = values.mean(axis=0), values.std(axis=0)
    for q, row in zip(QUANTILES, np.quantile(values, QUANTILES, axis=0), strict=True):
        table[f"q{100 * q:02.0f}"] = row
    for lag in LAGS:
        table[f"lag{lag}"] = _autocorrelation(sample, lag)
    status = np.array([tag.quantity == "status" for tag in spec.tags])
    both = sample.normal[1:] & sample.normal[:-1]
    switches = (np.diff(sample.rows, axis=0)[both] != 0).mean(axis=0) * 24
    table["duty"] = np.where(status, values.mean(axis=0), np.nan)
    table["switches"] = np.where(status, switches, np.nan)
    return table


def _autocorrelation(sample: Sample, lag: int) -> Values:
    both = sample.normal[lag:] & sample.normal[:-lag]
    early, late = sample.rows[:-lag][both], sample.rows[lag:][both]
    early, late = early - early.mean(axis=0), late - late.mean(axis=0)
    spread = np.sqrt((early**2).sum(axis=0) * (late**2).sum(axis=0))
    spread[spread < 1e-9] = np.nan  # a tag that never moves
    return np.asarray((early * late).sum(axis=0) / spread)


def compare(one: Sample, other: Sample, spec: PlantSpec) -> Comparison:
    """Compare two samples tag by tag and by classifier."""
    a, b = one.rows[one.normal], other.rows[other.normal]
    ks = [ks_2samp(a[:, i], b[:, i], method="asymp").statistic for i in range(a.shape[1])]
    return Comparison(
        np.array(ks),
        *(auc(view(one, spec), view(other, spec)) for view in (_rows, _pairs, _days)),
    )


Grouped = tuple[Values, NDArray[np.intp]]


def _rows(sample: Sample, spec: PlantSpec) -> Grouped:
    """Return the rows, and the week of each."""
    at = np.flatnonzero(sample.normal)
    return sample.rows[at], at // 168


def _pairs(sample: Sample, spec: PlantSpec) -> Grouped:
    """Return each two rows that follow each other side by side, and their week."""
    at = np.flatnonzero(sample.normal[1:] & sample.normal[:-1])
    return np.hstack([sample.rows[at], sample.rows[at + 1]]), at // 168


def _days(sample: Sample, spec: PlantSpec) -> Grouped:
    """Return each whole day summed up, and its week.

    Of a level its values at 0, 6, 12 and 18 h, smallest, largest and standard deviation; of a
    status its duty and number of switches.
    """
    first = -sample.start.hour % 24
    count = (len(sample.rows) - first) // 24
    span = slice(first, first + 24 * count)
    whole = sample.normal[span].reshape(count, 24).all(axis=1)
    days = sample.rows[span].reshape(count, 24, -1)[whole]
    level = [i for i, tag in enumerate(spec.tags) if tag.quantity == "level"]
    status = [i for i, tag in enumerate(spec.tags) if tag.quantity == "status"]
    levels, states = days[:, :, level], days[:, :, status]
    features = [levels[:, hour] for hour in _SAMPLED]
    features += [levels.min(axis=1), levels.max(axis=1), levels.std(axis=1)]
    features += [states.mean(axis=1), (np.diff(states, axis=1) != 0).sum(axis=1)]
    return np.hstack(features), np.flatnonzero(whole) // 7


def auc(one: Grouped, other: Grouped) -> float:
    """Return how well a classifier tells two sets of features apart, judged on unseen weeks.

    Gradient-boosted trees, cross-validated in five folds; a week of both sets is in one fold, so
    that neighbouring rows do not stand on both sides.

    Returns
    -------
    float
        Area under the ROC curve over all folds; NaN where there are fewer than five weeks.
    """
    weeks = np.concatenate([one[1], other[1]])
    if min(len(np.unique(one[1])), len(np.unique(other[1]))) < _FOLDS:
        return float("nan")
    features = np.vstack([one[0], other[0]])
    side = np.repeat([0, 1], [len(one[0]), len(other[0])])
    trees = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.1, max_leaf_nodes=15, early_stopping=False, random_state=0
    )
    with threadpool_limits(1):  # its threads wait for each other when cores are busy
        chances = cross_val_predict(
            trees, features, side, groups=weeks, cv=GroupKFold(_FOLDS), method="predict_proba"
        )
    return float(roc_auc_score(side, chances[:, 1]))
