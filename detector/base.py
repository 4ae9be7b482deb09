"""The contract of a detector: `Detector` over tables, `Stream` frame by frame.

A frame is one row of all tags, at a regular interval. A score is a number per frame, and a higher
score is more anomalous, everywhere. The threshold above which a score is an alarm is chosen apart
from the score (`detector.thresholds`).

To add a detector, register a class under its kind (`detector.registry.register`). One that
reconstructs windows of rows subclasses `detector.methods.windowed.WindowDetector`, whose docstring
holds a whole detector in fifteen lines; any other implements `Detector` itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

HOUR = 3600.0
"""Seconds in an hour: the frame interval of C-Town's detectors."""
DAY = 24 * HOUR
"""Seconds in a day."""
WEEK = 7 * DAY
"""Seconds in a week."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A tag's share in a score.

    Attributes
    ----------
    tag
        The tag's name.
    share
        The tag's part of the normalised error, 0 to 1 (see `detector.explain`).
    """

    tag: str
    share: float


@dataclass(frozen=True, slots=True)
class Score:
    """One frame's score, and what explains it.

    Attributes
    ----------
    time
        The frame's time [s].
    value
        Higher is more anomalous; NaN while the window is not full.
    threshold
        A frame whose value is above it is alarmed.
    alarm
        Whether ``value > threshold``.
    causes
        The tags that explain the value, the largest share first.
    """

    time: float
    value: float
    threshold: float
    alarm: bool
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training windows.

    Attributes
    ----------
    number, of
        The pass, counted from 1, and how many there are at most.
    loss, held_out
        Loss on the training and on the held-out windows.
    """

    number: int
    of: int
    loss: float
    held_out: float


Progress = Callable[[Epoch], None]
"""Called after every epoch of a fit."""


class FitOptions(TypedDict):
    """The options of `Detector.fit`, as it hands them on."""

    seed: int
    epochs: int | None
    device: str
    progress: Progress | None


class Stream(ABC):
    """A detector's memory of one sequence of frames: scores them one by one."""

    @abstractmethod
    def score_one(self, time: float, values: Floats) -> Score:
        """Score the next frame.

        Parameters
        ----------
        time
            The frame's time [s].
        values
            One value per tag in the detector's order, in the tags' units, ``(C,)``; NaN where a
            reading is missing: the tag's last value is carried on.

        Returns
        -------
        Score
            The same number that `Detector.score` gives this row, to float precision.
        """


class Detector(ABC):
    """Scores rows of a plant's tags; higher is more anomalous.

    What every kind promises, and the tests check on each:

    - It is fitted on normal data only, and sees no label.
    - No score uses a later row.
    - `score` over a table and `Stream.score_one` over the same rows give the same numbers to float
      precision, whatever the batch size.
    - Saved and loaded, it scores as before.

    Parameters
    ----------
    tags
        Names of the channels, in the order of the values.
    interval_s
        Time from frame to frame [s].

    Attributes
    ----------
    kind
        The name under which the class is registered; `detector.registry.register` sets it.
    threshold
        Scores above it are alarms; NaN before `fit`.
    about
        How the detector was fitted: what `save` adds to the card beside the weights.
    """

    kind: ClassVar[str]

    def __init__(self, tags: Sequence[str], interval_s: float = HOUR) -> None:
        self.tags = tuple(tags)
        self.interval_s = float(interval_s)
        self.threshold = float("nan")
        self.about: dict[str, Any] = {}

    @abstractmethod
    def fit(
        self,
        table: "pd.DataFrame | Sequence[pd.DataFrame]",
        *,
        seed: int = 0,
        epochs: int | None = None,
        device: str = "cpu",
        progress: Progress | None = None,
    ) -> None:
        """Learn from normal rows, and set the threshold on a held-out part of them.

        Parameters
        ----------
        table
            Normal rows in time order, one an interval, a column per tag, ``(T, C)``; or several
            such tables, whose ends are not joined.
        seed
            Seed of everything random in the fit.
        epochs
            At most so many passes over the data; the kind's own default when None.
        device
            ``cpu`` or ``cuda``, for kinds that can use it.
        progress
            Called after each epoch.

        Raises
        ------
        DataError
            If a tag has no column or no value, the table is too short, or the device is absent.
        """

    @abstractmethod
    def score(self, table: "pd.DataFrame") -> Floats:
        """Score every row of a table.

        Parameters
        ----------
        table
            Rows in time order, a column per tag, ``(T, C)``; NaN where a reading is missing (the
            last value is carried: interpolating would look ahead).

        Returns
        -------
        ndarray
            ``(T,)``, higher is more anomalous; NaN for the rows without a full window.
        """

    @abstractmethod
    def stream(self) -> Stream:
        """Return a stream that has seen no frame yet."""

    @abstractmethod
    def save(self, path: str | Path) -> None:
        """Write the weights to ``path`` (``.safetensors``) and the card beside them (``.json``)."""

    @classmethod
    @abstractmethod
    def load(cls, path: str | Path) -> "Detector":
        """Read what `save` wrote.

        Raises
        ------
        DataError
            If a file is missing, damaged, or the two do not belong together.
        """
