"""Where kinds of attack are found: ours, files a scenario names, installed packages.

A package offers kinds by an entry point of the group `hydrotwin.attacks` that names a module (or
anything in one): importing it is enough, since `@register` puts them into the one registry.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import attacks.kinds
from attacks.attack import Attack
from attacks.registry import forget, registered
from twin.errors import InputError

GROUP = "hydrotwin.attacks"

_FILES: dict[Path, tuple[str, ...]] = {}
_LOADED: set[str] = set()


def load_file(path: Path) -> tuple[str, ...]:
    """Import a Python file, once, and return the kinds it registers.

    Raises
    ------
    InputError
        If it cannot be read or imported, registers nothing, or a kind of a name that is taken.
    """
    found = import_file(path)
    if not found:
        message = f'plug-in {path.name} registers no attack: its class needs @register("name")'
        raise InputError(message)
    return found


def import_file(path: Path) -> tuple[str, ...]:
    """Import a Python file, once, and return the kinds of attack it registers, if any.

    Raises
    ------
    InputError
        If it cannot be read or imported, or registers a kind of a name that is taken.
    """
    path = path.resolve()
    if path in _FILES:
        return _FILES[path]
    if path.suffix != ".py" or not path.is_file():
        what = "not a Python file" if path.exists() else "no such Python file"
        raise InputError(f"plug-in {path.name}: {what} ({path})")
    before = set(kinds())
    name = f"hydrotwin_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        _unregister_since(before)
        del sys.modules[name]
        raise InputError(f"plug-in {path.name} cannot be loaded: {_reason(error, path)}") from None
    _FILES[path] = tuple(sorted(set(kinds()) - before))
    return _FILES[path]


def _unregister_since(known: set[str]) -> None:
    """Unregister the kinds that a file registered before it raised an error."""
    for kind in set(kinds()) - known:
        forget(kind)


def _reason(error: BaseException, path: Path) -> str:
    """Say which error it is, and at which line of the file."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    where = f"line {lines[-1]}: " if lines else ""
    return f"{where}{type(error).__name__}: {error}"


def plugin_at_fault(error: BaseException) -> str | None:
    """Say which error came up in a file that was imported, and at which line; else None."""
    passed = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    for path in _FILES:
        if str(path) in passed:
            return f"plug-in {path.name}: {_reason(error, path)}"
    return None


def load_installed() -> None:
    """Import the plug-ins of installed packages, once.

    Raises
    ------
    InputError
        If one of them cannot be imported.
    """
    for point in _installed():
        if point.value in _LOADED:
            continue
        _LOADED.add(point.value)  # before: what it imports may ask for the kinds itself
        try:
            point.load()
        except Exception as error:
            _LOADED.discard(point.value)
            package = point.dist.name if point.dist else point.value
            message = f"the installed plug-in {package} ({point.name}) cannot be loaded"
            raise InputError(f"{message}: {type(error).__name__}: {error}") from None


@functools.cache
def _installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def kinds() -> dict[str, type[Attack]]:
    """Return every registered kind, by name: ours, and those of plug-ins loaded so far."""
    _load_own()
    load_installed()
    return registered()


@functools.cache
def _load_own() -> None:
    for module in pkgutil.iter_modules(attacks.kinds.__path__):
        importlib.import_module(f"attacks.kinds.{module.name}")
