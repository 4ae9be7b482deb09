"""The registered kinds of detector, by the name scenario files use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from detector.base import HOUR, Detector
from detector.errors import DataError, did_you_mean

SHIPPED = {"cnn-lstm": "detector.methods.cnn_lstm", "pca": "detector.methods.pca"}
"""The modules that register the shipped kinds: imported when a kind is first asked for, since torch
and scikit-learn take seconds."""

_classes: dict[str, type[Detector]] = {}


def register(kind: str) -> Callable[[type[Detector]], type[Detector]]:
    """Return a decorator that registers a detector's class under a kind's name.

    Raises
    ------
    ValueError
        If another class has the name.
    """

    def enter(cls: type[Detector]) -> type[Detector]:
        if _classes.get(kind, cls) is not cls:
            raise ValueError(f"detector kind {kind!r} is registered already, by {_classes[kind]}")
        cls.kind = kind
        _classes[kind] = cls
        return cls

    return enter


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds of detector."""
    return tuple(sorted({*SHIPPED, *_classes}))


def kind_class(kind: str) -> type[Detector]:
    """Return the class registered under a kind's name.

    Raises
    ------
    DataError
        If there is none; the message names the nearest kind.
    """
    if kind not in _classes and kind in SHIPPED:
        importlib.import_module(SHIPPED[kind])
    if kind not in _classes:
        raise DataError(f"unknown detector kind {kind!r}. {did_you_mean(kind, kinds())}")
    return _classes[kind]


def create(kind: str, tags: Sequence[str], interval_s: float = HOUR) -> Detector:
    """Return a new, unfitted detector of a kind.

    Raises
    ------
    DataError
        If the kind is unknown.
    """
    return kind_class(kind)(tags, interval_s)
