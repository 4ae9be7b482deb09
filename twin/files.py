"""YAML and CSV files, read so that an error can name the line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, StringMark

from twin.errors import InputError

SCHEMA_LINE = "# yaml-language-server: $schema="
"""How a YAML file's first line begins that names its JSON Schema, for editors."""

_CLOSED_BY = {"{": "}", "[": "]", '"': '"', "'": "'"}


def read_yaml(path: Path) -> CommentedMap:
    """Read a YAML 1.2 file whose top level is a mapping.

    Raises
    ------
    InputError
        If it is missing, unreadable, not YAML or not a mapping; with file and line.
    """
    data = load_yaml(path)
    if not isinstance(data, CommentedMap):
        found = {type(None): "nothing", CommentedSeq: "a list"}.get(type(data), repr(data))
        message = f"expected `key: value` lines at the top level, found {found}"
        raise InputError(message, path, 1, column=1)
    return data


def load_yaml(path: Path) -> Any:
    """Read a YAML 1.2 file, whatever its top level is; its tags stay tags.

    Raises
    ------
    InputError
        If it is missing, unreadable or not YAML; with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise InputError(f"cannot be read: {error}", path, line, column=column) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error}", path) from None
    try:
        # The round-trip loader builds no objects but its own, and keeps line numbers.
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        message, mark = _malformed(error, text)
        line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        raise InputError(message, path, line, column=column) from None
    except Exception as error:  # on some texts the reader itself breaks, with any of them
        message, line, column = _unreadable(error, text)
        raise InputError(message, path, line, column=column) from None


def _malformed(error: MarkedYAMLError, text: str) -> tuple[str, StringMark | None]:
    """Say what is wrong with a text that is no YAML, and where.

    What opens on an earlier line than the one where it had to be closed is blamed itself.
    """
    start, end = error.context_mark, error.problem_mark
    if start is not None and end is not None and start.line < end.line:
        opened = text.splitlines()[start.line][start.column : start.column + 1]
        if opened in _CLOSED_BY:
            here = f"not valid YAML: the {opened} that opens here is not closed"
            return f"{here}: a {_CLOSED_BY[opened]} is missing before line {end.line + 1}", start
    message = f"not valid YAML: {error.problem or error.context}"
    if "mapping values" in message:
        message += " (no blank after a colon within a value, or put the value in quotes)"
    return message, end or start


def _unreadable(error: Exception, text: str) -> tuple[str, int, int]:
    """Say what YAML's reader gives up on without saying where: message, line and column.

    It is the first character that no text has, or else the first date that no calendar has.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        control = re.search(r"[^\t -~\x85\xa0-\U0010ffff]", line)
        if control:
            return f"not valid YAML: {error}", number, control.start() + 1
        for written in re.finditer(r"\b\d{4}-\d\d-\d\d(?!\d)([Tt ]+\d\d?:\d\d:\d\d)?", line):
            try:
                datetime.fromisoformat(re.sub("[Tt ]+", "T", written[0]))
            except ValueError as reason:
                message = f"{written[0]} is no date of the calendar: {reason}"
                return message, number, written.start() + 1
    return f"not valid YAML: {error}", 1, 1


def place_of(data: Any, keys: Sequence[str | int]) -> tuple[int, int]:
    """Return line and column, from 1, of the deepest of nested `keys` that the file really has."""
    line, column = 0, 0
    for key in keys:
        known = isinstance(data, CommentedMap | CommentedSeq) and key in (data.lc.data or {})
        if not known:
            break
        line, column = data.lc.data[key][:2]
        data = data[key]
    return line + 1, column + 1


def plain(data: Any) -> Any:
    """Return nested mappings and lists without what a YAML reader adds to them."""
    if isinstance(data, Mapping):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    return str(data) if isinstance(data, date) else data


def read_table(path: Path, columns: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV file that has just these columns, and the line each begins on.

    Raises
    ------
    InputError
        As `read_csv`; if the columns are others, or a row has more or fewer cells.
    """
    (line, header), *rows = read_csv(path) or [(1, [])]
    expected = ",".join(columns)
    if header != list(columns):
        raise InputError(f"the columns are {','.join(header)!r}, not {expected!r}", path, line)
    for line, row in rows:
        if len(row) != len(columns):
            fields = f"{len(row)} field{'s' if len(row) > 1 else ''}"
            raise InputError(f"{fields}, not {len(columns)} ({expected})", path, line)
    return rows


def read_csv(path: Path, *, strict: bool = False) -> list[tuple[int, list[str]]]:
    """Return a CSV file's rows, the first its header, and the line each begins on.

    Blanks around cells, empty rows and a byte order mark are left out.

    Parameters
    ----------
    path : Path
    strict : bool, default False
        Whether a wrong quotation mark is an error, and an empty row between others is kept.

    Raises
    ------
    InputError
        If it cannot be read, or is no CSV file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=strict)
            begin, rows = 1, []
            for row in lines:
                rows += [(begin, [cell.strip() for cell in row])] if row or strict else []
                begin = lines.line_num + 1
            while rows and not rows[-1][1]:
                rows.pop()
            return rows
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    except UnicodeDecodeError as error:
        raise InputError(f"not text in UTF-8: {error}. Save it as UTF-8", path) from None
    except csv.Error as error:
        raise InputError(f"not a CSV table: {error}", path) from None


def flow(value: Any) -> str:
    """Write data on one line of YAML, as a file may have it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = True
    yaml.width = 1_000_000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump({"value": value}, out)
    return out.getvalue().strip().removeprefix("{value: ").removesuffix("}")
