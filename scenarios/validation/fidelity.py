"""How faithful the twin is: its year compared with a published record.

The same figures of another part of the record, and of twin against twin, say how much two samples
of the same water differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detector.records.record import DECIMALS, Record
from scenarios.validation.lead_times import LEADS, lead_errors
from scenarios.validation.similarity import Comparison, Sample, compare, statistics
from twin.plants.spec import PlantSpec
from twin.tags import Frame, Values
from twin.testbed import Testbed
from twin.units import DAY, HOUR


@dataclass(frozen=True)
class Fidelity:
    """The twin's years against a record.

    Attributes
    ----------
    spec : PlantSpec
    seeds : tuple of int
    record : Sample
    years : tuple of Sample
        One a seed.
    sibling : Sample or None
        Other normal hours of the same water.
    against : tuple of Comparison
        The record against each year.
    twins : tuple of Comparison
        Each year against the next.
    siblings : Comparison or None
        The record against the sibling.
    lead : ndarray of shape (leads, tags)
        From `lead_errors`.
    restarts : int
    """

    spec: PlantSpec
    seeds: tuple[int, ...]
    record: Sample
    years: tuple[Sample, ...]
    sibling: Sample | None
    against: tuple[Comparison, ...]
    twins: tuple[Comparison, ...]
    siblings: Comparison | None
    lead: Values
    restarts: int

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the statistics of `record`, `twin` (median of the seeds) and `sibling`, by tag."""
        years = [statistics(year, self.spec) for year in self.years]
        tables = {"record": statistics(self.record, self.spec)}
        tables["twin"] = years[0].copy()
        tables["twin"].iloc[:, :] = np.median([table.to_numpy() for table in years], axis=0)
        if self.sibling is not None:
            tables["sibling"] = statistics(self.sibling, self.spec)
        return tables

    def as_dict(self) -> dict[str, Any]:
        """Return all figures, medians of the seeds with each seed's beside them; ready for JSON."""
        tags, tables = self.spec.tag_names, self.tables()
        duty = tables["twin"]["duty"] - tables["record"]["duty"]
        more = tables["twin"]["switches"] / tables["record"]["switches"].replace(0, np.nan) - 1
        moving = np.isfinite(self.lead).any(axis=0)
        mean = self.lead[:, moving].mean(axis=1) if moving.any() else [np.nan] * len(LEADS)
        figures: dict[str, Any] = _plain(
            {
                "days": len(self.years[0].rows) / 24,
                "seeds": list(self.seeds),
                **_summary(self.against, tags),
                "duty": duty.dropna().to_dict(),
                "switches": more.dropna().to_dict(),
                "lead": {f"{hours}": value for hours, value in zip(LEADS, mean, strict=True)},
                "restarts": self.restarts,
                "twin": _summary(self.twins, tags) if self.twins else None,
                "sibling": _summary([self.siblings], tags) if self.siblings else None,
                "tags": {
                    tag: {name: table.loc[tag].dropna().to_dict() for name, table in tables.items()}
                    for tag in tags
                },
            }
        )
        return figures


def _summary(comparisons: Sequence[Comparison], tags: tuple[str, ...]) -> dict[str, Any]:
    """Return each figure's median, and under `spread` its value in every comparison."""
    spread = {
        "ks_mean": [float(comparison.ks.mean()) for comparison in comparisons],
        "ks_max": [float(comparison.ks.max()) for comparison in comparisons],
        "auc_row": [comparison.auc_row for comparison in comparisons],
        "auc_pair": [comparison.auc_pair for comparison in comparisons],
        "auc_day": [comparison.auc_day for comparison in comparisons],
    }
    medians = {name: float(np.median(values)) for name, values in spread.items()}
    ks = np.median([comparison.ks for comparison in comparisons], axis=0)
    return {**medians, "ks": dict(zip(tags, ks, strict=True)), "spread": spread}


def _plain(value: Any) -> Any:
    """Return nested figures as JSON takes them: rounded, None for what is not finite."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(float(value), 6) if np.isfinite(value) else None
    return value


def assess(
    spec: PlantSpec,
    record: Record,
    *,
    sibling: Record | None = None,
    seeds: int = 5,
    days: int = 365,
    progress: Callable[[str, float], None] = lambda what, share: None,
) -> Fidelity:
    """Compare the twin with a record: distributions, classifiers and lead times.

    Parameters
    ----------
    spec : PlantSpec
    record : Record
        What the twin should look like; its normal hours count.
    sibling : Record, optional
        More of the same water, for a measure of how much two stretches of it differ.
    seeds : int
        Years 0 … seeds − 1 are simulated, one after the other.
    days : int
        Of each "year".
    progress : callable, optional
        Told what is being done and which share of that is done.
    """
    sample = record_sample(record)
    years = []
    for seed in range(seeds):

        def simulating(now: float, seed: int = seed) -> None:
            progress(f"twin, seed {seed}", max(now, 0.0) / (days * DAY))

        years.append(simulated_sample(spec, sample.start, days, seed, simulating))
    other = None if sibling is None else record_sample(sibling)
    total = 2 * seeds - 1 + (other is not None)
    done = 0

    def compared(a: Sample, b: Sample) -> Comparison:
        nonlocal done
        comparison = compare(a, b, spec)
        done += 1
        progress("classifiers", done / total)
        return comparison

    against = tuple(compared(sample, year) for year in years)
    twins = tuple(compared(a, b) for a, b in pairwise(years))
    siblings = None if other is None else compared(sample, other)
    lead, restarts = lead_errors(
        spec, record.rows, sample.normal, on_step=lambda share: progress("lead times", share)
    )
    return Fidelity(
        spec=spec,
        seeds=tuple(range(seeds)),
        record=sample,
        years=tuple(years),
        sibling=other,
        against=against,
        twins=twins,
        siblings=siblings,
        lead=lead,
        restarts=restarts,
    )


def record_sample(record: Record) -> Sample:
    """Return the normal hours of a record."""
    rows = record.rows.round(DECIMALS)
    normal = record.normal & np.isfinite(rows).all(axis=1)
    return Sample(record.start, rows, normal)


def simulated_sample(
    spec: PlantSpec,
    start: datetime,
    days: int,
    seed: int,
    on_hour: Callable[[float], None] = lambda now: None,
) -> Sample:
    """Run the twin without attacks, a week of warm-up before it, and keep SCADA's hourly frames.

    Parameters
    ----------
    spec : PlantSpec
    start : datetime
        Of the first row: its weekday decides the demands.
    days : int
    seed : int
    on_hour : callable, optional
        Told every simulated hour [s].
    """
    frames: list[Values] = []

    def keep(frame: Frame) -> None:
        if frame.time >= 0 and frame.time % HOUR == 0:
            frames.append(frame.values)

    with (
        tempfile.TemporaryDirectory(prefix="hydrotwin-") as folder,
        Testbed(spec, seed=seed, start=start, folder=Path(folder)) as testbed,
    ):
        testbed.scada.subscribers.append(keep)
        for now in testbed.run(days * DAY):
            on_hour(now)
    rows = np.array(frames).round(DECIMALS)
    return Sample(start, rows, np.asarray(np.isfinite(rows).all(axis=1)))
