"""Measures of detection, over hours and over attacks; never point-adjusted.

Point adjustment counts every hour of an attack as detected once one of them is: random alarms in
5 % of the hours then score an F1 of .876 where the true one is .079.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.base import HOUR, WEEK, Floats
from detector.episodes import Episodes

Bools = NDArray[np.bool_]


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
    accuracy: float
    precision: float
    recall: float
    f1: float
    S: float | None
    S_TTD: float | None
    S_CLF: float | None
    ttd_hours: list[float | None]
    event_recall: float | None
    false_episodes_per_week: float
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name, as they stand in the JSON."""
        return asdict(self)


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
    return Metrics(
        auc=float(roc_auc_score(labels, scores)) if both else None,
        pr_auc=float(average_precision_score(labels, scores)) if both else None,
        accuracy=float(accuracy_score(labels, alarms)),
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        S=total,
        S_TTD=ttd,
        S_CLF=clf,
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
    labels: Bools, alarms: Bools, attacks: Sequence[slice]
) -> tuple[float | None, float | None, float | None]:
    """Return BATADAL's S, S_TTD and S_CLF; None each if there is no attack or nothing else.

    S = (S_TTD + S_CLF) / 2. S_TTD = 1 - mean over attacks of (rows to the first alarm inside the
    attack / its rows), where an undetected attack counts 1. S_CLF = (TPR + TNR) / 2. Always
    alarming scores .75, never alarming .25 (Taormina et al. 2018, equations 1 to 3).
    """
    if not attacks or not labels.any() or labels.all():
        return None, None, None
    parts = [
        1.0 if delay is None else delay / (rows.stop - rows.start)
        for delay, rows in zip(detection_delays(alarms, attacks), attacks, strict=True)
    ]
    ttd = 1.0 - float(np.mean(parts))
    clf = (float(alarms[labels].mean()) + float((~alarms[~labels]).mean())) / 2
    return (ttd + clf) / 2, ttd, clf


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
