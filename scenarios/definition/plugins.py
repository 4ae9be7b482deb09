"""Plug-ins: Python files that register attacks or detectors of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from attacks.discovery import import_file
from detector import registry
from twin.errors import InputError


class Registered(NamedTuple):
    """The kinds that a plug-in registers."""

    attacks: tuple[str, ...]
    detectors: tuple[str, ...]


_DETECTORS: dict[Path, tuple[str, ...]] = {}


def load_plugin(path: Path) -> Registered:
    """Import a plug-in, once, and return the kinds of attack and of detector it registers.

    Raises
    ------
    InputError
        If it cannot be read or imported, registers nothing, or a kind of a name that is taken.
    """
    path = path.resolve()
    before = set(registry.kinds())
    try:
        attacks = import_file(path)
    except InputError:
        for kind in set(registry.kinds()) - before:
            registry.forget(kind)
        raise
    detectors = _DETECTORS.setdefault(path, tuple(sorted(set(registry.kinds()) - before)))
    if not attacks and not detectors:
        raise InputError(
            f"plug-in {path.name} registers no attack and no detector: its class needs "
            '@register("name"), of `attacks` or of `detector`'
        )
    return Registered(attacks, detectors)
