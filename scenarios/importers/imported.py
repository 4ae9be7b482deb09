"""An import's result: a scenario, what each of its lines came from, and notes on what differs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from scenarios.definition.keys import REQUIRED
from twin.errors import InputError, nearest
from twin.files import flow

WIDTH = 100
SUNDAY = date(2026, 1, 4)
"""The start of an experiment whose tool knows no dates: C-Town's week begins on a Sunday."""
_LISTS = ("attacks", "faults")
LEFT_OUT = "left out"
DIFFERS = "differs"
REPLACED = "replaced"
MOVED = "moved"
READ_AS = "read as"
"""The kinds of a note. Of a line of the file it says: it is not in the scenario; it does not do
quite the same here; the plant's own took the place of a missing file; another PLC or link carries
it here; how something that can be understood in two ways was understood."""


@dataclass(frozen=True)
class Place:
    """Where something stands in an imported file.

    Attributes
    ----------
    file : Path
        It, or one that it includes or names.
    line, column : int
        Both from 1.
    """

    file: Path
    line: int
    column: int = 1

    def error(self, message: str) -> InputError:
        """Return an error that stands here."""
        return InputError(message, self.file, self.line, column=self.column)


class Placed(Protocol):
    """A part of an imported file: a word or a line of a `.cpa` file, a value of a YAML file."""

    @property
    def place(self) -> Place:
        """Return where it begins."""


@dataclass(frozen=True)
class Note:
    """What the user of an imported scenario must know of it.

    Attributes
    ----------
    kind : str
        One of the five above.
    text : str
    file : str
        The imported file's name, or that of a file it includes.
    line, column : int or None
        Of it, from 1; None for what concerns all of it.
    """

    kind: str
    text: str
    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.kind}: {self.text}"


@dataclass
class Imported:
    """A scenario made of another tool's file, key by key.

    Attributes
    ----------
    source : Path
        The imported file.
    peer : str
        The tool it is of.
    data : dict
        The scenario, as `scenarios.definition.schema.from_data` takes it.
    comments : dict
        What of the file each key of `data` came from, by the path of keys to it.
    notes : list of Note
    tables : dict of str to str
        CSV files the scenario needs beside itself: the end of each one's name → its text.
    """

    source: Path
    peer: str
    data: dict[str, Any] = field(default_factory=dict)
    comments: dict[tuple[str | int, ...], str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    tables: dict[str, str] = field(default_factory=dict)

    def put(self, key: str, value: Any, comment: str) -> None:
        """Set a key of the scenario, and say where it came from."""
        self.data[key] = value
        self.comments[(key,)] = comment

    def add(self, kind: str, entry: Mapping[str, tuple[Any, str]]) -> None:
        """Append an entry to `attacks` or `faults`: each of its fields with its comment."""
        entries = self.data.setdefault(kind, [])
        place = len(entries)
        entries.append({key: value for key, (value, _) in entry.items()})
        for key, (_, comment) in entry.items():
            self.comments[(kind, place, key)] = comment

    def require_pressure(self, pressure: float, comment: str, at: Placed | None = None) -> None:
        """Set the pressure [m] at which a demand is met in full."""
        low, high = REQUIRED
        kept = min(max(pressure, low), high)
        if kept != pressure:
            limits = f"of {low:g} to {high:g}"
            text = f"a demand is met in full at {pressure:g} m; here at {kept:g} m, {limits}"
            self.note(DIFFERS, text, at)
        self.put("required_pressure", kept, comment)

    def note(self, kind: str, text: str, at: Placed | None = None) -> None:
        """Add a note, once: on a place of the file, or, without `at`, on all of it."""
        note = Note(kind, text, self.source.name)
        if at is not None:
            note = Note(kind, text, at.place.file.name, at.place.line, at.place.column)
        if note not in self.notes:
            self.notes.append(note)

    def free_name(self, wish: str) -> str:
        """Return a name for an entry that no other has: `wish`, or `wish-2` and so on."""
        base = re.sub(r"[^\w.-]+", "_", wish).strip("._") or "attack"
        taken = {entry["name"] for kind in _LISTS for entry in self.data.get(kind, [])}
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        return name

    def name_tables(self, names: Mapping[str, str]) -> None:
        """Put the file names of `tables` where the scenario has the keys of `tables` till then."""
        if self.data.get("demands") in names:
            self.data["demands"] = names[self.data["demands"]]
        for entry in self.data.get("attacks", []):
            fields = entry["do"].get("table")
            if fields is not None:
                fields["file"] = names[fields["file"]]

    def to_yaml(self) -> str:
        """Return the scenario file's text."""
        lines = [f"# Imported from {self.source.name} ({self.peer})."]
        if self.notes:
            lines += ["#", "# What is not the same here, or is not here at all:"]
            for note in self.notes:
                lines += _wrapped(str(note), "#  - ", "#    ")
        for key, value in self.data.items():
            if key not in _LISTS:
                lines += _key(key, value, self.comments.get((key,), ""))
                continue
            lines += _line(f"{key}:", self.comments.get((key,), ""))
            for place, entry in enumerate(value):
                for number, (name, content) in enumerate(entry.items()):
                    start = "    " if number else "  - "
                    comment = self.comments.get((key, place, name), "")
                    lines += _line(f"{start}{name}: {flow(content)}", comment)
        return "\n".join(lines) + "\n"


def _key(key: str, value: Any, comment: str, indent: str = "") -> list[str]:
    """Return a key with its value: on one line, or, where that is long, a line for each inside."""
    whole = f"{indent}{key}: {flow(value)}"
    if len(whole) <= WIDTH or not isinstance(value, Mapping):
        return _line(whole, comment)
    lines = _line(f"{indent}{key}:", comment)
    for inside, held in value.items():
        lines += _key(flow(inside), held, "", indent + "  ")
    return lines


def _line(text: str, comment: str) -> list[str]:
    """Return a line with its comment behind it, or in front where both are long."""
    comment = " ".join(comment.split())
    if not comment:
        return [text]
    column = max(len(text) + 2, 44)
    if column + 2 + len(comment) <= WIDTH:
        return [f"{text:<{column}}# {comment}"]
    indent = " " * (len(text) - len(text.lstrip()))
    return [*_wrapped(comment, f"{indent}# ", f"{indent}# "), text]


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    """Break a text into lines, each with what stands before it."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def hint(name: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant, in parentheses; empty if none is near."""
    near = nearest(name, known)
    return f" ({near})" if near.startswith("did you mean") else ""
