"""Attacks on a reading's value that follow a course over time: ramp, polyline, table.

Each new start begins anew. The time is that of the reading's own stamp.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from attacks.annotations import File, Seconds, Unit
from attacks.attack import Attack
from attacks.registry import register
from twin.errors import InputError, nearest, under
from twin.files import read_csv
from twin.tags import Reading
from twin.units import HOUR, spoken

if TYPE_CHECKING:
    from twin.testbed import Testbed

Course = Callable[[Reading, float], float]
"""What is shown instead of a reading that was sent so many seconds after the start."""
Points = Sequence[tuple[float, float]]


class Moving(Attack):
    """A kind whose shown value depends on the time since its start."""

    @abstractmethod
    def course(self) -> Course:
        """Return what it shows, over time."""

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that remembers when it started."""
        return _Started(self.course())


class _Started(Attack):
    def __init__(self, course: Course):
        self._course, self._began = course, 0.0

    def begin(self, testbed: Testbed, target: str) -> None:
        self._began = testbed.env.now

    def tamper(self, reading: Reading) -> Reading:
        return reading.with_value(self._course(reading, max(reading.time - self._began, 0.0)))


@register("ramp")
@dataclass(frozen=True, kw_only=True)
class Ramp(Moving):
    """Add a drift that grows from 0 at the start at a steady rate, up to a limit."""

    rate: Annotated[float, Unit("tag's unit an hour")]
    limit: Annotated[float | None, Field(gt=0.0), Unit("tag")] = None

    example = (
        "{on: sensor:L_T1, do: {ramp: {rate: -0.1, limit: 1.5}}, when: {from: 12 h, for: 1 d}}"
    )
    technique = "T0856 Spoof Reporting Message"

    def course(self) -> Course:
        """Return the reading with the drift so far."""
        most = math.inf if self.limit is None else self.limit

        def drifted(reading: Reading, since: float) -> float:
            return reading.value + min(max(self.rate * since / HOUR, -most), most)

        return drifted


@register("polyline")
@dataclass(frozen=True, kw_only=True)
class Polyline(Moving):
    """Add an offset that goes from point to point, each a time since the start and an offset.

    Between two points it changes linearly or, with `staircase`, stays at the first's.
    Before the first point and after the last, theirs holds.
    """

    points: Annotated[
        tuple[tuple[Seconds, Annotated[float, Unit("tag")]], ...],
        Field(
            description="each a time since the start and the offset then, in order of time",
            examples=[[["0 h", 0.0], ["20 h", -0.5]]],
        ),
    ]
    staircase: bool = False

    example = (
        '{on: "link:PLC2->SCADA", do: {polyline: {points: [[0 h, 0.0], [20 h, -0.5]]}}, '
        "when: {from: 12 h}}"
    )
    technique = "T0832 Manipulation of View"

    def __post_init__(self) -> None:
        if not self.points:
            raise InputError("a polyline has at least one point, like [[0 h, -0.5]]")
        for (time, _), (later, _) in pairwise(self.points):
            if later <= time:
                two = f"{spoken(later)} comes after {spoken(time)}"
                raise InputError(f"each point of a polyline is later than the one before it: {two}")

    def course(self) -> Course:
        """Return the reading with the offset of the time."""
        offset = _through(self.points, self.staircase)
        return lambda reading, since: reading.value + offset(since)


@register("table")
@dataclass(frozen=True, kw_only=True)
class Table(Moving):
    """Show what a CSV file says, also where there is no reading.

    Its first column is `time`, in hours since the start; then comes one for each tag to be shown,
    or `value` for all of them. Between two rows a value changes linearly or, with `staircase`,
    stays at the first's; before the first and after the last, theirs holds. An empty cell is no row
    of that column's; a tag without a column passes as it is.
    """

    file: Annotated[
        File,
        Field(
            description="CSV with a header like time,L_T1 and rows like 6.5,3.2: hours since the "
            "start, then each tag in its unit",
            examples=["t1-usual-day.csv"],
        ),
    ]
    staircase: bool = False

    answers = True
    example = (
        '{on: "link:PLC2->SCADA", do: {table: {file: t1-usual-day.csv}}, '
        "when: {from: 12 h, for: 1 d}}"
    )
    technique = "T0832 Manipulation of View"

    def check_tags(self, tags: Sequence[str]) -> None:
        """Raise InputError if the file cannot be used, or has a tag that does not pass there."""
        for name in read_table(self.file):
            if name not in (*tags, "value"):
                message = f"{self.file.name} has a column {name!r}, which does not pass there"
                raise InputError(f"{message}: {nearest(name, [*tags, 'value'])}", keys=["file"])

    def touched(self, tags: Sequence[str]) -> Sequence[str]:
        """Return the tags the file has a column for."""
        columns = read_table(self.file)
        return [tag for tag in tags if tag in columns or "value" in columns]

    def course(self) -> Course:
        """Return the file's value of the time."""
        table = read_table(self.file)
        columns = {name: _through(points, self.staircase) for name, points in table.items()}

        def read(reading: Reading, since: float) -> float:
            column = columns.get(reading.tag, columns.get("value"))
            return reading.value if column is None else column(since)

        return read


def _through(points: Points, staircase: bool) -> Callable[[float], float]:
    """Return the course through points, linear or a staircase."""
    times, values = np.array(points).T
    if not staircase:
        return lambda at: float(np.interp(at, times, values))
    return lambda at: float(values[max(int(np.searchsorted(times, at, "right")) - 1, 0)])


def read_table(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Read a CSV file of values over time.

    Returns
    -------
    dict of str to list of (float, float)
        By column, but the first: times [s] and values.

    Raises
    ------
    InputError
        With file and line, if something in it is wrong; `file` is the key if it cannot be read.
    """
    with under("file"):
        (_, header), *rows = read_csv(path) or [(1, [])]
    if len(header) < 2 or header[0] != "time":
        raise InputError(f"the columns are time (in hours) and tags, not {header}", path, 1)
    columns: dict[str, list[tuple[float, float]]] = {name: [] for name in header[1:]}
    before = -math.inf
    for line, row in rows:
        try:
            numbers = [float(cell) if cell else math.nan for cell in row]
        except ValueError:
            raise InputError(f"a row has numbers only, not {row}", path, line) from None
        if len(row) != len(header) or any(map(math.isinf, numbers)):
            raise InputError(f"a row has {len(header)} numbers, not {row}", path, line)
        if not numbers[0] > before:
            raise InputError(f"times rise from row to row, not to {row[0]!r}", path, line)
        before = numbers[0]
        for name, value in zip(columns, numbers[1:], strict=False):
            if not math.isnan(value):
                columns[name].append((before * HOUR, value))
    for name, points in columns.items():
        if not points:
            raise InputError(f"column {name} has no value", path, 1)
    return columns
