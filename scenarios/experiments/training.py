"""Normal operation to train a detector on, read from runs and CSV files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd


def read_normal(data: list[Path]) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
    """Read normal operation from run folders and BATADAL-style CSV files.

    Returns
    -------
    list of DataFrame
        One a file or folder, hourly, a column a tag.
    list of dict
        What was read, for the detector's card: `file`, `rows`, `found`.

    Raises
    ------
    DataError
        If one cannot be read, holds an attack, or has other tags than the first.
    """
    from detector import DataError

    tables: list[pd.DataFrame] = []
    described: list[dict[str, Any]] = []
    for path in data:
        table, words = _read_run(path) if path.is_dir() else _read_csv(path)
        if tables and list(table.columns) != list(tables[0].columns):
            raise DataError(f"{path}: its tags are not those of {data[0]}; train on one plant.")
        tables.append(table)
        described.append({"file": str(path), "rows": len(table), "found": words})
    return tables, described


def _read_csv(path: Path) -> tuple[pd.DataFrame, list[str]]:
    from detector import DataError
    from detector.benchmark.batadal import read

    found = read(path)
    if found.labels.any() or (found.flags is not None and (found.flags == 1).any()):
        raise DataError(f"{path}: holds hours under attack. Train on normal data only.")
    return found.table, list(found.notes)


def _read_run(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the hourly frames of a run: the rows a detector of C-Town sees."""
    import pandas as pd
    from pyarrow import ArrowException

    from detector import DataError
    from detector.base import HOUR

    place = folder / "scada.parquet"
    if not place.is_file():
        raise DataError(f"{folder}: no scada.parquet; name a run folder or a BATADAL CSV file.")
    labels = folder / "labels.parquet"
    try:
        frames = pd.read_parquet(place)
        marks = pd.read_parquet(labels) if labels.is_file() else pd.DataFrame({"label": []})
    except (ArrowException, OSError) as error:
        raise DataError(f"{folder}: damaged: {error}. Run the scenario again.") from error
    if (marks["label"] == "attack").any():
        raise DataError(f"{folder}: a run under attack. Train on normal runs only.")
    if "time" not in frames.columns:
        raise DataError(f"{place}: no column 'time'; this is no run of the twin.")
    hourly = frames[frames["time"] % HOUR == 0].reset_index(drop=True)
    if hourly.empty:
        raise DataError(f"{place}: no frame falls on a full hour.")
    first, last = hourly["time"].iloc[0] / HOUR, hourly["time"].iloc[-1] / HOUR
    words = [f"hourly frames, hour {first:g} to {last:g} of the run"]
    metrics = folder / "metrics.json"
    if metrics.is_file():
        made = json.loads(metrics.read_text(encoding="utf-8"))
        words.append(f"scenario {made['scenario']}, seed {made['seed']}")
    return hourly.drop(columns="time"), words
