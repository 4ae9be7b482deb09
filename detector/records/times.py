"""The hours of a record, in the ways dates are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from detector.records.numbers import number
from detector.records.sheet import Sheet

TIME = "DATETIME"
TIME_FORMAT = "%d/%m/%y %H"
"""How BATADAL's files write an hour: ``06/01/14 00``."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WRITTEN = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[-/. ])(?P<b>\d{1,2}|[a-z]{3,9})(?P=mark)(?P<c>\d{1,4})"
    r"(?:[t ]\s*(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?)?"
    r"\s*(?P<half>[ap]m)?\s*(?P<zone>z|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE | re.ASCII,
)
_ORDERS = {"dmy": "dd/mm/yy", "mdy": "mm/dd/yy", "ymd": "yyyy-mm-dd"}
_EXCEL_BEGIN = datetime(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_000)  # the years 1954 to 2119
_EXCEL_ROUNDING = timedelta(minutes=8)  # of a serial date with two decimals
_HOUR = timedelta(hours=1)
KNOWN = "06/01/14 00, 2014-01-06 00:00, 06/01/2014 00:00 or Excel's 41645.0"


class _Reading(NamedTuple):
    """A way to read the dates: a name for it, and what it makes of a cell; None where nothing."""

    name: str
    times: list[datetime | None]

    def failure(self) -> int | None:
        """Return the first row that is no date, or does not follow the one before by an hour."""
        before = None
        for row, time in enumerate(self.times):
            if time is None or (before is not None and time - before != _HOUR):
                return row
            before = time
        return None


def is_time(cell: str) -> bool:
    """Return whether a cell is a date in one of the ways that are read."""
    return any(reading.times[0] is not None for reading in _readings([cell]))


def joined_clock(sheet: Sheet) -> Sheet:
    """Return a sheet whose date and hour stand in one column, where the file has two for them."""
    heads = [head.casefold() for head in sheet.heads]
    hour = next((name for name in ("time", "hour", "clock") if heads.count(name) == 1), "")
    if heads.count("date") != 1 or not hour or TIME.casefold() in heads:
        return sheet
    date, clock = heads.index("date"), heads.index(hour)
    joined = [
        f"{day} {time}" for day, time in zip(sheet.columns[date], sheet.columns[clock], strict=True)
    ]
    if not any(map(is_time, joined[:2])):  # the first line may be one of units
        return sheet
    left = [place for place in range(len(heads)) if place not in (date, clock)]
    return replace(
        sheet,
        written=(TIME, *(sheet.written[place] for place in left)),
        heads=(TIME, *(sheet.heads[place] for place in left)),
        columns=[tuple(map(str.strip, joined)), *(sheet.columns[place] for place in left)],
        notes=(*sheet.notes, f"hours read from {sheet.named(date)} and {sheet.named(clock)}"),
    )


def read_times(sheet: Sheet, place: int) -> tuple[list[datetime], list[str]]:
    """Read the column of hours.

    Dates are ISO, day first or month first as only one of them makes the rows follow hour by hour,
    with the month in letters, or Excel's serial numbers.

    Returns
    -------
    list of datetime
    list of str
        What was noticed, in words.

    Raises
    ------
    DataError
        If a cell is no date, may be two, or is not one hour after the row before.
    """
    cells = sheet.columns[place]
    readings, own = _readings(cells), _WRITTEN.fullmatch(cells[0])
    if not any(reading.times[0] for reading in readings):
        kind = "that is read here" if own is None else "of the calendar"
        raise sheet.error(f"{TIME} {cells[0]!r} is no date {kind}: write {KNOWN}.", 0)
    batadal = own is not None and own["mark"] == "/" and own["minute"] is None
    whole = [reading for reading in readings if reading.failure() is None]
    if batadal and whole and whole[0].name == _ORDERS["dmy"]:
        whole = whole[:1]  # the files' own format is day first
    if not whole:
        raise _failure(sheet, cells, readings)
    if any(reading.times != whole[0].times for reading in whole):
        meant = " or ".join(f"{reading.times[0]:%Y-%m-%d}" for reading in whole)
        raise sheet.error(
            f"{TIME} {cells[0]!r} may be {meant}, and the rows do not tell which. "
            "Write dates like 2014-01-06 00:00.",
            0,
        )
    times = [time for time in whole[0].times if time is not None]
    if times[0].minute or times[0].second:
        raise sheet.error(f"{TIME} {cells[0]!r} is not on the hour: a record has full hours.", 0)
    notes = []
    if not (batadal and whole[0].name == _ORDERS["dmy"]):
        notes.append(f"dates read as {whole[0].name}: {cells[0]} is {times[0]:%Y-%m-%d %H} h")
    return times, notes


def _failure(sheet: Sheet, cells: Sequence[str], readings: Sequence[_Reading]) -> Exception:
    """Return what is wrong with the first bad row, by the reading that gets furthest."""
    name, times = best = max(readings, key=lambda reading: reading.failure() or 0)
    row = best.failure() or 0
    if times[row] is None:
        if name == _ORDERS["dmy"]:
            name = f"{name} HH"
        return sheet.error(f"{TIME} {cells[row]!r} is not {name}, as the rows before it are.", row)
    return sheet.error(
        f"{cells[row]} does not follow {cells[row - 1]} by one hour: rows are missing or out of "
        "order, or it is no hourly record.",
        row,
    )


def _readings(cells: Sequence[str]) -> list[_Reading]:
    """Return the ways to read a column that its first cell allows, the likeliest first."""
    first = _WRITTEN.fullmatch(cells[0])
    if first is None:
        return [_Reading("Excel's serial dates", [_serial(cell) for cell in cells])]
    matches = [_WRITTEN.fullmatch(cell) for cell in cells]
    alike = [match if match and _shape(match) == _shape(first) else None for match in matches]
    if len(first["a"]) > 2:
        orders = ["ymd"]
    elif first["b"].isalpha() or first["mark"] == ".":
        orders = ["dmy"]
    else:
        orders = ["dmy", "mdy", *(["ymd"] if len(first["c"]) < 3 else [])]
    name = "day, month in letters, year" if first["b"].isalpha() else ""
    return [
        _Reading(name or _ORDERS[order], [match and _date(match, order) for match in alike])
        for order in orders
    ]


def _shape(match: re.Match[str]) -> tuple[str, bool, bool, bool]:
    return match["mark"], len(match["a"]) > 2, match["b"].isalpha(), len(match["c"]) > 2


def _date(match: re.Match[str], order: str) -> datetime | None:
    part = dict(zip(order, (match["a"], match["b"], match["c"]), strict=True))
    year, month = int(part["y"]), part["m"].casefold()
    if len(part["y"]) < 3:
        year += 2000 if year < 69 else 1900
    hour, half = int(match["hour"] or 0), (match["half"] or "").casefold()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return datetime(
            year,
            _MONTHS.index(month[:3]) + 1 if month.isalpha() else int(month),
            int(part["d"]),
            hour,
            int(match["minute"] or 0),
            int(match["second"] or 0),
        )
    except ValueError:
        return None


def _serial(cell: str) -> datetime | None:
    """Return the full hour nearest to a number of days since Excel's beginning."""
    days = number(cell)
    if days is None or int(days) not in _EXCEL_DAYS:
        return None
    time = _EXCEL_BEGIN + timedelta(days=days)
    hour = (time + _HOUR / 2).replace(minute=0, second=0, microsecond=0)
    near = abs(time - hour) <= _EXCEL_ROUNDING
    return hour if near else time - timedelta(microseconds=time.microsecond)
