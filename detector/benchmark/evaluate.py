"""The benchmark: fit on dataset03, judge on dataset04 and on a test file, hour by hour."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from detector.base import Detector, Epoch, Floats
from detector.benchmark import batadal
from detector.benchmark.batadal import TAGS, TIME, TIME_FORMAT, Recording
from detector.errors import DataError
from detector.metrics import Bools, Metrics, measure
from detector.registry import create, kind_class

FIRST = 24
"""The first row judged: before it no detector has a full window. All are judged on the same rows,
4153 of dataset04's 4177, as the published figures are."""

RANDOM_RATE = 0.05
"""Part of the hours that the random row alarms."""

PUBLISHED = {"accuracy": 0.90, "precision": 0.83, "recall": 0.22, "f1": 0.35, "auc": 0.677}
"""What was published for this CNN-LSTM on dataset04 (4153 windows, 492 of them anomalous)."""


@dataclass(frozen=True)
class Verdict:
    """One detector's scores on one recording, and how good they are.

    Attributes
    ----------
    scores
        ``(T,)``, NaN where there is none.
    threshold
        Scores above it are alarms; it was set before the recording was seen.
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
class Result:
    """A whole evaluation.

    Attributes
    ----------
    detectors
        The fitted detectors by kind.
    recordings
        What was read: ``dataset03``, ``dataset04`` and, if asked for, ``test``.
    verdicts
        By recording, then by detector or by ``always``, ``never``, ``random``.
    """

    detectors: dict[str, Detector]
    recordings: dict[str, Recording]
    verdicts: dict[str, dict[str, Verdict]]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as they stand in the JSON: recording, detector, measure."""
        return {
            name: {each: verdict.metrics.as_dict() for each, verdict in rows.items()}
            for name, rows in self.verdicts.items()
        }


def evaluate(
    data: str | Path,
    *,
    test: str | Path | None = None,
    kinds: Sequence[str] = ("cnn-lstm", "pca"),
    seed: int = 0,
    epochs: int | None = None,
    device: str = "cpu",
    progress: Callable[[str, Epoch], None] | None = None,
) -> Result:
    """Fit detectors on dataset03 and judge them on dataset04, and on a test file.

    Labels are the published intervals of the attacks (`detector.benchmark.batadal.ATTACKS`);
    no detector and no threshold sees them, nor the data that it is judged on.

    Parameters
    ----------
    data
        The folder of dataset03 and dataset04.
    test
        The competition's test file, if it is to be judged too.
    kinds
        Which detectors.
    seed
        Seed of their training, and of the random row.
    epochs
        At most so many passes; each kind's own default when None.
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
    recordings = {
        "dataset03": batadal.read(batadal.find(data, "03")),
        "dataset04": batadal.read(batadal.find(data, "04")),
    }
    if test is not None:
        recordings["test"] = batadal.read(test)
    normal = recordings["dataset03"]
    if normal.labels.any() or (normal.flags is not None and (normal.flags == 1).any()):
        raise DataError(f"{normal.path}: holds hours under attack; detectors learn what is normal.")

    detectors: dict[str, Detector] = {}
    for kind in kinds:
        detector = create(kind, TAGS)
        detector.fit(
            normal.table,
            seed=seed,
            epochs=epochs,
            device=device,
            progress=_named(progress, kind) if progress is not None else None,
        )
        detectors[kind] = detector
    verdicts = {
        name: {
            **{kind: judge(each, recording) for kind, each in detectors.items()},
            **_naive(recording, seed),
        }
        for name, recording in recordings.items()
        if name != "dataset03"
    }
    return Result(detectors, recordings, verdicts)


def _named(progress: Callable[[str, Epoch], None], kind: str) -> Callable[[Epoch], None]:
    return lambda epoch: progress(kind, epoch)


def judge(detector: Detector, recording: Recording) -> Verdict:
    """Score a recording with a fitted detector and measure its alarms.

    Raises
    ------
    DataError
        If the recording is too short to fill a window.
    """
    scores = detector.score(recording.table)
    if len(scores) <= FIRST:
        raise DataError(
            f"{recording.path}: {len(scores)} rows do not fill a window of {FIRST} and one more."
        )
    with np.errstate(invalid="ignore"):
        alarms = scores > detector.threshold
    return _verdict(recording, scores, detector.threshold, alarms)


def _verdict(recording: Recording, scores: Floats, threshold: float, alarms: Bools) -> Verdict:
    # An attack that begins before the first judged row counts from that row on.
    attacks = [
        slice(max(rows.start - FIRST, 0), rows.stop - FIRST)
        for _, rows in recording.attacks
        if rows.stop > FIRST
    ]
    metrics = measure(recording.labels[FIRST:], scores[FIRST:], alarms[FIRST:], attacks)
    return Verdict(scores, threshold, alarms, metrics)


def _naive(recording: Recording, seed: int) -> dict[str, Verdict]:
    """Return what alarming always, never and at random would score."""
    count = len(recording.table)
    dice = np.random.default_rng(seed).random(count)
    scores = {"always": np.ones(count), "never": np.zeros(count), "random": dice}
    thresholds = {"always": 0.5, "never": 0.5, "random": 1 - RANDOM_RATE}
    return {
        name: _verdict(recording, each, thresholds[name], each > thresholds[name])
        for name, each in scores.items()
    }


def write_predictions(result: Result, folder: str | Path) -> list[Path]:
    """Write each detector's score and alarm of every hour, ``FOLDER/<recording>/<detector>.csv``.

    Rows without a full window have an empty score and alarm 0.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    written = []
    for name, rows in result.verdicts.items():
        hours = result.recordings[name].table.index
        for kind in result.detectors:
            path = Path(folder) / name / f"{kind}.csv"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w", encoding="utf-8", newline="") as file:
                    table = csv.writer(file, lineterminator="\n")
                    table.writerow([TIME, "score", "alarm"])
                    for hour, score, alarm in zip(
                        hours, rows[kind].scores, rows[kind].alarms, strict=True
                    ):
                        shown = f"{score:.9g}" if np.isfinite(score) else ""
                        table.writerow([hour.strftime(TIME_FORMAT), shown, int(alarm)])
            except OSError as error:
                raise DataError(f"{path}: cannot be written: {error.strerror}.") from error
            written.append(path)
    return written
