"""Two runs side by side: what differs, from when, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from scenarios.results.impact import COUNTERS, DEVIATION, counters, settled
from scenarios.results.run import known
from twin.errors import InputError
from twin.plants.spec import PlantSpec
from twin.units import HOUR


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes
    ----------
    name : str
    spec : PlantSpec
    start : datetime
        Of its first hour.
    truth, scada : DataFrame
        As in `Run`.
    totals : dict of str to float or None
        The impact counters' values at its end; the last row of `truth` lacks the last step.
    notes : tuple of str
        As in `Run`.
    """

    name: str
    spec: PlantSpec
    start: datetime
    truth: pd.DataFrame
    scada: pd.DataFrame
    totals: Mapping[str, float | None]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A tag that is not the same in both.

    Attributes
    ----------
    tag, unit : str
    true_from_h, shown_from_h : float or None
        Since when the truth, and what SCADA showed, differ; None where they never do.
    true_h, shown_h : float
        For how long in all.
    most : float
        The largest difference of the two, in `unit`.
    most_at_h : float
    """

    tag: str
    unit: str
    true_from_h: float | None
    shown_from_h: float | None
    true_h: float
    shown_h: float
    most: float
    most_at_h: float


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs, over the time that both have.

    Attributes
    ----------
    a, b : Side
    hours : float
    differences : tuple of Difference
        The earliest first.
    totals : DataFrame
        The impact counters' values at the end: columns `a`, `b`, `difference`.
    """

    a: Side
    b: Side
    hours: float
    differences: tuple[Difference, ...]
    totals: pd.DataFrame

    def summary(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "a": self.a.name,
            "b": self.b.name,
            "hours": self.hours,
            "differences": [asdict(one) for one in self.differences],
            "totals": {name: known(row) for name, row in self.totals.iterrows()},
            "notes": {"a": list(self.a.notes), "b": list(self.b.notes)},
        }


def compare(a: Side, b: Side) -> Comparison:
    """Compare two runs of one plant, tag by tag.

    Raises
    ------
    InputError
        If they have no instant in common.
    """
    times = a.truth.index.intersection(b.truth.index)
    if not len(times):
        raise InputError(f"{a.name} and {b.name} have no instant in common")
    true = (a.truth.loc[times] - b.truth.loc[times]).abs()
    shows = a.scada.index.intersection(b.scada.index)
    shown = (a.scada.loc[shows] - b.scada.loc[shows]).abs()
    found = []
    for tag in a.spec.tags:
        limit = DEVIATION[tag.quantity]
        water, view = true[tag.name] > limit, shown[tag.name] > limit
        if not (water.any() or view.any()):
            continue
        worst = true[tag.name] if water.any() else shown[tag.name]
        found.append(
            Difference(
                tag=tag.name,
                unit=tag.unit,
                true_from_h=_first(water),
                shown_from_h=_first(view),
                true_h=float(water.sum()) * a.spec.step / HOUR,
                shown_h=float(view.sum()) * a.spec.polling / HOUR,
                most=float(worst.max()),
                most_at_h=float(str(worst.idxmax())) / HOUR,
            )
        )
    found.sort(key=lambda d: min(h for h in (d.true_from_h, d.shown_from_h) if h is not None))
    end = float(times[-1]) + a.spec.step
    ends = [_totals(side, end) for side in (a, b)]
    totals = pd.DataFrame(dict(zip("ab", ends, strict=True)), index=list(COUNTERS), dtype=float)
    totals["difference"] = totals["a"] - totals["b"]
    totals = settled(totals, a.spec)
    return Comparison(a, b, len(times) * a.spec.step / HOUR, tuple(found), totals)


def _totals(side: Side, end: float) -> Mapping[str, float | None]:
    """Return the counters at a time [s]: a row of the truth has those of the steps before it."""
    if end not in side.truth.index:
        return side.totals
    row = counters(side.truth.loc[[end]]).iloc[0]
    return {name: float(row[name]) for name in COUNTERS}


def _first(wrong: pd.Series) -> float | None:
    return float(str(wrong.idxmax())) / HOUR if wrong.any() else None
