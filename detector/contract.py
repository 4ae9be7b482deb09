"""The promises every kind of detector keeps, each tried on a small plant.

The suite runs these over all registered kinds, and `hydrotwin detectors check` over a user's own.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from detector import checkpoint
from detector.base import HOUR, ColumnsWanted, Detector, Floats, Training
from detector.errors import DataError

_CLOSE = 1e-9
"""Relative difference up to which two scores count as the same number."""


class BrokenError(AssertionError):
    """A kind breaks a promise; the message says how."""


@dataclass(frozen=True)
class Finding:
    """Whether a promise is kept; `why` says how it was broken."""

    promise: str
    kept: bool
    why: str = ""


def days(count: int, seed: int = 0, *, shadow: bool = False) -> pd.DataFrame:
    """Return hourly rows of a small plant with a daily rhythm.

    Parameters
    ----------
    count
        How many days.
    seed
        Of the noise.
    shadow
        Whether residuals of a shadow twin follow the tags, as columns ``residual:<tag>``.

    Returns
    -------
    DataFrame
        ``(24 count, C)``: two levels [m], a flow [L/s], a pump's status, and a flow that is always
        0, ``F_IDLE``.
    """
    rng = np.random.default_rng(seed)
    hour = np.arange(24 * count)
    swing = np.sin(2 * np.pi * hour / 24)
    flow = 50 + 20 * swing + rng.normal(0, 1, len(hour))
    table = pd.DataFrame(
        {
            "L_A": 3 + swing + rng.normal(0, 0.05, len(hour)),
            "F_A": flow,
            "S_A": (flow > 50).astype(float),
            "L_B": 2 - 0.5 * swing + rng.normal(0, 0.05, len(hour)),
            "F_IDLE": 0.0,
        }
    )
    if shadow:
        for tag, scale in (("L_A", 0.02), ("F_A", 0.5)):
            table[f"residual:{tag}"] = rng.normal(0, scale, len(hour))
    return table


@dataclass(frozen=True)
class Bench:
    """The rows that kinds are tried on.

    Attributes
    ----------
    normal
        Rows to fit on, ``(T, C)``; None for `days`, with a shadow's columns for kinds that want
        them.
    fresh
        Further rows, a few days of them.
    interval_s
        Time from row to row [s].
    options
        Of the fit; by default those of the kind, and few epochs or rounds where it has any.
    """

    normal: pd.DataFrame | None = None
    fresh: pd.DataFrame | None = None
    interval_s: float = HOUR
    options: dict[str, object] = field(default_factory=dict)

    def fit(self, cls: type[Detector]) -> Trial:
        """Return a detector of a kind, fitted, and the rows to try it on."""
        shadow = cls.columns_wanted == "tags+shadow"
        normal = days(40, shadow=shadow) if self.normal is None else self.normal
        fresh = days(6, seed=5, shadow=shadow) if self.fresh is None else self.fresh
        few = dict.fromkeys({"epochs", "rounds"} & set(cls.Options.model_fields), 3)
        training = Training(seed=1, options={**few, **self.options})
        fitted = _fitted(cls, normal, self.interval_s, training)
        return Trial(fitted, normal, fresh, training)


@dataclass(frozen=True)
class Trial:
    """A fitted detector, the rows it learned from, and fresh ones."""

    detector: Detector
    normal: pd.DataFrame
    fresh: pd.DataFrame
    training: Training

    @property
    def first(self) -> int:
        """The first row of `fresh` that has a score."""
        known = np.flatnonzero(np.isfinite(self.detector.score(self.fresh)))
        if not len(known):
            raise BrokenError(f"it scores none of {len(self.fresh)} rows")
        return int(known[0])

    def again(self) -> Detector:
        """Return another detector, fitted in the same way."""
        old = self.detector
        return _fitted(type(old), self.normal, old.interval_s, self.training)


def _fitted(
    cls: type[Detector], normal: pd.DataFrame, interval_s: float, training: Training
) -> Detector:
    detector = cls([str(column) for column in normal.columns], interval_s)
    detector.fit(normal, training)
    return detector


def check(cls: type[Detector], bench: Bench | None = None) -> list[Finding]:
    """Try every promise on a kind of detector.

    Parameters
    ----------
    cls
        The registered class.
    bench
        What it is tried on; by default the small plant of `days`.
    """
    findings = [_finding("explains itself", partial(explains_itself, cls))]
    trials: list[Trial] = []
    findings.append(
        _finding("is fitted on normal rows", lambda: trials.append((bench or Bench()).fit(cls)))
    )
    for trial in trials:  # one, or none where it cannot be fitted
        findings += [_finding(words, partial(promise, trial)) for words, promise in PROMISES]
    return findings


def _finding(words: str, promise: Callable[[], object]) -> Finding:
    try:
        promise()
    except BrokenError as why:
        return Finding(words, False, str(why))
    except Exception as error:
        return Finding(words, False, f"{type(error).__name__}: {error}")
    return Finding(words, True)


def explains_itself(cls: type[Detector]) -> None:
    """Expect that it says what it does, which columns it wants, and what its options are."""
    if not (cls.__dict__.get("__doc__") or "").strip():
        raise BrokenError(
            "the class has no docstring: its first line is what `detectors list` shows"
        )
    if cls.columns_wanted not in get_args(ColumnsWanted):
        known = ", ".join(repr(each) for each in get_args(ColumnsWanted))
        raise BrokenError(f"`columns_wanted` is one of {known}, not {cls.columns_wanted!r}")
    for name, option in cls.Options.model_fields.items():
        if option.is_required() or not option.description:
            raise BrokenError(
                f"option `{name}` needs a default and a description: "
                f'{name}: float = Field(0.5, description="…")'
            )
    try:
        cls.options(Training(options={"no-such-option": 1}))
    except DataError:
        return
    raise BrokenError("it takes an option that it does not have")


def knows_its_threshold(trial: Trial) -> None:
    """Expect a threshold that few normal rows pass, and alarms exactly where a score passes it."""
    detector = trial.detector
    if not math.isfinite(detector.threshold):
        raise BrokenError(f"after the fit its threshold is {detector.threshold}")
    rate = float(np.mean(detector.score(trial.fresh)[trial.first :] > detector.threshold))
    if rate > 0.2:
        raise BrokenError(f"it alarms in {rate:.0%} of fresh normal rows")
    stream = detector.stream()
    for time, row in _frames(trial, trial.fresh):
        score = stream.score_one(time, row)
        if score.time != time:
            raise BrokenError(f"the frame of {time:g} s is scored as that of {score.time:g} s")
        if score.threshold != detector.threshold or score.alarm != (score.value > score.threshold):
            raise BrokenError(
                f"`alarm` is {score.alarm} where the score is {score.value:g} and the threshold "
                f"{score.threshold:g}"
            )


def threshold_is_apart(trial: Trial) -> None:
    """Expect the same scores, of odd rows too, whatever the threshold is set to."""
    detector, odd = trial.detector, _odd(trial)
    before, threshold = detector.score(odd), detector.threshold
    try:
        detector.threshold = 10 * threshold + 1
        _expect_same(detector.score(odd), before, "with another threshold")
        _expect_same(_streamed(trial, odd), before, "with another threshold, streamed")
    finally:
        detector.threshold = threshold


def streams_as_it_scores(trial: Trial) -> None:
    """Expect of a stream the numbers of the table, with readings missing and absurd."""
    for words, table in (("", trial.fresh), (" with holes and odd readings", _odd(trial))):
        scores = trial.detector.score(table)
        _expect_same(_streamed(trial, table), scores, f"a stream{words}")
        times, frames = map(np.array, zip(*_frames(trial, table), strict=True))
        for row in (0, len(scores) // 2):
            many = trial.detector.stream().score_many(times, frames, float(times[row]))
            found = np.array([score.value for score in many])
            _expect_same(found, scores[row:], f"many frames at once{words}, from row {row}")


def keeps_streams_apart(trial: Trial) -> None:
    """Expect two streams of one detector not to know of each other."""
    one, two = trial.detector.stream(), trial.detector.stream()
    found, odd = [], _odd(trial)
    for time, row in _frames(trial, odd):
        found.append(one.score_one(time, row).value)
        two.score_one(time, row * 2.0)
    _expect_same(np.array(found), trial.detector.score(odd), "beside another stream")


def scores_parts_alike(trial: Trial) -> None:
    """Expect the same scores of the first rows alone, and of the table a second time."""
    table = trial.fresh.copy()
    whole = trial.detector.score(table)
    part = max(len(table) // 2, min(trial.first + 2, len(table)))
    _expect_same(trial.detector.score(table.iloc[:part]), whole[:part], "the first half alone")
    _expect_same(trial.detector.score(table), whole, "a second time")
    if not table.equals(trial.fresh):
        raise BrokenError("scoring changes the table it is given")
    for rows in (0, 1):
        found = len(trial.detector.score(table.iloc[:rows]))
        if found != rows:
            raise BrokenError(f"a table of {rows} rows has {found} scores")


def looks_at_no_later_row(trial: Trial) -> None:
    """Expect no score to change when a later row does."""
    before = trial.detector.score(trial.fresh)
    changed = (trial.first + len(trial.fresh)) // 2
    for value in (math.nan, math.inf, 0.0, -1e12):
        for column in range(trial.fresh.shape[1]):
            table = trial.fresh.astype(float)
            table.iloc[changed, column] = value
            after = trial.detector.score(table)
            differs = np.flatnonzero(~np.equal(after[:changed], before[:changed])
                                     & np.isfinite(before[:changed]))  # fmt: skip
            if len(differs):
                raise BrokenError(
                    f"the score of row {differs[0]} changes when {table.columns[column]} becomes "
                    f"{value:g} in row {changed}"
                )


def bears_missing_readings(trial: Trial) -> None:
    """Expect scores where readings, rows or a whole tag are missing, or are no numbers."""
    first = trial.first
    for column in trial.fresh.columns:
        for value in (math.nan, math.inf):
            table = trial.fresh.astype(float)
            table[column] = value
            _expect_known(trial.detector.score(table)[first:], f"{column} is always {value:g}")
    table = trial.fresh.astype(float)
    table.iloc[first + 2 : first + 5] = math.nan
    _expect_known(trial.detector.score(table)[first:], "three rows are missing")
    table.iloc[:] = math.nan
    _expect_known(trial.detector.score(table)[first:], "every reading is missing")


def bears_stale_readings(trial: Trial) -> None:
    """Expect scores where tags stand still, alone or all together."""
    first = trial.first
    for columns in (*([column] for column in trial.fresh.columns), list(trial.fresh.columns)):
        table = trial.fresh.astype(float)
        table.loc[table.index[first:], columns] = table[columns].iloc[first].to_numpy()
        words = "every tag stands" if len(columns) > 1 else f"{columns[0]} stands"
        _expect_known(trial.detector.score(table)[first:], f"{words} still")


def bears_a_constant_tag(trial: Trial) -> None:
    """Expect to be fitted where a tag never moves, and a finite score when it moves at last."""
    column = str(trial.normal.columns[0])
    steady = trial.normal.astype(float)
    steady[column] = float(steady[column].iloc[0])
    old = trial.detector
    detector = _fitted(type(old), steady, old.interval_s, trial.training)
    _expect_known(detector.score(trial.fresh)[trial.first :], f"{column} never moved in the fit")


def finds_columns_by_name(trial: Trial) -> None:
    """Expect the same scores of reordered columns and beside further ones; an error without one."""
    before = trial.detector.score(trial.fresh)
    turned = trial.fresh[list(reversed(trial.fresh.columns))].assign(OTHER=1.0)
    _expect_same(trial.detector.score(turned), before, "with its columns in another order")
    lost = str(trial.fresh.columns[1])
    try:
        trial.detector.score(trial.fresh.drop(columns=lost))
    except DataError as error:
        if lost not in str(error):
            raise BrokenError(f"without column {lost} it only says: {error}") from None
    else:
        raise BrokenError(f"it scores a table without column {lost}")
    try:
        trial.detector.stream().score_one(0.0, np.zeros(trial.fresh.shape[1] + 1))
    except ValueError:
        return
    raise BrokenError("its stream takes a frame with a value too many")


def refuses_wrong_tables(trial: Trial) -> None:
    """Expect a DataError for a fit on too few rows, and on a tag without any reading."""
    old = trial.detector
    column = str(trial.normal.columns[0])
    wrong = {
        "two rows": trial.normal.iloc[:2],
        f"a table without {column}": trial.normal.drop(columns=column),
        f"a {column} without any reading": trial.normal.assign(**{column: math.nan}),
    }
    for words, table in wrong.items():
        try:
            type(old)(old.tags, old.interval_s).fit(table, trial.training)
        except DataError:
            continue
        raise BrokenError(f"it is fitted on {words}")


def repeats_itself(trial: Trial) -> None:
    """Expect the same detector of the same rows and seed."""
    again = trial.again()
    _expect_same(again.score(trial.fresh), trial.detector.score(trial.fresh), "fitted again", 1e-6)
    if not math.isclose(again.threshold, trial.detector.threshold, rel_tol=1e-6):
        raise BrokenError(
            f"fitted again, its threshold is {again.threshold:g}, not {trial.detector.threshold:g}"
        )


def saves_and_loads(trial: Trial) -> None:
    """Expect a detector read back from its file to score as before, and to say what it is."""
    old = trial.detector
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mine{checkpoint.SUFFIX}"
        old.save(path)
        card = checkpoint.read_card(path)
        loaded = type(old).load(path)
    if card["kind"] != old.kind:
        raise BrokenError(f"its card says kind {card['kind']!r}, not {old.kind!r}")
    if (loaded.tags, loaded.interval_s) != (old.tags, old.interval_s):
        raise BrokenError("loaded, it has other tags or another interval")
    if loaded.threshold != old.threshold:
        raise BrokenError(f"loaded, its threshold is {loaded.threshold:g}, not {old.threshold:g}")
    before = old.score(_odd(trial))
    _expect_same(loaded.score(_odd(trial)), before, "loaded")
    again = Trial(loaded, trial.normal, trial.fresh, trial.training)
    _expect_same(_streamed(again, _odd(trial)), before, "loaded, a stream")


PROMISES: list[tuple[str, Callable[[Trial], None]]] = [
    ("knows its threshold", knows_its_threshold),
    ("keeps the threshold out of the score", threshold_is_apart),
    ("streams as it scores a table", streams_as_it_scores),
    ("keeps streams apart", keeps_streams_apart),
    ("scores a part as in the whole", scores_parts_alike),
    ("looks at no later row", looks_at_no_later_row),
    ("bears missing readings", bears_missing_readings),
    ("bears stale readings", bears_stale_readings),
    ("bears a constant tag", bears_a_constant_tag),
    ("finds columns by their names", finds_columns_by_name),
    ("refuses wrong tables", refuses_wrong_tables),
    ("same seed, same detector", repeats_itself),
    ("saved and loaded, scores as before", saves_and_loads),
]
"""Every promise of a trial, in words, and what tries it: it raises `BrokenError`."""


def _frames(trial: Trial, table: pd.DataFrame) -> list[tuple[float, Floats]]:
    interval = trial.detector.interval_s
    rows = table[list(trial.detector.tags)].to_numpy(dtype=np.float64)
    return [(place * interval, row) for place, row in enumerate(rows)]


def _streamed(trial: Trial, table: pd.DataFrame) -> Floats:
    stream = trial.detector.stream()
    return np.array([stream.score_one(time, row).value for time, row in _frames(trial, table)])


def _odd(trial: Trial) -> pd.DataFrame:
    """Return the fresh rows with holes, a tag that stands still, and absurd readings."""
    table, first = trial.fresh.astype(float), trial.first
    places = np.linspace(first, len(table) - 2, 6).astype(int)
    table.iloc[0, 1] = math.nan
    table.iloc[places[0] : places[1], 0] = math.nan
    table.iloc[places[1] : places[2], 1] = table.iloc[places[1], 1]
    table.iloc[places[2], :] = math.nan
    table.iloc[places[3], -1] = 30.0
    table.iloc[places[4], 1] = math.inf
    table.iloc[places[5], 0] = -1e9
    return table


def _expect_known(scores: Floats, where: str) -> None:
    unknown = np.flatnonzero(~np.isfinite(scores))
    if len(unknown):
        raise BrokenError(
            f"{scores[unknown[0]]} instead of a score, {len(unknown)} times, where {where}"
        )


def _expect_same(found: Floats, wanted: Floats, where: str, close: float = _CLOSE) -> None:
    """Raise BrokenError where scores differ by more than a part, or only one of two is known."""
    if len(found) != len(wanted):
        raise BrokenError(f"{where}: {len(found)} scores instead of {len(wanted)}")
    same = np.isclose(found, wanted, rtol=close, atol=0.0, equal_nan=True)
    if not same.all():
        row = int(np.flatnonzero(~same)[0])
        raise BrokenError(f"{where}: row {row} scores {found[row]:g} instead of {wanted[row]:g}")
