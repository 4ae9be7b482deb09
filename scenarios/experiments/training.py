"""Training a detector on normal operation, read from run folders and BATADAL-style CSV files."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from detector import DataError, Detector, create
from detector.base import HOUR, Progress
from detector.benchmark import batadal
from scenarios.experiments.dataset import check_run_folder
from scenarios.results.folder import METRICS, read_hourly, read_metrics, read_table
from twin.errors import InputError

_LIBRARIES = ("hydrotwin", "torch", "scikit-learn", "numpy", "pandas")


def read_normal(data: list[Path]) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
    """Read normal operation from run folders and BATADAL-style CSV files.

    Returns
    -------
    list of DataFrame
        One for each file or folder: hourly rows, a column per tag in its unit, ``(T, C)``.
    list of dict
        What was read, for the detector's card: `file`, `rows`, `found` (notes in words).

    Raises
    ------
    DataError
        If one cannot be read, holds an attack, or has other tags than the first.
    """
    tables: list[pd.DataFrame] = []
    described: list[dict[str, Any]] = []
    for path in data:
        table, notes = _read_run(path) if path.is_dir() else _read_csv(path)
        if tables and list(table.columns) != list(tables[0].columns):
            raise DataError(f"{path}: its tags are not those of {data[0]}; train on one plant.")
        tables.append(table)
        described.append({"file": str(path), "rows": len(table), "found": notes})
    return tables, described


def _read_csv(path: Path) -> tuple[pd.DataFrame, list[str]]:
    record = batadal.read(path)
    record.check_normal()
    return record.table, list(record.notes)


def _read_run(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the frames of a run that fall on a full hour, and notes about them."""
    try:
        check_run_folder(folder, "scada.parquet")
        labelled = (folder / "labels.parquet").is_file()
        if labelled and (read_table(folder, "labels")["label"] == "attack").any():
            raise DataError(f"{folder}: a run under attack. Train on normal runs only.")
        hourly = read_hourly(folder)
        summary = read_metrics(folder) if (folder / METRICS).is_file() else None
    except InputError as error:
        raise DataError(str(error)) from error
    first, last = hourly.index[0] / HOUR, hourly.index[-1] / HOUR
    notes = [f"hourly frames, hour {first:g} to {last:g} of the run"]
    if summary is not None:
        notes.append(f"scenario {summary['scenario']}, seed {summary['seed']}")
    return hourly.reset_index(drop=True), notes


def train(
    tables: list[pd.DataFrame],
    described: list[dict[str, Any]],
    kind: str,
    *,
    command: str,
    seed: int,
    epochs: int | None,
    device: str,
    progress: Progress,
) -> Detector:
    """Fit a detector on normal operation, and note in its `about` how.

    Parameters
    ----------
    tables, described
        What `read_normal` returned.
    kind
        Which detector.
    command
        The command line that trains it, for the card.
    seed, epochs, device, progress
        As in `detector.Detector.fit`.

    Raises
    ------
    DataError
        If the detector cannot be fitted on the data.
    """
    detector = create(kind, [str(tag) for tag in tables[0].columns], HOUR)
    detector.fit(tables, seed=seed, epochs=epochs, device=device, progress=progress)
    detector.about = {
        "command": command,
        "data": described,
        "seed": seed,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        **detector.about,
    }
    return detector
