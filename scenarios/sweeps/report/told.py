"""A sweep's results as pictures need them: its fields, its attacks, and shares with their bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binomtest

from scenarios.sweeps.so_far import results_so_far
from scenarios.sweeps.summary import errors
from scenarios.sweeps.table import TIMINGS, as_text
from twin.plants.spec import PlantSpec, load_plant

COLOURS = ("#1b4f72", "#e67e22", "#117864", "#8e44ad", "#b03a2e", "#7d6608", "#2e4053", "#d35400")
"""Of detectors, in the table's order."""
LOST = ("damage_overflow_m3", "damage_unmet_m3", "damage_leaked_m3")
"""Water that was spilled, not delivered or leaked beyond the run without attacks, in columns."""
_BINS, _VALUES = 8, 12
_FACETS = 9


@dataclass(frozen=True)
class Picture:
    """A picture of a sweep.

    Attributes
    ----------
    name : str
        Its file, without ending.
    question, how : str
        What it answers; and how it is read.
    figure : Figure
    """

    name: str
    question: str
    how: str
    figure: Figure


@dataclass(frozen=True)
class Told:
    """The results of a sweep.

    Attributes
    ----------
    folder : Path
    rows : DataFrame
        The rows of runs that were done, with `attack`, what an attack is called in pictures:
        the scenario, where there are several, and the values of swept fields that are no numbers;
        and `lost_m3`, the water that it cost.
    fields : tuple of str
        The swept fields.
    units : dict of str to str
        Of fields.
    plant : str or None
    errors : Series of int
        How many runs failed with each error.
    failed : int
        How many rows are of runs that failed.
    left : str
        How many runs are done, where not all are.
    """

    folder: Path
    rows: pd.DataFrame
    fields: tuple[str, ...]
    units: dict[str, str]
    plant: str | None
    errors: pd.Series[int]
    failed: int
    left: str

    @classmethod
    def read(cls, folder: Path) -> Told:
        """Read the results of a sweep from its folder.

        Raises
        ------
        InputError
            If there are none, or they are damaged.
        """
        results, about, left = results_so_far(folder)
        names = [str(name) for name in results.columns]
        fields = tuple(names[names.index("scenario") + 1 : names.index("detector")])
        rows = results[results["status"] == "done"].copy()
        lost = [name for name in LOST if name in rows]
        rows["lost_m3"] = rows[lost].sum(axis=1, min_count=1) if lost else np.nan
        parts = [name for name in ("scenario", *fields) if _kind_of(rows, name)]
        parts = parts or ["scenario"]
        labels = rows[parts].map(as_text)
        rows["attack"] = labels.agg(" · ".join, axis=1) if len(rows) else ""
        failed = len(results) - len(rows)
        plant, why = about["plant"], errors(results)
        return cls(folder, rows, fields, about["units"], plant, why, failed, left)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row a run, whoever watched."""
        return self.rows.drop_duplicates("run")

    @cached_property
    def watched(self) -> pd.DataFrame:
        """The rows with an attack that a detector watched."""
        known = self.rows[self.rows["detected"].notna()]
        return known.assign(detected=known["detected"].astype(bool))

    @cached_property
    def attacked(self) -> pd.DataFrame:
        """A row a run in which an attack began."""
        return self.runs[self.runs["incidents_begun"] > 0]

    @property
    def harmless(self) -> bool:
        """Whether attacks began, each beside a run without them, and none cost any water."""
        lost = self.attacked["lost_m3"].dropna()
        return bool(len(lost)) and not lost.gt(0).any()

    @property
    def detectors(self) -> list[str]:
        """The detectors that watched, in the table's order."""
        return [name for name in self.rows["detector"].unique() if name]

    def attacks(self, rows: pd.DataFrame) -> list[str]:
        """Return what the attacks in some rows are called, in the table's order."""
        return list(rows["attack"].unique())

    @property
    def magnitudes(self) -> list[str]:
        """The swept fields that are numbers and take several values; `seed` is none."""
        return [
            name
            for name in self.fields
            if name != "seed"
            and pd.api.types.is_numeric_dtype(self.rows[name])
            and len(self.rows[name].dropna().unique()) > 1
        ]

    def words(self, field: str) -> str:
        """Return the label of a field's axis."""
        unit = self.units.get(field, "")
        return f"{field} [{unit}]" if unit else field

    def colour(self, detector: str) -> str:
        """Return the colour of a detector."""
        return COLOURS[self.detectors.index(detector) % len(COLOURS)]

    @cached_property
    def spec(self) -> PlantSpec | None:
        """The plant, where all runs have one and it is still there."""
        return None if self.plant is None else load_plant(self.plant, Path.cwd(), {}, True)

    def streams(self) -> dict[int, Path]:
        """Return the folders of the runs whose streams were kept."""
        keys = pd.read_parquet(self.folder / TIMINGS, columns=["run", "key"])
        places = {run: self.folder / "runs" / key for run, key in keys.itertuples(index=False)}
        return {run: place for run, place in places.items() if place.is_dir()}


def _kind_of(rows: pd.DataFrame, name: str) -> bool:
    """Return whether a column tells kinds of attack apart: texts, and more than one."""
    return not pd.api.types.is_numeric_dtype(rows[name]) and len(rows[name].unique()) > 1


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % confidence interval of a share."""
    band = binomtest(hits, of).proportion_ci(method="wilson")
    return float(band.low), float(band.high)


def shares(rows: pd.DataFrame, field: str, column: str = "detected") -> pd.DataFrame:
    """Return by a field's values the share of rows that have a column.

    Returns
    -------
    DataFrame
        `at` (of a drawn field the mean of each eighth of its values), `hits`, `of`, `share`, and
        the ends of Wilson's 95 % band, `low` and `high`.
    """
    found = []
    for at, group in by_value(rows, field):
        hits, of = int(group[column].sum()), len(group)
        low, high = wilson(hits, of)
        found.append((at, hits, of, hits / of, low, high))
    return pd.DataFrame(found, columns=["at", "hits", "of", "share", "low", "high"])


def by_value(rows: pd.DataFrame, field: str) -> list[tuple[float, pd.DataFrame]]:
    """Return rows by a field's values, or by eighths of them where there are many."""
    values = rows[field]
    if values.nunique() <= _VALUES:
        return [(float(at), group) for at, group in rows.groupby(values)]
    parts = pd.qcut(values, _BINS, duplicates="drop")
    return [(float(group[field].mean()), group) for _, group in rows.groupby(parts, observed=True)]


def facets(names: Sequence[str]) -> Sequence[str | None]:
    """Return what a picture has a panel of each: some names, or None for all of too many."""
    return list(names) if 1 < len(names) <= _FACETS else [None]


def panels(many: int) -> tuple[Figure, list[Axes]]:
    """Return a figure of so many panels, three a row, that share their axes."""
    columns = min(many, 3)
    rows = -(-many // columns)
    width, height = (7.6, 4.2) if many == 1 else (3.4 * columns + 0.6, 2.6 * rows + 0.8)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    flat: list[Axes] = list(axes.ravel())
    for empty in flat[many:]:
        empty.set_visible(False)
    for place in range(many):  # a panel with none below it has its own ticks
        flat[place].tick_params(labelbottom=place + columns >= many)
    return figure, flat[:many]


def scale(axes: Axes, values: Any) -> None:
    """Set the scale of an x axis by its values: linear, or logarithmic where they span much."""
    size = np.abs(np.unique(np.asarray(values, dtype=float)))
    size = size[size > 0]
    if not len(size) or size.max() < 10 * size.min():
        return
    if np.min(values) > 0:
        axes.set_xscale("log")
        return
    axes.set_xscale("symlog", linthresh=float(size.min()))
    zero = {0.0} if np.max(values) > 0 else set()
    ticks = sorted({*zero, *map(float, np.unique(values))})
    axes.set_xticks(ticks if len(ticks) <= 9 else ticks[:: -(-len(ticks) // 9)])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.tick_params(axis="x", labelsize=7)
