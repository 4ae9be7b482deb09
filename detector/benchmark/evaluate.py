"""The benchmark: fit on dataset03, evaluate on dataset04 and on a test file, hour by hour."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detector.base import Detector, Floats, Step, Training
from detector.benchmark import batadal
from detector.benchmark.batadal import Record
from detector.benchmark.cost import Cost, cost_of
from detector.benchmark.fits import fit
from detector.errors import DataError
from detector.metrics import Bools, Metrics, measure
from detector.records.times import TIME_FORMAT
from detector.registry import kind_class

FIRST = 24
"""The first row evaluated: before it no detector has a full window. All are evaluated on the same
rows, 4153 of dataset04's 4177, as in the published figures."""

RANDOM_RATE = 0.05
"""Part of the hours in which the random baseline raises an alarm."""

NAIVE = ("always", "never", "random")
"""Rows of every table that no detector earns."""

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
class Frozen:
    """A detector fitted elsewhere, its threshold set: it is judged as it is.

    Attributes
    ----------
    score
        Returns the scores of a record's rows, ``(T,)``.
    threshold
        Scores above it are alarms.
    """

    score: Callable[[pd.DataFrame], Floats]
    threshold: float


Shadowing = Callable[[pd.DataFrame, Mapping[str, float]], pd.DataFrame]
"""Returns a table with the columns behind its own of a shadow twin that has some errors."""


@dataclass(frozen=True)
class BenchmarkResult:
    """Every detector evaluated on every record.

    Attributes
    ----------
    detectors
        The fitted detectors by kind, of the first seed, and those fitted elsewhere by name.
    records
        The files read: ``dataset03``, ``dataset04`` and, if given, ``test``.
    evaluations
        By record, then by detector or by ``always``, ``never``, ``random``; of the first seed.
    repeats
        The same, of every seed: the metrics alone.
    costs
        What each fitted detector costs to run.
    """

    detectors: dict[str, Detector]
    records: dict[str, Record]
    evaluations: dict[str, dict[str, Evaluation]]
    repeats: dict[str, dict[str, list[Metrics]]]
    costs: dict[str, Cost]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by record, detector, measure: the mean over the seeds."""
        return {
            name: {each: mean_of(found) for each, found in rows.items()}
            for name, rows in self.repeats.items()
        }

    def deviations(self) -> dict[str, Any]:
        """Return the standard deviation over the seeds of what `as_dict` returns, but delays."""
        return {
            name: {each: deviation_of(found) for each, found in rows.items()}
            for name, rows in self.repeats.items()
        }


def mean_of(found: Sequence[Metrics]) -> dict[str, Any]:
    """Return the mean of each figure; of delays the median, where a miss is longer than any."""
    rows = [each.as_dict() for each in found]
    return {
        name: _median(values) if name == "ttd_hours" else _mean(values)
        for name, values in ((name, [row[name] for row in rows]) for name in rows[0])
    }


def deviation_of(found: Sequence[Metrics]) -> dict[str, float | None]:
    """Return the standard deviation of each figure but delays; None where it is not known."""
    rows = [each.as_dict() for each in found]
    return {
        name: None
        if None in (row[name] for row in rows)
        else float(np.std([r[name] for r in rows]))
        for name in rows[0]
        if name != "ttd_hours"
    }


def _mean(values: Sequence[Any]) -> Any:
    if len(values) == 1 or None in values:
        return values[0]
    return float(np.mean(values))


def _median(values: Sequence[list[float | None]]) -> list[float | None]:
    delays = np.array([[np.inf if hours is None else hours for hours in each] for each in values])
    middle = np.quantile(delays, 0.5, axis=0, method="higher") if delays.size else []
    return [None if hours == np.inf else float(hours) for hours in middle]


def evaluate(
    data: str | Path,
    *,
    test: str | Path | None = None,
    kinds: Sequence[str] = ("cnn-lstm", "pca"),
    seed: int = 0,
    seeds: int = 1,
    normal: Sequence[pd.DataFrame] | None = None,
    shadow: Shadowing | None = None,
    options: Mapping[str, Any] | None = None,
    frozen: Mapping[str, Detector | Frozen] | None = None,
    kept: Path | None = None,
    progress: Callable[[str, Step], None] | None = None,
    on_fit: Callable[[int, int], None] = lambda done, of: None,
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
    seeds
        How many, from `seed` on; kinds whose fit does not depend on it are fitted once.
    normal
        Normal rows to fit on in place of dataset03's, hourly, a column a tag.
    shadow
        Returns a table, indexed by date, with the columns of a shadow twin of some errors behind
        the tags; for detectors that want them.
    options
        Of the fits, by name; each kind takes those that it has.
    frozen
        Further detectors by name, which are judged as they are.
    kept
        A folder of earlier fits, see `detector.benchmark.fits`.
    progress
        Called with the kind after each step of its training.
    on_fit
        Told how many fits are done, and of how many.

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
    if normal is None:
        records["dataset03"].check_normal()
        normal = [records["dataset03"].table]
    judged = {name: record for name, record in records.items() if name != "dataset03"}
    runs = {kind: range(seed, seed + seeds if kind_class(kind).seeded else seed + 1)
            for kind in kinds}  # fmt: skip
    given = {kind: _own(kind, options or {}) for kind in kinds}
    tables = [*normal, *(each.table for each in judged.values())]

    @cache
    def joined(place: int, wanted: str, errors: tuple[tuple[str, float], ...]) -> pd.DataFrame:
        if wanted == "tags":
            return tables[place]
        if shadow is None:
            raise DataError("there is no shadow twin to join to the tags, which a detector wants")
        return shadow(tables[place], dict(errors))

    detectors: dict[str, Detector] = {}
    evaluations: dict[str, dict[str, Evaluation]] = {name: {} for name in judged}
    repeats: dict[str, dict[str, list[Metrics]]] = {name: {} for name in judged}
    costs: dict[str, Cost] = {}
    done, count = 0, sum(map(len, runs.values()))
    for kind in kinds:
        chosen = given[kind]
        wanted = kind_class(kind).wants(Training(options=chosen))
        whole = [joined(place, wanted, ()) for place in range(len(tables))]
        learned, rows = whole[: len(normal)], whole[len(normal) :]
        told = partial(progress, kind) if progress is not None else None
        for each in runs[kind]:
            on_fit(done, count)
            fitted = fit(kind, learned, Training(each, chosen, told), kept)
            if kind not in detectors:
                detectors[kind], costs[kind] = fitted, cost_of(fitted, rows[0])
            for table, (name, record) in zip(rows, judged.items(), strict=True):
                found = evaluate_record(fitted, record, table)
                evaluations[name].setdefault(kind, found)
                repeats[name].setdefault(kind, []).append(found.metrics)
            done += 1
    on_fit(done, count)
    for place, (name, record) in enumerate(judged.items(), start=len(normal)):
        for other, as_it_is in (frozen or {}).items():
            table = record.table
            if isinstance(as_it_is, Detector):
                errors = tuple(as_it_is.perturb.items())
                table = joined(place, as_it_is.columns_wanted, errors)
                if other not in detectors:
                    detectors[other], costs[other] = as_it_is, cost_of(as_it_is, table)
            evaluations[name][other] = evaluate_record(as_it_is, record, table)
            repeats[name][other] = [evaluations[name][other].metrics]
        for number in range(seed, seed + seeds):
            for naive, found in _baselines(record, number).items():
                evaluations[name].setdefault(naive, found)
                repeats[name].setdefault(naive, []).append(found.metrics)
    return BenchmarkResult(detectors, records, evaluations, repeats, costs)


def _own(kind: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of some options that a kind has."""
    known = kind_class(kind).Options.model_fields
    return {name: value for name, value in options.items() if name in known}


def evaluate_record(
    detector: Detector | Frozen, record: Record, table: pd.DataFrame | None = None
) -> Evaluation:
    """Score a record with a fitted detector and measure its alarms.

    Parameters
    ----------
    detector
        Fitted.
    record
        With its published attacks.
    table
        Its rows as the detector wants them, where they are more than the record's tags.

    Raises
    ------
    DataError
        If the record is too short to fill a window.
    """
    scores = detector.score(record.table if table is None else table)
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
        for kind in (each for each in rows if each not in NAIVE):
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
