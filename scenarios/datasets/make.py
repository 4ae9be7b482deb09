"""A data set made from its recipe: runs done, frames labelled and written, card and checksums."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.records.labels import LABEL
from scenarios.datasets import formats
from scenarios.datasets.card import card
from scenarios.datasets.recipe import Recipe, Week
from scenarios.definition.schema import library, to_yaml
from scenarios.results.folder import read_table
from scenarios.results.labels import marked
from scenarios.sweeps.sweep import Counts
from scenarios.sweeps.table import TIMINGS
from twin.errors import InputError, RunError
from twin.files import folder_beside
from twin.units import HOUR

WEEKS, RECIPE, CARD, SUMS = "weeks.csv", "recipe.yaml", "README.md", "SHA256SUMS"
FAULT, DEVIATING = "FAULT", "DEVIATING"
"""Columns beside BATADAL's label: whether a fault was active, and whether a true value differed
from that of the same week without its attack."""
_DECIMALS = 4  # so many leave `physics`, which is fitted on exact readings, its scores


@dataclass(frozen=True)
class Made:
    """A data set that was made: its folder, what its runs came to, and its size [bytes]."""

    folder: Path
    runs: Counts
    size: int


def make(recipe: Recipe, out: Path, work: Path, *, workers: int | None, progress: bool) -> Made:
    """Make a data set; runs that `work` has already are not done again.

    Parameters
    ----------
    recipe : Recipe
    out : Path
        Its folder, which must not exist or be empty; written whole or not at all.
    work : Path
        The folder of the sweep that its runs are.
    workers : int or None
        Processes; by default one a core.
    progress : bool

    Raises
    ------
    InputError
        If it cannot be written, or the recipe cannot be run.
    RunError
        If a run failed.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} holds something already: name another --out, or remove it")
    counts = recipe.sweep().run_in(work, workers=workers, streams="keep", progress=progress)
    if counts.failed:
        message = f"{counts.failed} of {counts.runs} runs failed: see `hydrotwin results {work}`"
        raise RunError(f"{message}; no data set was written")
    draft = folder_beside(out)
    try:
        _write(recipe, draft, work)
        draft.chmod(0o755)
        if out.is_dir():
            out.rmdir()
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Made(out, counts, size)


def _write(recipe: Recipe, out: Path, work: Path) -> None:
    weeks = recipe.weeks()
    keys = pd.read_parquet(work / TIMINGS)["key"]
    runs = [work / "runs" / key for key in keys]
    numbered = list(zip(range(len(weeks)), weeks, runs, strict=True))
    listed = pd.DataFrame([_told(*each) for each in numbered])
    listed.to_csv(out / WEEKS, index=False, lineterminator="\n")
    for interval in recipe.file.frames:

        def labelled(chosen: str, every: float = interval) -> Iterator[tuple[int, pd.DataFrame]]:
            for place, week, run in numbered:
                if week.part == chosen:
                    yield place, frames(run, week, every)

        for part in listed["part"].unique():
            formats.write_parquet(out, part, interval, labelled(part))
            if interval == HOUR:
                formats.write_batadal(out, part, labelled(part))
            if part in ("validation", "test"):
                attacked = listed[(listed["part"] == part) & (listed["kind"] == "attack")]
                formats.write_tsb_ad(
                    out, recipe.file.name, part, interval, labelled(part),
                    dict(zip(attacked["week"], attacked["family"], strict=True)),
                    round(recipe.file.begins[0] / interval),
                )  # fmt: skip
    (out / RECIPE).write_text(recipe.text, encoding="utf-8")
    if recipe.file.base not in library():  # the data set needs nothing from elsewhere
        (out / recipe.file.base).write_text(to_yaml(recipe.base), encoding="utf-8")
    (out / CARD).write_text(card(recipe, listed), encoding="utf-8")
    files = sorted(path for path in out.rglob("*") if path.is_file())
    sums = [f"{_sha256(path)}  {path.relative_to(out).as_posix()}\n" for path in files]
    (out / SUMS).write_text("".join(sums), encoding="utf-8")


def _told(place: int, week: Week, run: Path) -> dict[str, object]:
    """Return a week's row of `weeks.csv`."""
    labels = read_table(run, "labels")
    active = labels.loc[labels["active"].astype(bool), "time"]
    return {
        "week": place,
        "part": week.part,
        "kind": week.kind,
        "family": week.family,
        "entry": week.entry,
        "seed": week.seed,
        "start": week.changes["start"],
        "begin_s": active.min() if len(active) else np.nan,
        "last_s": active.max() if len(active) else np.nan,
    }


def frames(run: Path, week: Week, interval_s: float) -> pd.DataFrame:
    """Return what SCADA showed every so often in a run, and its labels.

    Returns
    -------
    DataFrame
        Indexed by time [s] since the week's start: the tags, at four decimals; then `ATT_FLAG`,
        `FAULT` and `DEVIATING`, each 0 or 1; and `DATETIME`.
    """
    table, labels = read_table(run, "scada"), read_table(run, "labels")
    table = table[table.index % interval_s == 0].round(_DECIMALS) + 0.0  # + 0.0: no "-0.0"
    times = table.index.to_numpy(dtype=float)
    active = labels[labels["active"].astype(bool)]
    apart = labels[labels["deviating"].map(bool).astype(bool)]
    table[LABEL] = _flags(active[active["label"] == "attack"], times)
    table[FAULT] = _flags(active[active["label"] == "fault"], times)
    table[DEVIATING] = _flags(apart, times)
    table.insert(0, "DATETIME", pd.Timestamp(week.changes["start"]) + pd.to_timedelta(times, "s"))
    return table


def _flags(rows: pd.DataFrame, times: NDArray[np.float64]) -> NDArray[np.int8]:
    return marked(rows["time"], times).astype(np.int8)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
