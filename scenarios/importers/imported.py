"""What an import makes: a scenario as data, where each of its lines came from, and the notes."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from twin.errors import InputError
from twin.files import flow

WIDTH = 100
SUNDAY = date(2026, 1, 4)
"""Where an experiment starts whose tool knows no dates: C-Town's week begins on one."""
_LISTS = ("attacks", "faults")
LEFT_OUT, DIFFERS, REPLACED, MOVED, READ_AS = (
    "left out",
    "differs",
    "replaced",
    "moved",
    "read as",
)
"""What a note says of a line: it is not in the scenario; it does not do quite the same here; a
missing file's place was taken by the plant's own; another PLC or link carries it here; how
something that can be understood in two ways was understood."""


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
    """What knows where it stands: a word or a line of a `.cpa` file, a value of a YAML file."""

    @property
    def place(self) -> Place:
        """Return where it begins."""


@dataclass(frozen=True)
class Note:
    """Something a reader of the imported file must know.

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
    """A scenario in the making.

    Attributes
    ----------
    source : Path
        The imported file.
    peer : str
        Whose it is.
    data : dict
        What a scenario file says, as `scenarios.definition.schema.from_data` takes it.
    comments : dict
        Where each of its lines came from, by the keys that lead there.
    notes : list of Note
    tables : dict of str to str
        CSV files the scenario needs beside itself: what their names end in → their text.
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

    def require(self, pressure: float, comment: str, at: Placed | None = None) -> None:
        """Set the pressure [m] at which a demand is met in full."""
        kept = min(max(pressure, 0.1), 100.0)
        if kept != pressure:
            text = f"a demand is met in full at {pressure:g} m; here at {kept:g} m, of 0.1 to 100"
            self.note(DIFFERS, text, at)
        self.put("required_pressure", kept, comment)

    def note(self, kind: str, text: str, at: Placed | None = None) -> None:
        """Add a note, once: on a place of the file, or, without `at`, on all of it."""
        made = Note(kind, text, self.source.name)
        if at is not None:
            made = Note(kind, text, at.place.file.name, at.place.line, at.place.column)
        if made not in self.notes:
            self.notes.append(made)

    def named(self, wish: str) -> str:
        """Return a name for an entry that no other has."""
        base = re.sub(r"[^\w.-]+", "_", wish).strip("._") or "attack"
        taken = {entry["name"] for kind in _LISTS for entry in self.data.get(kind, [])}
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        return name

    def name_tables(self, names: Mapping[str, str]) -> None:
        """Name the files of `tables` in the scenario, which calls them by their keys till then."""
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
                lines += textwrap.wrap(
                    f"{note}",
                    WIDTH,
                    initial_indent="#  - ",
                    subsequent_indent="#    ",
                    break_long_words=False,
                    break_on_hyphens=False,
                )
        for key, value in self.data.items():
            if key not in _LISTS:
                lines += _key(key, value, self.comments.get((key,), ""))
                continue
            lines += _line(f"{key}:", self.comments.get((key,), ""))
            for place, entry in enumerate(value):
                for field_name, said in entry.items():
                    start = "  - " if field_name == next(iter(entry)) else "    "
                    comment = self.comments.get((key, place, field_name), "")
                    lines += _line(f"{start}{field_name}: {flow(said)}", comment)
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
    wrapped = textwrap.wrap(
        comment,
        WIDTH - len(indent) - 2,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [*(f"{indent}# {part}" for part in wrapped), text]
