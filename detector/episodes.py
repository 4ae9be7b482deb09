"""Alarms that belong together: episodes, with what explains them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.base import HOUR, Cause, Score

MERGE_GAP_S = 6 * HOUR
"""Alarms at most so far apart [s] are one episode."""
LEAST_ALARMS = 1
"""Alarmed frames that raise an episode: with hourly frames, waiting for a second costs an hour."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A run of alarms that belong together.

    Attributes
    ----------
    start, end
        Times of the first and the last alarmed frame [s].
    peak
        The highest score.
    causes
        What explains it, ranked: shares averaged over its alarmed frames.
    """

    start: float
    end: float
    peak: float
    causes: tuple[Cause, ...]


class Episodes:
    """Gathers scores into alarm episodes, one score at a time.

    Parameters
    ----------
    merge_gap_s
        Alarms at most so far apart [s] belong to one episode.
    least
        Alarmed frames needed before an episode is raised.

    Attributes
    ----------
    all
        The episodes raised so far, in order; the last one may still grow.
    """

    def __init__(self, merge_gap_s: float = MERGE_GAP_S, least: int = LEAST_ALARMS) -> None:
        self.merge_gap_s = merge_gap_s
        self.least = least
        self.all: list[Episode] = []
        self._open: Episode | None = None
        self._alarms = 0
        self._causes: dict[str, Cause] = {}

    def update(self, score: Score) -> Episode | None:
        """Take the next score; return the episode if this score raises one.

        Later alarms of the same episode return None and extend the last entry of `all`.
        """
        if not score.alarm:
            return None
        if self._open is None or score.time - self._open.end > self.merge_gap_s:
            self._open = Episode(score.time, score.time, score.value, ())
            self._alarms = 0
            self._causes = {}
        self._alarms += 1
        for cause in score.causes:
            before = self._causes.get(cause.name, replace(cause, share=0.0))
            self._causes[cause.name] = replace(cause, share=before.share + cause.share)
        ranked = sorted(self._causes.values(), key=lambda cause: -cause.share)
        self._open = replace(
            self._open,
            end=score.time,
            peak=max(self._open.peak, score.value),
            causes=tuple(replace(cause, share=cause.share / self._alarms) for cause in ranked),
        )
        if self._alarms > self.least:
            self.all[-1] = self._open
        elif self._alarms == self.least:
            self.all.append(self._open)
            return self._open
        return None

    @classmethod
    def of(
        cls, times: Iterable[float], alarms: NDArray[np.bool_], merge_gap_s: float = MERGE_GAP_S
    ) -> list[Episode]:
        """Return the episodes of a whole series of alarms, without peaks and causes.

        Parameters
        ----------
        times
            The rows' times [s], ``(T,)``.
        alarms
            Which rows are alarmed, ``(T,)``.
        merge_gap_s
            As in the class.
        """
        gathered = cls(merge_gap_s)
        for time, alarm in zip(times, alarms, strict=True):
            gathered.update(Score(float(time), float("nan"), float("nan"), bool(alarm), ()))
        return gathered.all
