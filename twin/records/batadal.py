"""Hourly records in BATADAL's form: reading a plant's, and writing one.

A CSV file with a DATETIME column (`dd/mm/yy HH`), one column a tag, and maybe ATT_FLAG
(Taormina et al. 2018, https://www.batadal.net).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from twin.errors import InputError, nearest
from twin.files import read_csv
from twin.plants.spec import plants_of
from twin.tags import Values
from twin.units import counted

TIME, FLAG = "DATETIME", "ATT_FLAG"
TIME_FORMAT = "%d/%m/%y %H"
DECIMALS = 2
UNKNOWN = -999  # the label of an hour of which nothing is said


@dataclass(frozen=True)
class Record:
    """The rows of a file.

    Attributes
    ----------
    path : Path
    table : DataFrame of shape (T, tags)
        As written, in the tags' units, indexed by hour; NaN where a cell is empty.
    flags : ndarray of shape (T,)
        0 normal, 1 under attack, -999 unknown; 0 throughout where the file has no such column.
    """

    path: Path
    table: pd.DataFrame
    flags: NDArray[np.int64]

    @property
    def rows(self) -> Values:
        """The rows without their times; shape (T, tags)."""
        return self.table.to_numpy()

    @property
    def start(self) -> datetime:
        """Time of the first row."""
        return pd.DatetimeIndex(self.table.index)[0].to_pydatetime()


def read(path: Path, tags: Sequence[str]) -> Record:
    """Read the record of a plant.

    Parameters
    ----------
    path : Path
    tags : sequence of str
        The plant's, all of which the file must have; further columns are left out.

    Raises
    ------
    InputError
        If the file is no such record, or an hour is missing; with file, line and column.
    """
    (_, heads), *rows = read_csv(path, strict=True) or [(1, [])]
    if not rows:
        raise InputError(f"no rows: a record has {TIME}, the plant's tags and a row an hour", path)
    if TIME not in heads:
        raise InputError(f"no column {TIME}, so no record: {nearest(TIME, heads)}", path, 1)
    missing = [name for name in tags if name not in heads]
    if len(missing) > len(tags) / 2:
        others = plants_of(heads)
        hint = f"; it has all tags of {' and '.join(others)}" if others else ""
        lacks = f"{len(missing)} of the plant's {len(tags)} tags are missing, such as {missing[0]}"
        raise InputError(f"{lacks}: a record of another plant{hint}", path, 1)
    for name in tags:
        if name not in heads:
            raise InputError(f"no column {name}: {nearest(name, heads)}", path, 1)
    for line, row in rows:
        if len(row) != len(heads):
            message = (
                f"{counted(len(row), 'field')} where the header names {len(heads)}: cut or damaged"
            )
            raise InputError(message, path, line)
    lines, cells = zip(*rows, strict=True)
    text = pd.DataFrame(cells, columns=heads, index=lines)
    wanted = [*tags, *([FLAG] if FLAG in heads else [])]
    table = pd.DataFrame({name: _numbers(path, text[name]) for name in wanted})
    table.index = _hours(path, text[TIME])
    flags = np.zeros(len(table), dtype=np.int64)
    if FLAG in heads:
        wrong = ~table[FLAG].isin((0, 1, UNKNOWN)).to_numpy()
        if wrong.any():
            at = int(wrong.argmax())
            message = f"{FLAG} is {text[FLAG].iloc[at]!r}, not 0, 1 or {UNKNOWN} (unknown)"
            raise InputError(message, path, lines[at])
        flags = table.pop(FLAG).to_numpy(dtype=np.int64)
    return Record(path, table, flags)


def _numbers(path: Path, column: pd.Series[str]) -> Values:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    wrong = ~np.isfinite(numbers) & (column != "").to_numpy()
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(
            f"{column.name} is {column.iloc[at]!r}, not a number", path, int(column.index[at])
        )
    return np.asarray(numbers)


def _hours(path: Path, column: pd.Series[str]) -> pd.DatetimeIndex:
    times = pd.to_datetime(column, format=TIME_FORMAT, errors="coerce")
    wrong = times.isna().to_numpy()
    if wrong.any():
        at = int(wrong.argmax())
        message = f"{TIME} is {column.iloc[at]!r}, not dd/mm/yy HH such as 06/01/14 00"
        raise InputError(message, path, int(column.index[at]))
    gaps = (times.diff() != pd.Timedelta(hours=1)).to_numpy()[1:]
    if gaps.any():
        at = int(gaps.argmax()) + 1
        message = f"{column.iloc[at]} does not follow {column.iloc[at - 1]} by one hour"
        raise InputError(message, path, int(column.index[at]))
    return pd.DatetimeIndex(times, name=TIME)


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
    table[FLAG] = record.flags
    table.index.name = TIME
    return table
