"""Damage: what came to the water that a run without an attack was spared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.results.impact import counters
from twin.units import DAY, HOUR

DAMAGE = {
    "overflow_m3": 1.0,
    "empty_tank_h": 0.0,
    "unmet_m3": 10.0,
    "leaked_m3": 10.0,
    "pump_starts": 10.0,
}
"""By how much a counter must exceed that of the run without the attack to be damage.

Two runs of a pair drift apart by themselves once an attack has shifted a pump's switching: that
alone gives a few starts and, pressure-driven, a few cubic metres more or less. Low pressure,
energy and its cost are told, and are no damage by themselves.
"""

_DRIFT = 0.05
"""It must also exceed it by this share of what comes to that run from the attack's start to a day
later: where a tank overflows in both, it does so a little earlier or later in one."""


@dataclass(frozen=True)
class Harm:
    """By how much a counter of `DAMAGE` came to exceed that of the run without an attack.

    Attributes
    ----------
    since_h : float
        When it first exceeded it by as much as counts.
    most : float
        The largest excess, in the counter's unit.
    """

    since_h: float
    most: float


Damage = Mapping[str, Harm]
"""What was harmed, by counter."""


def damage(truth: pd.DataFrame, without: pd.DataFrame, since: float) -> Damage:
    """Return what harm a run came to that another was spared.

    Parameters
    ----------
    truth, without : DataFrame
        Of the run, and of the same one without an attack; indexed by time [s], their totals those
        of the steps before it.
    since : float
        When the attack began [s].
    """
    done, usual = (counters(one.loc[since : truth.index[-1]]) for one in (truth, without))
    excess, anyway = done - usual, usual - usual.iloc[0]
    anyway = anyway.reindex(excess.index + DAY, method="ffill").set_axis(excess.index)
    found = {}
    for name, least in DAMAGE.items():
        past = excess.index[excess[name] > np.maximum(least, _DRIFT * anyway[name])]
        if len(past):
            found[name] = Harm(float(past[0]) / HOUR, float(excess[name].max()))
    return found


def first(harms: Damage) -> float | None:
    """Return when the first of the harm came [h]; None where there is none."""
    return min((harm.since_h for harm in harms.values()), default=None)


def shared(together: Damage, each: Sequence[Damage | None]) -> bool:
    """Return whether incidents, each on its own, count more of some harm than all did together."""
    sums = {name: [one[name].most for one in each if one and name in one] for name in together}
    return any(
        len(s) > 1 and sum(s) > together[name].most * (1 + _DRIFT) for name, s in sums.items()
    )


def undecided(together: Damage, each: Sequence[Damage | None]) -> Damage:
    """Return the harm that all attacks did together and that no incident alone would undo.

    Where two do the same, as when either would have filled a tank, leaving one out spares nothing.
    """
    if any(one is None for one in each):
        return {}
    decided = {name for one in each if one is not None for name in one}
    return {name: harm for name, harm in together.items() if name not in decided}
