"""The fields of a kind in words, read from their type annotations.

A field's annotation has its type, its `Unit`, and a pydantic `Field` with bounds, what it means
(`description`) and how it is written (`examples`, for lists, mappings and files).
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic.fields import FieldInfo

from attacks.annotations import as_written, unit_of
from twin.files import flow

if TYPE_CHECKING:
    from attacks.attack import Attack

_PLAIN = {float: "number", int: "whole number", str: "text", bool: "true or false", Path: "file"}
_UNITS = {"tag": "in the tag's unit", "setting": "open, closed or a relative speed", "": ""}
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


@dataclass(frozen=True)
class FieldWords:
    """A field of a kind, for people to read.

    Attributes
    ----------
    name, type, unit : str
        `type` says what a list or a mapping holds, with units; `unit` is that of a single number.
    default : str
        As a file writes it; `required`, or `none`.
    bounds : str
        Of a number.
    about : str
        What it means, where its name and the kind's own words do not say.
    example : Any
        Of a list, a mapping or a file, as data; None of anything else.
    """

    name: str
    type: str
    unit: str
    default: str
    bounds: str
    about: str
    example: Any

    def __str__(self) -> str:
        """Write it on one line."""
        unit = "" if self.unit == "s" else _UNITS.get(self.unit, f"in {self.unit}")
        default = self.default if self.default == "required" else f"default {self.default}"
        facts = ", ".join(fact for fact in (self.type, unit, self.bounds, default) if fact)
        line = f"{self.name} ({facts})"
        line += f": {self.about}" if self.about else ""
        return line + (f", like {flow(self.example)}" if self.example is not None else "")


def hints_of(cls: type[Attack]) -> dict[str, Any]:
    """Return the types of a kind's fields, with what annotates them; not to be changed."""
    if cls not in _HINTS:
        _HINTS[cls] = typing.get_type_hints(cls, include_extras=True)
    return _HINTS[cls]


def fields(cls: type[Attack]) -> tuple[FieldWords, ...]:
    """Return each field of a kind in words."""
    if cls not in _WORDS:
        _WORDS[cls] = _in_words(cls)
    return _WORDS[cls]


_HINTS: dict[type[Attack], dict[str, Any]] = {}
_WORDS: dict[type[Attack], tuple[FieldWords, ...]] = {}


def _in_words(cls: type[Attack]) -> tuple[FieldWords, ...]:
    hints = hints_of(cls)
    rows = []
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        info = [part for part in _extras(hint) if isinstance(part, FieldInfo)]
        examples = [example for part in info for example in part.examples or ()]
        rows.append(
            FieldWords(
                name=field.name,
                type=_type(hint),
                unit=unit_of(hint),
                default=_default(field, hint),
                bounds=_bounds(info),
                about=next((part.description for part in info if part.description), ""),
                example=examples[0] if examples else None,
            )
        )
    return tuple(rows)


def is_nested(hint: Any) -> bool:
    """Return whether a field of this type is a list or a mapping."""
    return typing.get_origin(_bare(hint)) in (tuple, dict, Mapping)


def _bare(hint: Any) -> Any:
    """Return a type without what annotates it, and without `| None`."""
    if typing.get_origin(hint) is Annotated:
        return _bare(typing.get_args(hint)[0])
    options = typing.get_args(hint)
    some = [option for option in options if option is not NoneType]
    return _bare(some[0]) if len(some) == 1 and len(options) == 2 else hint


def _extras(hint: Any) -> Iterator[Any]:
    """Yield what annotates a type, and the options of a union."""
    if typing.get_origin(hint) is Annotated:
        plain, *extras = typing.get_args(hint)
        yield from extras
        yield from _extras(plain)
    elif NoneType in typing.get_args(hint):
        for option in typing.get_args(hint):
            yield from _extras(option)


def _type(hint: Any, inside: bool = False) -> str:
    """Say what a field of this type holds; `inside` a list or mapping, with its unit."""
    unit, plain = unit_of(hint), _bare(hint)
    if unit == "s":
        return "duration"
    origin, inner = typing.get_origin(plain), typing.get_args(plain)
    if origin is tuple and inner[-1] is Ellipsis:
        return f"list of {_type(inner[0], True)}"
    if origin is tuple:
        return f"[{', '.join(_type(part, True) for part in inner)}]"
    if origin in (dict, Mapping):
        return f"{{name: {_type(inner[1], True)}}}"
    if origin is Literal:
        return " or ".join(map(str, inner))
    if inner:
        return " or ".join(dict.fromkeys(_type(part) for part in inner if part is not NoneType))
    words = _PLAIN.get(plain, str(plain))
    return f"{words} {_UNITS.get(unit, f'in {unit}')}" if inside and unit else words


def _default(field: dataclasses.Field[Any], hint: Any) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    return "none" if field.default is None else flow(as_written(field.default, hint))


def _bounds(info: list[FieldInfo]) -> str:
    bounds = [
        f"{words} {getattr(limit, key):g}"
        for part in info
        for limit in part.metadata
        for key, words in _BOUNDS.items()
        if getattr(limit, key, None) is not None
    ]
    return " and ".join(bounds)
