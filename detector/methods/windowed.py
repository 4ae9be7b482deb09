"""What detectors that judge windows of rows share: fit, score, stream, novelty, checkpoint."""

import math
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from detector import checkpoint
from detector.base import HOUR, Detector, Floats, Progress, Score, Stream
from detector.errors import DataError
from detector.explain import causes
from detector.methods.windows import Scaler, carry, interpolate, split_tail, values_of, windows_of
from detector.thresholds.mean_sigma import LEAST, choose_threshold

if TYPE_CHECKING:
    import pandas as pd

HELD_OUT = 0.2
"""The part of each stretch of normal rows, its tail, that is held out."""

LOUD = 2.0
"""What a constant channel that moved adds to a score, in thresholds: alone it is an alarm."""


class WindowDetector(Detector):
    """A detector whose score is the mean squared error of a window that it draws again.

    A channel that was constant in all normal rows and moves is news, whatever the model says: each
    such channel adds `LOUD` thresholds to the score of every row within `reach`, and comes first
    among the causes. While no constant channel moves (none does in BATADAL's dataset04), the score
    is the plain error.

    Subclasses say how to `learn`, what the `errors` of windows are, and which tensors they keep.

    Attributes
    ----------
    length
        Rows in a window.
    includes_row
        Whether a row is judged by the window that ends with it, or by the one before it.
    trail
        Over how many rows the error is averaged, looking back.
    reach
        For how many rows, the row itself included, a moved constant channel is news.
    scaler
        Min-max scaling, fitted on all normal rows.
    normal
        Mean error of each channel on held-out normal rows, ``(C,)``.
    """

    length: ClassVar[int] = 24
    includes_row: ClassVar[bool]
    trail: ClassVar[int] = 1
    reach: ClassVar[int]

    scaler: Scaler
    normal: Floats

    def __init__(self, tags: Sequence[str], interval_s: float = HOUR) -> None:
        super().__init__(tags, interval_s)
        self._loudness = 0.0

    @abstractmethod
    def learn(
        self,
        windows: Floats,
        held_out: Floats,
        *,
        seed: int,
        epochs: int | None,
        device: str,
        progress: Progress | None,
    ) -> None:
        """Learn from scaled normal windows ``(N, 24, C)``, with later ones held out."""

    @abstractmethod
    def errors(self, windows: Floats) -> Floats:
        """Return the squared error of each channel in each scaled window, ``(N, C)``."""

    @abstractmethod
    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return what the model has learnt, by name."""

    @abstractmethod
    def restore(self, tensors: dict[str, NDArray[Any]]) -> None:
        """Take back what `tensors` gave.

        Raises
        ------
        KeyError, ValueError, RuntimeError
            If a tensor is missing or has another shape.
        """

    def fit(  # noqa: D102 - the contract says it
        self,
        table: "pd.DataFrame | Sequence[pd.DataFrame]",
        *,
        seed: int = 0,
        epochs: int | None = None,
        device: str = "cpu",
        progress: Progress | None = None,
    ) -> None:
        tables = table if isinstance(table, Sequence) else [table]
        self._check_length([len(each) for each in tables])
        stretches = [interpolate(values_of(each, self.tags), self.tags) for each in tables]
        self.scaler = Scaler.fit(stretches)
        pairs = split_tail(
            [self.scaler.scale(each) for each in stretches], HELD_OUT, self.length + self.trail
        )
        self.learn(
            np.concatenate([windows_of(head, self.length) for head, _ in pairs]),
            np.concatenate([windows_of(tail, self.length) for _, tail in pairs]),
            seed=seed,
            epochs=epochs,
            device=device,
            progress=progress,
        )
        judged = [self._row_errors(tail) for _, tail in pairs]
        self.normal = np.nanmean(np.concatenate(judged), axis=0)
        # Drawing a constant wrongly says nothing about the plant; only its moving does.
        self.normal[self.scaler.constant] = 0.0
        chosen = choose_threshold([each.mean(axis=1) for each in judged], self.interval_s)
        self.threshold = chosen.value
        self._loudness = LOUD * self.threshold
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

    def score(self, table: "pd.DataFrame") -> Floats:  # noqa: D102 - the contract says it
        values = carry(values_of(table, self.tags), self.scaler.middle)
        errors = self._row_errors(self.scaler.scale(values)).mean(axis=1)
        moved = self.scaler.moved(values)
        news = moved.copy()
        for back in range(1, min(self.reach, len(moved))):
            news[back:] |= moved[:-back]
        scores: Floats = errors + self._loudness * news.sum(axis=1)
        return scores

    def _row_errors(self, rows: Floats) -> Floats:
        """Return the error of each channel at each row, ``(T, C)``; NaN without a full window."""
        late = 0 if self.includes_row else 1
        found = np.full((len(rows) + late, rows.shape[1]), np.nan)
        windows = windows_of(rows, self.length)
        if len(windows):
            found[self.length - 1 + late :] = self.errors(windows)
        found = found[: len(rows)]
        # Summed newest first, as the stream does it, so that both round alike.
        total = np.zeros_like(found)
        count = np.zeros((len(rows), 1))
        for back in range(min(self.trail, len(rows))):
            earlier = found[: len(rows) - back]
            known = np.isfinite(earlier[:, :1])
            total[back:] += np.where(known, earlier, 0.0)
            count[back:] += known
        return np.where(np.isfinite(found), total / np.maximum(count, 1), np.nan)

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
        place = Path(path)
        tensors, card = checkpoint.read(place)
        if card["kind"] != cls.kind:
            raise DataError(f"{place}: weights of kind {card['kind']!r}, not {cls.kind!r}.")
        found = cls(card["tags"], card["interval_s"])
        try:
            found.threshold = float(card["threshold"]["value"])
            found.scaler = Scaler(tensors["scaler.low"], tensors["scaler.high"])
            found.normal = tensors["normal"]
            if any(
                each.shape != (len(found.tags),)
                for each in (found.scaler.low, found.scaler.high, found.normal)
            ):
                raise ValueError(f"not one value for each of {len(found.tags)} tags")
            found.restore(
                {
                    name.removeprefix("model."): each
                    for name, each in tensors.items()
                    if name.startswith("model.")
                }
            )
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise DataError(f"{place}: not a {cls.kind} checkpoint: {error}.") from error
        found._loudness = LOUD * found.threshold
        written = ("kind", "tags", "interval_s", "window_rows", "normal_error", "weights_sha256")
        found.about = {key: value for key, value in card.items() if key not in written}
        return found


def _days(seconds: float) -> str:
    return f"{seconds / (24 * HOUR):.1f} d".replace(".0 d", " d")


class WindowStream(Stream):
    """A stream scored by a `WindowDetector`: keeps the last window and no more."""

    def __init__(self, detector: WindowDetector) -> None:
        self._detector = detector
        self._last = detector.scaler.middle
        self._rows: deque[Floats] = deque(maxlen=detector.length)
        self._errors: deque[Floats] = deque(maxlen=detector.trail)
        self._moved: deque[NDArray[np.bool_]] = deque(maxlen=detector.reach)

    def score_one(self, time: float, values: Floats) -> Score:  # noqa: D102 - the contract says it
        detector = self._detector
        values = np.asarray(values, dtype=np.float64)
        if values.shape != (len(detector.tags),):
            raise ValueError(
                f"{values.shape} values in a frame for a detector of {len(detector.tags)} tags"
            )
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
            return Score(time, float("nan"), detector.threshold, False, ())
        errors = sum(reversed(self._errors), np.zeros(len(row))) / len(self._errors)
        news = np.any(self._moved, axis=0)
        value = float(errors.mean() + detector._loudness * news.sum())
        return Score(
            time,
            value,
            detector.threshold,
            value > detector.threshold,
            causes(
                detector.tags,
                np.where(detector.scaler.constant, 0.0, errors),
                detector.normal,
                news,
            ),
        )
