"""An attack built from its `do:` in a scenario file, and written back."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from attacks.annotations import as_written
from attacks.attack import Attack
from attacks.discovery import kinds
from attacks.fields import fields as fields_of
from attacks.fields import hints_of
from attacks.mistakes import explain, plugin_place
from twin.errors import InputError, nearest
from twin.files import flow, plain, shown


def build(do: Mapping[str, Any], folder: Path | None = None, label: str = "attack") -> Attack:
    """Build an attack from the `do:` of a scenario file, like `{offset: {by: 1.0}}`.

    Parameters
    ----------
    do : mapping
    folder : Path, optional
        Where relative paths start; by default the current one.
    label : {"attack", "fault"}
        What it is called where it is wrong.

    Raises
    ------
    InputError
        With the keys of what is wrong, for the reader of the file to find the line.
    """
    known = kinds()
    if len(do) != 1:
        message = f"`do` names one kind of {label}, not {len(do)}: {', '.join(map(str, do))}"
        raise InputError(message + _pairs_meant(do, known))
    ((kind, fields),) = do.items()
    if kind not in known:
        hint = f"{nearest(str(kind), known)} (hydrotwin attacks list)"
        raise InputError(f"unknown {label} {kind!r}: {hint}", keys=[str(kind)])
    if not isinstance(fields, Mapping):
        given = f"nothing: {kind}: {{}} where none is given" if fields is None else shown(fields)
        message = f"the fields of {kind} are `name: value` pairs in braces, not {given}"
        if fields is not None and (names := [field.name for field in fields_of(known[kind])]):
            message += f": write {kind}: {{{names[0]}: {shown(fields)}}}"
        raise InputError(message, keys=[kind])
    cls: Any = known[kind]
    for field in fields_of(cls):
        if field.type == "number" and isinstance(fields.get(field.name), bool):
            message = f"{field.name} is a number, not {shown(fields[field.name])}"
            raise InputError(message, keys=[kind, field.name])
    try:
        return _reader(cls).validate_python(dict(fields), context={"folder": folder})
    except ValidationError as error:
        units = {field.name: field.unit for field in fields_of(cls)}
        reason = explain(error, units)
        like = _like(cls, str(reason.keys[0])) if reason.keys else ""
        raise InputError(reason.message + like, keys=(kind, *reason.keys)) from None
    except Exception as error:
        where = plugin_place(error, cls)
        if where is None:
            raise
        raise InputError(f"{kind} broke at {where}", keys=[kind]) from error


def _reader(cls: type[Attack]) -> TypeAdapter[Attack]:
    """Return what reads a kind's fields; making it takes longer than reading a whole scenario."""
    if cls not in _READERS:
        _READERS[cls] = TypeAdapter(cls)
    return _READERS[cls]


_READERS: dict[type[Attack], TypeAdapter[Attack]] = {}


def _pairs_meant(do: Mapping[str, Any], known: Collection[str]) -> str:
    """Return how a `do` is written whose kind and fields stand beside each other."""
    kinds = [name for name in (*do, *do.values()) if isinstance(name, str) and name in known]
    if len(kinds) != 1:
        return f"; each further one takes an entry of its own{'' if do else ', like drop: {}'}"
    fields = {key: value for key, value in do.items() if kinds[0] not in (key, value)}
    return (
        f"; the fields stand in braces behind the kind: {{{flow(plain({kinds[0]: fields}))[1:-1]}}}"
    )


def _like(cls: type[Attack], name: str) -> str:
    """Return an example of a field that is a list, a mapping or a file, to end a message with."""
    examples = [field.example for field in fields_of(cls) if field.name == name]
    return f" (like {flow(examples[0])})" if examples and examples[0] is not None else ""


def as_data(attack: Attack) -> dict[str, Any]:
    """Return an attack's fields as a scenario file writes them, without those left at default."""
    hints = hints_of(type(attack))
    values = {field: getattr(attack, field.name) for field in dataclasses.fields(attack)}
    return {
        field.name: as_written(value, hints[field.name])
        for field, value in values.items()
        if value != field.default
    }
