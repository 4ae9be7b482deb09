"""Online use: a detector that scores a stream of frames, and bridges those that are missing."""

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

    def slope(self, values: Floats) -> Floats | None:
        """Return how the score rises with each column of the next frame; see `Stream.slope`."""
        return self._stream.slope(values)
