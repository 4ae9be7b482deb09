"""BATADAL, the public benchmark: its tags, its published attacks, and its files.

Source: Taormina et al. 2018, "Battle of the Attack Detection Algorithms: Disclosing Cyber Attacks
on Water Distribution Networks", Journal of Water Resources Planning and Management 144(8),
04018048; data CC BY 4.0, https://www.batadal.net.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.errors import DataError
from detector.records.record import DECIMALS
from detector.records.record import Record as PlantRecord
from detector.records.record import read as read_record
from detector.records.times import TIME_FORMAT

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
class Record(PlantRecord):
    """One file's rows, and the published attacks within its dates.

    Its table has the 43 tags, ``(T, 43)``, rounded to two decimals.
    """

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

    def check_normal(self) -> None:
        """Raise DataError if an hour is under attack, or may be: a detector learns normal data."""
        if self.attacked:
            raise DataError(f"{self.path}: holds hours under attack. Train on normal data only.")
        self.check_labels()

    def labels_in_words(self) -> str:
        """Return what the published attacks say of these hours, beside the file's own flags."""
        under = self.labels
        words = "labels: no published attack in these dates"
        if self.attacks:
            words = f"labels: {int(under.sum())} hours under {len(self.attacks)} published attacks"
        if self.flags is not None and self.flags.any() and np.array_equal(self.flags, under):
            words += ", hour for hour those of its own flags"
        return words


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
    """Read one BATADAL file, however it is written; see `detector.records.record.read`.

    Parameters
    ----------
    path
        A CSV file with a DATETIME column (``dd/mm/yy HH``), the 43 tags, and maybe ATT_FLAG.

    Raises
    ------
    DataError
        If the file cannot be read, is cut, or is no such table: with file, line and column.
    """
    record = read_record(path, TAGS)
    notes = [*record.notes]
    table = record.table.round(DECIMALS)
    if not table.equals(record.table):
        # A detector fitted on finer numbers takes the rounding of the others for an anomaly: P_J280
        # spans few centimetres.
        notes.append("unrounded readings, rounded to two decimals as the other files are")
    published = re.search(r"dataset(03|04)", record.path.name, re.IGNORECASE)
    if published and len(table) != ROWS[published[1]]:
        notes.append(f"the published file has {ROWS[published[1]]} rows: this one is not whole")
    found = Record(record.path, table, record.flags)
    return replace(found, notes=(*notes, found.labels_in_words()))
