"""The paired run: the same plant, seed, physics and faults without any attack, run once and kept.

Runs that differ only in their attacks share it. Where a scenario has several incidents, each has a
pair of its own too, in which it alone is left out: what it did is what would not have happened
without it. They are kept in the user's cache folder, or where HYDROTWIN_CACHE says; a longer one
serves shorter runs. Losing the cache loses time only.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from attacks.entries.entry import arm
from attacks.entries.trigger import When
from scenarios.definition.scenario import DEMANDS, LONGEST, Scenario, testbed
from scenarios.definition.schema import to_yaml
from scenarios.simulation.scorers import hand_in_scorers
from twin.plants.spec import PlantSpec

_KEPT = 64  # runs; a week of C-Town takes half a megabyte
_NEVER = When(begins=LONGEST)  # no run lasts longer
_LIBRARIES = ("hydrotwin", "wntr", "epanet-plus", "simpy", "numpy")


def cache() -> Path:
    """Return the folder that keeps paired runs."""
    named = os.environ.get("HYDROTWIN_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("hydrotwin")) / "pairs"


def other(scenario: Scenario, incident: str | None = None) -> Scenario:
    """Return the scenario's pair: without its attacks, or, if it has none, without its faults.

    With an `incident`, only the attacks of that one are left out. An entry that the condition of
    one that stays asks for stays too, and never begins.
    """
    if not scenario.attacks:
        return replace(scenario, faults=())
    gone = [e for e in scenario.attacks if incident in (None, e.incident)]
    stays = [entry.when for entry in scenario.entries if entry not in gone]
    asked = " ".join(f"{when.start} {when.end}" for when in stays)
    silent = {e.name: replace(e, when=_NEVER) for e in gone if f"{e.name}." in asked}
    kept = (silent.get(e.name, e) for e in scenario.attacks if e not in gone or e.name in silent)
    return replace(scenario, attacks=tuple(kept))


def paired_truth(scenario: Scenario, spec: PlantSpec, incident: str | None = None) -> pd.DataFrame:
    """Return the truth of the scenario's pair, or of the run without one incident of it.

    Returns
    -------
    DataFrame
        Indexed by time [s], as `Run.truth`, with one more row: the end of the run, of which only
        the running totals count.

    Raises
    ------
    RunError
        If the run cannot go on even without an attack.
    """
    scenario = other(scenario, incident)
    end, key = int(scenario.duration), _key(scenario, spec)
    kept = _kept(key, end)
    if kept is not None:
        return kept
    with _locked(key):
        kept = _kept(key, end)  # another process may have run it meanwhile
        if kept is not None:
            return kept
        with testbed(scenario, spec) as bed:
            hand_in_scorers(scenario, spec, bed)
            arm(scenario.entries, bed)
            for _ in bed.run(end):
                pass
            truth = with_end(bed.historian.truth.frame(), end, bed.totals())
        _keep(truth, f"{key}-{end}.parquet")
    return truth


def _kept(key: str, end: int) -> pd.DataFrame | None:
    """Return a kept run up to its end [s]; None where none is kept that is as long."""
    for path in cache().glob(f"{key}-*.parquet"):
        with contextlib.suppress(pa.ArrowException, OSError):
            truth = pd.DataFrame(pq.read_table(path).to_pandas()).set_index("time")
            if truth.index[-1] >= end:
                path.touch()
                return truth[truth.index <= end]
    return None


@contextlib.contextmanager
def _locked(key: str) -> Iterator[None]:
    """Let one process at a time run a pair, so that a sweep's workers do not all run the same."""
    place = cache().with_name(f"{cache().name}-locks") / key[:2]  # of 256 files, not one a pair
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError, NotImplementedError):
            place.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(place))
        yield


def with_end(truth: pd.DataFrame, end: float, totals: Mapping[str, float]) -> pd.DataFrame:
    """Return a run's truth with a row more, at its end [s], for the running totals there."""
    closed = pd.concat([truth, truth.iloc[-1:].set_axis([float(end)])]).rename_axis("time")
    for name, total in totals.items():
        closed.loc[float(end), name] = total
    return closed


def _key(scenario: Scenario, spec: PlantSpec) -> str:
    """Name everything the truth of a pair depends on, but the duration."""
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
def code_digest(root: Path, packages: tuple[str, ...] = ("twin", "attacks")) -> bytes:
    """Return a digest of every source file of packages: those that the water depends on."""
    digest = hashlib.sha256()
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.digest()


def _keep(truth: pd.DataFrame, name: str) -> None:
    """Put a run into the cache, whole or not at all, and let the oldest go."""
    folder = cache()
    with contextlib.suppress(OSError):  # a cache that cannot be written costs time only
        folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=folder, suffix=".draft")
        os.close(handle)
        try:
            truth.reset_index().to_parquet(draft, compression="zstd")
            Path(draft).replace(folder / name)
        finally:
            Path(draft).unlink(missing_ok=True)
        for path in list(_newest_first(folder))[_KEPT:]:
            path.unlink(missing_ok=True)


def _newest_first(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.glob("*.parquet"), key=lambda p: p.stat().st_mtime, reverse=True))
