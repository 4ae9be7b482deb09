"""Predictions on a data set, judged with the project's own metrics."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from detector import Detector
from detector.metrics import detection_delays, false_episodes_per_week, measure
from detector.records.labels import LABEL
from scenarios.datasets.formats import parquet_path
from scenarios.datasets.make import RECIPE, WEEKS
from scenarios.datasets.recipe import Recipe, read_recipe
from scenarios.simulation.watch import FrameExtender, extender, shadow_of, watchers
from twin.errors import InputError, nearest
from twin.shadow.perturbation import Perturbation
from twin.units import readable

COLUMNS = ("week", "time", "score", "alarm")
_KEYS = ["week", "time"]


def score(folder: Path, predictions: pd.DataFrame, part: str = "test") -> dict[str, Any]:
    """Judge predictions on a part of a data set, and on its faulty weeks where they have them.

    Parameters
    ----------
    folder : Path
    predictions : DataFrame
        `COLUMNS`; a row without a score is not judged.
    part : {"test", "validation"}

    Returns
    -------
    dict
        `metrics`, as `detector.metrics.measure` has them, over all rows of the part; `families`,
        the share of each one's weeks in which an alarm was raised during the attack; `judged`,
        how many of each one's attacked weeks have a score during the attack, and `of` how many;
        `false_episodes_per_week` of `normal` weeks and of `faults`; `rows`, `unjudged`.

    Raises
    ------
    InputError
        If a row of the part has no prediction, or one is no number.
    """
    recipe, weeks = _opened(folder)
    interval = _interval(predictions, recipe)
    rows = _joined(folder, part, interval, predictions)
    judged = rows[rows["score"].notna()]
    if judged.empty:
        raise InputError(f"no row of {part} has a score")
    labels = judged[LABEL].to_numpy(dtype=bool)
    alarms = judged["alarm"].to_numpy(dtype=bool)
    spans = [_slice(judged, week) for week in weeks.loc[weeks["kind"] == "attack", "week"]]
    spans = [span for span in spans if span.stop > span.start]
    metrics = measure(labels, judged["score"].to_numpy(dtype=float), alarms, spans, interval)
    metrics = replace(metrics, false_episodes_per_week=_weekly(judged, interval))
    found = {
        int(judged["week"].iloc[span.start]): detection_delays(alarms, [span])[0] is not None
        for span in spans
    }
    attacked = weeks[weeks["part"].eq(part) & weeks["kind"].eq("attack")]
    by_family = weeks[weeks["week"].isin(list(found))].groupby("family", sort=False)["week"]
    normal = weeks.loc[weeks["kind"] == "normal", "week"]
    faulty = predictions["week"].isin(weeks.loc[weeks["kind"] == "fault", "week"])
    return {
        "part": part,
        "interval_s": interval,
        "rows": len(rows),
        "unjudged": len(rows) - len(judged),
        "metrics": metrics.as_dict(),
        "families": {
            str(family): float(np.mean([found[week] for week in group]))
            for family, group in by_family
        },
        "judged": {
            str(family): {"judged": int(group.isin(list(found)).sum()), "of": len(group)}
            for family, group in attacked.groupby("family", sort=False)["week"]
        },
        "false_episodes_per_week": {
            "normal": _weekly(judged[judged["week"].isin(normal)], interval),
            "faults": _weekly(_joined(folder, "faults", interval, predictions), interval)
            if faulty.any()
            else None,
        },
    }


def _opened(folder: Path) -> tuple[Recipe, pd.DataFrame]:
    if not (folder / WEEKS).is_file():
        raise InputError(f"{folder} is no data set: `hydrotwin dataset make RECIPE --out {folder}`")
    return read_recipe(str(folder / RECIPE)), pd.read_csv(folder / WEEKS)


def read_predictions(path: Path) -> pd.DataFrame:
    """Read predictions from a CSV file.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, has a row twice, or a cell is no number.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", path) from None
    for name in COLUMNS:
        if name not in table:
            message = f"no column {name!r} ({nearest(name, map(str, table.columns))}): predictions "
            raise InputError(f"{message}have {', '.join(COLUMNS)}", path, 1)
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise InputError(f"column {name!r} has cells that are no numbers", path, 1)
    twice = table.duplicated(_KEYS)
    if twice.any():
        row = table[twice].iloc[0]
        message = f"week {row['week']:g}, time {row['time']:g} stands there twice"
        raise InputError(message, path, int(twice.argmax()) + 2)
    if not table["alarm"].isin([0, 1]).all():
        raise InputError("alarm is 0 or 1", path, int((~table["alarm"].isin([0, 1])).argmax()) + 2)
    return table[list(COLUMNS)]


def _interval(predictions: pd.DataFrame, recipe: Recipe) -> float:
    """Return the interval of the frames that predictions are about [s]."""
    apart = predictions.groupby("week")["time"].diff()
    interval = float(apart[apart > 0].min())
    if interval not in recipe.file.frames:
        known = " or ".join(readable(each) for each in recipe.file.frames)
        raise InputError(f"the rows of a week are {interval:g} s apart, and frames {known}")
    return interval


def _joined(folder: Path, part: str, interval_s: float, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the labels of a part beside the predictions, by week and time."""
    path = parquet_path(folder, part, interval_s)
    if not path.is_file():
        raise InputError(f"{folder} has no part {part!r} with frames {readable(interval_s)} apart")
    labels = pd.read_parquet(path, columns=[*_KEYS, LABEL])
    rows = labels.merge(predictions, how="left", on=_KEYS, indicator="found")
    missing = rows[rows["found"] == "left_only"]
    if len(missing):
        first = missing.iloc[0]
        raise InputError(
            f"{len(missing)} rows of {part} have no prediction; the first is week "
            f"{first['week']}, time {first['time']:g}: leave the score empty where there is none"
        )
    return rows


def _slice(rows: pd.DataFrame, week: int) -> slice:
    """Return the rows of a week's attack, which is one piece."""
    places = np.flatnonzero((rows["week"] == week) & (rows[LABEL] == 1))
    return slice(int(places[0]), int(places[-1]) + 1) if len(places) else slice(0, 0)


def _weekly(rows: pd.DataFrame, interval_s: float) -> float:
    """Return false episodes a week; none goes on from one week of the data to the next."""
    weights, rates = [], []
    for _, week in rows.groupby("week"):
        labels = week[LABEL].to_numpy(dtype=bool)
        weights.append(int((~labels).sum()))
        alarms = week["alarm"].to_numpy(dtype=bool)
        rates.append(false_episodes_per_week(labels, alarms, interval_s))
    return float(np.average(rates, weights=weights)) if sum(weights) else 0.0


def predict(folder: Path, name: str, part: str = "test") -> pd.DataFrame:
    """Return the predictions of a detector of ours, a kind or a checkpoint, as `score` takes them.

    One that wants a shadow twin is given that of the data set's plant. Each week is a stream of its
    own, without the days before it.

    Raises
    ------
    InputError
        If it cannot be used on the plant, or scores frames that the data set does not have.
    """
    recipe, weeks = _opened(folder)
    spec = recipe.base.plant_spec()
    found, notes = watchers(recipe.base, spec, [name])
    if not found:
        raise InputError(" ".join(notes))
    [loaded] = found.values()
    if loaded.interval_s not in recipe.file.frames:
        raise InputError(f"{name} scores frames {readable(loaded.interval_s)} apart, which the "
                         "data set does not have")  # fmt: skip
    starts = pd.to_datetime(weeks["start"]) - recipe.base.start
    since = starts.dt.total_seconds().set_axis(weeks["week"])
    paths = [parquet_path(folder, each, loaded.interval_s) for each in (part, "faults")]
    shadow = shadow_of(recipe.base, Perturbation.of(loaded.perturb))
    with ExitStack() as stack:
        twin = extender(loaded, spec, shadow)
        if twin is not None:
            stack.callback(twin.close)
        parts = pd.concat([pd.read_parquet(path) for path in paths if path.is_file()])
        tags = list(spec.tag_names)
        made = [
            _predicted(loaded, twin, frames.set_index("time")[tags], since[week]).assign(week=week)
            for week, frames in parts.groupby("week")
        ]
        return pd.concat(made)[list(COLUMNS)]


def _predicted(
    loaded: Detector, twin: FrameExtender | None, week: pd.DataFrame, since_s: float
) -> pd.DataFrame:
    """Return the predictions of a week that begins so long after the shadow twin's time 0 [s]."""
    table = week.set_axis(week.index + since_s)
    if twin is not None:
        table = pd.concat([table, twin.extend_table(table)], axis="columns")
    scores = loaded.score(table)
    alarms = (scores > loaded.threshold).astype(int)
    return pd.DataFrame({"time": week.index, "score": scores, "alarm": alarms})


def hours(delays: list[float | None]) -> float | None:
    """Return the median of delays [h]; None where nothing was found."""
    known = [delay for delay in delays if delay is not None]
    return float(np.median(known)) if known else None
