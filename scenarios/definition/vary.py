"""Fields of a scenario by their dotted path: `seed`, `attacks.spoof.do.offset.by`.

A path goes through the scenario as its file has it. An entry of `attacks` or `faults` is named by
its name, or by its place from 0; so are orders of the `operator` by their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any

from twin.errors import InputError, nearest

_ENTRIES = ("attacks", "faults")


def keys_of(data: Mapping[str, Any], path: str) -> tuple[str | int, ...]:
    """Return the keys and places at which a path lies in a scenario's data.

    Raises
    ------
    InputError
        If it goes through an entry that there is not, into a kind the entry is not of, or beyond
        a value. The last keys of a path may be missing in the data: they are left at default.
    """
    keys: list[str | int] = []
    here: Any = data
    rest = path
    while rest:
        where = ".".join(map(str, keys)) or "the scenario"
        if isinstance(here, list):
            place, rest = _place(here, rest, path, where)
            keys.append(place)
            here = here[place]
        elif isinstance(here, Mapping):
            key, rest = _key(here, rest)
            if len(keys) == 3 and keys[0] in _ENTRIES and keys[2] == "do" and key not in here:
                kind = ", ".join(here)
                raise InputError(f"{path}: this entry's kind is {kind}, not {key}")
            if not keys and rest and key in _ENTRIES and key not in here:
                raise InputError(f"{path}: the scenario has no {key}")
            keys.append(key)
            here = here.get(key, {})
        else:
            raise InputError(f"{path}: {where} is {here!r}, which has no fields")
    if not keys:
        raise InputError("a field's path is empty: write one like seed or attacks.NAME.when.from")
    return tuple(keys)


def _place(entries: list[Any], rest: str, path: str, where: str) -> tuple[int, str]:
    """Return the place of the entry whose name, or place, a path goes on with, and its rest."""
    names = {str(place): place for place in range(len(entries))}
    named = {
        str(entry["name"]): place
        for place, entry in enumerate(entries)
        if isinstance(entry, Mapping) and "name" in entry
    }
    key, after = _key(names | named, rest)
    if key not in names | named:
        hint = nearest(key, named or names)
        raise InputError(f"{path}: nothing called {key!r} in {where}: {hint}")
    return (names | named)[key], after


def _key(known: Mapping[str, Any], rest: str) -> tuple[str, str]:
    """Return the key that a path begins with, the longest known, and the path after it."""
    dotted = [key for key in known if "." in key and f"{rest}.".startswith(f"{key}.")]
    key = max(dotted, key=len, default=rest.partition(".")[0])
    return key, rest[len(key) + 1 :]


def lookup(data: Any, path: str) -> Any:
    """Return the value at a path in a scenario's data; None where it is left at default."""
    here = data
    for key in keys_of(data, path):
        if isinstance(here, Mapping) and key not in here:
            return None
        here = here[key]
    return here


def assign(data: dict[str, Any], path: str, value: object) -> tuple[str | int, ...]:
    """Set the value at a path in a scenario's data, in place, and return the keys it lies at."""
    keys = keys_of(data, path)
    here: Any = data
    for key in keys[:-1]:
        if isinstance(here, Mapping) and not isinstance(here.get(key), Mapping | list):
            here[key] = {}  # type: ignore[index]
        here = here[key]
    here[keys[-1]] = written(value)
    return keys


def written(value: Any) -> Any:
    """Return a Python value as a scenario file writes it: plain numbers, lists and texts."""
    if hasattr(value, "tolist"):  # of numpy
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): written(each) for key, each in value.items()}
    if isinstance(value, list | tuple | range):
        return [written(each) for each in value]
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, date | PurePath | str):
        return str(value)
    for kind in (bool, int, float):  # YAML's reader has kinds of its own
        if isinstance(value, kind):
            return kind(value)
    return value
