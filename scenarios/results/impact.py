"""What an attack did to the water: the truth against the same run without it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import wntr

from twin.errors import natural
from twin.plants.spec import PlantSpec

COUNTERS = {
    "overflow_m3": ("overflow_", "_m3"),
    "empty_tank_h": ("empty_", "_h"),
    "unmet_m3": ("unmet_m3", ""),
    "low_pressure_h": ("low_pressure_h", ""),
    "leaked_m3": ("leaked_m3", ""),
    "supplied_m3": ("supplied_m3", ""),
    "drawn_m3": ("drawn_m3", ""),
    "added_m3": ("added_m3", ""),
    "pump_starts": ("pump_starts", ""),
    "energy_kwh": ("energy_kwh", ""),
    "energy_cost": ("energy_cost", ""),
}
"""Impact counters and the columns of the truth, by beginning and end, that add up to each; what
each column counts is told in `twin.water.balance.Meters`."""


AVAILABILITY = "availability_percent"
COST = "energy_cost"
_DECIMALS = 6  # of a total; what is smaller comes of adding up
DEVIATION = {"level": 0.01, "flow": 1.0, "pressure": 0.1, "status": 0.5}
"""By how much a true value differs from the paired run's to count as deviating, in its unit."""


def counters(meters: pd.DataFrame) -> pd.DataFrame:
    """Add up running totals, as `truth` holds them, into one column a counter."""
    sums = {}
    for name, (head, tail) in COUNTERS.items():
        columns = [c for c in meters.columns if c.startswith(head) and c.endswith(tail)]
        sums[name] = meters[columns].sum(axis=1, skipna=False)
    return pd.DataFrame(sums)


def settled(table: pd.DataFrame, spec: PlantSpec) -> pd.DataFrame:
    """Return a table of counters, a row each, as it is told: rounded, no cost without a price."""
    table = table.round(_DECIMALS) + 0.0  # + 0.0: no "-0.0"
    energy, pumps = spec.model.options.energy, spec.model.pumps()
    if not energy.global_price and not any(pump.energy_price for _, pump in pumps):
        table.loc[COST] = math.nan
    return table


_HEADS = ("overflow", "empty", "unmet")
"""How the counters of single tanks and districts begin, in the order they are listed."""


def impact(
    totals: dict[str, float], paired: dict[str, float] | None, spec: PlantSpec
) -> pd.DataFrame:
    """Compare the final totals of a run and of its pair.

    Returns
    -------
    DataFrame
        A row a counter; `availability_percent`, the share of all demand that was delivered; then
        by tank what spilled and how long it was empty, by district unmet demand and availability.
        Columns `run`, `paired` and `difference`, the last two NaN without a pair, and `energy_cost`
        without a price.
    """
    if paired is None:
        paired = dict.fromkeys(totals, math.nan)
    both = pd.DataFrame([totals, paired], index=["run", "paired"])
    served = _availability(both)
    details = [c for c in both.columns if c.partition("_")[0] in _HEADS]
    details.remove("unmet_m3")
    details.sort(key=lambda name: (_HEADS.index(name.partition("_")[0]), natural(name)))
    table = pd.concat(
        [counters(both), served[[AVAILABILITY]], both[details], served.iloc[:, 1:]], axis=1
    ).T
    table["difference"] = table["run"] - table["paired"]
    return settled(table, spec)


def _availability(both: pd.DataFrame) -> pd.DataFrame:
    """Return customers' water service availability [%]: of the whole plant, then by district."""
    wanted = both.filter(regex="^demanded_").rename(columns=lambda c: c[len("demanded_") : -3])
    added = both[[f"added_{dma}_m3" for dma in wanted.columns]].set_axis(wanted.columns, axis=1)
    wanted = wanted - added
    wanted = wanted[sorted(wanted.columns, key=lambda name: natural(str(name)))]
    missing = both[[f"unmet_{dma}_m3" for dma in wanted.columns]].set_axis(wanted.columns, axis=1)
    wanted.insert(0, "", wanted.sum(axis=1, skipna=False))
    missing.insert(0, "", both["unmet_m3"])
    share = wntr.metrics.water_service_availability(wanted, wanted - missing)
    names = [AVAILABILITY, *(f"availability_{dma}_percent" for dma in wanted.columns[1:])]
    return pd.DataFrame(100.0 * share).set_axis(names, axis=1)


def deviating(truth: pd.DataFrame, paired: pd.DataFrame, spec: PlantSpec) -> list[list[str]]:
    """Return, by row, the tags whose true value differs from the paired run's."""
    names = list(spec.tag_names)
    limits = np.array([DEVIATION[tag.quantity] for tag in spec.tags])
    apart = np.abs(truth[names].to_numpy() - paired.loc[truth.index, names].to_numpy()) > limits
    return [[names[i] for i in np.flatnonzero(row)] for row in apart]
