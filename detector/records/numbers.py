"""The readings of a record: numbers with a decimal point or comma, and the ways to say none."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from detector.base import Floats
from detector.records.sheet import Sheet

UNKNOWN = -999
"""How the published files write what is not known."""
MISSING = {"", "nan", "na", "n/a", "#n/a", "null", "none", "-", "--", "?"}
"""Cells without a reading, in lower case."""

_DIGITS = set("0123456789.-")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


def number(text: str) -> float | None:
    """Return the number that a cell is, with a decimal point or comma; None where it is none."""
    if _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def read_numbers(sheet: Sheet, places: Mapping[str, int]) -> tuple[Floats, list[str]]:
    """Read the columns of readings.

    Parameters
    ----------
    sheet : Sheet
    places : mapping of str to int
        Which column holds which tag, by the tags' names in order.

    Returns
    -------
    ndarray of shape (T, tags)
        NaN where there is no reading.
    list of str
        What was noticed, in words.

    Raises
    ------
    DataError
        If a cell is no number, or may be two; with file, line and column.
    """
    notes = _check_decimal_mark(sheet, places)
    values = np.empty((len(sheet.lines), len(places)))
    missing: Counter[str] = Counter()
    for column, (name, place) in enumerate(places.items()):
        cells = sheet.columns[place]
        if (plain := _plain_numbers(cells)) is not None:
            values[:, column] = plain
            continue
        for row, cell in enumerate(cells):
            value = number(cell)
            if value is None or value == UNKNOWN:
                if value is None and cell.casefold() not in MISSING:
                    raise sheet.error(
                        f"{name} is {cell!r}, not a number; leave the cell empty where there is "
                        "no reading.",
                        row,
                    )
                missing[cell] += 1
                value = math.nan
            values[row, column] = value
    if missing:
        counts = [
            f"{count} cells of {text}" if text else f"{count} empty cells"
            for text, count in missing.items()
        ]
        notes.append(f"{', '.join(counts)}, treated as missing readings")
    return values, notes


_OURS = {"m", "l/s", "lps", "0/1", "-", "", "unit", "units", "bool", "binary"}
_UNITS = _OURS | {
    *("ft", "feet", "psi", "bar", "kpa", "mh2o", "gpm", "mgd", "cfs", "cmh", "m3/h", "m³/h"),
    *("m3/s", "m³/s", "m3/d", "m³/d", "l/min", "lpm", "mld", "cm", "mm", "%"),
}
"""Units as a second header line may have them, in small letters."""


def without_units(sheet: Sheet) -> Sheet:
    """Return a sheet without the line of units that some have under the names.

    Raises
    ------
    DataError
        If a unit is not the one that tags are in.
    """
    cells = [column[0].strip("[]()").casefold() for column in sheet.columns]
    if not any(cells) or not set(cells) <= _UNITS or len(sheet.lines) < 2:
        return sheet
    other = next((place for place, cell in enumerate(cells) if cell not in _OURS), None)
    if other is not None:
        raise sheet.error(
            f"a line of units, in which {sheet.named(other)} is in {sheet.columns[other][0]}: a "
            "record has levels and pressures in m and flows in L/s. Convert it, and delete the "
            "line.",
            0,
        )
    return replace(
        sheet,
        columns=[column[1:] for column in sheet.columns],
        lines=sheet.lines[1:],
        notes=(*sheet.notes, f"line {sheet.lines[0]}, of units, left out"),
    )


def _plain_numbers(cells: Sequence[str]) -> Floats | None:
    """Return a column without anything unusual, in a hundredth of the time; None for another."""
    if not set("".join(cells)) <= _DIGITS:
        return None
    try:
        numbers = np.array(cells, dtype=np.float64)
    except ValueError:
        return None
    return None if (numbers == UNKNOWN).any() or not np.isfinite(numbers).all() else numbers


def _check_decimal_mark(sheet: Sheet, places: Mapping[str, int]) -> list[str]:
    """Raise DataError where a comma may be a decimal comma or not; return what is to be told."""
    points: tuple[str, int] | None = None
    commas: list[tuple[str, int]] = []
    for name, place in places.items():
        cells = sheet.columns[place]
        if "," in "".join(cells):
            commas += [(name, row) for row, cell in enumerate(cells) if _COMMA.fullmatch(cell)]
        if points is None:
            points = next(((name, row) for row, cell in enumerate(cells) if "." in cell), None)
    if not commas:
        return []
    name, row = commas[0]
    cell = sheet.columns[places[name]][row]
    if points is not None:
        other, at = points
        raise sheet.error(
            f"{name} is {cell!r}, but {other} is {sheet.columns[places[other]][at]!r} in line "
            f"{sheet.lines[at]}: write all numbers with a decimal point, or all with a comma.",
            row,
        )
    if all(_THOUSANDS.fullmatch(sheet.columns[places[name]][row]) for name, row in commas):
        raise sheet.error(
            f"{name} is {cell!r}: its comma may divide thousands or be a decimal comma. "
            f"Write {cell.replace(',', '')} or {cell.replace(',', '.')}.",
            row,
        )
    return ["numbers with a decimal comma"]
