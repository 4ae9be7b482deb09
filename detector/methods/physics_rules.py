"""Control rules as statistics: a PLC that does not do what its rules say shows in its drives."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.base import HOUR, Floats
from detector.methods.physics_plant import Control

MARGIN = 0.011
"""A level [m] counts as past its threshold by this: rounding to two decimals is within it."""
LOOK_BACK_S = 1200.0
"""A switch is judged by the levels of so long before it [s]: PLCs scan every quarter of an hour."""
CYCLE_S = 6 * HOUR
"""Switches are counted over so long [s]."""
_RUNS = 0.05  # L/s; less is rounding


class Drives:
    """Where the drives' tags stand in a row.

    Parameters
    ----------
    controls
        All, in whatever order.
    tags
        Names of the row's values.

    Attributes
    ----------
    ruled, unruled
        Controls with rules on a level that the row has, and those without any.
    """

    def __init__(self, controls: Sequence[Control], tags: Sequence[str]) -> None:
        places = {tag: place for place, tag in enumerate(tags)}
        seen = [each for each in controls if each.status in places or each.flow in places]
        self.ruled = [each for each in seen if each.level in places]
        self.unruled = [each for each in seen if not each.level]
        self._levels = np.array([places[each.level] for each in self.ruled], dtype=np.intp)

        def shown(which: Sequence[Control]) -> NDArray[np.intp]:
            tag_of = (each.status if each.status in places else each.flow for each in which)
            return np.array([places[str(tag)] for tag in tag_of], dtype=np.intp)

        self._states = shown(self.ruled)
        self._flows = shown(
            [
                each if each.flow not in places else each.model_copy(update={"status": None})
                for each in self.unruled
            ]
        )
        self._unruled = shown(self.unruled)
        self.low = np.array(
            [-np.inf if each.opens_below is None else each.opens_below for each in self.ruled]
        )
        self.high = np.array(
            [np.inf if each.closes_above is None else each.closes_above for each in self.ruled]
        )

    def levels(self, row: Floats) -> Floats:
        """Return the level that decides each ruled drive."""
        return np.asarray(row[self._levels])

    def states(self, row: Floats) -> NDArray[np.bool_]:
        """Return which ruled drives are open."""
        return np.asarray(np.abs(row[self._states]) > _RUNS)

    def running(self, row: Floats) -> NDArray[np.bool_]:
        """Return which drives without a rule are open or have a flow."""
        return np.asarray((np.abs(row[self._unruled]) > _RUNS) | (np.abs(row[self._flows]) > _RUNS))


class RuleStatistics:
    """The rules of one stream of frames.

    Parameters
    ----------
    drives
        Where they stand in a row.
    interval_s
        From frame to frame [s].
    """

    KINDS = ("late", "odd", "switches", "unruled")

    def __init__(self, drives: Drives, interval_s: float) -> None:
        self._drives = drives
        count = len(drives.ruled)
        self._late = np.zeros(count)
        self._recent: deque[Floats] = deque(maxlen=1 + max(1, round(LOOK_BACK_S / interval_s)))
        self._switches: deque[NDArray[np.bool_]] = deque(maxlen=max(1, round(CYCLE_S / interval_s)))
        self._switched = np.zeros(count)
        self._before: NDArray[np.bool_] | None = None

    def update(self, row: Floats) -> list[Floats]:
        """Take the next row, without NaN; return the statistics of each of `KINDS`.

        Returns
        -------
        late
            For how many frames a level has been past a threshold and its drive not switched.
        odd
            How far from its threshold [m] a drive has just switched, else 0.
        switches
            How often a drive has switched in `CYCLE_S`.
        unruled
            1 where a drive runs that no rule starts.
        """
        drives = self._drives
        levels, states = drives.levels(row), drives.states(row)
        wrong = ((levels > drives.high + MARGIN) & states) | (
            (levels < drives.low - MARGIN) & ~states
        )
        self._late = np.where(wrong, self._late + 1.0, 0.0)
        self._recent.append(levels)
        before = states if self._before is None else self._before
        switched = states != before
        odd = np.zeros(len(levels))
        if switched.any():
            recent = np.array(self._recent)
            opened = np.maximum(0.0, recent.min(axis=0) - drives.low)
            closed = np.maximum(0.0, drives.high - recent.max(axis=0))
            odd = np.where(switched, np.where(states, opened, closed), 0.0)
            odd[~np.isfinite(odd)] = 0.0  # no rule does that: another actuator's, or a person
        if len(self._switches) == self._switches.maxlen:
            self._switched = self._switched - self._switches[0]
        self._switches.append(switched)
        self._switched = self._switched + switched
        self._before = states
        return [self._late, odd, self._switched, drives.running(row).astype(float)]
