"""What an attack did to the water: the truth against the same run without it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from twin.network import Network

COUNTERS = {
    "overflow_m3": ("overflow_", "_m3"),
    "empty_tank_h": ("empty_", "_h"),
    "unmet_m3": ("unmet_m3", ""),
    "pump_starts": ("pump_starts", ""),
    "energy_kwh": ("energy_kwh", ""),
}
"""Impact counters and the columns of the truth, by beginning and end, that add up to each."""

DAMAGE = {"overflow_m3": 1.0, "empty_tank_h": 0.0, "unmet_m3": 10.0, "pump_starts": 10.0}
"""By how much a counter must exceed the paired run's to be damage.

Two runs of a pair drift apart by themselves once an attack has shifted a pump's switching: that
alone gives a few starts and, pressure-driven, a few cubic metres more or less.
"""

DEVIATION = {"level": 0.01, "flow": 1.0, "pressure": 0.1, "status": 0.5}
"""By how much a true value differs from the paired run's to count as deviating, in its unit."""


def counters(meters: pd.DataFrame) -> pd.DataFrame:
    """Add up running totals, as `truth` holds them, into one column a counter."""
    sums = {}
    for name, (head, tail) in COUNTERS.items():
        columns = [c for c in meters.columns if c.startswith(head) and c.endswith(tail)]
        sums[name] = meters[columns].sum(axis=1, skipna=False)
    return pd.DataFrame(sums)


def impact(totals: dict[str, float], paired: dict[str, float] | None) -> pd.DataFrame:
    """Compare the final totals of a run and of its pair.

    Returns
    -------
    DataFrame
        A row a counter, then one a tank that overflowed or emptied; columns `run`, `paired` and
        `difference`, the last two NaN without a pair.
    """
    if paired is None:
        paired = dict.fromkeys(totals, math.nan)
    both = pd.DataFrame([totals, paired], index=["run", "paired"])
    table = counters(both).T
    by_tank = both.T[both.columns.str.startswith(("overflow_", "empty_"))]
    table = pd.concat([table, by_tank[(by_tank > 0).any(axis=1)]])
    table["difference"] = table["run"] - table["paired"]
    return table


def damage_time(truth: pd.DataFrame, paired: pd.DataFrame, since: float) -> float | None:
    """Return when an impact counter first exceeds the pair's after `since` [s], if it does.

    The totals at a time are those of the steps before it.
    """
    excess = counters(truth) - counters(paired.loc[truth.index])
    excess = excess[excess.index >= since]
    harmed = (excess[list(DAMAGE)] > pd.Series(DAMAGE)).any(axis=1)
    return float(harmed.index[harmed][0]) if harmed.any() else None


def deviating(truth: pd.DataFrame, paired: pd.DataFrame, network: Network) -> list[list[str]]:
    """Return, by row, the tags whose true value differs from the paired run's."""
    names = list(network.tag_names)
    limits = np.array([DEVIATION[tag.quantity] for tag in network.tags])
    apart = np.abs(truth[names].to_numpy() - paired.loc[truth.index, names].to_numpy()) > limits
    return [[names[i] for i in np.flatnonzero(row)] for row in apart]
