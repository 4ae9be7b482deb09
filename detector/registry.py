"""The registered kinds of detector, by the name scenario files use.

An installed package offers kinds by an entry point of the group `hydrotwin.detectors` that names a
module: importing it is enough, since `@register` puts them into the one registry.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from detector.base import HOUR, Detector
from detector.errors import DataError, did_you_mean

SHIPPED = {
    "cnn-ae": "detector.methods.autoencoders",
    "cnn-lstm": "detector.methods.cnn_lstm",
    "cusum": "detector.methods.per_tag",
    "dense-ae": "detector.methods.autoencoders",
    "ewma": "detector.methods.per_tag",
    "isolation-forest": "detector.methods.isolation_forest",
    "lstm-ae": "detector.methods.autoencoders",
    "masked": "detector.methods.masked",
    "masked-trees": "detector.methods.masked",
    "pca": "detector.methods.pca",
    "hybrid": "detector.methods.hybrid",
    "physics": "detector.methods.physics",
    "transformer-ae": "detector.methods.autoencoders",
}
"""The modules that register the shipped kinds: imported when a kind is first asked for, since torch
and scikit-learn take seconds."""

GROUP = "hydrotwin.detectors"

_D = TypeVar("_D", bound=Detector)
_classes: dict[str, type[Detector]] = {}
_loaded: set[str] = set()


def register(kind: str) -> Callable[[type[_D]], type[_D]]:
    """Return a decorator that registers a detector's class under a kind's name.

    Raises
    ------
    ValueError
        If another class has the name, or this one lacks what a detector does.
    """

    def enter(cls: type[_D]) -> type[_D]:
        if lacking := sorted(cls.__abstractmethods__):
            raise ValueError(f"detector kind {kind!r} has no method {', '.join(lacking)}")
        if kind in SHIPPED and cls.__module__ != SHIPPED[kind]:
            raise ValueError(f"detector kind {kind!r} is registered already, by {SHIPPED[kind]}")
        if _classes.get(kind, cls) is not cls:
            owner = _classes[kind].__qualname__
            raise ValueError(f"detector kind {kind!r} is registered already, by {owner}")
        cls.kind = kind
        _classes[kind] = cls
        return cls

    return enter


def forget(kind: str) -> None:
    """Make a registered kind unknown again."""
    del _classes[kind]


def load_installed() -> None:
    """Import the plug-ins of installed packages, once.

    Raises
    ------
    DataError
        If one of them cannot be imported.
    """
    for point in _installed():
        if point.value in _loaded:
            continue
        _loaded.add(point.value)  # before: what it imports may ask for the kinds itself
        try:
            point.load()
        except Exception as error:
            _loaded.discard(point.value)
            package = point.dist.name if point.dist else point.value
            message = f"the installed plug-in {package} ({point.name}) cannot be loaded"
            raise DataError(f"{message}: {type(error).__name__}: {error}.") from None


@functools.cache
def _installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds of detector: ours, and those of plug-ins loaded so far."""
    load_installed()
    return tuple(sorted({*SHIPPED, *_classes}))


def kind_class(kind: str) -> type[Detector]:
    """Return the class registered under a kind's name.

    Raises
    ------
    DataError
        If there is none; the message names the nearest kind.
    """
    known = kinds()
    if kind not in _classes and kind in SHIPPED:
        importlib.import_module(SHIPPED[kind])
    if kind not in _classes:
        raise DataError(f"unknown detector kind {kind!r}. {did_you_mean(kind, known)}")
    return _classes[kind]


def create(kind: str, tags: Sequence[str], interval_s: float = HOUR) -> Detector:
    """Return a new, unfitted detector of a kind.

    Raises
    ------
    DataError
        If the kind is unknown.
    """
    return kind_class(kind)(tags, interval_s)
