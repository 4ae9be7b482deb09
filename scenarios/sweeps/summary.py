"""A sweep's results summarised: a row a group of runs, and how it is shown to people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from twin.errors import InputError, nearest

MEANS = (
    "impact_overflow_m3",
    "difference_overflow_m3",
    "impact_unmet_m3",
    "difference_unmet_m3",
    "difference_energy_kwh",
    "damage_h",
    "false_episodes",
    "f1",
)
"""Columns of which a summary has the mean."""


def summary(results: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Summarise results by the values of some columns.

    Parameters
    ----------
    results : DataFrame
    by : sequence of str
        Columns; none for one row over all.

    Returns
    -------
    DataFrame
        A row a group: `by`, `runs`, `failed`, `detected` (the share of runs with an attack that a
        detector watched), `delay_h` (median), `damaged` (the share of runs that did damage), and
        the means of `MEANS`, each as far as known.

    Raises
    ------
    InputError
        If a column does not exist.
    """
    for name in by:
        if name not in results.columns:
            raise InputError(f"no column {name!r} in the results: {_near(name, results.columns)}")
    groups = results.groupby(list(by), dropna=False, sort=False) if by else [((), results)]
    rows = [{**dict(zip(by, values, strict=True)), **_summed(rows)} for values, rows in groups]
    table = pd.DataFrame(rows)
    filled = [name for name in table.columns if name in by or table[name].notna().any()]
    return table[filled]


def errors(results: pd.DataFrame) -> pd.Series[int]:
    """Return of each distinct error how many runs failed with it."""
    if "error" not in results:
        return pd.Series(dtype=int)
    return results.drop_duplicates("run")["error"].value_counts()


def _near(name: str, columns: Iterable[str]) -> str:
    """Name the column that is meant; one may write the end of a swept field's path only."""
    return nearest(name, [str(column) for column in columns if not _counter(str(column))])


def _counter(column: str) -> bool:
    return column.startswith(("impact_", "paired_", "difference_", "damage_")) and (
        column not in MEANS
    )


def _summed(rows: pd.DataFrame) -> dict[str, Any]:
    done = rows[rows["status"] == "done"]
    row: dict[str, Any] = {"runs": len(rows), "failed": len(rows) - len(done)}
    row["detected"] = _mean(done, "detected")
    row["delay_h"] = _column(done, "delay_h").median()
    harmed = done[[name for name in done.columns if name.startswith("damage_") and
                   name != "damage_h"]]  # fmt: skip
    compared = harmed.dropna(how="all")
    row["damaged"] = (compared > 0).any(axis=1).mean() if len(compared) else math.nan
    for name in MEANS:
        row[name] = _mean(done, name)
    return row


def _column(rows: pd.DataFrame, name: str) -> pd.Series[float]:
    known = rows[name].dropna() if name in rows else pd.Series(dtype=float)
    return known.astype(float)


def _mean(rows: pd.DataFrame, name: str) -> float:
    return float(_column(rows, name).mean())


_HEADS = {
    "detected": "noticed",
    "delay_h": "delay h",
    "difference_overflow_m3": "spilled m³",
    "difference_unmet_m3": "unmet m³",
    "difference_energy_kwh": "energy kWh",
    "damage_h": "damage h",
    "false_episodes": "false episodes",
}
WORDS = (
    "noticed, damaged: shares of runs; delay: the median; the others: means; spilled, unmet and "
    "energy: beyond the same run without attacks."
)
"""What the heads of a shown summary mean."""


def shown(summed: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Return a summary as heads and rows of text, without columns that say nothing or twice."""
    names = [name for name in map(str, summed.columns) if not _left_out(name, summed)]
    heads = [_HEADS.get(name, " ".join(name.split(".")[-2:])) for name in names]
    rows = [[_text(value) for value in row] for row in summed[names].itertuples(index=False)]
    return heads, rows


def _left_out(name: str, summed: pd.DataFrame) -> bool:
    if name.startswith(("failed", "difference_")):
        return not summed[name].any()
    return name.startswith("impact_")


def _text(value: Any) -> str:
    if value is None or value != value:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
