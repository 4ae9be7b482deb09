"""The recipe of a data set, read from its file, and the runs it asks for.

Each run has a seed of its own, so that training, validation and test share no random stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from attacks.annotations import Seconds
from attacks.mistakes import explain
from scenarios.definition.keys import check_duration
from scenarios.definition.scenario import Scenario, scenario_data
from scenarios.definition.schema import from_data, library, load
from scenarios.definition.vary import written
from scenarios.sweeps.sweep import Sweep
from twin.errors import InputError, nearest, under
from twin.files import place_of, plain, read_text, read_yaml
from twin.seeds import generator
from twin.units import DAY, HOUR, readable

RECIPES = Path(__file__).parents[1] / "library" / "datasets"
PARTS = ("train", "validation", "test", "faults")
_Count = Annotated[int, Field(ge=0, strict=True)]
_GRAIN = HOUR  # attacks begin and end on full hours


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Train(_Strict):
    runs: _Count
    duration: Seconds


class _Weeks(_Strict):
    normal: _Count
    attacked: _Count


class RecipeFile(_Strict):
    """The keys of a recipe, as they are written."""

    name: str = Field(pattern=r"^[\w.-]+$")
    description: str = ""
    licence: str
    citation: str
    limits: list[str] = []
    base: str
    seed: _Count
    frames: list[Seconds] = Field(min_length=1)
    week: Seconds = 7 * DAY
    begins: tuple[Seconds, Seconds]
    lasts: tuple[Seconds, Seconds]
    train: _Train
    validation: _Weeks
    test: _Weeks
    faults: _Count
    families: dict[str, list[dict[str, Any]]] = Field(min_length=1)
    benign: list[dict[str, Any]] = []


@dataclass(frozen=True)
class Week:
    """A run of a data set.

    Attributes
    ----------
    part : str
        One of `PARTS`.
    kind : str
        `normal`, `attack` or `fault`.
    family, entry : str
        Of the attack or fault, and its kind; empty where there is none.
    seed : int
    changes : dict of str to Any
        What its scenario has instead of the base's.
    """

    part: str
    kind: str
    family: str
    entry: str
    seed: int
    changes: dict[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A recipe that was read, and checked against its base scenario.

    Attributes
    ----------
    file : RecipeFile
    base : Scenario
    text : str
        As it was written.
    """

    file: RecipeFile
    base: Scenario
    text: str

    def weeks(self) -> list[Week]:
        """Return all runs, part by part; those of training last as long as the recipe says."""
        return list(self._weeks())

    def _weeks(self) -> Iterator[Week]:
        file, seed = self.file, self.file.seed
        families, starts = list(file.families), dict.fromkeys(PARTS, self.base.start)
        drawn = generator(file.seed, f"dataset:{file.name}")

        def made(part: str, kind: str, family: str, entry: dict[str, Any] | None) -> Week:
            nonlocal seed
            duration = file.train.duration if part == "train" else file.week
            changes = {"seed": seed, "start": starts[part].isoformat(" "), "detector": None}
            changes |= {"duration": readable(duration), "attacks": [], "faults": []}
            if entry is not None:
                begins, lasts = (_hours(drawn, bounds) for bounds in (file.begins, file.lasts))
                when = {"from": readable(begins), "for": readable(lasts)}
                changes[f"{kind}s"] = [{"name": kind, **entry, "when": when}]
            starts[part] += timedelta(seconds=duration)
            seed += 1
            name = "" if entry is None else next(iter(entry["do"]))
            return Week(part, kind, family, name, seed - 1, changes)

        for _ in range(file.train.runs):
            yield made("train", "normal", "", None)
        for part, weeks in (("validation", file.validation), ("test", file.test)):
            for _ in range(weeks.normal):
                yield made(part, "normal", "", None)
            for place in range(weeks.attacked):
                family = families[place % len(families)]
                entries = file.families[family]
                entry = entries[place // len(families) % len(entries)]
                yield made(part, "attack", family, entry)
        for place in range(file.faults):
            yield made("faults", "fault", "fault", file.benign[place % len(file.benign)])

    def sweep(self) -> Sweep:
        """Return the sweep of all runs, in their order."""
        changes = tuple(week.changes for week in self.weeks())
        return Sweep(bases=(self.base,), over={}, include=changes, exclude=({},), detectors=())


def _hours(drawn: Any, bounds: Sequence[float]) -> float:
    """Draw a time [s] between two, ends included, on a full hour."""
    low, high = (round(bound / _GRAIN) for bound in bounds)
    return float(drawn.integers(low, high + 1)) * _GRAIN


def recipes() -> list[str]:
    """Return the names of the shipped recipes."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def read_recipe(name: str) -> Recipe:
    """Read a recipe by a shipped name or a path.

    Raises
    ------
    InputError
        With file, line and column, for anything in it that is wrong.
    """
    path = RECIPES / f"{name}.yaml" if name in recipes() else Path(name)
    if not path.is_file():
        hint = nearest(name, [*recipes(), *map(str, path.parent.glob("*.yaml"))])
        raise InputError(f"no recipe {name!r}: no such file, and no shipped one ({hint})")
    data = read_yaml(path)
    try:
        try:
            file = RecipeFile.model_validate(plain(data))
        except ValidationError as error:
            raise explain(error, dict.fromkeys(RecipeFile.model_fields, "")) from None
        with under("base"):
            if Path(file.base).name != file.base:
                raise InputError("base is a shipped scenario, or a file beside the recipe")
            base = load(file.base if file.base in library() else path.parent / file.base)
        _check(file, base)
    except InputError as error:
        if error.line is not None:
            raise
        line, column = place_of(data, error.keys)
        raise InputError(error.message, path, line, column=column) from None
    return Recipe(file, base, read_text(path))


def _check(file: RecipeFile, base: Scenario) -> None:
    for key, duration in (("week", file.week), ("train", file.train.duration)):
        with under(key):
            check_duration(duration)
    for key, (low, high) in (("begins", file.begins), ("lasts", file.lasts)):
        if not 0 < low <= high:
            raise InputError(f"{key} takes [earliest, latest], above 0", keys=[key])
    if file.begins[1] + file.lasts[1] > file.week:
        latest = (file.begins[1] + file.lasts[1]) / DAY
        raise InputError(f"an attack may end after {latest:g} days, and a week does not last so "
                         "long: mend `begins`, `lasts` or `week`", keys=["lasts"])  # fmt: skip
    polling = base.plant_spec().polling
    for place, interval in enumerate(file.frames):
        if interval % polling:
            message = f"frames {readable(interval)} apart: SCADA polls every {readable(polling)}"
            raise InputError(message, keys=["frames", place])
    if file.faults and not file.benign:
        raise InputError(f"{file.faults} faulty weeks, and no fault in `benign`", keys=["faults"])
    for family, entries in file.families.items():
        if not entries:
            raise InputError(f"family {family!r} has no attack", keys=["families", family])
        for place, entry in enumerate(entries):
            with under("families", family, place):
                _check_entry(base, "attacks", entry)
    for place, entry in enumerate(file.benign):
        with under("benign", place):
            _check_entry(base, "faults", entry)


def _check_entry(base: Scenario, key: str, entry: dict[str, Any]) -> None:
    if "when" in entry or "name" in entry:
        raise InputError("an entry of a recipe has `on`, `tags` and `do`: name and time are drawn")
    try:
        from_data({**scenario_data(base), key: [written(entry)]}, base.folder)
    except InputError as error:
        raise InputError(error.message, keys=error.keys[2:]) from None
