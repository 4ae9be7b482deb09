"""What every detector promises, and the registry from a kind's name to its class.

A detector scores frames: one row of all tags at a regular interval. Scorer and threshold are
separate things (`detector.threshold`); a higher score is more anomalous, everywhere.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

HOUR = 3600.0
"""Seconds in an hour: the frame interval of C-Town's detectors."""


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
    """A detector's opinion of one frame.

    Attributes
    ----------
    time
        The frame's time [s].
    value
        Higher is more anomalous; NaN while the window is not full.
    threshold
        Above it the frame is alarmed.
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
    """One pass over the training windows: its number, of how many, and both losses."""

    number: int
    of: int
    loss: float
    held_out: float


Progress = Callable[[Epoch], None]
"""Called after every epoch of a fit."""


class Stream(ABC):
    """The state of one detector along one stream of frames."""

    @abstractmethod
    def score_one(self, time: float, values: Floats) -> Score:
        """Score the next frame.

        Parameters
        ----------
        time
            The frame's time [s].
        values
            One value per tag in the detector's order, ``(C,)``; NaN where a reading is missing:
            the tag's last value is carried on.

        Returns
        -------
        Score
            The same number that `Detector.score` gives this row, to float precision.
        """


class Detector(ABC):
    """Scores rows of a plant's tags; higher is more anomalous.

    A detector is fitted on normal data only, and sees no label. `score` over a table and
    `Stream.score_one` over the same rows give the same numbers to float precision, whatever the
    batch size, and no score uses a later row.

    Parameters
    ----------
    tags
        Names of the channels, in the order of the values.
    interval_s
        Time from frame to frame [s].

    Attributes
    ----------
    kind
        The name under which the class is registered.
    threshold
        Scores above it are alarms; NaN before `fit`.
    about
        What `save` writes into the card beside the weights: how the detector came to be.
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
        """Learn what is normal, and set the threshold on a held-out part of it.

        Parameters
        ----------
        table
            Normal rows with a column per tag, one row an interval; or several such stretches,
            whose ends are not joined.
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
            Rows in time order, a column per tag; NaN where a reading is missing (the last value is
            carried: interpolating would look ahead).

        Returns
        -------
        ndarray
            ``(T,)``, higher is more anomalous; NaN for the rows without a full window.
        """

    @abstractmethod
    def stream(self) -> Stream:
        """Return a fresh stream: nothing seen yet."""

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
