"""A mapping read from a file, part of which something else is laid over, checked key by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import InputError, nearest
from twin.files import place_of
from twin.units import duration


@dataclass
class Checked:
    """What every reader of such a mapping asks for; a wrong value is an error at its keys.

    Attributes
    ----------
    data : mapping
        What holds.
    file : mapping
        What stands at `path`, for the places of errors.
    path : Path
    over : mapping
        What is laid over it, read from elsewhere …
    under : str
        … where it stands under this key.
    """

    data: Mapping[str, Any]
    file: Any
    path: Path
    over: Mapping[str, Any]
    under: str

    def fail(self, message: str, *keys: str | int) -> InputError:
        """Return the error of a message, at its keys."""
        if holds(self.over, keys):
            return InputError(message, keys=[self.under, *keys])
        line, column = place_of(self.file, keys)
        return InputError(message, self.path, line, column=column)

    def blamed(self, *places: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """Return which of several places, that do not fit together, is wrong: one laid over."""
        return next((keys for keys in places if holds(self.over, keys)), places[0])

    def known(self, name: str, options: Iterable[str], *keys: str | int) -> None:
        """Refuse a name that is not known."""
        allowed = list(options)
        if name not in allowed:
            raise self.fail(f"unknown name {name!r}: {nearest(str(name), allowed)}", *keys)

    def only(self, found: Iterable[str], options: Iterable[str], *keys: str | int) -> None:
        """Refuse keys that are not known."""
        allowed = list(options)
        for name in found:
            self.known(name, allowed, *keys, name)

    def section(self, mapping: Any, *keys: str | int) -> Mapping[str, Any]:
        """Return a mapping; an empty one for nothing."""
        if mapping is None:
            return {}
        if not isinstance(mapping, Mapping):
            under = next(key for key in reversed(keys) if isinstance(key, str))
            message = f"expected `key: value` lines under {under}, found {mapping!r}"
            raise self.fail(message, *keys)
        return mapping

    def listing(self, found: Any, *keys: str | int) -> list[Any]:
        """Return a list; an empty one for nothing."""
        if found is None:
            return []
        if not isinstance(found, list):
            raise self.fail(f"expected a list under {keys[-1]}, found {found!r}", *keys)
        return found

    def seconds(self, value: Any, *keys: str | int) -> float:
        """Return a duration [s]."""
        try:
            return duration(value)
        except ValueError as error:
            raise self.fail(str(error), *keys) from None

    def whole(self, value: Any, *keys: str | int) -> int:
        """Return a duration of whole seconds, one at least."""
        length = self.seconds(value, *keys)
        if length < 1 or length % 1:
            raise self.fail(f"{value!r} is not a whole number of seconds, 1 s at least", *keys)
        return int(length)

    def flag(self, value: Any, *keys: str | int) -> bool:
        """Return a yes or no."""
        if not isinstance(value, bool):
            raise self.fail(f"{keys[-1]} is true or false, not {value!r}", *keys)
        return value

    def number(self, value: Any, *keys: str | int) -> float:
        """Return a number."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            raise self.fail(f"{keys[-1]} is a number, not {value!r}", *keys)
        return float(value)

    def at_least_0(self, value: Any, *keys: str | int) -> float:
        """Return a number that is not negative."""
        number = self.number(value, *keys)
        if number < 0.0:
            raise self.fail(f"{keys[-1]} is 0 or more, not {value!r}", *keys)
        return number

    def positive(self, value: Any, *keys: str | int) -> float:
        """Return a number above 0."""
        number = self.number(value, *keys)
        if number <= 0.0:
            raise self.fail(f"{keys[-1]} is above 0, not {value!r}", *keys)
        return number

    def share(self, value: Any, *keys: str | int) -> float:
        """Return a probability."""
        number = self.number(value, *keys)
        if not 0.0 <= number <= 1.0:
            raise self.fail(f"{keys[-1]} is a probability, 0 to 1, not {value!r}", *keys)
        return number

    def count(self, value: Any, *keys: str | int) -> int:
        """Return a whole number, 0 to 100."""
        number = self.number(value, *keys)
        if not 0 <= number <= 100 or number % 1:
            raise self.fail(f"{keys[-1]} is a whole number, 0 to 100, not {value!r}", *keys)
        return int(number)


def holds(data: Any, keys: Iterable[str | int]) -> bool:
    """Return whether nested mappings and lists have something at these keys."""
    for key in keys:
        inside = range(len(data)) if isinstance(data, list) else data
        if not isinstance(inside, range | Mapping) or key not in inside:
            return False
        data = data[key]
    return True
