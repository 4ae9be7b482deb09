"""One run of a sweep: what travels to the worker that does it, and the record that comes back."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import platform
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from detector.checkpoint import shipped_intervals, shipped_path
from scenarios.definition.scenario import Scenario, scenario_data
from scenarios.definition.schema import from_data
from scenarios.results import folder
from scenarios.results.run import Run
from scenarios.simulation.cache import code_digest, inputs_digest
from scenarios.simulation.session import Session
from scenarios.simulation.watch import called
from scenarios.sweeps.table import figures
from twin.errors import InputError
from twin.plants.spec import PlantSpec
from twin.units import HOUR

STREAMS = ("drop", "hourly", "keep")
"""What becomes of a run's tables: only its row stays; truth, SCADA and labels of full hours stay;
or the whole run folder stays."""
LIBRARIES = (
    "hydrotwin", "wntr", "epanet-plus", "simpy", "numpy", "scipy", "pandas", "scikit-learn",
    "torch",
)  # fmt: skip
CODE = (
    "twin",
    "attacks",
    "detector",
    "scenarios/definition",
    "scenarios/simulation",
    "scenarios/results",
    "scenarios/sweeps/job.py",
    "scenarios/sweeps/table.py",
)
"""Folders and files with the code that a record is made by, all that a worker loads: a change in
any of them makes every run another one."""
_THINNED = ("truth", "scada", "labels")
_ALONE = threading.Lock()  # EPANET and the attacks of a process run one scenario at a time

Record = dict[str, Any]
"""`key`; `rows`, the figures of each detector's run; and `wall_s`, `host`, `versions`; JSON."""


@dataclass(frozen=True)
class Job:
    """A run to be done by any process that has the package and the plant.

    Attributes
    ----------
    key : str
        A hash of all that the result depends on.
    text : str
        The scenario, as JSON.
    plugins : tuple of (str, str)
        Path and text of each Python file the scenario names.
    detectors : tuple of str or None
        The detectors that watch, all in the same run; None stands for nobody.
    streams : str
        One of `STREAMS`.
    out : str
        The folder that streams are kept in.
    """

    key: str
    text: str
    plugins: tuple[tuple[str, str], ...]
    detectors: tuple[str | None, ...]
    streams: str
    out: str


def job_of(
    scenario: Scenario, detectors: Sequence[str | None], streams: str = "drop", out: str = ""
) -> Job:
    """Return the job that runs a scenario under each of some detectors."""
    data = scenario_data(replace(scenario, detector=None))
    text = json.dumps(data, ensure_ascii=False)
    plugins = tuple((path, Path(path).read_text("utf-8")) for path in data.get("plugins", ()))
    key = _key(scenario, text, detectors, streams)
    return Job(key, text, plugins, tuple(detectors), streams, out)


def _key(scenario: Scenario, text: str, detectors: Sequence[str | None], streams: str) -> str:
    spec = plant_of(scenario)
    digest = hashlib.sha256(inputs_digest(scenario, spec))
    digest.update(code_digest(Path(__file__).parents[2], CODE))
    digest.update(json.dumps([text, streams, versions()]).encode())
    for name in detectors:
        digest.update(repr(name).encode())
        if name is not None:
            for path in _weights(name, scenario, spec):
                digest.update(_content(path, path.stat().st_mtime_ns) if path.is_file() else b"-")
    return digest.hexdigest()[:32]


def _weights(name: str, scenario: Scenario, spec: PlantSpec) -> list[Path]:
    own = scenario.folder / name
    shipped = [shipped_path(name, spec.name, each) for each in shipped_intervals(name, spec.name)]
    paths = [own] if own.exists() else shipped
    return [file for path in paths for file in (path, path.with_suffix(".json"))]


@functools.lru_cache(maxsize=64)
def _content(path: Path, changed: int) -> bytes:
    """Return a digest of a file, worked out once a process and state of the file."""
    return hashlib.sha256(path.read_bytes()).digest()


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a result depends on."""
    known = {"python": platform.python_version()}
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            known[library] = version(library)
    return known


def plant_of(scenario: Scenario) -> PlantSpec:
    """Return the plant of a scenario, read once a process as long as its files stay the same."""
    named = scenario.folder / scenario.plant
    files = sorted(named.glob("*.*")) if named.is_dir() else []
    asked = [scenario.plant, str(scenario.folder), scenario.overflow, scenario.demands]
    asked += [json.dumps(scenario_data(scenario).get("control"))]
    asked += [f"{path} {path.stat().st_mtime_ns}" for path in files]
    return _plants(_Asked(tuple(asked), scenario))


@dataclass(frozen=True, eq=False)
class _Asked:
    """A scenario, hashed by what its plant depends on."""

    by: tuple[str, ...]
    scenario: Scenario

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.by == other.by

    def __hash__(self) -> int:
        return hash(self.by)


@functools.lru_cache(maxsize=8)
def _plants(asked: _Asked) -> PlantSpec:
    return asked.scenario.plant_spec()


def execute(job: Job) -> Record:
    """Do a job, in whatever process this is.

    A run that fails comes back as a row with its error. Only what concerns all runs alike, like a
    full disk, is raised.

    Raises
    ------
    OSError
        If streams that are to be kept cannot be written.
    """
    began = time.perf_counter()
    with _ALONE:
        rows = _rows(job)
    wall = round(time.perf_counter() - began, 3)
    host = socket.gethostname()
    return {"key": job.key, "rows": rows, "wall_s": wall, "host": host, "versions": versions()}


def _rows(job: Job) -> list[dict[str, Any]]:
    try:
        run = _run(job)
    except OSError:
        raise
    except Exception as error:
        kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        failed = {"status": "failed", "error": f"{kind}{error}"}
        return [{"detector": name, **failed} for name in job.detectors]
    known = [verdict.detector for verdict in run.detectors]
    names = [None if name is None else called(name) for name in job.detectors]
    places = [known.index(name) if name in known else None for name in names]
    return [
        {"detector": name, **figures(run, place)} for name, place in zip(names, places, strict=True)
    ]


def _run(job: Job) -> Run:
    scenario = _scenario(job)
    watching = [name for name in job.detectors if name is not None]
    with contextlib.ExitStack() as stack:
        place, out = None, Path(job.out) / "runs" / job.key
        if job.streams != "drop":
            try:
                place = stack.enter_context(folder.draft(out))
            except InputError as error:
                raise OSError(str(error)) from None
        session = stack.enter_context(
            Session.open(
                scenario,
                spec=plant_of(scenario),
                folder=place if job.streams == "keep" else None,
                detectors=watching,
            )
        )
        session.advance(scenario.duration)
        run = session.conclude()
        if place is not None:
            run = replace(run, folder=out)
            if job.streams == "keep":
                folder.write(place, run)
            else:
                write_thinned(place, run)
            folder.publish(place, out)
        return run


def write_thinned(place: Path, run: Run) -> None:
    """Write a run whose truth, SCADA and labels have full hours only, and no other streams."""
    folder.write(place, run)
    for path in place.glob("*.parquet"):
        if path.stem == "paired":
            path.unlink()
    for name in _THINNED:
        table = getattr(run, name)
        table = table[(table["time"] if name == "labels" else table.index) % HOUR == 0]
        table = table if name == "labels" else table.reset_index()
        table.to_parquet(place / f"{name}.parquet", compression="zstd")


def _scenario(job: Job) -> Scenario:
    data = json.loads(job.text)
    if job.plugins:
        data["plugins"] = [_plugin(Path(path), text) for path, text in job.plugins]
    return from_data(data)


def _plugin(path: Path, text: str) -> str:
    """Return where a plug-in lies on this machine: its own path, or a copy where it is not."""
    with contextlib.suppress(OSError):
        if path.read_text("utf-8") == text:
            return str(path)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    copy = Path(tempfile.gettempdir()) / f"hydrotwin-plugin-{name}" / path.name
    if not copy.is_file():
        copy.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=copy.parent, delete=False, encoding="utf-8"
        ) as new:
            new.write(text)
        Path(new.name).replace(copy)
    return str(copy)
