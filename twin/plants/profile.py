"""The demand profile: mean and spread of each hour's demand, by day type.

The profile of C-Town is BATADAL's own: one for all DMAs, with three day types. It is taken from the
168-hour patterns of network.inp, whose first day is a Sunday (Taormina et al. 2018; measured
against the published normal year). A plant with a `demand.csv` in its folder draws from that
profile instead; `fit` makes one from the demands that `twin.shadow.inference` finds in a record.
Demands that follow any other pattern follow it exactly.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import InputError, nearest
from twin.files import read_table
from twin.plants.districts import weekly
from twin.tags import Values

WEEKDAY, SATURDAY, SUNDAY = 0, 1, 2
DAY_TYPES = ("weekday", "saturday", "sunday")
FILE = "demand.csv"
EVERY = "all"  # what demand.csv calls a profile that all DMAs share
_WEEK = 168
DAY_TYPE = [WEEKDAY] * 5 + [SATURDAY, SUNDAY]  # by datetime.weekday()
_COLUMNS = ["dma", "day", "hour", "mean", "std", "ceiling"]


@dataclass(frozen=True)
class Profile:
    """Mean and standard deviation of an hour's demand multiplier.

    Attributes
    ----------
    mean, std : ndarray of shape (DMAs, 3, 24), or (1, 3, 24) where all DMAs share one profile
        By day type (weekday, Saturday, Sunday) and hour of day.
    ceiling : ndarray of the same shape
        A draw above it is drawn again.
    """

    mean: Values
    std: Values
    ceiling: Values


def profile_of(folder: Path, model: Any, dmas: Sequence[str]) -> Profile:
    """Return a plant's profile: of its demand.csv, or else of network.inp's 168-hour patterns.

    Parameters
    ----------
    folder : Path
        The plant's.
    model : wntr.network.WaterNetworkModel
    dmas : sequence of str

    Raises
    ------
    InputError
        If demand.csv cannot be used, or the plant has neither.
    """
    path = folder / FILE
    if path.is_file():
        return read(path, dmas)
    names = weekly(model)
    weeks = [pattern.multipliers for name, pattern in model.patterns() if name in names]
    if not weeks:
        raise InputError(
            "no demand pattern of 168 hours to take a profile from: give it one, or put a "
            f"{FILE} beside it (`hydrotwin demand fit` makes one from a record)",
            folder / "network.inp",
        )
    days = np.array(weeks, dtype=float).reshape(len(weeks), 7, 24)
    groups = [days[:, 1:6].reshape(-1, 24), days[:, 6], days[:, 0]]
    mean = np.array([[group.mean(axis=0) for group in groups]])
    # A single week has one Saturday: it is then like no other, and has no spread.
    std = np.array([[group.std(axis=0, ddof=min(1, len(group) - 1)) for group in groups]])
    return Profile(mean, std, np.full_like(mean, max(1.0, float(days.max()))))


def cells(start: datetime, hours: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the day type and the hour of day of each of `hours` hours from `start` on."""
    days, hour = divmod(start.weekday() * 24 + start.hour + np.arange(hours), 24)
    return np.array(DAY_TYPE, dtype=np.intp)[days % 7], hour.astype(np.intp)


def check_known(start: datetime, known: NDArray[np.intp]) -> None:
    """Raise InputError if a profile of three day types cannot be fitted to so many demands.

    Parameters
    ----------
    start : datetime
        Of the first hour.
    known : ndarray of shape (T,)
        How many demands are known of each hour.
    """
    counts = np.zeros((len(DAY_TYPES), 24), dtype=np.intp)
    np.add.at(counts, cells(start, len(known)), known)
    if counts.min() < 2:
        kind, hour = np.unravel_index(counts.argmin(), counts.shape)
        weeks = np.count_nonzero(known) / _WEEK
        raise InputError(
            f"only {weeks:.1f} weeks without attacks are known, in which {hour}:00 of a "
            f"{DAY_TYPES[kind]} comes {('never', 'once')[counts.min()]}: a profile needs each hour "
            "of each kind of day twice or more; give a record of two weeks, better four"
        )


def fit(multipliers: Values, start: datetime, *, shared: bool = True) -> Profile:
    """Fit a profile to multipliers of every hour.

    Parameters
    ----------
    multipliers : ndarray of shape (T, DMAs)
        Hour by hour; NaN where unknown.
    start : datetime
        Of the first hour.
    shared : bool, default True
        Whether all DMAs draw from one profile, or each from its own.

    Returns
    -------
    Profile
        Its ceiling is the largest multiplier there was.

    Raises
    ------
    InputError
        If an hour of some day type comes less than twice.
    """
    kinds, hours = cells(start, len(multipliers))
    groups = [multipliers] if shared else list(multipliers.T[:, :, None])
    mean, std = np.empty((2, len(groups), 3, 24))
    for i, group in enumerate(groups):
        check_known(start, np.isfinite(group).sum(axis=1))
        for kind in range(len(DAY_TYPES)):
            for hour in range(24):
                values = group[(kinds == kind) & (hours == hour)]
                values = values[np.isfinite(values)]
                mean[i, kind, hour], std[i, kind, hour] = values.mean(), values.std(ddof=1)
    return Profile(mean, std, np.full_like(mean, np.nanmax(multipliers)))


def standardised(multipliers: Values, start: datetime, profile: Profile) -> Values:
    """Return how many standard deviations each multiplier lies off its hour's mean; (T, DMAs)."""
    kinds, hours = cells(start, len(multipliers))
    mean, std = profile.mean[:, kinds, hours].T, profile.std[:, kinds, hours].T
    return np.asarray((multipliers - mean) / std)


def write(profile: Profile, dmas: Sequence[str], path: Path) -> None:
    """Write a profile as a plant folder's demand.csv: a row for each DMA, day type and hour."""
    names = [EVERY] if len(profile.mean) == 1 else list(dmas)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for i, name in enumerate(names):
            for kind, day in enumerate(DAY_TYPES):
                for hour in range(24):
                    at = (i, kind, hour)
                    values = (profile.mean[at], profile.std[at], profile.ceiling[at])
                    rows.writerow([name, day, hour, *(f"{value:.6f}" for value in values)])


def read(path: Path, dmas: Sequence[str]) -> Profile:
    """Read a demand.csv; its columns are dma (or `all`), day, hour, mean, std, ceiling.

    Raises
    ------
    InputError
        If a row is wrong, stands twice or is missing; with file and line.
    """
    rows = read_table(path, _COLUMNS)
    shared = bool(rows) and rows[0][1][0] == EVERY
    names = [EVERY] if shared else list(dmas)
    table = np.full((3, len(names), 3, 24), np.nan)
    for line, row in rows:
        for value, known in ((row[0], names), (row[1], DAY_TYPES)):
            if value not in known:
                raise InputError(f"unknown name {value!r}: {nearest(value, known)}", path, line)
        try:
            hour = range(24).index(int(row[2]))
            mean, std, ceiling = map(float, row[3:])
        except ValueError:
            message = f"hour is 0 to 23, and mean, std and ceiling are numbers, not {row[2:]}"
            raise InputError(message, path, line) from None
        if not (0.0 <= mean <= ceiling and 0.0 <= std < np.inf):
            message = f"a mean lies between 0 and its ceiling, a std is not negative: {row[3:]}"
            raise InputError(message, path, line)
        at = (names.index(row[0]), DAY_TYPES.index(row[1]), hour)
        if np.isfinite(table[(0, *at)]):
            raise InputError(f"{row[0]}, {row[1]}, hour {hour} stands twice", path, line)
        table[(slice(None), *at)] = mean, std, ceiling
    for i, kind, hour in np.argwhere(np.isnan(table[0])):
        raise InputError(f"no row for {names[i]}, {DAY_TYPES[kind]}, hour {hour}", path)
    return Profile(*table)
