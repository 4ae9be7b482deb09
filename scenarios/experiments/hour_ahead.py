"""What physics and the PLCs' rules say of hourly rows: residuals, demands, the next hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.errors import PlantError
from twin.plants.spec import PlantSpec
from twin.shadow.inference import Inference
from twin.tags import Values
from twin.testbed import Testbed
from twin.units import HOUR


@dataclass(frozen=True)
class Explained:
    """Hourly rows beside what explains them; NaN where nothing does.

    Attributes
    ----------
    demands : ndarray of shape (T, DMAs)
        The multipliers that explain each row best.
    expected : ndarray of shape (T, tags)
        Each row as physics expects it of its levels, statuses and demands.
    forecast : ndarray of shape (T, tags)
        Levels and statuses of each row as the twin, under its PLCs' rules, reaches them from the
        row before; the first is NaN.
    """

    demands: Values
    expected: Values
    forecast: Values


def explain_hours(
    spec: PlantSpec, rows: Values, on_row: Callable[[], None] = lambda: None
) -> Explained:
    """Explain hourly rows one after the other; none sees a later one.

    Parameters
    ----------
    spec : PlantSpec
        A plant whose demands follow a profile.
    rows : ndarray of shape (T, tags)
    on_row : callable, optional
        Called after each.
    """
    found = Explained(
        np.full((len(rows), len(spec.profiled)), np.nan),
        np.full(rows.shape, np.nan),
        np.full(rows.shape, np.nan),
    )
    first = 0
    with Inference(spec) as inference:
        while first < len(rows):
            first = _explain_from(first, spec, rows, inference, found, on_row)
    return found


class _Given:
    """Demands of the hour that has begun, set while it begins."""

    def __init__(self, count: int):
        self._none = np.zeros(count)

    def next_hour(self) -> Values:
        return self._none


def _explain_from(
    first: int,
    spec: PlantSpec,
    rows: Values,
    inference: Inference,
    found: Explained,
    on_row: Callable[[], None],
) -> int:
    """Explain rows from one on; return the one to go on from where EPANET finds no solution."""
    kept = np.array([tag.quantity in ("level", "status") for tag in spec.tags])
    reached = first

    def at_hour(now: float, seen: Values) -> None:
        nonlocal reached
        place, late = divmod(now, HOUR)
        row = first + int(place)
        if late or row >= len(rows):
            return
        if row > first:
            found.forecast[row, kept] = seen[kept]
        reached = row
        explained = inference.explain(rows[row])
        if np.isfinite(explained.multipliers).all():
            found.demands[row] = explained.multipliers
            found.expected[row] = explained.expected
            testbed.impose(rows[row])
            testbed.plant.set_demands(explained.multipliers)
        on_row()

    with Testbed(spec, warmup=0.0, demand=_Given(len(spec.profiled))) as testbed:
        testbed.recording = False
        testbed.actors.append(at_hour)
        try:
            for _ in testbed.run((len(rows) - first) * HOUR):
                pass
        except PlantError:
            return reached + 1
    return len(rows)
