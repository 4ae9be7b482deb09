"""Several detectors as one: the largest of their scores, each over a line of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from detector import checkpoint
from detector.base import (
    USUAL,
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
from detector.errors import DataError
from detector.methods.physics_plant import Plant
from detector.methods.windows import values_of
from detector.registry import create, kind_class, kinds, register
from detector.thresholds.groups import GroupBudgets

_LINE = 1.0  # of the combined score


class HybridOptions(ShadowOptions):
    """What a hybrid is made of."""

    members: tuple[str, ...] = Field(
        default=("physics", "pca"),
        min_length=1,
        description="fitted detectors by file, or kinds, which are fitted on half the rows:"
        " physics.safetensors,masked.safetensors",
    )
    budget: float = Field(
        default=0.04, ge=0.0, description="false episodes a week that each member may raise"
    )
    plant: Plant = Field(
        default=Plant(), description="the plant's tags and control rules, for physics"
    )

    @field_validator("members", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        return tuple(given.split(",")) if isinstance(given, str) else given


@register("hybrid")
class HybridDetector(Detector):
    """Scores a frame by the worst of its members' scores, each over its line.

    The lines leave each member so many false episodes a week on held-out normal rows as its budget
    says. A member fitted on hourly frames sees one an hour, and its score holds until the next; a
    table's first row counts as one of these.

    Attributes
    ----------
    members
        The detectors, by name.
    lines
        Each member's level, see `GroupBudgets`.
    """

    columns_wanted: ColumnsWanted = "tags+shadow"
    Options: ClassVar[type[NoOptions]] = HybridOptions

    members: dict[str, Detector]
    lines: GroupBudgets

    def fit(  # noqa: D102 - the contract says it
        self, normal: pd.DataFrame | Sequence[pd.DataFrame], training: Training = USUAL
    ) -> None:
        options = self.options(training)
        assert isinstance(options, HybridOptions)
        tables = list(normal) if isinstance(normal, Sequence) else [normal]
        for each in tables:
            values_of(each, self.tags)
        if len(tables) == 1:
            cut = len(tables[0]) // 2
            tables = [tables[0][:cut], tables[0][cut:]]
        middle = (len(tables) + 1) // 2
        learned, held_out = tables[:middle], tables[middle:]
        self.members = {}
        for name in options.members:
            member = self._member(name, learned, options, training)
            if member.kind in self.members:
                raise DataError(f"{name}: a second {member.kind} among the members; one is enough.")
            self.members[member.kind] = member
        scores = {
            name: [self._scores(member, each) for each in held_out]
            for name, member in self.members.items()
        }
        budgets = dict.fromkeys(scores, options.budget)
        self.lines = GroupBudgets.fit(scores, self.interval_s, budgets)
        self._set_lines()
        self.threshold = _LINE
        self.held_out_scores = tuple(map(self._combined, held_out))
        self.about["options"] = options.model_dump(mode="json")
        self.about["held_out"] = {"rows": sum(map(len, held_out))}

    def _member(
        self, name: str, learned: list[pd.DataFrame], options: HybridOptions, training: Training
    ) -> Detector:
        if name not in kinds():
            return self._checked(name, checkpoint.load(name, interval_s=None))
        fields = kind_class(name).Options.model_fields
        given = options.model_dump(exclude={"members", "budget"})
        told = {key: value for key, value in given.items() if key in fields}
        wanted = kind_class(name).columns_wanted
        tags = self.tags if wanted == "tags+shadow" else _readings(self.tags)
        member = create(name, tags, self.interval_s)
        member.fit(learned, Training(training.seed, told, training.progress))
        return member

    def _checked(self, name: str, member: Detector) -> Detector:
        if member.interval_s % self.interval_s:
            raise DataError(
                f"{name}: fitted on frames {member.interval_s:g} s apart, which is no multiple of "
                f"the hybrid's {self.interval_s:g} s."
            )
        lacking = [tag for tag in member.tags if tag not in self.tags]
        if lacking:
            raise DataError(f"{name}: it needs {', '.join(lacking)}, which the rows lack.")
        return member

    def _set_lines(self) -> None:
        """Put each member's own alarm line where the hybrid's is: it explains what lies above."""
        for name, member in self.members.items():
            member.threshold = self.lines.levels[name]
        self._every = {
            name: round(member.interval_s / self.interval_s)
            for name, member in self.members.items()
        }

    def _scores(self, member: Detector, table: pd.DataFrame) -> Floats:
        every = round(member.interval_s / self.interval_s)
        found = np.asarray(member.score(table.iloc[::every]))
        return np.repeat(found, every)[: len(table)]

    def _combined(self, table: pd.DataFrame) -> Floats:
        found = {name: self._scores(member, table) for name, member in self.members.items()}
        return self.lines.combined(found)

    def score(self, table: pd.DataFrame) -> Floats:  # noqa: D102 - the contract says it
        values_of(table, self.tags)
        return self._combined(table)

    def stream(self) -> Stream:  # noqa: D102 - the contract says it
        return HybridStream(self)

    def save(self, path: str | Path) -> None:  # noqa: D102 - the contract says it
        tensors, cards = {}, {}
        with tempfile.TemporaryDirectory() as folder:
            for name, member in self.members.items():
                file = Path(folder) / f"{name}{checkpoint.SUFFIX}"
                member.save(file)
                found, cards[name] = checkpoint.read(file)
                tensors.update({f"{name}/{key}": each for key, each in found.items()})
        checkpoint.write(
            Path(path),
            tensors,
            {
                "kind": self.kind,
                "tags": list(self.tags),
                "interval_s": self.interval_s,
                "threshold": {"value": self.threshold},
                "members": cards,
                **self.about,
            },
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:  # noqa: D102 - the contract says it
        tensors, card = checkpoint.read(Path(path))
        detector = cls(card["tags"], card["interval_s"])
        try:
            detector.members = {
                name: _restored(name, tensors, told) for name, told in card["members"].items()
            }
            levels = {name: each.threshold for name, each in detector.members.items()}
            budget = float(card["options"]["budget"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path}: not a {cls.kind} checkpoint: {error}.") from error
        detector.lines = GroupBudgets(levels, dict.fromkeys(levels, budget))
        detector._set_lines()
        detector.threshold = float(card["threshold"]["value"])
        written = ("kind", "tags", "interval_s", "threshold", "members", "weights_sha256")
        detector.about = {key: value for key, value in card.items() if key not in written}
        return detector


class HybridStream(Stream):
    """A `HybridDetector` along one stream."""

    def __init__(self, detector: HybridDetector) -> None:
        self._detector = detector
        self._streams = {name: each.stream() for name, each in detector.members.items()}
        self._places = {
            name: np.array([detector.tags.index(tag) for tag in each.tags], dtype=np.intp)
            for name, each in detector.members.items()
        }
        self._last: dict[str, Score] = {}

    def score_one(self, time: float, values: Floats) -> Score:  # noqa: D102 - the contract says it
        detector = self._detector
        values = frame_values(values, detector.tags)
        for name, stream in self._streams.items():
            if time % detector.members[name].interval_s == 0:
                self._last[name] = stream.score_one(time, values[self._places[name]])
        ratios = {
            name: score.value / detector.lines.levels[name] for name, score in self._last.items()
        }
        known = {name: ratio for name, ratio in ratios.items() if np.isfinite(ratio)}
        if not known:
            return Score(time, float("nan"), detector.threshold, False, ())
        worst = max(known, key=lambda name: known[name])
        alarm = known[worst] > detector.threshold
        causes = self._last[worst].causes if alarm else ()
        return Score(time, known[worst], detector.threshold, alarm, causes)


def _readings(columns: Sequence[str]) -> list[str]:
    return [name for name in columns if ":" not in name]


def _restored(name: str, tensors: Mapping[str, Any], card: dict[str, Any]) -> Detector:
    """Return a member from its part of the tensors, and its card."""
    own = {
        key.removeprefix(f"{name}/"): each
        for key, each in tensors.items()
        if key.startswith(f"{name}/")
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}{checkpoint.SUFFIX}"
        checkpoint.write(file, own, {k: v for k, v in card.items() if k != "weights_sha256"})
        return kind_class(str(card["kind"])).load(file)
