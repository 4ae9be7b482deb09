"""YAML and CSV files, read so that an error can name the line."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from twin.errors import InputError
from twin.yaml_mistakes import malformed, unreadable

SCHEMA_LINE = "# yaml-language-server: $schema="
"""How a YAML file's first line begins that names its JSON Schema, for editors."""


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
    text = read_text(path)
    try:
        # The round-trip loader builds no objects but its own, and keeps line numbers.
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mistake = malformed(error, text)
    except Exception as error:  # on some texts the reader itself breaks, with any of them
        mistake = unreadable(error, text)
    raise InputError(mistake.message, path, mistake.line, column=mistake.column)


_SAVE = "Save it as UTF-8: editors ask for the encoding in Save As"


def read_text(path: Path) -> str:
    """Read a text file in UTF-8, with or without a byte order mark.

    Raises
    ------
    InputError
        If it cannot be read, is in another encoding, or is no text; with line and column.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    marked = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    zeros = max(raw[::2].count(0), raw[1::2].count(0))  # of ASCII, every other byte
    if len(raw) % 2 == 0 and (marked or zeros > len(raw) // 5):
        raise InputError(f"not text in UTF-8, but in UTF-16. {_SAVE}", path)
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, at = before.count(b"\n") + 1, before.rfind(b"\n") + 1
        column = len(before[at:].decode("utf-8-sig", errors="replace")) + 1
        if re.search(rb"[\0-\x08\x0e-\x1f]", raw[:1000]):
            raise InputError("cannot be read: it is not a text file", path) from None
        byte = raw[error.start : error.start + 1]
        shown = byte.decode("cp1252", errors="replace")
        message = f"not text in UTF-8: byte {byte.hex().upper()} (in Windows-1252 {shown}). {_SAVE}"
        raise InputError(message, path, line, column=column) from None


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
    for kind in (bool, int, float, str):  # the reader's own numbers and texts are subclasses
        if isinstance(data, kind):
            return kind(data)
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
        lines = csv.reader(io.StringIO(read_text(path)), strict=strict)
        begin, rows = 1, []
        for row in lines:
            rows += [(begin, [cell.strip() for cell in row])] if row or strict else []
            begin = lines.line_num + 1
        while rows and not rows[-1][1]:
            rows.pop()
        return rows
    except csv.Error as error:
        raise InputError(f"not a CSV table: {error}", path) from None


_LONG = 60  # characters of a value in a message


def shown(value: Any) -> str:
    """Write a value of a file for a message: text in quotes, the rest as YAML, `nothing` for none.

    What is long is cut.
    """
    if value is None:
        return "nothing"
    if isinstance(value, str):
        text = repr(value)
    else:
        try:
            text = flow(plain(value))
        except YAMLError:
            text = str(value) or "nothing"
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def flow(value: Any) -> str:
    """Write data on one line of YAML, as a file may have it."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = True
    yaml.width = 1_000_000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = io.StringIO()
    yaml.dump({"value": value}, out)
    return out.getvalue().strip().removeprefix("{value: ").removesuffix("}")


def folder_beside(out: Path) -> Path:
    """Make an empty folder beside `out`, in which to write what is then renamed to it.

    Raises
    ------
    InputError
        If nothing can be written there.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
