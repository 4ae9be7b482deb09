"""A run as the benchmark's own files: hourly, two decimals, dates and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from detector.records.labels import LABEL
from detector.records.record import DECIMALS, Record
from detector.records.times import TIME, TIME_FORMAT
from scenarios.results.folder import read_hourly, read_scenario, read_table
from scenarios.results.labels import attacked
from twin.errors import InputError


def check_run_folder(folder: Path, *needed: str) -> None:
    """Raise InputError if a folder lacks files that every run leaves."""
    for name in needed:
        if not (folder / name).is_file():
            message = (
                f"no run folder: no {name} in it. `hydrotwin run normal --out FOLDER` makes one"
            )
            raise InputError(message, folder)


def hourly(run: Path) -> Record:
    """Return what SCADA showed on every full hour of a run, and whether it was under attack.

    An hour is labelled 1 if it is under attack; see `scenarios.results.labels.attacked`.

    Parameters
    ----------
    run : Path
        A run folder.

    Raises
    ------
    InputError
        If it is no run folder, or no frame falls on a full hour.
    """
    check_run_folder(run, "scenario.yaml", "scada.parquet")
    start = read_scenario(run).start
    table = read_hourly(run)
    hours = table.index.to_numpy(dtype=float)
    table.index = pd.DatetimeIndex(pd.Timestamp(start) + pd.to_timedelta(hours, unit="s"))
    under = attacked(read_table(run, "labels"), hours)
    return Record(run, table, under.astype(np.int64))


def write(record: Record) -> None:
    """Write a record to its path as CSV: two decimals, statuses without, as the benchmark's files.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        table = _rounded(record)
        whole = [name for name, column in table.items() if column.isin((0, 1)).all()]
        table.astype(dict.fromkeys(whole, int)).to_csv(
            record.path,
            date_format=TIME_FORMAT,
            float_format=f"%.{DECIMALS}f",
            lineterminator="\n",
        )
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", record.path) from None


def write_parquet(record: Record) -> None:
    """Write the rows that `write` writes as Parquet, with times in place of dates as text.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        _rounded(record).to_parquet(record.path, compression="zstd")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", record.path) from None


def _rounded(record: Record) -> pd.DataFrame:
    table = record.table.round(DECIMALS) + 0.0  # + 0.0: no "-0.00"
    table[LABEL] = record.flags
    table.index.name = TIME
    return table
