"""The contract of a detector: `Detector` over tables, `Stream` frame by frame.

A frame is one row of all columns, at a regular interval: the plant's tags, and for a detector that
asks for them the residuals of a shadow twin. A score is a number per frame, and a higher score is
more anomalous, everywhere. The threshold above which a score is an alarm is chosen apart from the
score, and no score contains it (`detector.thresholds`).

To add a detector, register a class under its kind (`detector.registry.register`). One that
reconstructs windows of rows subclasses `detector.methods.windowed.WindowDetector`, whose docstring
holds a whole detector in fifteen lines; any other implements `Detector` itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from detector.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

HOUR = 3600.0
"""Seconds in an hour: the frame interval of C-Town's detectors."""
DAY = 24 * HOUR
"""Seconds in a day."""
WEEK = 7 * DAY
"""Seconds in a week."""


ColumnsWanted = Literal["tags", "tags+shadow"]
"""Which columns a detector scores: the plant's tags, or these and then those of a shadow twin."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What explains part of a score: a tag, a district, or an equation of the shadow twin.

    Attributes
    ----------
    name
        The tag's, district's or equation's name.
    share
        Its part of the normalised error, 0 to 1 (see `detector.explain`).
    kind
        Which of the three it is.
    tags
        The tags it is about, the first the one to look at; for a tag, none: it is its own.
    words
        What is wrong, in a sentence, where the detector can say it.
    """

    name: str
    share: float
    kind: Literal["tag", "district", "equation"] = "tag"
    tags: tuple[str, ...] = ()
    words: str = ""


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
        What explains the value, the largest share first.
    """

    time: float
    value: float
    threshold: float
    alarm: bool
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a fit that goes on in steps: an epoch of a network, a round of boosting.

    Attributes
    ----------
    number, of
        The step, counted from 1, and how many there are at most.
    loss, held_out
        Loss on the rows that are learned from, and on those held out.
    """

    number: int
    of: int
    loss: float
    held_out: float


Progress = Callable[[Step], None]
"""Called after every step of a fit."""


@dataclass(frozen=True)
class Training:
    """How a detector is fitted.

    Attributes
    ----------
    seed
        Seed of everything random in the fit.
    options
        Options of the kind by name, see `Detector.Options`; for those left out the kind's defaults
        hold.
    progress
        Called after each step, by kinds that learn in steps.
    """

    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None


USUAL = Training()
"""Seed 0, and the options that each kind has by default."""


class NoOptions(BaseModel):
    """The options of a fit; a kind that has some subclasses this with a field each."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ShadowOptions(NoOptions):
    """The options of a kind that wants a shadow twin's columns."""

    perturb: Mapping[str, float] = Field(
        default={},
        description="errors of the shadow twin, as of a defender who does not hold the exact plant:"
        " roughness=0.05,demand_split=0.1,seed=1",
    )

    @field_validator("perturb", mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        parts = (part.partition("=") for part in given.split(","))
        return {name.strip(): value for name, _, value in parts}


def frame_values(values: Floats, tags: Sequence[str]) -> Floats:
    """Return a frame's values as float64; ValueError where there is not one for each tag."""
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (len(tags),):
        raise ValueError(f"{values.shape} values in a frame for a detector of {len(tags)} tags")
    return values


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
            One value per column in the detector's order, in the tags' units, ``(C,)``; NaN where a
            reading is missing: the column's last value is carried on.

        Returns
        -------
        Score
            The same number that `Detector.score` gives this row, to float precision.
        """

    def score_many(self, times: Floats, frames: Floats, since: float) -> list[Score]:
        """Score frames that have all come already; of a stream that has seen none before.

        A kind that is faster with many frames at once overrides it.

        Parameters
        ----------
        times
            The frames' times [s], ``(T,)``.
        frames
            As `score_one` takes each, ``(T, C)``.
        since
            Scores of frames before this time [s] are not asked for.

        Returns
        -------
        list of Score
            Of the frames from then on: what `score_one` gives each, to float precision.
        """
        scores = [self.score_one(*frame) for frame in zip(times.tolist(), frames, strict=True)]
        return [score for score in scores if score.time >= since]

    def slope(self, values: Floats) -> Floats | None:
        """Return how the first score that the next frame counts in rises with each column of it.

        Parameters
        ----------
        values
            The next frame, as `score_one` would be given it; it is not remembered.

        Returns
        -------
        ndarray or None
            ``(C,)``, per unit of the column; None where the detector cannot tell.
        """
        return None


class Detector(ABC):
    """Scores rows of a plant's tags; higher is more anomalous.

    What every kind promises, and `detector.contract` checks on each:

    - It is fitted on normal data only, and sees no label.
    - No score uses a later row, and no score contains the threshold.
    - `score` over a table and `Stream.score_one` over the same rows give the same numbers to float
      precision, whatever the batch size.
    - A missing, stale or absurd reading does not stop it: every later row has a finite score.
    - Columns are found by name: their order in a table does not matter, further ones are left out.
    - The same seed and rows give the same detector; saved and loaded, it scores as before.

    Parameters
    ----------
    tags
        Names of the columns, in the order of the values: the plant's tags, and for a detector that
        wants ``tags+shadow`` then the shadow twin's columns.
    interval_s
        Time from frame to frame [s].

    Attributes
    ----------
    kind
        The name under which the class is registered; `detector.registry.register` sets it.
    columns_wanted
        Which columns it scores; who hands it frames joins those of the shadow twin.
    seeded
        Whether a fit depends on its seed.
    Options
        The options of `fit`: a pydantic model, a field with a description each.
    threshold
        Scores above it are alarms; NaN before `fit`.
    held_out_scores
        Scores of the normal rows held out in `fit`, ``(T,)`` for each stretch: any threshold can be
        set from them (`detector.thresholds`). Empty for a loaded detector.
    about
        How the detector was fitted: what `save` adds to the card beside the weights.
    """

    kind: ClassVar[str]
    columns_wanted: ColumnsWanted = "tags"
    seeded: ClassVar[bool] = True
    Options: ClassVar[type[NoOptions]] = NoOptions

    def __init__(self, tags: Sequence[str], interval_s: float = HOUR) -> None:
        self.tags = tuple(tags)
        self.interval_s = float(interval_s)
        self.threshold = float("nan")
        self.held_out_scores: tuple[Floats, ...] = ()
        self.about: dict[str, Any] = {}

    @property
    def perturb(self) -> Mapping[str, float]:
        """The errors of the shadow twin whose columns it scores; empty for an exact one."""
        return dict(self.about.get("options", {}).get("perturb", {}))

    @classmethod
    def options(cls, training: Training) -> NoOptions:
        """Return the options of a training, checked: an instance of the kind's `Options`.

        Raises
        ------
        DataError
            If the kind has no option of a name, or a value is not one; the message says which.
        """
        known = list(cls.Options.model_fields)
        for name in training.options:
            if name not in known:
                hint = did_you_mean(name, known) if known else "It has none."
                raise DataError(f"{cls.kind} has no option {name!r}. {hint}")
        try:
            return cls.Options(**training.options)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            raise DataError(
                f"option {name} of {cls.kind}: {first['msg']}, not {first['input']!r}."
            ) from None

    @classmethod
    def wants(cls, training: Training = USUAL) -> ColumnsWanted:
        """Return which columns a fit scores: `columns_wanted`, unless an option says otherwise."""
        return cls.columns_wanted

    @abstractmethod
    def fit(
        self, normal: "pd.DataFrame | Sequence[pd.DataFrame]", training: Training = USUAL
    ) -> None:
        """Learn from normal rows, and set the threshold on a held-out part of them.

        Parameters
        ----------
        normal
            Normal rows in time order, one an interval, a column per tag, ``(T, C)``; or several
            such tables, whose ends are not joined.
        training
            Seed, options of the kind, and who is told of the progress.

        Raises
        ------
        DataError
            If a tag has no column or no value, the table is too short, or an option is not one.
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

    def explain(self, score: Score) -> str:
        """Return why a frame scores as it does, in a sentence; '' where nothing explains it.

        Parameters
        ----------
        score
            One of this detector's.
        """
        if not score.causes:
            return ""
        if score.causes[0].words:
            return score.causes[0].words
        parts = ", ".join(f"{cause.name} ({cause.share:.0%})" for cause in score.causes[:3])
        return f"not as in normal operation: {parts} of the error"

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
