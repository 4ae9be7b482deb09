"""Online use: a detector that scores a stream of frames, and bridges those that are missing."""

from collections.abc import Sequence

import numpy as np

from detector.base import Detector, Floats, Score

_LATE = 1.5
"""A frame is missing when the next one is more than so many intervals after the last."""


class OnlineDetector:
    """Watches one stream of frames with a fitted detector.

    A missing frame is scored as one whose readings are all missing, so that a window always spans
    the same time.

    Parameters
    ----------
    detector
        A fitted detector. Several objects may watch different streams with the same one.
    """

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self._stream = detector.stream()
        self._time: float | None = None

    def update(self, time: float, values: Floats) -> Score:
        """Score the next frame.

        Parameters
        ----------
        time
            The frame's time [s], later than the last one's.
        values
            A value per tag in the detector's order, ``(C,)``; NaN where a reading is missing.

        Raises
        ------
        ValueError
            If time does not increase, or the number of values is not the number of tags.
        """
        if self._time is not None:
            if time <= self._time:
                raise ValueError(f"frame at {time:g} s after one at {self._time:g} s")
            interval = self.detector.interval_s
            missing = np.full(len(self.detector.tags), np.nan)
            while time - self._time > _LATE * interval:
                self._time += interval
                self._stream.score_one(self._time, missing)
        self._time = time
        return self._stream.score_one(time, values)

    def update_all(self, times: Sequence[float], frames: Floats, since: float) -> list[Score]:
        """Score a whole stream after its end; faster, and to float precision the same.

        Parameters
        ----------
        times
            The frames' times [s], ascending.
        frames
            A row a frame, as `update` takes each, ``(T, C)``.
        since
            Only frames from this time [s] on are scored; those before fill the window.
        """
        interval = self.detector.interval_s
        rows: list[tuple[float, Floats]] = []
        for time, values in zip(times, frames, strict=True):
            while rows and time - rows[-1][0] > _LATE * interval:
                rows.append((rows[-1][0] + interval, np.full(len(values), np.nan)))
            rows.append((time, values))
        every = np.array([time for time, _ in rows], dtype=np.float64)
        table = np.array([values for _, values in rows]).reshape(len(rows), -1)
        scores = {s.time: s for s in self._stream.score_many(every, table, since)}
        return [scores[time] for time in times if time >= since]

    def slope(self, values: Floats) -> Floats | None:
        """Return how the score rises with each column of the next frame; see `Stream.slope`."""
        return self._stream.slope(values)
