"""DHALSIM's YAML files, which include others: each value with its file, line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar

from scenarios.importers import tables
from scenarios.importers.imported import Place
from twin.errors import InputError, nearest
from twin.files import load_yaml

_DEEPEST = 10  # files within files; more is a ring
_LARGEST = 1e12


@dataclass(frozen=True)
class Node:
    """A value of a YAML file, with its place.

    Attributes
    ----------
    data : object
        Mapping, list, text, number or None.
    file : Path
    line, column : int
        From 1.
    name : str
        Its key, for messages.
    """

    data: Any
    file: Path
    line: int
    column: int
    name: str = ""

    @property
    def place(self) -> Place:
        """Return where it is."""
        return Place(self.file, self.line, self.column)

    def fail(self, message: str) -> InputError:
        """Return an error at this place."""
        return self.place.error(message)

    def __contains__(self, key: str) -> bool:
        value = self.data.get(key) if isinstance(self.data, CommentedMap) else None
        return (value.data if isinstance(value, Node) else value) is not None

    def keys(self) -> list[str]:
        """Return the keys of a mapping."""
        if not isinstance(self.data, CommentedMap):
            raise self.fail(f"{self.name} is written as `key: value` lines, not {self.data!r}")
        return [str(key) for key in self.data]

    def get(self, key: str) -> Node:
        """Return the value of a key; one that is not there is an error."""
        if key not in self.keys() or key not in self:
            present = [k for k in self.keys() if k != key]
            raise self.fail(f"{self.name or 'this'} needs {key!r}; it has {', '.join(present)}")
        value = self.data[key]
        if isinstance(value, Node):
            return replace(value, name=key)
        return replace(self.key(key, of_value=not isinstance(value, list | dict)), data=value)

    def key(self, key: str, of_value: bool = False) -> Node:
        """Return a node without data at a key, or at its value.

        What a merge key, `<<`, brought in stands elsewhere: it has the place of the whole mapping.
        """
        written = next(k for k in self.data if str(k) == key)  # `1:` is a number
        if written not in (self.data.lc.data or {}):
            return Node(None, self.file, self.line, self.column, key)
        line, column = self.data.lc.value(written) if of_value else self.data.lc.key(written)
        return Node(None, self.file, line + 1, column + 1, key)

    def either(self, *keys: str) -> Node | None:
        """Return the value of the first of several keys that is there, or None."""
        return next((self.get(key) for key in keys if key in self), None)

    def items(self) -> Iterator[Node]:
        """Yield the items of a list; a single mapping stands for a list of it."""
        if isinstance(self.data, CommentedMap):
            yield self
            return
        if not isinstance(self.data, list):
            raise self.fail(f"{self.name} is a list, not {self.data!r}")
        for place, item in enumerate(self.data):
            at = (self.line - 1, self.column - 1)
            if isinstance(self.data, CommentedSeq) and self.data.lc.data:
                at = self.data.lc.item(place)
            yield Node(item, self.file, at[0] + 1, at[1] + 1, self.name)

    def text(self) -> str:
        """Return a text."""
        if isinstance(self.data, list | CommentedMap) or self.data is None:
            raise self.fail(f"{self.name} is one word, not {self.data!r}")
        return str(self.data)

    def texts(self) -> list[str]:
        """Return a list of texts; a single one stands for a list of it."""
        if isinstance(self.data, list):
            return [item.text() for item in self.items()]
        return [self.text()]

    def number(self) -> float:
        """Return a number."""
        if isinstance(self.data, int | float) and not isinstance(self.data, bool):
            if abs(self.data) <= _LARGEST:
                return float(self.data)
            raise self.fail(f"{self.name} is a number of -1e12 to 1e12")
        raise self.fail(f"{self.name} is a number, not {self.data!r}")

    def off(self) -> bool:
        """Return whether it is false: a word for it of YAML 1.1, which DHALSIM reads, will do."""
        return str(self.data).casefold() in ("false", "no", "off")

    def whole(self) -> int:
        """Return a whole number, 0 or more."""
        value = self.number()
        if value % 1 or value < 0:
            raise self.fail(f"{self.name} is a whole number, 0 or more, not {self.data!r}")
        return int(value)

    def word(self, *known: str) -> str:
        """Return one of some words, whatever its case."""
        word = self.text().casefold()
        if word not in known:
            raise self.fail(f"{self.name} {self.text()!r}: {nearest(word, known)}")
        return word


Missing = Callable[[str, Node], "Node | None"]
"""Called for an included file that is missing: raises, or returns what takes its place."""


def read(path: Path, missing: Missing) -> Node:
    """Read a file and all it includes.

    Raises
    ------
    InputError
        With file, line and column, if it cannot be read or is no YAML.
    """
    return _read(path, path.parent, missing, 0)


def _read(path: Path, folder: Path, missing: Missing, depth: int) -> Node:
    if depth > _DEEPEST:
        raise InputError("it includes itself, over others", path)
    node = Node(load_yaml(path), path, 1, 1, path.name)
    _include(node, folder, missing, depth)
    return node


def _include(node: Node, folder: Path, missing: Missing, depth: int) -> None:
    data = node.data
    places: list[Any] = []
    if isinstance(data, CommentedMap):
        places = list(data)
    elif isinstance(data, CommentedSeq):
        places = list(range(len(data)))
    for place in places:
        value = data[place]
        merged = place not in (data.lc.data or {})  # it came in by `<<`
        at = (node.line - 1, node.column - 1) if merged else data.lc.data[place][:2]
        here = Node(value, node.file, at[0] + 1, at[1] + 1, str(place))
        if not isinstance(value, TaggedScalar):
            _include(here, folder, missing, depth)
            continue
        tag, name = str(value.tag.value), str(value.value)
        if tag != "!include":
            raise here.fail(f"{tag} is no tag of DHALSIM's files; it knows !include")
        included = tables.find(name, folder)
        data[place] = (
            missing(name, here) if included is None else _read(included, folder, missing, depth + 1)
        )
