"""A CSV file as columns of text: its encoding and separator found, its damage named by line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.errors import DataError

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Attributes
    ----------
    path : Path
    written : tuple of str
        Column names as they stand in the file.
    heads : tuple of str
        The same without blanks around them.
    columns : list of tuple of str
        Cells without blanks around them, column by column, each ``(T,)``.
    lines : tuple of int
        The line of the file on which each row begins, ``(T,)``.
    notes : tuple of str
        What is unusual about the file, in words.
    """

    path: Path
    written: tuple[str, ...]
    heads: tuple[str, ...]
    columns: list[tuple[str, ...]]
    lines: tuple[int, ...]
    notes: tuple[str, ...]

    def error(self, message: str, row: int | None = None) -> DataError:
        """Return an error about a row, counted from 0, or about the header."""
        line = 1 if row is None else self.lines[row]
        return DataError(f"{self.path}:{line}: {message}")

    def named(self, place: int) -> str:
        """Return how a column is called in messages."""
        return self.heads[place] or f"column {place + 1} (no name)"


def read_sheet(path: Path) -> Sheet:
    """Read a CSV file in UTF-8 or UTF-16, separated by commas, semicolons or tabs.

    Raises
    ------
    DataError
        If it cannot be read, is cut, or is no such table; with file and line.
    """
    text, notes = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    if separator != ",":
        notes.append(f"columns separated by {SEPARATORS[separator]}")
    rows = _rows(path, text, separator)
    if len(rows) < 2:
        raise DataError(
            f"{path}: holds no rows: a record has a line of column names, then a row an hour."
        )
    (_, heads), *body = rows
    if all(len(row) == len(heads) + 1 and row[0] == str(k) for k, (_, row) in enumerate(body, 1)):
        heads = ["", *heads]  # the row numbers of R, over which it writes no name
    _check_widths(path, heads, body)
    names = tuple(head.strip() for head in heads)
    columns = list(zip(*([cell.strip() for cell in row] for _, row in body), strict=True))
    lines = tuple(line for line, _ in body)
    return Sheet(path, tuple(heads), names, columns, lines, tuple(notes))


def _text(path: Path) -> tuple[str, list[str]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not a text file in UTF-8 (byte {error.start}: {error.reason}). "
            "Save it as CSV in UTF-8."
        ) from error
    return text, ["text in UTF-16"] if wide else []


def _rows(path: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Return rows and the lines they begin on, without empty ones at either end."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, begin = [], 1
    try:
        for row in reader:
            rows.append((begin, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not a CSV table: {error}.") from error
    filled = [place for place, (_, row) in enumerate(rows) if any(cell.strip() for cell in row)]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def _check_widths(path: Path, heads: Sequence[str], body: list[tuple[int, list[str]]]) -> None:
    for line, row in body:
        if len(row) != len(heads):
            hint = "the file is cut or damaged."
            if len(row) > len(heads):
                hint = "numbers with a decimal comma need semicolons between the columns."
            raise DataError(
                f"{path}:{line}: {len(row)} fields where the header names {len(heads)}: {hint}"
            )
