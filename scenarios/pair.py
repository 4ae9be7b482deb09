"""The paired run: the same plant, seed and physics without any attack, simulated once and kept.

Runs that differ only in their attacks share it. It is kept in the user's cache folder, or where
HYDROTWIN_CACHE says; a longer one serves shorter runs. Losing the cache loses time only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.schema import Scenario
from twin.network import Network
from twin.testbed import Testbed

_KEPT = 64  # runs; a week of C-Town takes half a megabyte
_LIBRARIES = ("hydrotwin", "wntr", "epanet-plus", "simpy", "numpy")


def cache() -> Path:
    """Return the folder that keeps paired runs."""
    named = os.environ.get("HYDROTWIN_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("hydrotwin")) / "pairs"


def testbed(scenario: Scenario, network: Network, folder: Path | None = None) -> Testbed:
    """Return the testbed of a scenario, its attacks not yet armed."""
    return Testbed(
        network,
        seed=scenario.seed,
        start=scenario.start,
        warmup=scenario.warmup,
        pressure_driven=scenario.demand_model == "pressure-driven",
        folder=folder,
    )


def paired_truth(scenario: Scenario, network: Network) -> pd.DataFrame:
    """Return the truth of the scenario without its attacks.

    Returns
    -------
    DataFrame
        Indexed by time [s], as `Run.truth`, with one more row: the end of the run, of which only
        the running totals count.

    Raises
    ------
    PlantError
        If the water cannot be solved even without an attack.
    """
    end = int(scenario.duration)
    for path in cache().glob(f"{_key(scenario, network)}-*.parquet"):
        with contextlib.suppress(pa.ArrowException, OSError):
            truth = pd.DataFrame(pq.read_table(path).to_pandas()).set_index("time")
            if truth.index[-1] >= end:
                path.touch()
                return truth[truth.index <= end]
    with testbed(scenario, network) as bed:
        for _ in bed.run(end):
            pass
        truth = bed.historian.truth.frame()
        truth.loc[float(end)] = truth.iloc[-1]
        for name, total in bed.totals().items():
            truth.loc[float(end), name] = total
    _keep(truth, f"{_key(scenario, network)}-{end}.parquet")
    return truth


def _key(scenario: Scenario, network: Network) -> str:
    """Name everything the truth without attacks depends on, but the duration."""
    digest = hashlib.sha256()
    for path in sorted(network.folder.glob("*.*")):
        digest.update(path.read_bytes())
    for path in sorted(Path(__file__).parents[1].joinpath("twin").glob("*.py")):
        digest.update(path.read_bytes())
    facts = [scenario.seed, scenario.start.isoformat(), scenario.warmup, scenario.demand_model]
    facts += [scenario.overflow]
    facts += [version(library) for library in _LIBRARIES]
    digest.update(repr(facts).encode())
    return digest.hexdigest()[:24]


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
