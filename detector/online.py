"""Online use: frames in, scores out; and scores gathered into the episodes operators see."""

import numpy as np

from detector.base import Detector, Floats, Score

_SLACK = 1.5


class OnlineDetector:
    """Watches one stream of frames with a fitted detector.

    A frame that never came is scored as one whose readings are all missing, so that a window
    always spans the same time.

    Parameters
    ----------
    detector
        A fitted detector. Its stream state is this object's own.
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
            If time does not move on, or the number of values is not the number of tags.
        """
        if self._time is not None:
            if time <= self._time:
                raise ValueError(f"frame at {time:g} s after one at {self._time:g} s")
            interval = self.detector.interval_s
            nothing = np.full(len(self.detector.tags), np.nan)
            while time - self._time > _SLACK * interval:
                self._time += interval
                self._stream.score_one(self._time, nothing)
        self._time = time
        return self._stream.score_one(time, values)
