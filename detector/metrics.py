"""Measures of detection, over hours and over attacks; never point-adjusted.

Point adjustment counts every hour of an attack as detected once one of them is: random alarms in
5 % of the hours then score an F1 of .876 where the true one is .079.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.base import DAY, HOUR, WEEK, Floats
from detector.episodes import Episodes

Bools = NDArray[np.bool_]

FIGURES = (
    "auc",
    "pr_auc",
    "vus_pr",
    "f1",
    "precision",
    "recall",
    "S",
    "S_TTD",
    "S_CLF",
    "S_blanked",
    "false_episodes_per_week",
    "ttd_hours",
)
"""The figures of a detector that programs are given."""

BUFFER = 24
"""Rows of the widest buffer around attacks in `volume_under_pr`: a day of hours."""

BLANKED_BEFORE = HOUR
"""Seconds before an attack that `S_blanked` leaves out: in 8 of BATADAL's 14 attacks the hour
before the labelled start is forged already."""
BLANKED_AFTER = DAY
"""Seconds after an attack that it leaves out: the water takes a while to come back to normal."""

_LEVELS = 250  # thresholds of a curve in `volume_under_pr`, as in its authors' code


@dataclass(frozen=True, slots=True)
class Metrics:
    """How well one detector did on one record.

    Attributes
    ----------
    auc, pr_auc
        Areas under the ROC and the precision-recall curve (average precision); None where all rows
        have the same label.
    accuracy, precision, recall, f1
        Over hours, at the threshold; precision 0 where nothing is alarmed.
    S, S_TTD, S_CLF
        BATADAL's score and its two halves (see `batadal_score`); None where there is no attack.
    S_blanked
        S with the rows just before and the day after each attack left out of S_CLF.
    ttd_hours
        Hours from each attack's first to its first alarmed hour; None if it went undetected.
    event_recall
        Attacks with an alarm inside, of all; None where there is none.
    false_episodes_per_week
        Alarm episodes raised outside attacks, per week outside attacks.
    rows
        Hours measured.
    """

    auc: float | None
    pr_auc: float | None
    vus_pr: float | None
    accuracy: float
    precision: float
    recall: float
    f1: float
    S: float | None
    S_TTD: float | None
    S_CLF: float | None
    S_blanked: float | None
    ttd_hours: list[float | None]
    event_recall: float | None
    false_episodes_per_week: float
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name, as they stand in the JSON."""
        return asdict(self)

    def figures(self) -> dict[str, Any]:
        """Return those of `FIGURES` by name."""
        return {name: getattr(self, name) for name in FIGURES}


def measure(
    labels: Bools, scores: Floats, alarms: Bools, attacks: Sequence[slice], interval_s: float = HOUR
) -> Metrics:
    """Measure alarms and scores against the labels.

    Parameters
    ----------
    labels
        Which rows are under attack, ``(T,)``.
    scores
        Higher is more anomalous, ``(T,)``, finite.
    alarms
        Which rows are alarmed, ``(T,)``.
    attacks
        The rows of each attack.
    interval_s
        Time from row to row [s].
    """
    from sklearn.metrics import (
        accuracy_score,
        average_precision_score,
        precision_recall_fscore_support,
        roc_auc_score,
    )

    both = labels.any() and not labels.all()
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, alarms, average="binary", zero_division=0
    )
    delays = detection_delays(alarms, attacks)
    total, ttd, clf = batadal_score(labels, alarms, attacks)
    blanked, _, _ = batadal_score(
        labels, alarms, attacks, blanked_rows(labels, attacks, interval_s)
    )
    return Metrics(
        auc=float(roc_auc_score(labels, scores)) if both else None,
        pr_auc=float(average_precision_score(labels, scores)) if both else None,
        vus_pr=volume_under_pr(labels, scores) if both else None,
        accuracy=float(accuracy_score(labels, alarms)),
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        S=total,
        S_TTD=ttd,
        S_CLF=clf,
        S_blanked=blanked,
        ttd_hours=[None if each is None else each * interval_s / HOUR for each in delays],
        event_recall=(
            sum(each is not None for each in delays) / len(delays) if len(delays) else None
        ),
        false_episodes_per_week=false_episodes_per_week(labels, alarms, interval_s),
        rows=len(labels),
    )


def detection_delays(alarms: Bools, attacks: Sequence[slice]) -> list[int | None]:
    """Return the rows from each attack's first row to its first alarm; None if it has none."""
    delays: list[int | None] = []
    for rows in attacks:
        inside = np.flatnonzero(alarms[rows])
        delays.append(int(inside[0]) if len(inside) else None)
    return delays


def batadal_score(
    labels: Bools, alarms: Bools, attacks: Sequence[slice], blanked: Bools | None = None
) -> tuple[float | None, float | None, float | None]:
    """Return BATADAL's S, S_TTD and S_CLF; None each if there is no attack or nothing else.

    Rows that are ``blanked`` count in neither rate of S_CLF.

    S = (S_TTD + S_CLF) / 2. S_TTD = 1 - mean over attacks of (rows to the first alarm inside the
    attack / its rows), where an undetected attack counts 1. S_CLF = (TPR + TNR) / 2. Always
    alarming scores .75, never alarming .25 (Taormina et al. 2018, equations 1 to 3).
    """
    normal = ~labels if blanked is None else ~labels & ~blanked
    if not attacks or not labels.any() or not normal.any():
        return None, None, None
    parts = [
        1.0 if delay is None else delay / (rows.stop - rows.start)
        for delay, rows in zip(detection_delays(alarms, attacks), attacks, strict=True)
    ]
    ttd = 1.0 - float(np.mean(parts))
    clf = (float(alarms[labels].mean()) + float((~alarms[normal]).mean())) / 2
    return (ttd + clf) / 2, ttd, clf


def blanked_rows(labels: Bools, attacks: Sequence[slice], interval_s: float = HOUR) -> Bools:
    """Return the rows just before and after attacks (`BLANKED_BEFORE`, `BLANKED_AFTER`), ``(T,)``.

    Parameters
    ----------
    labels
        Which rows are under attack, ``(T,)``: none of these is blanked.
    attacks, interval_s
        As in `measure`.
    """
    around = np.zeros(len(labels), dtype=np.bool_)
    for rows in attacks:
        first = max(rows.start - round(BLANKED_BEFORE / interval_s), 0)
        around[first : rows.stop + round(BLANKED_AFTER / interval_s)] = True
    return around & ~labels


def volume_under_pr(labels: Bools, scores: Floats, buffer: int = BUFFER) -> float:
    """Return VUS-PR: the mean area under range-based precision-recall curves over buffers.

    Paparrizos et al. 2022 (PVLDB 15(11), 2774-2787), as aeon's `range_pr_vus_score` computes it:
    for each buffer of 0 to ``buffer`` rows, each stretch of attack gets slopes of half a buffer on
    either side, in which an alarm counts in part, so that one that is early or late by little is
    not all wrong. A score that ranks nothing gets the share of rows under attack, as `pr_auc` does.

    Parameters
    ----------
    labels
        Which rows are under attack, both kinds present, ``(T,)``.
    scores
        Higher is more anomalous, ``(T,)``, finite.
    buffer
        Rows of the widest buffer.
    """
    if scores.min() == scores.max():
        return float(labels.mean())
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    levels = falling[np.linspace(0, len(scores) - 1, _LEVELS, dtype=np.int_)]
    alarmed = np.searchsorted(-falling, -levels, side="right")
    areas = []
    for width in range(buffer + 1):
        weights = _sloped(labels, width)
        highest = np.array([scores[rows].max() for rows in _stretches(weights > 0)])
        met = (highest[:, None] >= levels).mean(axis=0)
        true = np.cumsum(weights[order])[alarmed - 1]
        recall = np.minimum(true / ((labels.sum() + weights.sum()) / 2), 1.0) * met
        precision = np.r_[1.0, true / alarmed]
        areas.append(np.sum(np.diff(np.r_[0.0, recall]) * (precision[1:] + precision[:-1]) / 2))
    return float(np.mean(areas))


def _stretches(marked: Bools) -> list[slice]:
    """Return the rows of each stretch of marked rows."""
    edges = np.flatnonzero(np.diff(np.r_[0, marked, 0])).tolist()
    return [slice(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _sloped(labels: Bools, width: int) -> Floats:
    """Return labels with slopes of half a width on either side of each stretch, ``(T,)``."""
    weights = labels.astype(np.float64)
    if width <= 1:
        return weights
    reach = np.arange(1, width // 2 + 1)
    slope = np.sqrt(1 - reach / width)
    for rows in _stretches(labels):
        before, after = rows.start - reach, rows.stop - 1 + reach[:-1]
        inside = before >= 0
        weights[before[inside]] += slope[inside]
        inside = after < len(labels)
        weights[after[inside]] += slope[:-1][inside]
    return np.minimum(weights, 1.0)


def false_episodes_per_week(labels: Bools, alarms: Bools, interval_s: float = HOUR) -> float:
    """Return alarm episodes raised on an unlabelled row, per week of unlabelled rows.

    Episodes are gathered as for operators (`detector.episodes.Episodes`). One that is raised before
    an attack and lasts into it is false; one that outlasts its attack is not. 0 if no row is
    unlabelled.
    """
    normal = int((~labels).sum())
    if not normal:
        return 0.0
    episodes = Episodes.of(np.arange(len(alarms)) * interval_s, alarms)
    false = sum(not labels[round(episode.start / interval_s)] for episode in episodes)
    return false / (normal * interval_s / WEEK)
