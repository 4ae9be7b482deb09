"""A plant's hourly record: a CSV file with a time, a column a tag and maybe a label, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.base import Floats
from detector.errors import DataError, did_you_mean
from detector.records.labels import LABEL, read_flags
from detector.records.numbers import UNKNOWN, read_numbers, without_units
from detector.records.sheet import Sheet, read_sheet
from detector.records.times import TIME, is_time, joined_clock, read_times

DECIMALS = 2
"""Of the readings in the published files."""

_OTHERS = "The columns that are no tag of the plant"
_HAS = (
    f"A record has {TIME}, the plant's tags and maybe {LABEL}, separated by commas, semicolons or "
    "tabs."
)
_TIMES = ("datetime", "date_time", "date time", "date/time", "timestamp", "time", "date")


class OtherPlantError(DataError):
    """A record of another plant.

    Attributes
    ----------
    heads : tuple of str
        Its columns.
    """

    def __init__(self, message: str, heads: tuple[str, ...]):
        super().__init__(message)
        self.heads = heads


@dataclass(frozen=True)
class Record:
    """The rows of a file.

    Attributes
    ----------
    path : Path
    table : DataFrame of shape (T, tags)
        As written, in the tags' units, indexed by hour; NaN where there is no reading.
    flags : ndarray of shape (T,) or None
        0 normal, 1 under attack, -999 unknown; None where the file has no label column.
    notes : tuple of str
        What the reader noticed in the file, in words.
    """

    path: Path
    table: pd.DataFrame
    flags: NDArray[np.int64] | None
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> Floats:
        """The rows without their times, ``(T, tags)``."""
        return self.table.to_numpy()

    @property
    def start(self) -> datetime:
        """Time of the first row."""
        return pd.DatetimeIndex(self.table.index)[0].to_pydatetime()

    @property
    def normal(self) -> NDArray[np.bool_]:
        """Which rows are normal, ``(T,)``: all where there is no label column."""
        if self.flags is None:
            return np.ones(len(self.table), dtype=np.bool_)
        return np.equal(self.flags, 0)

    def check_labels(self) -> None:
        """Raise DataError if it is unknown of some hours whether they are under attack."""
        unknown = 0 if self.flags is None else int((self.flags == UNKNOWN).sum())
        if unknown == len(self.table):
            raise DataError(
                f"{self.path}: all {unknown} hours are labelled {UNKNOWN} (unknown), so nobody "
                "knows which are normal. If none is under attack, delete the column of labels; if "
                "some are, label all."
            )
        if unknown:
            raise DataError(
                f"{self.path}: {unknown} hours are labelled {UNKNOWN} (unknown), so nobody knows "
                "which are normal: give the file with all attacks labelled."
            )

    @property
    def told(self) -> str:
        """What the reader noticed, on one line."""
        return f"{self.path}: {'; '.join(self.notes)}"


def read(path: str | Path, tags: Sequence[str]) -> Record:
    """Read the record of a plant.

    Names may be padded or in lower case, columns separated by commas, semicolons or tabs, numbers
    have a decimal comma, dates be written in the ways of `detector.records.times`, labels in those
    of `detector.records.labels`. What is unusual is in the record's notes.

    Parameters
    ----------
    path : str or Path
    tags : sequence of str
        The plant's, all of which the file must have.

    Raises
    ------
    DataError
        If the file is no such record, an hour is missing, or something in it may mean two things;
        with file, line, column and how to mend it.
    """
    sheet = without_units(joined_clock(read_sheet(Path(path))))
    clock = _time_column(sheet, tags)
    places = _tag_columns(sheet, tags)
    others = [place for place in range(len(sheet.heads)) if place not in {clock, *places.values()}]
    notes = [*sheet.notes]
    expected = {clock: TIME, **{place: name for name, place in places.items()}}
    if any(sheet.written[place] != name for place, name in expected.items()):
        notes.append("column names padded with blanks or in lower case")
    if sheet.heads[clock].upper() != TIME:
        notes.append(f"hours read from {sheet.named(clock)}")
    times, dates = read_times(sheet, clock)
    values, readings = read_numbers(sheet, places)
    flags, labels = read_flags(sheet, others)
    table = pd.DataFrame(values, columns=list(tags), index=pd.DatetimeIndex(times, name=TIME))
    length = f"{len(table)} hours, {times[0]:%d/%m/%Y %H} h to {times[-1]:%d/%m/%Y %H} h"
    notes += [*dates, *readings, *labels, length, _labels_in_words(flags)]
    return Record(sheet.path, table, flags, tuple(notes))


def _time_column(sheet: Sheet, tags: Sequence[str]) -> int:
    """Return where the hours stand: in DATETIME, a column named alike, or one without a name."""
    free = {place: head.casefold() for place, head in enumerate(sheet.heads) if head not in tags}
    for name in _TIMES:
        found = [place for place, head in free.items() if head == name]
        if len(found) > 1:
            raise sheet.error(f"column {name.upper()} appears {len(found)} times.")
        if found and (name == TIME.lower() or is_time(sheet.columns[found[0]][0])):
            return found[0]
    for place, head in free.items():
        if head in ("", "index", "unnamed: 0") and is_time(sheet.columns[place][0]):
            return place
    names = [head for head in sheet.heads if head not in tags]
    raise sheet.error(f"no column {TIME}. {did_you_mean(TIME, names, _OTHERS)} {_HAS}")


def _tag_columns(sheet: Sheet, tags: Sequence[str]) -> dict[str, int]:
    """Return where each tag stands, by its name in capitals or not."""
    known = set(tags)
    exact: dict[str, list[int]] = {}
    folded: dict[str, list[int]] = {}
    for place, head in enumerate(sheet.heads):
        exact.setdefault(head, []).append(place)
        if head not in known:
            folded.setdefault(head.casefold(), []).append(place)
    places = {name: exact.get(name, []) + folded.get(name.casefold(), []) for name in tags}
    missing = [name for name, found in places.items() if not found]
    if len(missing) > len(tags) / 2:
        raise OtherPlantError(
            f"{sheet.path}:1: {len(missing)} of the plant's {len(tags)} tags are missing, such as "
            f"{missing[0]}: a record of another plant",
            sheet.heads,
        )
    for name, found in places.items():
        if not found:
            free = [head for head in sheet.heads if head not in known]
            raise sheet.error(f"no column {name}. {did_you_mean(name, free, _OTHERS)} {_HAS}")
        if len(found) > 1:
            raise sheet.error(f"column {name} appears {len(found)} times.")
    return {name: place for name, (place,) in places.items()}


def _labels_in_words(flags: NDArray[np.int64] | None) -> str:
    if flags is None:
        return "no label column"
    unknown = int((flags == UNKNOWN).sum())
    rest = f", the rest -999 (unknown): {unknown}" if unknown else ""
    return f"its own flags mark {int((flags == 1).sum())} hours{rest}"
