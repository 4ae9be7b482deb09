"""Physics and control rules as a detector: it learns no shape, only how far normal frames are off.

It scores what a shadow twin leaves unexplained (`residual:F_PU1`, …) and what the plant's own
control rules forbid, and says in a sentence which equation is broken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from detector import checkpoint
from detector.base import (
    HOUR,
    USUAL,
    WEEK,
    Cause,
    ColumnsWanted,
    Detector,
    Floats,
    NoOptions,
    Score,
    ShadowOptions,
    Stream,
    Training,
    frame_values,
)
from detector.episodes import MERGE_GAP_S
from detector.errors import DataError
from detector.explain import SHOWN
from detector.methods.physics_plant import Plant
from detector.methods.physics_statistics import GROUPS, Layout, Statistic, Statistics, scales_of
from detector.methods.physics_words import finding
from detector.methods.windows import carry, values_of
from detector.registry import register

BUDGETS = {
    "frame": 0.04,
    "step": 0.04,
    "balance": 0.04,
    "offset": 0.02,
    "spread": 0.02,
    "demand": 0.02,
    "rules": 0.0,
    "cycling": 0.02,
}
"""False episodes a week that each group may raise on the calibration weeks."""

LINE = 1.0
"""The alarm line: a score above it is an alarm."""

_NORMAL = 0.9999  # the quantile of a statistic that counts as its normal value
_BEGINNING_S = 24 * HOUR  # of a stretch, in which sums over a day are not yet whole
_SPARE = 1.2  # a group's line lies so much above what its budget asks
_SAYS = 0.25  # of its line; a statistic below it explains nothing
_LEAST = 4 * 24 * HOUR  # s of normal rows for either half of a calibration


class PhysicsOptions(ShadowOptions):
    """What `physics` is told beside its columns."""

    plant: Plant = Field(
        default=Plant(), description="the plant's tags and control rules, as plain data"
    )
    budgets: Mapping[str, float] = Field(
        default=BUDGETS, description="false episodes a week that each group of statistics may raise"
    )


@register("physics")
class PhysicsDetector(Detector):
    """Scores a frame by the worst of some 260 statistics, each over its normal value.

    A statistic's normal value is what 99.99 % of it lie below on normal weeks. Of each group the
    largest ratio counts, over the group's line, which lies where other normal weeks leave no more
    false episodes than the group's budget. The score is the largest of all: 1 is the alarm line.

    Attributes
    ----------
    layout
        Where everything stands in its columns.
    scales
        Of the shadow's columns, by bin, ``(16, channels)``.
    normal
        Each statistic's normal value, ``(statistics,)``.
    lines
        Each group's, ``(groups,)``, in the order of `GROUPS`.
    middle
        Median of each normal column, taken for a reading that was never there, ``(C,)``.
    """

    seeded = False
    columns_wanted: ColumnsWanted = "tags+shadow"
    Options: ClassVar[type[NoOptions]] = PhysicsOptions

    layout: Layout
    scales: Floats
    normal: Floats
    lines: Floats
    middle: Floats

    def fit(  # noqa: D102 - the contract says it
        self, normal: pd.DataFrame | Sequence[pd.DataFrame], training: Training = USUAL
    ) -> None:
        options = self.options(training)
        assert isinstance(options, PhysicsOptions)
        unknown = sorted(set(options.budgets) - set(GROUPS))
        if unknown:
            raise DataError(f"no group {', '.join(unknown)}: they are {', '.join(GROUPS)}.")
        tables = normal if isinstance(normal, Sequence) else [normal]
        learned, held_out = self._halves([values_of(each, self.tags) for each in tables])
        self.layout = Layout(self.tags, options.plant, self.interval_s)
        every = np.concatenate(learned)
        known = np.isfinite(every).any(axis=0)
        for place in np.flatnonzero(~known):
            if ":" not in self.tags[place]:
                raise DataError(f"{self.tags[place]} has no reading at all in the normal rows.")
        self.middle = np.zeros(len(self.tags))
        self.middle[known] = np.nanmedian(
            np.where(np.isfinite(every[:, known]), every[:, known], np.nan), axis=0
        )
        carried = np.concatenate([self._carried(each) for each in learned])
        self.scales = scales_of(self.layout, carried)
        skipped = round(_BEGINNING_S / self.interval_s)
        found = np.concatenate([self._magnitudes(each)[skipped:] for each in learned])
        floors = np.array([each.floor for each in self.layout.statistics])
        self.normal = np.maximum(np.quantile(found, _NORMAL, axis=0), floors)
        self._set_groups()
        parts = [self._parts(self._magnitudes(each))[skipped:] for each in held_out]
        budgets = {**dict.fromkeys(GROUPS, 0.0), **options.budgets}
        self.lines = np.array(
            [
                _SPARE * max(1.0, self._line([each[:, place] for each in parts], budgets[group]))
                for place, group in enumerate(GROUPS)
            ]
        )
        self.threshold = LINE
        self.held_out_scores = tuple((each / self.lines).max(axis=1) for each in parts)
        self.about["options"] = options.model_dump(mode="json")
        self.about["held_out"] = {
            "rows": sum(map(len, held_out)),
            "false_episodes_per_week": self._episodes(
                [each > LINE for each in self.held_out_scores]
            )
            / self._weeks(self.held_out_scores),
        }

    def _halves(self, tables: list[Floats]) -> tuple[list[Floats], list[Floats]]:
        """Return the rows scales are from, and those the groups' lines are from."""
        if len(tables) == 1:
            cut = len(tables[0]) // 2
            tables = [tables[0][:cut], tables[0][cut:]]
        middle = (len(tables) + 1) // 2
        halves = tables[:middle], tables[middle:]
        wanted = round(_LEAST / self.interval_s)
        for part in halves:
            if sum(map(len, part)) < wanted:
                raise DataError(
                    f"{sum(map(len, tables))} rows of normal data are too few: half of them give "
                    f"the scales and half the alarm lines, and either needs {wanted} rows."
                )
        return halves

    def _set_groups(self) -> None:
        groups = np.array([each.group for each in self.layout.statistics])
        self._members = [np.flatnonzero(groups == group) for group in GROUPS]
        self._group_of = np.array([GROUPS.index(group) for group in groups], dtype=np.intp)

    def _carried(self, rows: Floats) -> Floats:
        """Return rows whose missing readings are the last ones; the shadow's stay NaN."""
        readings = np.array([":" not in name for name in self.tags])
        return np.where(readings, carry(rows, self.middle), rows)

    def _magnitudes(self, rows: Floats) -> Floats:
        statistics = Statistics(self.layout, self.scales)
        found = np.empty((len(rows), len(self.layout.statistics)), dtype=np.float64)
        for place, row in enumerate(self._carried(rows)):
            found[place] = statistics.update(row)
        return np.abs(found)

    def _parts(self, magnitudes: Floats) -> Floats:
        """Return each group's largest ratio; ``(T, groups)`` of ``(T, statistics)``."""
        ratios = magnitudes / self.normal
        return np.stack(
            [ratios[:, members].max(axis=1, initial=0.0) for members in self._members], axis=1
        )

    def _line(self, ratios: list[Floats], budget: float) -> float:
        """Return the lowest line that leaves at most `budget` episodes a week above it."""
        allowed = budget * self._weeks(ratios)
        values = np.unique(np.concatenate(ratios))
        lowest = float(values[-1])  # above which there is nothing
        for value in values[::-1]:
            if self._episodes([each >= value for each in ratios]) > allowed:
                break
            lowest = float(value)
        return lowest

    def _episodes(self, alarms: Sequence[NDArray[np.bool_]]) -> int:
        gap = MERGE_GAP_S / self.interval_s
        return sum(
            1 + int((np.diff(rows) > gap).sum()) if len(rows) else 0
            for rows in map(np.flatnonzero, alarms)
        )

    def _weeks(self, rows: Sequence[Floats]) -> float:
        return sum(map(len, rows)) * self.interval_s / WEEK

    def score(self, table: pd.DataFrame) -> Floats:  # noqa: D102 - the contract says it
        magnitudes = self._magnitudes(values_of(table, self.tags))
        return np.asarray((self._parts(magnitudes) / self.lines).max(axis=1))

    def stream(self) -> Stream:  # noqa: D102 - the contract says it
        return PhysicsStream(self)

    def value(self, magnitudes: Floats) -> float:
        """Return the score of one frame's statistics, ``(statistics,)``."""
        return float((self._parts(magnitudes[None]) / self.lines).max())

    def causes(self, found: Floats, row: Floats) -> tuple[Cause, ...]:
        """Return which equations a frame breaks: the worst of each law, then what else is off.

        One wrong reading breaks many equations of the same law, as a tank's level does the
        hydraulics of all that it feeds: the laws are the different ways to read an alarm.

        Parameters
        ----------
        found
            Its statistics, with their signs.
        row
            The frame, readings carried on, ``(C,)``.
        """
        layout = self.layout
        ratios = np.abs(found) / self.normal / self.lines[self._group_of]
        readings, shadow = layout.readings(row), layout.shadow(row)
        causes: dict[str, Cause] = {}
        ranked = [place for place in np.argsort(-ratios, kind="stable") if ratios[place] >= _SAYS]
        worst = {layout.statistics[place].law: place for place in reversed(ranked)}
        for place in (*sorted(worst.values(), key=ranked.index), *ranked):
            if len(causes) == SHOWN:
                break
            statistic: Statistic = layout.statistics[place]
            wrong = finding(layout, statistic, float(found[place]), readings, shadow)
            if wrong.equation not in causes:
                causes[wrong.equation] = Cause(
                    wrong.equation,
                    float(ratios[place]),
                    kind="district" if wrong.district else "equation",
                    tags=wrong.tags,
                    words=wrong.words,
                )
        total = sum(cause.share for cause in causes.values())
        return tuple(
            dataclasses.replace(cause, share=cause.share / total) for cause in causes.values()
        )

    def save(self, path: str | Path) -> None:  # noqa: D102 - the contract says it
        checkpoint.write(
            Path(path),
            {
                "scales": self.scales,
                "normal": self.normal,
                "lines": self.lines,
                "middle": self.middle,
            },
            {
                "kind": self.kind,
                "tags": list(self.tags),
                "interval_s": self.interval_s,
                "threshold": {"value": self.threshold},
                **self.about,
            },
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:  # noqa: D102 - the contract says it
        tensors, card = checkpoint.read(Path(path))
        try:
            detector = cls(card["tags"], card["interval_s"])
            options = PhysicsOptions(**card["options"])
            detector.layout = Layout(detector.tags, options.plant, detector.interval_s)
            detector._set_groups()
            detector.threshold = float(card["threshold"]["value"])
            shapes = {
                "scales": (16, len(detector.layout.channels)),
                "normal": (len(detector.layout.statistics),),
                "lines": (len(GROUPS),),
                "middle": (len(detector.tags),),
            }
            for name, shape in shapes.items():
                if tensors[name].shape != shape:
                    raise ValueError(f"{name} has shape {tensors[name].shape}, not {shape}")
                setattr(detector, name, tensors[name])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: not a {cls.kind} checkpoint: {error}.") from error
        written = ("kind", "tags", "interval_s", "threshold", "weights_sha256")
        detector.about = {key: value for key, value in card.items() if key not in written}
        return detector


class PhysicsStream(Stream):
    """A `PhysicsDetector` along one stream."""

    def __init__(self, detector: PhysicsDetector) -> None:
        self._detector = detector
        self._statistics = Statistics(detector.layout, detector.scales)
        self._readings = np.array([":" not in name for name in detector.tags])
        self._last = detector.middle

    def score_one(self, time: float, values: Floats) -> Score:  # noqa: D102 - the contract says it
        detector = self._detector
        values = frame_values(values, detector.tags)
        self._last = np.where(np.isfinite(values), values, self._last)
        row = np.where(self._readings, self._last, values)
        found = self._statistics.update(row)
        value = detector.value(np.abs(found))
        alarm = value > detector.threshold
        causes = detector.causes(found, row) if alarm else ()
        return Score(time, value, detector.threshold, alarm, causes)
