"""YAML files, read so that an error can name the line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from twin.errors import InputError


def read_yaml(path: Path) -> CommentedMap:
    """Read a YAML 1.2 file whose top level is a mapping.

    Raises
    ------
    InputError
        If it is missing, unreadable, not YAML or not a mapping; with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", path) from None
    try:
        # The round-trip loader builds no objects but its own, and keeps line numbers.
        data = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise InputError(f"not valid YAML: {error.problem or error.context}", path, line) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"not valid YAML: {error}", path, _impossible_date(text)) from None
    if not isinstance(data, CommentedMap):
        found = {type(None): "nothing", CommentedSeq: "a list"}.get(type(data), repr(data))
        raise InputError(f"expected `key: value` lines at the top level, found {found}", path, 1)
    return data


def _impossible_date(text: str) -> int | None:
    """Return the line of the first date that no calendar has: YAML's reader does not say."""
    for number, line in enumerate(text.splitlines(), start=1):
        for written in re.findall(r"\b\d{4}-\d\d-\d\d\b", line):
            try:
                date.fromisoformat(written)
            except ValueError:
                return number
    return None


def line_of(data: Any, keys: Sequence[str | int]) -> int | None:
    """Return the line, from 1, of the deepest of nested `keys` that the file really has."""
    line: int | None = None
    for key in keys:
        if isinstance(data, CommentedMap) and key in data:
            line = data.lc.key(key)[0] + 1
            data = data[key]
        elif isinstance(data, CommentedSeq) and isinstance(key, int) and key < len(data):
            line = data.lc.item(key)[0] + 1
            data = data[key]
        else:
            break
    return line
