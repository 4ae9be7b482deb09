"""The registered kinds of attack, by the name scenario files use."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from inspect import cleandoc
from typing import TypeVar

from attacks.attack import Attack

_KINDS: dict[str, type[Attack]] = {}
_A = TypeVar("_A", bound=Attack)


def register(kind: str) -> Callable[[type[_A]], type[_A]]:
    """Make a class known to scenario files as `do: {kind: …}`.

    Raises
    ------
    ValueError
        If another class has that name, or a field that of one of an attack's own methods.
    """

    def known(cls: type[_A]) -> type[_A]:
        if kind in _KINDS:
            raise ValueError(f"attack {kind!r} is already {_KINDS[kind].__qualname__}")
        for field in dataclasses.fields(cls):
            if hasattr(Attack, field.name):
                raise ValueError(f"a field {field.name!r} would hide what every attack has: rename")
        cls.kind = kind
        _KINDS[kind] = cls
        return cls

    return known


def registered() -> dict[str, type[Attack]]:
    """Return the kinds registered so far, by name in alphabetical order."""
    return dict(sorted(_KINDS.items()))


def summary(cls: type[Attack]) -> str:
    """Return what a kind of attack does: the first line of its docstring."""
    return cleandoc(cls.__doc__ or "").partition("\n")[0]


def forget(kind: str) -> None:
    """Make a registered kind unknown again."""
    del _KINDS[kind]
