"""From a table of readings to what a detector scores: missing values filled, rows scaled, windows.

Shapes: T rows, C channels (one a tag), N windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detector.base import Floats
from detector.errors import DataError, did_you_mean

CLIP = (-4.0, 5.0)
"""Scaled values are clipped to this, four spans below and above the normal range, so that a garbled
reading cannot blow up a network. BATADAL's dataset04 spans -1.25 to 2.81: nothing is clipped."""

TOLERANCE = 0.02
"""A constant channel has moved when it is off by more than this, or by this part of its constant if
that is above 1: data rounded to two decimals jitter by 0.01."""


@dataclass(frozen=True)
class Scaler:
    """Min-max scaling fitted on normal rows, as scikit-learn's `MinMaxScaler` does it.

    A channel that was constant keeps its unit: c becomes 0, x becomes x - c.

    Attributes
    ----------
    low, high
        The smallest and largest normal value of each channel, ``(C,)``.
    """

    low: Floats
    high: Floats

    @classmethod
    def fit(cls, stretches: Sequence[Floats]) -> "Scaler":
        """Return the scaler of some stretches of rows, each ``(T, C)`` without NaN."""
        low = np.min([each.min(axis=0) for each in stretches], axis=0)
        high = np.max([each.max(axis=0) for each in stretches], axis=0)
        return cls(low, high)

    @property
    def middle(self) -> Floats:
        """The middle of each channel's range, ``(C,)``: used until its first reading."""
        return self.low + (self.high - self.low) / 2

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which channels never changed in normal rows, ``(C,)``."""
        return np.equal(self.high, self.low)

    @property
    def span(self) -> Floats:
        """What is scaled to 1, in the channel's unit, ``(C,)``."""
        return np.where(self.constant, 1.0, self.high - self.low)

    def scale(self, values: Floats) -> Floats:
        """Return values scaled to the normal range 0 to 1, clipped to `CLIP`; same shape."""
        return np.clip((values - self.low) / self.span, *CLIP)

    def moved(self, values: Floats) -> NDArray[np.bool_]:
        """Return where a constant channel is off its constant, beyond `TOLERANCE`; same shape."""
        slack = TOLERANCE * np.maximum(1.0, np.abs(self.low))
        return self.constant & (np.abs(values - self.low) > slack)


def values_of(table: pd.DataFrame, tags: Sequence[str]) -> Floats:
    """Return a table's tags as an array, NaN where a reading is missing.

    Parameters
    ----------
    table
        Columns named by tag; other columns are left out.
    tags
        Which columns, in which order.

    Returns
    -------
    ndarray
        ``(T, C)``; infinite readings count as missing.

    Raises
    ------
    DataError
        If a tag has no column; the message names the nearest one.
    """
    missing = [tag for tag in tags if tag not in table.columns]
    if missing:
        near = did_you_mean(missing[0], [str(each) for each in table.columns])
        raise DataError(f"the table has no column {', '.join(missing)}. {near}")
    values = table.loc[:, list(tags)].to_numpy(dtype=np.float64, copy=True)
    values[~np.isfinite(values)] = np.nan
    return values


def interpolate(values: Floats, tags: Sequence[str]) -> Floats:
    """Fill missing readings from both sides, linearly: for training, where the future is known.

    Parameters
    ----------
    values
        ``(T, C)``, NaN where missing.
    tags
        The channels' names, for the message.

    Raises
    ------
    DataError
        If a channel has no reading at all.
    """
    for tag, column in zip(tags, values.T, strict=True):
        if np.isnan(column).all():
            raise DataError(f"{tag} has no reading at all in the training data; drop or mend it.")
    return pd.DataFrame(values).interpolate(limit_direction="both").to_numpy()


def carry(values: Floats, before: Floats) -> Floats:
    """Fill each missing reading with the channel's last one: what is known at the time.

    Parameters
    ----------
    values
        ``(T, C)``, NaN where missing.
    before
        The value to use until a channel's first reading, ``(C,)``.
    """
    return pd.DataFrame(np.vstack([before, values])).ffill().to_numpy()[1:]


def windows_of(rows: Floats, length: int) -> Floats:
    """Return all windows of consecutive rows, without copying.

    Parameters
    ----------
    rows
        ``(T, C)``.
    length
        Rows in a window.

    Returns
    -------
    ndarray
        ``(T - length + 1, length, C)``; empty if there are too few rows. Window i holds rows
        i to i + length - 1.
    """
    if len(rows) < length:
        return np.empty((0, length, rows.shape[1]))
    windows = np.lib.stride_tricks.sliding_window_view(rows, length, axis=0)
    return windows.transpose(0, 2, 1)


def split_tail(stretches: Sequence[Floats], part: float, least: int) -> list[tuple[Floats, Floats]]:
    """Split each stretch into its head, to learn from, and its tail, held out.

    Parameters
    ----------
    stretches
        Rows in time order, each ``(T, C)``.
    part
        The tail's part of each stretch, 0 to 1.
    least
        Fewest rows that head and tail must have.

    Raises
    ------
    DataError
        If a stretch is too short.
    """
    pairs = []
    for rows in stretches:
        cut = len(rows) - max(round(len(rows) * part), least)
        if cut < least:
            raise DataError(
                f"{len(rows)} rows are too few to learn from: at least {2 * least} are needed in "
                "each stretch of data."
            )
        pairs.append((rows[:cut], rows[cut:]))
    return pairs
