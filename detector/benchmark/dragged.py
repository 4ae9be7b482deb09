"""What a rolling threshold would have made of a record: how attacks drag it along."""

from dataclasses import dataclass

import numpy as np

from detector.base import Detector, Floats
from detector.benchmark.batadal import Record
from detector.benchmark.evaluate import FIRST, Evaluation
from detector.metrics import detection_delays
from detector.thresholds.rolling import RollingMeanSigma


@dataclass(frozen=True)
class Dragged:
    """A detector's fixed threshold beside a rolling one of as many deviations.

    Attributes
    ----------
    sigmas
        λ of both.
    levels
        The rolling threshold, ``(T,)``; NaN where it has too few scores.
    fixed_hours, rolling_hours
        Attacked hours that either alarms.
    attack, start, end
        The attack during which it rises most, as a ratio, and its level in the attack's first and
        last hour.
    lost
        Attacks in which the fixed one raises an alarm and the rolling one none.
    """

    sigmas: float
    levels: Floats
    fixed_hours: int
    rolling_hours: int
    attack: int
    start: float
    end: float
    lost: tuple[int, ...]


def dragged(record: Record, detector: Detector, evaluation: Evaluation) -> Dragged | None:
    """Return what a rolling threshold would have made of a detector's scores of a record.

    Parameters
    ----------
    record
    detector
        As it was fitted.
    evaluation
        Of the record, by the detector.

    Returns
    -------
    Dragged or None
        None of a detector whose threshold is no mean and deviations, or without attacks.
    """
    sigmas = detector.about.get("threshold", {}).get("sigmas")
    attacks = [(attack, rows) for attack, rows in record.attacks if rows.start >= 2 * FIRST]
    if sigmas is None or not attacks:
        return None
    levels = RollingMeanSigma(sigmas, detector.interval_s).levels(evaluation.scores)
    with np.errstate(invalid="ignore"):
        alarms = evaluation.scores > levels
    rises = [float(levels[rows.stop - 1] / levels[rows.start]) for _, rows in attacks]
    most = int(np.argmax(rises))
    attack, rows = attacks[most]
    both = [detection_delays(each, [rows for _, rows in attacks])
            for each in (evaluation.alarms, alarms)]  # fmt: skip
    return Dragged(
        sigmas=sigmas,
        levels=levels,
        fixed_hours=int(sum(evaluation.alarms[rows].sum() for _, rows in attacks)),
        rolling_hours=int(sum(alarms[rows].sum() for _, rows in attacks)),
        attack=attack.number,
        start=float(levels[rows.start]),
        end=float(levels[rows.stop - 1]),
        lost=tuple(
            attack.number
            for (attack, _), fixed, rolling in zip(attacks, *both, strict=True)
            if fixed is not None and rolling is None
        ),
    )
