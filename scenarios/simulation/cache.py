"""The cache: runs without attacks that others share, kept by all that they depend on.

It is in the user's cache folder, or where HYDROTWIN_CACHE says. Losing it loses time only.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import platformdirs
from filelock import FileLock

from scenarios.definition.scenario import DEMANDS, Scenario
from scenarios.definition.schema import to_yaml
from twin.plants.spec import PlantSpec

_KEPT = 64  # of each kind; a week of C-Town takes half a megabyte, with all that is known of it two
_LIBRARIES = ("hydrotwin", "wntr", "epanet-plus", "simpy", "numpy")


def cache(kind: str = "pairs") -> Path:
    """Return the folder that keeps paired runs, or another kind of files beside it."""
    named = os.environ.get("HYDROTWIN_CACHE")
    pairs = Path(named) if named else Path(platformdirs.user_cache_dir("hydrotwin")) / "pairs"
    return pairs if kind == "pairs" else pairs.with_name(f"{pairs.name}-{kind}")


def key_of(scenario: Scenario, spec: PlantSpec) -> str:
    """Name everything the truth of a run depends on, but the duration."""
    digest = hashlib.sha256(inputs_digest(scenario, spec))
    digest.update(code_digest(Path(__file__).parents[2]))
    plain = replace(scenario, name="", description="", detector=None, duration=0.0)
    digest.update(to_yaml(plain).encode())
    digest.update(repr([version(library) for library in _LIBRARIES]).encode())
    return digest.hexdigest()[:24]


def inputs_digest(scenario: Scenario, spec: PlantSpec) -> bytes:
    """Return a digest of the files a scenario reads: its plant, demands, plug-ins and tables."""
    digest = hashlib.sha256()
    for path in sorted(spec.folder.glob("*.*")):
        digest.update(path.read_bytes())
    if scenario.demands not in DEMANDS:
        digest.update((scenario.folder / scenario.demands).read_bytes())
    for plugin in scenario.plugins:
        digest.update((scenario.folder / plugin).read_bytes())
    for entry in scenario.entries:
        for value in vars(entry.do).values():
            if isinstance(value, Path):
                digest.update(value.read_bytes())
    return digest.digest()


@functools.cache
def code_digest(root: Path, places: tuple[str, ...] = ("twin", "attacks")) -> bytes:
    """Return a digest of every source file in some places, folders and files under a root.

    By default of those that the water depends on.
    """
    digest = hashlib.sha256()
    for place in places:
        named = root / place
        for path in [named] if named.is_file() else sorted(named.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.digest()


@contextlib.contextmanager
def locked(key: str) -> Iterator[None]:
    """Let one process at a time make what a key names, so that workers do not all make the same."""
    place = cache("locks") / key[:2]  # of 256 files, not one a key
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):
            place.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(place))
        yield


def keep(folder: Path, name: str, write: Callable[[Path], object]) -> None:
    """Put a file into a folder of the cache, whole or not at all, and let the oldest go."""
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time only
        folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=folder, suffix=".draft")
        os.close(handle)
        try:
            write(Path(draft))
            Path(draft).replace(folder / name)
        finally:
            Path(draft).unlink(missing_ok=True)
        files = (path for path in folder.iterdir() if path.suffix == Path(name).suffix)
        newest = sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)
        for path in newest[_KEPT:]:
            path.unlink(missing_ok=True)
