"""The runs of a sweep: scenarios varied over any of their fields, checked before anything runs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from attacks.entries.targets import touched
from attacks.fields import fields as fields_of
from scenarios.definition.check import armed
from scenarios.definition.scenario import Scenario, scenario_data
from scenarios.definition.schema import from_data, library, located, path_of
from scenarios.definition.vary import assign, keys_of, lookup
from scenarios.sweeps.job import plant_of
from scenarios.sweeps.table import as_text, column_type
from scenarios.sweeps.values import combinations, one_by_one, product_at, seconds
from twin.errors import InputError
from twin.files import place_of
from twin.units import HOUR


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The runs of a sweep: scenarios, and the values that fields of theirs take.

    Runs are numbered from 0: scenario by scenario, the last field varying fastest, then what is
    included besides.

    Attributes
    ----------
    bases : tuple of Scenario
    over : dict of str to list
        The values of each field, by its path.
    include, exclude : tuple of dict
        Runs besides, and combinations that are left out: values by field.
    detectors : tuple of str, or None
        Each run is watched by each of them; nobody watches where it is empty; None for the
        scenario's own.
    source : tuple of (Path, mapping), or None
        The sweep file, to name lines of.
    """

    bases: tuple[Scenario, ...]
    over: dict[str, list[Any]]
    include: tuple[dict[str, Any], ...] = ()
    exclude: tuple[dict[str, Any], ...] = ()
    detectors: tuple[str, ...] | None = None
    folder: Path = field(default_factory=Path.cwd)
    source: tuple[Path, Any] | None = None

    def __post_init__(self) -> None:
        combined = combinations(self.over)
        kept: Sequence[int] = range(combined)
        if self.exclude:
            kept = [place for place in kept if not self._excluded(product_at(self.over, place))]
        data = tuple(scenario_data(base) for base in self.bases)
        object.__setattr__(self, "_kept", kept)
        object.__setattr__(self, "_data", data)

    _kept: Sequence[int] = field(init=False, repr=False, compare=False)
    _data: tuple[dict[str, Any], ...] = field(init=False, repr=False, compare=False)

    def __len__(self) -> int:
        """Return the number of runs, each under all detectors."""
        return len(self.bases) * (len(self._kept) + len(self.include))

    @property
    def fields(self) -> tuple[str, ...]:
        """The swept fields: those of `over`, then those that only `include` names."""
        return tuple(dict.fromkeys([*self.over, *(name for each in self.include for name in each)]))

    @property
    def plant(self) -> str | None:
        """The plant of all scenarios, a name or a folder; None where they differ."""
        plants = {data["plant"] for data in self._data}
        return plants.pop() if len(plants) == 1 and "plant" not in self.fields else None

    def _excluded(self, chosen: Mapping[str, Any]) -> bool:
        return any(all(chosen[k] == v for k, v in each.items()) for each in self.exclude)

    def changes(self, number: int) -> tuple[int, dict[str, Any]]:
        """Return which scenario a run is of, and the values of its fields."""
        combined = len(self.bases) * len(self._kept)
        if number < combined:
            base, place = divmod(number, len(self._kept))
            return base, product_at(self.over, self._kept[place])
        base, place = divmod(number - combined, len(self.include))
        return base, self.include[place]

    def scenario(self, number: int) -> Scenario:
        """Return the scenario of a run.

        Raises
        ------
        InputError
            If a value cannot be used; with the place in the sweep file.
        """
        return self._scenario(*self.changes(number))

    def _scenario(self, base: int, changes: Mapping[str, Any]) -> Scenario:
        data = copy.deepcopy(self._data[base])
        keys: dict[str, tuple[str | int, ...]] = {}
        try:
            for name, value in changes.items():
                keys[name] = ()
                keys[name] = assign(data, name, value)
            return from_data(data, self.folder)
        except InputError as error:
            raise self._located(error, keys, changes) from None

    def _located(
        self,
        error: InputError,
        keys: Mapping[str, tuple[str | int, ...]],
        changes: Mapping[str, Any],
    ) -> InputError:
        """Return an error with the place in the sweep file of the value it comes from."""

        def common(name: str) -> int:
            pairs = zip(keys[name], error.keys, strict=False)
            agree = [ours == theirs for ours, theirs in pairs]
            return len(agree) if all(agree) else 0

        wrong = next((name for name, at in keys.items() if not at), None)
        wrong = wrong or max(keys, key=common, default=None)
        if wrong is None or (keys[wrong] and not common(wrong)):
            return error if not changes else self._placed(error, ("base",))
        value = changes[wrong]
        values = self.over.get(wrong, [])
        at: tuple[str | int, ...] = ("over", wrong)
        if value in values:
            at = (*at, values.index(value))
        else:
            place = next(i for i, each in enumerate(self.include) if each is changes)
            at = ("include", place, wrong)
        message = error.message if error.message.startswith(wrong) else f"{wrong}: {error.message}"
        return self._placed(InputError(message), at)

    def _in_base(self, error: InputError, base: int) -> InputError:
        """Return an error with its place in the scenario's own file, unless `set` changes it."""
        if self.source is None or error.line is not None:
            return error
        path, data = self.source
        changed = {name.partition(".")[0] for name in data.get("set", {})}
        if not error.keys or error.keys[0] in changed:
            return self._placed(error, ("base",))
        return located(error, path_of(base_files(path, data)[base]))

    def _placed(self, error: InputError, keys: tuple[str | int, ...]) -> InputError:
        if self.source is None or error.line is not None:
            return error
        path, data = self.source
        line, column = place_of(data, keys)
        return InputError(error.message, path, line, column=column)

    def watchers(self, scenario: Scenario) -> tuple[str | None, ...]:
        """Return the detectors that watch a run; None stands for nobody."""
        if self.detectors is None:
            return (scenario.detector,)
        return self.detectors or (None,)

    def check(self) -> None:
        """Check every run, and arm those that differ from a scenario's first in one field.

        Raises
        ------
        InputError
            With the place in the sweep file.
        """
        for base in range(len(self.bases)):
            try:
                self._arm(self._scenario(base, {}), {})
            except InputError as error:
                raise self._in_base(error, base) from None
            for changes in (*one_by_one(self.over), *self.include):
                scenario = self._scenario(base, changes)
                if set(changes) - {"seed"}:
                    self._arm(scenario, changes)
        for place, name in enumerate(self.detectors or ()):
            try:
                if name in (self.detectors or ())[:place]:
                    raise InputError(f"{name} is named twice")
                with armed(replace(self.bases[0], detector=name), plant_of(self.bases[0])):
                    pass
            except InputError as error:
                raise self._placed(error, ("detectors", place)) from None

    def _arm(self, scenario: Scenario, changes: Mapping[str, Any]) -> None:
        data = copy.deepcopy(scenario_data(scenario))
        try:
            with armed(scenario, plant_of(scenario)):
                pass
        except InputError as error:
            keys = {name: assign(data, name, value) for name, value in changes.items()}
            raise self._located(error, keys, changes) from None

    def cells(self, number: int) -> dict[str, Any]:
        """Return a run's cells of the swept fields: numbers, texts, and durations in hours."""
        base, changes = self.changes(number)
        return {
            name: _cell(changes[name] if name in changes else lookup(self._data[base], name))
            for name in self.fields
        }

    def columns(self) -> dict[str, Any]:
        """Return the type of the column of each swept field."""
        types: dict[str, Any] = {}
        for name in self.fields:
            values = [*self.over.get(name, ())]
            values += [each[name] for each in self.include if name in each]
            if len(values) > len(self.over.get(name, ())) or self.include:
                values += [lookup(data, name) for data in self._data]
            types[name] = column_type([_cell(value) for value in values])
        return types

    def units(self) -> dict[str, str]:
        """Return the unit of the column of each swept field, empty where it has none."""
        return {name: self._unit(name) for name in self.fields}

    def _unit(self, name: str) -> str:
        values = [*self.over.get(name, ()), *(each[name] for each in self.include if name in each)]
        if all(isinstance(value, str) and seconds(value) is not None for value in values):
            return "h"
        keys = keys_of(self._data[0], name)
        base, spec = self.bases[0], plant_of(self.bases[0])
        if keys[:2] == ("control", "sensors") and keys[3:] == ("noise",):
            meant = [tag.unit for tag in spec.tags if fnmatchcase(tag.name, str(keys[2]))]
            return meant[0] if len(set(meant)) == 1 else ""
        if len(keys) != 5 or keys[2] != "do":
            return ""
        entry = (base.attacks if keys[0] == "attacks" else base.faults)[int(keys[1])]
        unit = next(f.unit for f in fields_of(type(entry.do)) if f.name == keys[4])
        tags = {spec.unit(tag) for tag in touched(entry, spec)} if unit == "tag" else {unit}
        return tags.pop() if len(tags) == 1 else ""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the sweep's table of runs: number, scenario and swept fields."""
        for number in range(len(self)):
            name = self.bases[self.changes(number)[0]].name
            yield {"run": number, "scenario": name, **self.cells(number)}

    def groups(self) -> dict[str, list[int]]:
        """Return the runs by what else than attacks is the same, so that they share a pair."""
        groups: dict[str, list[int]] = {}
        for number in range(len(self)):
            base, changes = self.changes(number)
            shared = {
                k: v for k, v in changes.items() if not k.startswith(("attacks.", "detector"))
            }
            groups.setdefault(json.dumps([base, shared], default=str), []).append(number)
        return groups


def _cell(value: Any) -> Any:
    """Return a value as a table has it: a duration in hours, a list or mapping as text.

    An entry that has a name stands there by it, and a kind that has no fields by its own.
    """
    if isinstance(value, str):
        length = seconds(value)
        return value if length is None else length / HOUR
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return value["name"]
    if isinstance(value, dict) and list(value.values()) == [{}]:
        return next(iter(value))
    return as_text(value) if isinstance(value, list | dict) else value


def base_files(path: Path, data: Mapping[str, Any]) -> list[str]:
    """Return the scenarios that a sweep file names: shipped ones by name, others by their path."""
    names = [data["base"]] if isinstance(data["base"], str) else data["base"]
    return [name if name in library() else str(path.parent / name) for name in names]
