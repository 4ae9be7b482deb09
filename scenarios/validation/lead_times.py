"""How far ahead the twin predicts a record, restarted from its rows under the demands behind them.

No run follows a record for a year, for a millimetre at a threshold decides when a pump switches:
agreement is measured at lead times.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twin.plants.spec import PlantSpec
from twin.shadow.inference import explain_all
from twin.tags import Frame, Values
from twin.testbed import Testbed
from twin.units import HOUR
from twin.water.demand import Playback

LEADS = (1, 3, 24)
"""Hours after a restart at which twin and record are compared."""
RESTARTS = 150
"""At most so many, evenly over the record."""
_BLOCK = max(LEADS) + 1  # rows of one restart: its own and those it is compared with


def restart_rows(normal: NDArray[np.bool_], restarts: int = RESTARTS) -> NDArray[np.intp]:
    """Return the rows to restart from: each with a day of normal rows after it, evenly spread.

    Parameters
    ----------
    normal : ndarray of shape (T,)
        Whether each row is from normal operation and complete.
    restarts : int
        At most so many.
    """
    whole = [at for at in range(0, len(normal) - _BLOCK + 1, _BLOCK) if normal[at:][:_BLOCK].all()]
    chosen = np.linspace(0, len(whole) - 1, min(restarts, len(whole))).round().astype(int)
    return np.asarray(np.array(whole, dtype=np.intp)[chosen])


def lead_errors(
    spec: PlantSpec,
    values: Values,
    normal: NDArray[np.bool_],
    restarts: int = RESTARTS,
    on_step: Callable[[float], None] = lambda share: None,
) -> tuple[Values, int]:
    """Restart the twin from rows of a record and measure how it departs from the next rows.

    The whole control system runs, from the levels and statuses of the row, under the demands that
    explain the row and each of the next ones.

    Parameters
    ----------
    spec : PlantSpec
    values : ndarray of shape (T, tags)
        The record, an hour a row, unrounded where it is known so.
    normal : ndarray of shape (T,)
        Whether each row is from normal operation.
    restarts : int
        At most so many.
    on_step : callable, optional
        Told which share is done.

    Returns
    -------
    errors : ndarray of shape (leads, tags)
        At each of `LEADS`, the root of the mean squared error over all restarts, divided by the
        tag's standard deviation in the record; NaN where the tag never moves, or all of it where
        the record holds no day to compare with.
    count : int
        Restarts made.
    """
    whole = normal & np.isfinite(values).all(axis=1)
    begin = restart_rows(whole, restarts)
    if len(begin) == 0:
        return np.full((len(LEADS), values.shape[1]), np.nan), 0
    rows = values[(begin[:, None] + np.arange(_BLOCK)).ravel()]
    total = 2.0 * len(rows)
    multipliers, _ = explain_all(spec, rows, lambda count: on_step(count / total))
    predicted = np.empty_like(rows)
    with Testbed(spec, warmup=0.0) as testbed:
        testbed.demand = Playback(multipliers)

        def restart(now: float, _: Values) -> None:
            row, late = divmod(now, HOUR)
            if late == 0 and row % _BLOCK == 0:
                testbed.impose(rows[int(row)])

        def keep(frame: Frame) -> None:
            if frame.time % HOUR == 0:
                predicted[int(frame.time / HOUR)] = frame.values

        testbed.actors.append(restart)
        testbed.scada.subscribers.append(keep)
        for now in testbed.run(len(rows) * HOUR):
            on_step((len(rows) + now / HOUR) / total)
    error = (predicted - rows).reshape(len(begin), _BLOCK, -1)[:, LEADS]
    spread = values[whole].std(axis=0)
    spread[spread == 0] = np.nan
    return np.sqrt((error**2).mean(axis=0)) / spread, len(begin)
