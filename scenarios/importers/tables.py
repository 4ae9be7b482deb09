"""The CSV files that stand beside the peers' files, and those made for a scenario."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.importers import tables
from scenarios.importers.imported import DIFFERS, REPLACED, Imported, Placed
from twin.errors import InputError
from twin.files import read_csv
from twin.plants.districts import patterns_of
from twin.plants.spec import PlantSpec
from twin.units import HOUR

_ABOVE = 3  # folders above, in which a file is looked for
_LONGEST = 20 * 8784  # hours; more is a mistake


def find(name: str, beside: Path, folder: bool = False) -> Path | None:
    """Return a file that another names, or, where that may be, a `folder`; None without one.

    It is looked for beside that one, in the folders above it, and in the present folder: the peers
    start paths in the folder they were started in.
    """
    wish = Path(name.replace("\\", "/"))
    folders = [beside, *list(beside.resolve().parents)[:_ABOVE], Path.cwd()]
    try:
        found = [
            f / wish for f in folders if (f / wish).is_file() or (folder and (f / wish).is_dir())
        ]
    except OSError:  # no file can have that name
        return None
    return found[0] if found else None


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


def numbers(path: Path, rows: Iterable[tuple[int, Sequence[str]]]) -> list[list[float]]:
    """Return rows as numbers.

    Raises
    ------
    InputError
        For the first cell that is none.
    """
    table = []
    for line, row in rows:
        try:
            table.append([float(cell) for cell in row])
        except ValueError:
            bad = next(cell for cell in row if not _is_number(cell))
            message = f"a row of numbers is expected, not {row}"
            raise wrong(path, line, bad, message) from None
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


def wrong(path: Path, line: int, cell: str, message: str) -> InputError:
    """Return an error on a cell of a line, or, with an empty one, on all of the line."""
    text = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()[line - 1]
    return InputError(message, path, line, column=max(text.find(cell), 0) + 1)


def write(header: Sequence[str], rows: Iterable[Sequence[float]]) -> str:
    """Return a CSV file's text."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(header)
    lines.writerows([f"{value:.10g}" for value in row] for row in rows)
    return out.getvalue()


def demands(
    made: Imported,
    spec: PlantSpec,
    patterns: Mapping[str, Sequence[float]],
    step: float,
    hours: int,
    at: Placed,
) -> str:
    """Return the text of a demands file: an hour a row, a DMA a column.

    Parameters
    ----------
    made : Imported
        Takes the notes on what cannot be said so.
    spec : PlantSpec
    patterns : mapping
        The file's patterns: multipliers, repeated from the start when they are over.
    step : float
        Of them [s].
    hours : int
        How long the run lasts.
    at : Placed
        Where the imported file names them.
    """
    model = spec.model
    columns: dict[str, list[float]] = {}
    for dma, junctions in spec.dmas.items():
        shares = _shares(model, junctions)
        if len(shares) > 1:
            text = (
                f"{dma}'s demands follow {len(shares)} patterns; here they share the mean of "
                "them, weighted by their base demands"
            )
            made.note(DIFFERS, text, at)
        for name in shares:
            if name not in patterns:
                text = f"pattern {name} is not in the demands file: the plant's own is used"
                made.note(DIFFERS, text, at)
        total = sum(shares.values())
        columns[dma] = [
            sum(
                share / total * _at(model, patterns, name, hour, step)
                for name, share in shares.items()
            )
            for hour in range(min(hours, _LONGEST))
        ]
    for name in patterns:
        if not any(name in patterns_of(model, members) for members in spec.dmas.values()):
            text = f"pattern {name} drives no demand of the plant: not carried over"
            made.note(DIFFERS, text, at)
    return write(list(columns), zip(*columns.values(), strict=True))


def _shares(model: Any, junctions: Iterable[str]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for name in junctions:
        for demand in model.get_node(name).demand_timeseries_list:
            if demand.base_value > 0:
                pattern = str(demand.pattern_name)
                shares[pattern] = shares.get(pattern, 0.0) + demand.base_value
    return shares


def _at(
    model: Any, patterns: Mapping[str, Sequence[float]], name: str, hour: int, step: float
) -> float:
    """Return a pattern's mean multiplier over an hour."""
    values, every = patterns.get(name), step
    if values is None:
        found = model.patterns.get(name) if name in model.pattern_name_list else None
        values = [1.0] if found is None else list(found.multipliers)
        every = model.options.time.pattern_timestep
    if every >= HOUR:
        return float(values[int(hour * HOUR // every) % len(values)])
    count = max(round(HOUR / every), 1)
    inside = [values[int(hour * HOUR / every + i) % len(values)] for i in range(count)]
    return float(sum(inside) / count)


def patterns(path: Path) -> dict[str, list[float]]:
    """Return the columns of a CSV file with a header, by name.

    Raises
    ------
    InputError
        With file and line, for a cell that is no number.
    """
    rows = read(path)
    header = rows[0][1]
    kept = [i for i, name in enumerate(header) if name and not name.startswith("Unnamed")]
    if len(rows) < 2:
        raise InputError("no row under its header", path, rows[0][0], column=1)
    for line, row in rows[1:]:
        if len(row) < len(header):
            message = f"{len(row)} cells under {len(header)} names"
            raise InputError(message, path, line, column=1)
    table = numbers(path, [(line, [row[i] for i in kept]) for line, row in rows[1:]])
    return {header[i]: [row[k] for row in table] for k, i in enumerate(kept)}


def course(name: str, times: Sequence[float], values: Sequence[float], begin: float) -> str | None:
    """Return the table of what an attack shows, or None where it has no row for it.

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
    return write(["time", name], shown) if shown else None


@dataclass(frozen=True)
class Companions:
    """Looks for them.

    Attributes
    ----------
    made : Imported
        Takes the notes.
    wanted : bool
        Whether a missing one stops the import.
    """

    made: Imported
    wanted: bool

    def find(
        self, name: str, key: str, at: Placed, instead: str, folder: bool = False
    ) -> Path | None:
        """Return where a companion lies; None where it is missing and that is not to matter.

        Parameters
        ----------
        name : str
            As the file names it.
        key : str
            What the file calls it.
        at : Placed
            Where.
        instead : str
            What takes its place.
        folder : bool, default False
            Whether it may be one.

        Raises
        ------
        InputError
            If it is missing, and wanted.
        """
        found = tables.find(name, self.made.source.parent, folder)
        if found is None and self.wanted:
            message = (
                f"{key} {name} is missing: put it beside {self.made.source.name}, "
                f"or import --without-companions ({instead})"
            )
            raise at.place.error(message)
        if found is None:
            self.made.note(REPLACED, f"{key} {name} is missing: {instead}", at)
        return found
