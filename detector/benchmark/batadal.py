"""BATADAL, the public benchmark: its tags, its published attacks, and a reader of its files.

Source: Taormina et al. 2018, "Battle of the Attack Detection Algorithms: Disclosing Cyber Attacks
on Water Distribution Networks", Journal of Water Resources Planning and Management 144(8),
04018048; data CC BY 4.0, https://www.batadal.net.
"""

import csv
import math
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.errors import DataError, did_you_mean

CITATION = (
    "Taormina et al. 2018, Battle of the Attack Detection Algorithms: Disclosing Cyber Attacks on "
    "Water Distribution Networks, J. Water Resources Planning and Management 144(8), 04018048"
)
LICENCE = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"

_PUMPS = [f"{what}_PU{each}" for each in range(1, 12) for what in "FS"]
_JUNCTIONS = (280, 269, 300, 256, 289, 415, 302, 306, 307, 317, 14, 422)
TAGS = (
    *(f"L_T{each}" for each in range(1, 8)),
    *_PUMPS,
    "F_V2",
    "S_V2",
    *(f"P_J{each}" for each in _JUNCTIONS),
)
"""The 43 tags in the files' column order."""

TIME = "DATETIME"
LABEL = "ATT_FLAG"
TIME_FORMAT = "%d/%m/%y %H"
DECIMALS = 2
"""All published files but dataset03 are rounded to these. It is rounded too: a detector fitted on
finer numbers takes the rounding of the others for an anomaly (P_J280 spans few centimetres)."""
ROWS = {"03": 8761, "04": 4177}
"""Hourly rows of the published training files."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One published attack.

    Attributes
    ----------
    number
        1 to 14, as in the paper: 1 to 7 are in dataset04, 8 to 14 in the test set.
    start, end
        Its first and last labelled hour, both included.
    """

    number: int
    start: datetime
    end: datetime

    @property
    def hours(self) -> int:
        """Labelled hours."""
        return int((self.end - self.start) / timedelta(hours=1)) + 1


def _attack(number: int, start: str, end: str) -> Attack:
    return Attack(
        number, datetime.strptime(start, TIME_FORMAT), datetime.strptime(end, TIME_FORMAT)
    )


ATTACKS = (
    _attack(1, "13/09/16 23", "16/09/16 00"),
    _attack(2, "26/09/16 11", "27/09/16 10"),
    _attack(3, "09/10/16 09", "11/10/16 20"),
    _attack(4, "29/10/16 19", "02/11/16 16"),
    _attack(5, "26/11/16 17", "29/11/16 04"),
    _attack(6, "06/12/16 07", "10/12/16 04"),
    _attack(7, "14/12/16 15", "19/12/16 04"),
    _attack(8, "16/01/17 09", "19/01/17 06"),
    _attack(9, "30/01/17 08", "02/02/17 00"),
    _attack(10, "09/02/17 03", "10/02/17 09"),
    _attack(11, "12/02/17 01", "13/02/17 07"),
    _attack(12, "24/02/17 05", "28/02/17 08"),
    _attack(13, "10/03/17 14", "13/03/17 21"),
    _attack(14, "25/03/17 20", "27/03/17 01"),
)
"""The published intervals (Taormina et al. 2018, tables 2 and 3)."""


@dataclass(frozen=True)
class Record:
    """One file's rows.

    Attributes
    ----------
    path
        The file.
    table
        The 43 tags, ``(T, 43)``, indexed by hour: levels and pressures [m], flows [L/s], statuses;
        NaN where a cell is empty.
    flags
        The file's own label column, 0, 1 or -999 (unknown), ``(T,)``; None if it has none.
    notes
        What the reader noticed in the file, in words.
    """

    path: Path
    table: pd.DataFrame
    flags: NDArray[np.int64] | None
    notes: tuple[str, ...]

    @property
    def attacks(self) -> list[tuple[Attack, slice]]:
        """The published attacks within the file's dates, with their rows."""
        hours = self.table.index
        rows = [(attack, hours.slice_indexer(attack.start, attack.end)) for attack in ATTACKS]
        return [(attack, inside) for attack, inside in rows if inside.stop > inside.start]

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Which rows are under attack by the published intervals, ``(T,)``."""
        under = np.zeros(len(self.table), dtype=np.bool_)
        for _, rows in self.attacks:
            under[rows] = True
        return under

    @property
    def attacked(self) -> bool:
        """Whether an hour is under attack, by the published intervals or the file's own flags."""
        return bool(self.labels.any() or (self.flags is not None and (self.flags == 1).any()))


def find(folder: str | Path, number: str) -> Path:
    """Return the file of a training set in a folder, however its name is written.

    ``BATADAL_dataset04.csv``, ``dataset04.csv``, upper or lower case; failing these,
    ``dataset04_labelled.csv``.

    Parameters
    ----------
    folder
        Where to look.
    number
        ``03`` or ``04``.

    Raises
    ------
    DataError
        If the folder or the file is missing.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder. Fetch the data: hydrotwin batadal fetch --to DIR"
        )
    names = sorted(each.name for each in folder.iterdir() if each.is_file())
    for pattern in (
        rf"(batadal_)?dataset{number}\.csv",
        rf"(batadal_)?dataset{number}_labelled\.csv",
    ):
        for name in names:
            if re.fullmatch(pattern, name, re.IGNORECASE):
                return folder / name
    tables = [name for name in names if name.lower().endswith(".csv")]
    wanted = f"BATADAL_dataset{number}.csv"
    raise DataError(
        f"{folder}: no {wanted} here (nor dataset{number}.csv, in any case). "
        f"CSV files here: {', '.join(tables) or 'none'}. "
        "Fetch the data: hydrotwin batadal fetch --to DIR"
    )


def read(path: str | Path) -> Record:
    """Read one BATADAL file, in either way these files are written.

    Column names may be padded with blanks, labels may be -999 for "unknown" or missing altogether.

    Parameters
    ----------
    path
        A CSV file with a DATETIME column (``dd/mm/yy HH``), the 43 tags, and maybe ATT_FLAG.

    Raises
    ------
    DataError
        If the file cannot be read, is cut, or is no such table: with file, line and column.
    """
    path = Path(path)
    lines = _lines(path)
    heads = [each.strip().upper() for each in lines[0]]
    notes = []
    if heads != lines[0]:
        notes.append("column names padded with blanks or in lower case")
    _check_heads(path, heads)
    columns = [*TAGS, LABEL] if LABEL in heads else list(TAGS)
    others = [name for name in heads if name not in (TIME, *columns)]
    if others:
        notes.append(f"columns left out: {', '.join(others)}")

    times: list[datetime] = []
    cells = np.empty((len(lines) - 1, len(columns)))
    places = [(heads.index(name), name) for name in columns]
    for line, fields in enumerate(lines[1:], start=2):
        if len(fields) != len(heads):
            raise DataError(
                f"{path}:{line}: {len(fields)} fields where the header names {len(heads)}: "
                "the file is cut or damaged; fetch it again."
            )
        times.append(_time(path, line, fields[heads.index(TIME)], times))
        cells[line - 2] = [_number(path, line, name, fields[each]) for each, name in places]
    table = pd.DataFrame(cells, columns=columns, index=pd.DatetimeIndex(times, name=TIME))
    unrounded, table = table, table.round(DECIMALS)
    if not table.equals(unrounded):
        notes.append("unrounded readings, rounded to two decimals as the other files are")
    flags = _flags(path, table.pop(LABEL).to_numpy()) if LABEL in columns else None
    notes.append(f"{len(table)} hours, {times[0]:%d/%m/%Y %H} h to {times[-1]:%d/%m/%Y %H} h")
    empty = int(table.isna().to_numpy().sum())
    if empty:
        notes.append(f"{empty} empty cells, treated as missing readings")
    published = re.search(r"dataset(03|04)", path.name, re.IGNORECASE)
    if published and len(table) != ROWS[published[1]]:
        notes.append(f"the published file has {ROWS[published[1]]} rows: this one is not whole")
    record = Record(path, table, flags, tuple(notes))
    return replace(record, notes=(*notes, *_label_notes(record)))


def _lines(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                lines = list(reader)
            except csv.Error as error:
                raise DataError(f"{path}:{reader.line_num}: not a CSV table: {error}.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a text file (byte {error.start}: {error.reason}).") from error
    while lines and not lines[-1]:
        lines.pop()
    if len(lines) < 2:
        raise DataError(f"{path}: holds no rows; fetch it again.")
    return lines


def _check_heads(path: Path, heads: list[str]) -> None:
    for name in (TIME, *TAGS):
        if name not in heads:
            raise DataError(
                f"{path}:1: no column {name}. "
                f"{did_you_mean(name, [head for head in heads if head not in TAGS])} "
                f"A BATADAL file has {TIME}, the 43 tags and maybe {LABEL}, separated by commas."
            )
        if heads.count(name) > 1:
            raise DataError(f"{path}:1: column {name} appears {heads.count(name)} times.")


def _time(path: Path, line: int, field: str, before: list[datetime]) -> datetime:
    try:
        time = datetime.strptime(field.strip(), TIME_FORMAT)
    except ValueError:
        raise DataError(
            f"{path}:{line}: {TIME} {field.strip()!r} is not dd/mm/yy HH (such as 06/01/14 00)."
        ) from None
    if before and time - before[-1] != timedelta(hours=1):
        raise DataError(
            f"{path}:{line}: {field.strip()} does not follow {before[-1]:{TIME_FORMAT}} by one "
            "hour: rows are missing or out of order."
        )
    return time


def _number(path: Path, line: int, column: str, field: str) -> float:
    text = field.strip()
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise DataError(f"{path}:{line}: {column} is {text!r}, not a number.")
    return value


def _flags(path: Path, column: NDArray[np.float64]) -> NDArray[np.int64]:
    wrong = ~np.isin(column, (0, 1, -999))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{path}:{row + 2}: {LABEL} is {column[row]:g}; expected 0, 1 or -999 (unknown)."
        )
    return column.astype(np.int64)


def _label_notes(record: Record) -> list[str]:
    under = record.labels
    hours = "labels: no published attack in these dates"
    if record.attacks:
        hours = f"labels: {int(under.sum())} hours under {len(record.attacks)} published attacks"
    if record.flags is None:
        own = "no label column"
    else:
        marked = int((record.flags == 1).sum())
        unknown = int((record.flags == -999).sum())
        own = f"its own flags mark {marked} hours"
        own += f", the rest -999 (unknown): {unknown}" if unknown else ""
        if not unknown and marked and np.array_equal(record.flags == 1, under):
            own += ", hour for hour the published ones"
    return [own, hours]
