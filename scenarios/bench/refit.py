"""Detectors fitted anew on the residuals of a wrong shadow twin, as its owner would fit them."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from detector import Training
from detector.checkpoint import SUFFIX
from scenarios.bench.recording import Recording, record
from scenarios.bench.trial import Watch
from scenarios.definition.scenario import Scenario
from scenarios.experiments.training import NormalRows, train
from scenarios.simulation.watch import detector_of, shadow_of
from scenarios.sweeps.job import Record, plant_of
from twin.units import DAY

LEARNED = 42 * DAY
"""Normal operation that each is fitted on [s]."""
_SEED = 1_000_003
"""Of that operation; no week or incident of a bench has it."""


@dataclass(frozen=True)
class Refit:
    """A detector to be fitted anew: what a worker is given.

    Attributes
    ----------
    watch : Watch
        Of the detector as it ships, and what is wrong with the shadow twin.
    file : str
        The checkpoint that is made.
    """

    watch: Watch
    file: str
    out: str

    @property
    def key(self) -> str:
        """Its checkpoint's name."""
        return self.file

    @property
    def detectors(self) -> tuple[str, ...]:
        """The detector's name."""
        return (self.watch.name,)


def refit_of(watch: Watch, out: Path) -> Refit:
    """Return the fit of a detector to a wrong shadow twin, kept in a folder by what it is of."""
    named = hashlib.sha256(repr(watch).encode()).hexdigest()[:16]
    file = out / "detectors" / f"{watch.name}-{named}{SUFFIX}"
    return Refit(watch, str(file), str(out))


def fit(job: Refit) -> Record:
    """Fit a detector and keep it, in whatever process this is."""
    file = Path(job.file)
    if not file.is_file():
        scenario = _scenario()
        named = replace(scenario, detector=job.watch.detector)
        shipped, _ = detector_of(named, plant_of(scenario))
        assert shipped is not None
        frames = _normal().frames
        rows = NormalRows(file, frames[frames.index >= 0.0], lambda: scenario, ())
        fitted = train(
            [rows],
            shipped.kind,
            Training(),
            command="hydrotwin bench detection",
            interval_s=shipped.interval_s,
            shadow=functools.partial(shadow_of, perturb=job.watch.perturbation),
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        fitted.save(file)
    return {"key": job.key, "rows": [{"detector": job.watch.name, "status": "done"}], "wall_s": 0.0}


def refitted(job: Refit) -> Watch:
    """Return the watch that the fitted detector keeps."""
    return replace(job.watch, detector=job.file)


@functools.cache
def _normal() -> Recording:
    scenario = _scenario()
    return record(scenario, plant_of(scenario))


def _scenario() -> Scenario:
    return Scenario(name="normal", duration=LEARNED, seed=_SEED, detector=None)
