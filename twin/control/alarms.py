"""SCADA's alarm list: alarms of limits that shown values pass, and alarms of a detector."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.plants.equipment import LEVELS, Limits
from twin.tags import Values


@dataclass(slots=True)
class LimitAlarm:
    """An alarm that a shown value passed a limit.

    Attributes
    ----------
    time : float
        When it was raised [s].
    tag, limit : str
        The limit is `LL`, `L`, `H` or `HH`.
    value, bound : float
        What was shown then, and the limit it had passed.
    cleared : float or None
        When the value had come back [s]; None while it has not.
    """

    time: float
    tag: str
    limit: str
    value: float
    bound: float
    cleared: float | None = None


@dataclass
class LimitWatch:
    """Compares every frame with the limits, and keeps the alarms.

    Attributes
    ----------
    tags : sequence of str
        In the frames' order.
    limits : mapping of str to Limits
    alarms : list of LimitAlarm
        Every alarm raised, in order.
    """

    tags: Sequence[str]
    limits: Mapping[str, Limits]
    alarms: list[LimitAlarm] = field(default_factory=list)

    def __post_init__(self) -> None:
        watched = [tag for tag in self.tags if tag in self.limits]
        self._places = np.array([self.tags.index(tag) for tag in watched], dtype=np.intp)
        bounds = [[getattr(self.limits[tag], level) for level in LEVELS] for tag in watched]
        sign = np.array([-1.0, -1.0, 1.0, 1.0])
        self._watched, self._sign = watched, sign
        self._bounds = np.array(bounds).reshape(-1, 4) * sign
        band = np.array([self.limits[tag].deadband for tag in watched])
        self._band = np.repeat(band[:, None], 4, axis=1)
        self._open: dict[tuple[int, int], LimitAlarm] = {}
        self._causes: dict[object, frozenset[str]] = {}
        self._silent = np.zeros((len(watched), 1), dtype=bool)
        self._turn(np.zeros(self._bounds.shape, dtype=bool))

    def suppress(self, tags: Iterable[str], cause: object) -> None:
        """Raise and clear no alarm of `tags` until the same cause suppresses others, or none."""
        self._causes[cause] = frozenset(tags)
        silent = frozenset().union(*self._causes.values())
        self._silent[:, 0] = [tag in silent for tag in self._watched]

    def _turn(self, on: NDArray[np.bool_]) -> None:
        """Set which alarms are on, and compute between which values none of them changes."""
        self._on = on
        turns = (self._bounds - np.where(on, self._band, 0.0)) * self._sign
        rises = on == (self._sign < 0.0)  # whether an alarm changes when the value rises past it
        above = np.where(rises, -np.inf, np.nan_to_num(turns, nan=-np.inf))
        below = np.where(rises, np.nan_to_num(turns, nan=np.inf), np.inf)
        self._above, self._below = above.max(axis=1).tolist(), below.min(axis=1).tolist()

    def see(self, now: float, values: Values) -> list[LimitAlarm]:
        """Compare a frame's values of shape (tags,) at `now` [s]; NaN raises and clears nothing.

        Returns
        -------
        list of LimitAlarm
            Those raised or cleared by it.
        """
        if self._silent.all():
            return []
        watched = values[self._places]
        shown = watched.tolist()
        if all(map(operator.lt, self._above, shown)) and all(map(operator.lt, shown, self._below)):
            return []
        signed = watched[:, None] * self._sign
        on = signed > self._bounds - np.where(self._on, self._band, 0.0)
        on = np.where(np.isnan(signed), self._on, on)
        on = np.where(self._silent, self._on, on)
        changed = on != self._on
        if not changed.any():
            return []
        self._turn(on)
        alarms = []
        for row, column in np.argwhere(changed).tolist():
            if on[row, column]:
                tag, limit = self._watched[row], LEVELS[column]
                bound = float(self._bounds[row, column] * self._sign[column])
                value = float(values[self._places[row]])
                alarm = LimitAlarm(now, tag, limit, value, bound)
                self._open[row, column] = alarm
                self.alarms.append(alarm)
            else:
                alarm = self._open.pop((row, column))
                alarm.cleared = now
            alarms.append(alarm)
        return alarms


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that a detector raised.

    Attributes
    ----------
    time : float
        When it was raised, seconds since the scenario's start.
    score, threshold : float
        The detector's score then, and the threshold it exceeded.
    tags : tuple of str
        The tags that contribute most to the score, largest first.
    plc : str
        The PLC whose tags contribute most.
    detector : str
        Which detector raised it.
    why : str
        What is wrong, in a sentence without its full stop; empty where the detector cannot say.
    """

    time: float
    score: float
    threshold: float
    tags: tuple[str, ...]
    plc: str
    detector: str = ""
    why: str = ""
