"""The last weeks of what was true and what SCADA showed, frame by frame, for trends."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.tags import Values

_ROWS = 8064  # four weeks of 5-min frames


class Stretch(NamedTuple):
    """Frames of one tag: times [s], values and qualities, ``(n,)`` each."""

    times: Values
    values: Values
    quality: NDArray[np.int8]


class History:
    """Frames in order of time; when it is full, the older half goes.

    Parameters
    ----------
    tags : sequence of str
    """

    def __init__(self, tags: Sequence[str]):
        self._index = {tag: place for place, tag in enumerate(tags)}
        self._lock = threading.Lock()
        self._used = 0
        self._times = np.empty(_ROWS)
        self._truth, self._seen = (np.empty((_ROWS, len(tags))) for _ in range(2))
        self._quality = np.empty((_ROWS, len(tags)), dtype=np.int8)

    def append(self, time: float, truth: Values, seen: Values, quality: NDArray[np.int8]) -> None:
        """Add the frame of `time` [s]."""
        with self._lock:
            if self._used == _ROWS:
                half = _ROWS // 2
                for column in (self._times, self._truth, self._seen, self._quality):
                    column[: _ROWS - half] = column[half:]
                self._used -= half
            row = self._used
            self._times[row], self._truth[row] = time, truth
            self._seen[row], self._quality[row] = seen, quality
            self._used += 1

    def forget(self) -> None:
        """Begin anew, as where a record is shown from its start again."""
        with self._lock:
            self._used = 0

    def of(self, tag: str, since: float, *, truth: bool = False, most: int = 600) -> Stretch:
        """Return the frames of a tag from `since` [s] on, thinned out to `most` at most.

        Of each stretch that is thinned out, the first frame stays; the last frame always does.

        Parameters
        ----------
        tag : str
        since : float
        truth : bool, default False
            The true values, instead of what SCADA showed.
        most : int, default 600
        """
        place = self._index[tag]
        with self._lock:
            first = int(np.searchsorted(self._times[: self._used], since))
            rows = np.arange(first, self._used)
            if len(rows) > most:
                rows = rows[np.linspace(0, len(rows) - 1, most).astype(int)]
            source = self._truth if truth else self._seen
            return Stretch(self._times[rows], source[rows, place], self._quality[rows, place])
