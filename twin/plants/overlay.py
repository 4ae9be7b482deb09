"""A mapping read from a file, part of which a scenario says otherwise; errors name the place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import InputError
from twin.files import place_of


@dataclass(frozen=True)
class Overlay:
    """A file's mapping, and what is laid over it.

    Attributes
    ----------
    file : mapping
        What stands at `path`.
    path : Path
    over : mapping
        What a scenario says instead …
    under : str
        … where it stands under this key.
    """

    file: Mapping[str, Any]
    path: Path
    over: Mapping[str, Any]
    under: str

    @property
    def laid(self) -> Any:
        """The file's mapping with what is laid over it."""
        return _laid_over(self.file, self.over)

    def fail(self, message: str, *keys: str | int) -> InputError:
        """Return the error of a message: at its keys in the scenario, or its line in the file."""
        if _has(self.over, keys):
            return InputError(message, keys=[self.under, *keys])
        line, column = place_of(self.file, keys)
        return InputError(message, self.path, line, column=column)

    def blamed(self, *places: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """Return which of several places that contradict each other is wrong: one laid over."""
        return next((keys for keys in places if _has(self.over, keys)), places[0])


def _laid_over(data: Any, over: Any) -> Any:
    if isinstance(data, Mapping) and over is None:
        return data
    if not isinstance(data, Mapping) or not isinstance(over, Mapping):
        return over
    return {
        **data,
        **{key: _laid_over(data[key], v) if key in data else v for key, v in over.items()},
    }


def _has(data: Any, keys: Iterable[str | int]) -> bool:
    """Return whether nested mappings and lists have something at these keys."""
    for key in keys:
        inside = range(len(data)) if isinstance(data, list) else data
        if not isinstance(inside, range | Mapping) or key not in inside:
            return False
        data = data[key]
    return True
