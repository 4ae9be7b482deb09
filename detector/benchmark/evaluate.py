"""The benchmark: fit on dataset03, evaluate on dataset04 and on a test file, hour by hour."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detector.base import Detector, Floats, Step, Training
from detector.benchmark import batadal
from detector.benchmark.batadal import TAGS, TIME_FORMAT, Record
from detector.errors import DataError
from detector.metrics import Bools, Metrics, measure
from detector.registry import create, kind_class

FIRST = 24
"""The first row evaluated: before it no detector has a full window. All are evaluated on the same
rows, 4153 of dataset04's 4177, as in the published figures."""

RANDOM_RATE = 0.05
"""Part of the hours in which the random baseline raises an alarm."""

PUBLISHED = {"accuracy": 0.90, "precision": 0.83, "recall": 0.22, "f1": 0.35, "auc": 0.677}
"""What was published for this CNN-LSTM on dataset04 (4153 windows, 492 of them anomalous)."""


@dataclass(frozen=True)
class Evaluation:
    """One detector's scores on one record, and how good they are.

    Attributes
    ----------
    scores
        ``(T,)``, NaN where there is none.
    threshold
        Scores above it are alarms; it was set before the record was seen.
    alarms
        ``(T,)``.
    metrics
        On the rows from `FIRST` on.
    """

    scores: Floats
    threshold: float
    alarms: Bools
    metrics: Metrics


@dataclass(frozen=True)
class BenchmarkResult:
    """Every detector evaluated on every record.

    Attributes
    ----------
    detectors
        The fitted detectors by kind.
    records
        The files read: ``dataset03``, ``dataset04`` and, if given, ``test``.
    evaluations
        By record, then by detector or by ``always``, ``never``, ``random``.
    """

    detectors: dict[str, Detector]
    records: dict[str, Record]
    evaluations: dict[str, dict[str, Evaluation]]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as they stand in the JSON: record, detector, measure."""
        return {
            name: {each: evaluation.metrics.as_dict() for each, evaluation in rows.items()}
            for name, rows in self.evaluations.items()
        }


def evaluate(
    data: str | Path,
    *,
    test: str | Path | None = None,
    kinds: Sequence[str] = ("cnn-lstm", "pca"),
    seed: int = 0,
    epochs: int | None = None,
    device: str = "cpu",
    progress: Callable[[str, Step], None] | None = None,
) -> BenchmarkResult:
    """Fit detectors on dataset03 and evaluate them on dataset04, and on a test file.

    Labels are the published intervals of the attacks (`detector.benchmark.batadal.ATTACKS`);
    no detector and no threshold sees them, nor the data that it is evaluated on.

    Parameters
    ----------
    data
        The folder of dataset03 and dataset04.
    test
        The competition's test file, if it is to be evaluated too.
    kinds
        Kinds of detector.
    seed
        Seed of their training, and of the random baseline.
    epochs
        At most so many passes, for kinds with that option; their own default when None.
    device
        ``cpu`` or ``cuda``.
    progress
        Called with the kind after each epoch of its training.

    Raises
    ------
    DataError
        If a kind is unknown, or a file is missing or cannot be used.
    """
    for kind in kinds:
        kind_class(kind)
    records = {
        "dataset03": batadal.read(batadal.find(data, "03")),
        "dataset04": batadal.read(batadal.find(data, "04")),
    }
    if test is not None:
        records["test"] = batadal.read(test)
    normal = records["dataset03"]
    if normal.attacked:
        raise DataError(f"{normal.path}: holds hours under attack; detectors learn what is normal.")

    detectors: dict[str, Detector] = {}
    for kind in kinds:
        detector = create(kind, TAGS)
        given = {"device": device} | ({} if epochs is None else {"epochs": epochs})
        options = {
            name: value for name, value in given.items() if name in detector.Options.model_fields
        }
        told = partial(progress, kind) if progress is not None else None
        detector.fit(normal.table, Training(seed, options, told))
        detectors[kind] = detector
    evaluations = {
        name: {
            **{kind: evaluate_record(each, record) for kind, each in detectors.items()},
            **_baselines(record, seed),
        }
        for name, record in records.items()
        if name != "dataset03"
    }
    return BenchmarkResult(detectors, records, evaluations)


def evaluate_record(detector: Detector, record: Record) -> Evaluation:
    """Score a record with a fitted detector and measure its alarms.

    Raises
    ------
    DataError
        If the record is too short to fill a window.
    """
    scores = detector.score(record.table)
    if len(scores) <= FIRST:
        raise DataError(
            f"{record.path}: {len(scores)} rows do not fill a window of {FIRST} and one more."
        )
    with np.errstate(invalid="ignore"):
        alarms = scores > detector.threshold
    return _evaluation(record, scores, detector.threshold, alarms)


def _evaluation(record: Record, scores: Floats, threshold: float, alarms: Bools) -> Evaluation:
    # An attack that begins before the first evaluated row counts from that row on.
    attacks = [
        slice(max(rows.start - FIRST, 0), rows.stop - FIRST)
        for _, rows in record.attacks
        if rows.stop > FIRST
    ]
    metrics = measure(record.labels[FIRST:], scores[FIRST:], alarms[FIRST:], attacks)
    return Evaluation(scores, threshold, alarms, metrics)


def _baselines(record: Record, seed: int) -> dict[str, Evaluation]:
    """Return the evaluations of alarms raised always, never and at random."""
    count = len(record.table)
    uniform = np.random.default_rng(seed).random(count)
    scores = {"always": np.ones(count), "never": np.zeros(count), "random": uniform}
    thresholds = {"always": 0.5, "never": 0.5, "random": 1 - RANDOM_RATE}
    return {
        name: _evaluation(record, each, thresholds[name], each > thresholds[name])
        for name, each in scores.items()
    }


def write_predictions(result: BenchmarkResult, folder: str | Path) -> list[Path]:
    """Write each detector's score and alarm of every hour, ``FOLDER/<record>/<detector>.csv``.

    Rows without a full window have an empty score and alarm 0.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    written = []
    for name, rows in result.evaluations.items():
        hours = result.records[name].table.index
        for kind in result.detectors:
            path = Path(folder) / name / f"{kind}.csv"
            columns = {"score": rows[kind].scores, "alarm": rows[kind].alarms.astype(int)}
            table = pd.DataFrame(columns, index=hours)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                table.to_csv(
                    path, date_format=TIME_FORMAT, float_format="%.9g", lineterminator="\n"
                )
            except OSError as error:
                raise DataError(f"{path}: cannot be written: {error.strerror}.") from error
            written.append(path)
    return written
