"""CSV files of an import: those beside the imported file, found and read, and those written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.importers.imported import DIFFERS, REPLACED, Imported, Placed
from twin.errors import InputError
from twin.files import read_csv
from twin.plants.spec import PlantSpec
from twin.units import HOUR, counted

Rows = Sequence[tuple[int, Sequence[str]]]
"""The cells of a table's rows, each with its line in the file."""
_ABOVE = 3  # folders above, in which a file is looked for
_LONGEST = 20 * 8784  # hours; more is a mistake


def find(name: str, beside: Path, folder: bool = False) -> Path | None:
    """Return a file that another names, or, where that may be, a `folder`; None without one.

    It is looked for in the folder `beside`, in the folders above it, and in the present folder: the
    peers start paths in the folder they were started in.
    """
    wish = Path(name.replace("\\", "/"))
    for place in (beside, *list(beside.resolve().parents)[:_ABOVE], Path.cwd()):
        try:
            if (place / wish).is_file() or (folder and (place / wish).is_dir()):
                return place / wish
        except OSError:  # no file can have that name
            return None
    return None


@dataclass(frozen=True)
class Companions:
    """Finds the files that the imported file names.

    Attributes
    ----------
    imported : Imported
        Takes the notes.
    wanted : bool
        Whether a missing one stops the import.
    """

    imported: Imported
    wanted: bool

    def find(
        self, name: str, key: str, at: Placed, instead: str, folder: bool = False
    ) -> Path | None:
        """Return the path of a companion; None, with a note, where it is missing and not wanted.

        Parameters
        ----------
        name : str
            As the file names it.
        key : str
            What the file calls it.
        at : Placed
            Where the file names it.
        instead : str
            What takes its place.
        folder : bool, default False
            Whether it may be a folder.

        Raises
        ------
        InputError
            If it is missing, and wanted.
        """
        path = find(name, self.imported.source.parent, folder)
        if path is None and self.wanted:
            message = (
                f"{key} {name} is missing: put it beside {self.imported.source.name}, "
                f"or import --without-companions ({instead})"
            )
            raise at.place.error(message)
        if path is None:
            self.imported.note(REPLACED, f"{key} {name} is missing: {instead}", at)
        return path


def read(path: Path) -> list[tuple[int, list[str]]]:
    """Return a CSV file's rows with their lines; empty cells at a row's end are left out.

    Raises
    ------
    InputError
        If it cannot be read, or is empty.
    """
    rows = []
    for line, row in read_csv(path):
        while row and not row[-1]:
            row.pop()
        if row:
            rows.append((line, row))
    if not rows:
        raise InputError("it is empty", path)
    return rows


def numbers(path: Path, rows: Rows) -> list[list[float]]:
    """Return rows as numbers.

    Raises
    ------
    InputError
        For the first cell that is no finite number.
    """
    table = []
    for line, row in rows:
        for cell in row:
            if not _is_number(cell):
                raise wrong(path, line, cell, f"a row of numbers is expected, not {row}")
        table.append([float(cell) for cell in row])
        for value, cell in zip(table[-1], row, strict=True):
            if not math.isfinite(value):
                raise wrong(path, line, cell, f"a number must be finite: {row}")
    return table


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def check_rising(path: Path, rows: Rows, values: Sequence[float], what: str) -> None:
    """Raise InputError, with the line, for a row whose value is not above that of the row before.

    `what` says what the values are.
    """
    for (line, _), (earlier, later) in zip(rows[1:], pairwise(values), strict=True):
        if later <= earlier:
            message = f"the {what} do not rise from row to row"
            raise InputError(message, path, line, column=1)


def columns(path: Path) -> dict[str, list[float]]:
    """Return the columns of a CSV file with a header, by name.

    Raises
    ------
    InputError
        With file and line, for a cell that is no number.
    """
    (head, header), *rows = read(path)
    kept = [i for i, name in enumerate(header) if name and not name.startswith("Unnamed")]
    if not rows:
        raise InputError("no row under its header", path, head, column=1)
    for line, row in rows:
        if len(row) < len(header):
            message = f"{counted(len(row), 'cell')} under {counted(len(header), 'name')}"
            raise InputError(message, path, line, column=1)
    table = numbers(path, [(line, [row[i] for i in kept]) for line, row in rows])
    return {header[i]: [row[k] for row in table] for k, i in enumerate(kept)}


def wrong(path: Path, line: int, cell: str, message: str) -> InputError:
    """Return an error on a cell of a line, or, with an empty one, on all of the line."""
    text = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()[line - 1]
    return InputError(message, path, line, column=max(text.find(cell), 0) + 1)


def _csv(table: Mapping[str, Sequence[float]]) -> str:
    return pd.DataFrame(table).to_csv(index=False, float_format="%.10g", lineterminator="\n")


def staircase(name: str, times: Sequence[float], values: Sequence[float], begin: float) -> str:
    """Return the table of what an attack shows; empty where it has no row for it.

    Parameters
    ----------
    name : str
        The tag.
    times, values : sequence of float
        Each value is shown from its time [h] since the run's start on.
    begin : float
        When the attack starts [h]: the table counts from then.
    """
    rows = list(zip(times, values, strict=True))
    before = [value for time, value in rows if time <= begin]
    shown = [(0.0, before[-1])] if before else []
    shown += [(time - begin, value) for time, value in rows if time > begin]
    if not shown:
        return ""
    return _csv({"time": [time for time, _ in shown], name: [value for _, value in shown]})


def demands(
    imported: Imported,
    spec: PlantSpec,
    patterns: Mapping[str, Sequence[float]],
    step: float,
    hours: int,
    at: Placed,
) -> str:
    """Return the text of a demands file: an hour a row, a DMA a column.

    Parameters
    ----------
    imported : Imported
        Takes the notes on what such a file cannot hold.
    spec : PlantSpec
    patterns : mapping
        The file's patterns: multipliers, repeated from the start when they are over.
    step : float
        Of the patterns [s].
    hours : int
        How long the run lasts.
    at : Placed
        Where the imported file names them.
    """
    model = spec.model
    by_dma: dict[str, list[float]] = {}
    used: set[str] = set()
    for dma, junctions in spec.dmas.items():
        shares = _shares(model, junctions)
        used |= set(shares)
        if len(shares) > 1:
            text = (
                f"{dma}'s demands follow {len(shares)} patterns; here they share the mean of "
                "them, weighted by their base demands"
            )
            imported.note(DIFFERS, text, at)
        for name in shares:
            if name not in patterns:
                text = f"pattern {name} is not in the demands file: the plant's own is used"
                imported.note(DIFFERS, text, at)
        total = sum(shares.values())
        by_dma[dma] = [
            sum(
                share / total * _multiplier(model, patterns, name, hour, step)
                for name, share in shares.items()
            )
            for hour in range(min(hours, _LONGEST))
        ]
    for name in patterns:
        if name not in used:
            text = f"pattern {name} drives no demand of the plant: not carried over"
            imported.note(DIFFERS, text, at)
    return _csv(by_dma)


def _shares(model: Any, junctions: Iterable[str]) -> dict[str, float]:
    """Return the base demand [m³/s] of junctions that follows each pattern."""
    shares: dict[str, float] = {}
    for name in junctions:
        for demand in model.get_node(name).demand_timeseries_list:
            if demand.base_value > 0:
                pattern = str(demand.pattern_name)
                shares[pattern] = shares.get(pattern, 0.0) + demand.base_value
    return shares


def _multiplier(
    model: Any, patterns: Mapping[str, Sequence[float]], name: str, hour: int, step: float
) -> float:
    """Return a pattern's mean multiplier over an hour: the file's, or else the plant's own."""
    values, every = patterns.get(name), step
    if values is None:
        own = model.patterns.get(name) if name in model.pattern_name_list else None
        values = [1.0] if own is None else list(own.multipliers)
        every = model.options.time.pattern_timestep
    count = 1 if every >= HOUR else max(round(HOUR / every), 1)
    inside = [values[int(hour * HOUR / every + i) % len(values)] for i in range(count)]
    return float(sum(inside) / count)
