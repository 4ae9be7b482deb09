"""The base of detectors that reconstruct windows of rows: fit, score, stream and checkpoint."""

import math
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector import checkpoint
from detector.base import (
    DAY,
    USUAL,
    Detector,
    Floats,
    NoOptions,
    Score,
    Stream,
    Training,
    frame_values,
)
from detector.errors import DataError
from detector.explain import causes
from detector.methods.windows import Scaler, carry, interpolate, split_tail, values_of, windows_of
from detector.thresholds.mean_sigma import LEAST, choose_threshold

HELD_OUT = 0.2
"""The part of each stretch of normal rows, its tail, that is held out."""

NEWS = 20.0
"""What each moved constant channel adds to a score: the mean of the held-out normal scores and so
many of their standard deviations. Above any threshold of `detector.thresholds.mean_sigma`, which
has 10 at most, so that one alone raises an alarm."""


class WindowDetector(Detector):
    """A detector whose score is the mean squared error of its reconstruction of a window of rows.

    A channel that was constant in all normal rows and moves is an anomaly, whatever the model says:
    each such channel adds as much as `NEWS` says to the score of every row within `reach`, and is
    first among the causes. While no constant channel moves (none does in BATADAL's dataset04), the
    score is the mean squared error itself.

    A subclass says how to `learn`, what the `errors` of windows are, and which `tensors` it keeps;
    filling gaps, scaling, threshold, stream and checkpoint are done here. One whose score is not
    the channels' mean error says so in `total`; one whose options change how it scores takes them
    up in `configure`. A whole detector, which reconstructs every day as the average day::

        @register("average-day")
        class AverageDay(WindowDetector):
            def learn(self, windows, held_out, training):
                self.mean = windows.mean(axis=0)

            def errors(self, windows):
                return ((windows - self.mean) ** 2).mean(axis=1)

            def tensors(self):
                return {"mean": self.mean}

            def restore(self, tensors):
                self.mean = tensors["mean"]

    Attributes
    ----------
    length
        Rows in a window.
    includes_row
        Whether a row is scored by the window that ends with it, or by the one before it.
    trail
        Over how many rows the error is averaged: the row itself and those before it.
    reach
        For how many rows, from the one where it moves, a constant channel adds to the score.
    scaler
        Min-max scaling, fitted on all normal rows.
    normal
        Mean squared error of each channel on held-out normal rows, scaled, ``(C,)``.
    news
        What each moved constant channel adds to a score, see `NEWS`.
    """

    length: ClassVar[int] = 24
    includes_row: bool = True
    trail: ClassVar[int] = 1
    reach: ClassVar[int] = 1

    scaler: Scaler
    normal: Floats
    news: float

    @abstractmethod
    def learn(self, windows: Floats, held_out: Floats, training: Training) -> None:
        """Learn from normal windows.

        Parameters
        ----------
        windows
            Scaled normal rows to learn from, ``(N, length, C)``.
        held_out
            Later ones, for instance to decide when to stop, ``(M, length, C)``.
        training
            As in `Detector.fit`.
        """

    @abstractmethod
    def errors(self, windows: Floats) -> Floats:
        """Return the squared reconstruction error of each channel in each window.

        Parameters
        ----------
        windows
            Scaled rows, ``(N, length, C)``.

        Returns
        -------
        ndarray
            ``(N, C)``, not negative; a window's errors do not depend on the others beside it.
        """

    def slopes(self, window: Floats) -> Floats | None:
        """Return how a window's mean error rises with each channel of its last row.

        Parameters
        ----------
        window
            Scaled rows, ``(length, C)``.

        Returns
        -------
        ndarray or None
            ``(C,)``, per unit of the scaled channel; None where a kind does not say.
        """
        return None

    @abstractmethod
    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the fitted parameters by name, as the checkpoint keeps them."""

    @abstractmethod
    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:
        """Set the parameters that `tensors` returned.

        Raises
        ------
        KeyError, ValueError, RuntimeError
            If a tensor is missing or has another shape.
        """

    def total(self, errors: Floats) -> Floats:
        """Return the score of rows from their channels' errors, ``(..., C)``: their mean."""
        mean: Floats = errors.mean(axis=-1)
        return mean

    def configure(self, options: NoOptions) -> None:
        """Take up the options of a fit: before it, and of a loaded detector."""

    def fit(  # noqa: D102 - the contract says it
        self, normal: pd.DataFrame | Sequence[pd.DataFrame], training: Training = USUAL
    ) -> None:
        tables = normal if isinstance(normal, Sequence) else [normal]
        options = self.options(training)
        self.configure(options)
        self._check_length([len(each) for each in tables])
        stretches = [interpolate(values_of(each, self.tags), self.tags) for each in tables]
        self.scaler = Scaler.fit(stretches)
        pairs = split_tail(
            [self.scaler.scale(each) for each in stretches], HELD_OUT, self.length + self.trail
        )
        self.learn(
            np.concatenate([windows_of(head, self.length) for head, _ in pairs]),
            np.concatenate([windows_of(tail, self.length) for _, tail in pairs]),
            training,
        )
        errors = [self.row_errors(tail) for _, tail in pairs]
        self.normal = np.nanmean(np.concatenate(errors), axis=0)
        # A badly reconstructed constant says nothing about the plant; only its moving does.
        self.normal[self.scaler.constant] = 0.0
        self.held_out_scores = tuple(self.total(each) for each in errors)
        chosen = choose_threshold(list(self.held_out_scores), self.interval_s)
        self.threshold = chosen.value
        self.news = chosen.mean + NEWS * chosen.deviation
        self.about["options"] = options.model_dump()
        self.about["threshold"] = {
            "rule": "mean + sigmas * deviation of held-out normal scores; sigmas is the smallest "
            "that leaves at most one alarm episode a week on them",
            "mean": chosen.mean,
            "deviation": chosen.deviation,
            "sigmas": chosen.sigmas,
        }
        self.about["held_out"] = {
            "rows": sum(len(tail) for _, tail in pairs),
            "false_episodes_per_week": chosen.false_per_week,
            "mean": chosen.mean,
            "deviation": chosen.deviation,
        }

    def _check_length(self, rows: Sequence[int]) -> None:
        """Raise DataError where stretches of so many rows leave too little for the threshold."""
        unscored = self.length if not self.includes_row else self.length - 1
        held_out = [max(round(each * HELD_OUT), self.length + self.trail) for each in rows]
        wanted = LEAST / self.interval_s
        if sum(held_out) - unscored * len(rows) < wanted:
            needed = math.ceil((wanted + unscored) / HELD_OUT)
            raise DataError(
                f"{sum(rows)} rows of normal data are too few: the last {HELD_OUT:.0%} of each "
                f"stretch are held out, and must hold {wanted:g} rows behind their first window; "
                f"give a stretch of {needed} rows ({_days(needed * self.interval_s)}) or longer"
            )

    def score(self, table: pd.DataFrame) -> Floats:  # noqa: D102 - the contract says it
        values = carry(values_of(table, self.tags), self.scaler.middle)
        errors = self.total(self.row_errors(self.scaler.scale(values)))
        moved = self.scaler.moved(values)
        recent = pd.DataFrame(moved).rolling(self.reach, min_periods=1).max().to_numpy()
        scores: Floats = errors + self.news * recent.sum(axis=1)
        return scores

    def row_errors(self, rows: Floats) -> Floats:
        """Return each channel's error, averaged over `trail` rows; NaN without a window.

        Parameters
        ----------
        rows
            Scaled rows, ``(T, C)``, as is the result.
        """
        late = 0 if self.includes_row else 1
        errors = np.full((len(rows) + late, rows.shape[1]), np.nan)
        windows = windows_of(rows, self.length)
        if len(windows):
            errors[self.length - 1 + late :] = self.errors(windows)
        errors = errors[: len(rows)]
        # Summed newest first, as the stream does it, so that both round alike.
        total = np.zeros_like(errors)
        count = np.zeros((len(rows), 1))
        for back in range(min(self.trail, len(rows))):
            earlier = errors[: len(rows) - back]
            known = np.isfinite(earlier[:, :1])
            total[back:] += np.where(known, earlier, 0.0)
            count[back:] += known
        return np.where(np.isfinite(errors), total / np.maximum(count, 1), np.nan)

    def stream(self) -> "WindowStream":  # noqa: D102 - the contract says it
        return WindowStream(self)

    def save(self, path: str | Path) -> None:  # noqa: D102 - the contract says it
        tensors = {f"model.{name}": each for name, each in self.tensors().items()}
        tensors |= {
            "scaler.low": self.scaler.low,
            "scaler.high": self.scaler.high,
            "normal": self.normal,
        }
        threshold = {**self.about.get("threshold", {}), "value": self.threshold}
        card = {
            "kind": self.kind,
            "tags": list(self.tags),
            "interval_s": self.interval_s,
            "window_rows": self.length,
            **self.about,
            "threshold": threshold,
            "normal_error": dict(zip(self.tags, self.normal.tolist(), strict=True)),
        }
        checkpoint.write(Path(path), tensors, card)

    @classmethod
    def load(cls, path: str | Path) -> Self:  # noqa: D102 - the contract says it
        path = Path(path)
        tensors, card = checkpoint.read(path)
        if card["kind"] != cls.kind:
            raise DataError(f"{path}: weights of kind {card['kind']!r}, not {cls.kind!r}.")
        detector = cls(card["tags"], card["interval_s"])
        try:
            detector.configure(cls.Options(**card.get("options", {})))
            detector.threshold = float(card["threshold"]["value"])
            detector.scaler = Scaler(tensors["scaler.low"], tensors["scaler.high"])
            detector.normal = tensors["normal"]
            held_out = {**card["threshold"], **card["held_out"]}  # older cards: in the first
            detector.news = float(held_out["mean"]) + NEWS * float(held_out["deviation"])
            if any(
                each.shape != (len(detector.tags),)
                for each in (detector.scaler.low, detector.scaler.high, detector.normal)
            ):
                raise ValueError(f"not one value for each of {len(detector.tags)} tags")
            if not all(np.isfinite(each).all() for each in tensors.values()):
                raise ValueError("a weight is not a finite number")
            detector.restore(
                {
                    name.removeprefix("model."): each
                    for name, each in tensors.items()
                    if name.startswith("model.")
                }
            )
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise DataError(f"{path}: not a {cls.kind} checkpoint: {error}.") from error
        written = ("kind", "tags", "interval_s", "window_rows", "normal_error", "weights_sha256")
        detector.about = {key: value for key, value in card.items() if key not in written}
        return detector


def _days(seconds: float) -> str:
    return f"{seconds / DAY:.1f} d".replace(".0 d", " d")


class WindowStream(Stream):
    """A `WindowDetector` along one stream: keeps the rows of the last window and no more."""

    def __init__(self, detector: WindowDetector) -> None:
        self._detector = detector
        self._last = detector.scaler.middle
        self._rows: deque[Floats] = deque(maxlen=detector.length)
        self._errors: deque[Floats] = deque(maxlen=detector.trail)
        self._moved: deque[NDArray[np.bool_]] = deque(maxlen=detector.reach)

    def score_one(self, time: float, values: Floats) -> Score:  # noqa: D102 - the contract says it
        detector = self._detector
        values = frame_values(values, detector.tags)
        self._last = np.where(np.isfinite(values), values, self._last)
        self._moved.append(detector.scaler.moved(self._last))
        row = detector.scaler.scale(self._last)
        if detector.includes_row:
            self._rows.append(row)
        full = len(self._rows) == detector.length
        if full:
            self._errors.append(detector.errors(np.stack(self._rows)[None])[0])
        if not detector.includes_row:
            self._rows.append(row)
        if not full:
            return self._score(time, np.full(len(row), np.nan), np.zeros(len(row), dtype=bool))
        errors = sum(reversed(self._errors), np.zeros(len(row))) / len(self._errors)
        return self._score(time, errors, np.asarray(np.any(self._moved, axis=0)))

    def score_many(  # noqa: D102 - the contract says it
        self, times: Floats, frames: Floats, since: float
    ) -> list[Score]:
        detector = self._detector
        values = carry(np.where(np.isfinite(frames), frames, np.nan), self._last)
        moved = detector.scaler.moved(values)
        wanted = int(np.searchsorted(times, since))
        first = max(0, wanted - detector.length - detector.trail)
        errors = detector.row_errors(detector.scaler.scale(values[first:]))
        return [
            self._score(
                float(times[row]),
                errors[row - first],
                np.asarray(moved[max(0, row + 1 - detector.reach) : row + 1].any(axis=0)),
            )
            for row in range(wanted, len(times))
        ]

    def _score(self, time: float, errors: Floats, recent: NDArray[np.bool_]) -> Score:
        """Return the score of a frame whose window has these errors, NaN without one.

        Parameters
        ----------
        time
        errors
            ``(C,)``, over `trail` rows.
        recent
            Which constant channels have moved within `reach`, ``(C,)``.
        """
        detector = self._detector
        if np.isnan(errors).any():
            return Score(time, float("nan"), detector.threshold, False, ())
        value = float(detector.total(errors) + detector.news * recent.sum())
        return Score(
            time,
            value,
            detector.threshold,
            value > detector.threshold,
            causes(
                detector.tags,
                np.where(detector.scaler.constant, 0.0, errors),
                detector.normal,
                recent,
            ),
        )

    def slope(self, values: Floats) -> Floats | None:  # noqa: D102 - the contract says it
        detector = self._detector
        if len(self._rows) < detector.length - 1:
            return None
        known = np.where(np.isfinite(values), values, self._last)
        before = [*self._rows][1 - detector.length :]
        window = np.stack([*before, detector.scaler.scale(known)])
        slopes = detector.slopes(window)
        return None if slopes is None else slopes / detector.scaler.span
