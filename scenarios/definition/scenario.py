"""A scenario as an object, as data, and the testbed it asks for."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import detector
from attacks.build import as_data
from attacks.entries.entry import Entry
from scenarios.definition.keys import DETECTOR, values_of
from scenarios.definition.vary import assign
from scenarios.definition.when import when_data
from twin.control.orders import Answer, Order, word
from twin.errors import InputError, under
from twin.files import plain
from twin.plants.spec import PlantSpec, load_plant, plants
from twin.testbed import START, Testbed
from twin.units import DAY, HOUR, counted, readable
from twin.water.demand import Playback, read_hours

DEMANDS = ("profile", "patterns")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A run to be: a plant, a time, its attacks and the detector that watches.

    Attributes
    ----------
    name, description : str
    plant : str
        A shipped plant's name or a folder, relative to `folder`.
    start : datetime
        Of the first hour; the weekly demand profile needs it.
    duration, warmup : float
        Seconds; the warm-up comes before the start and is not recorded.
    seed : int
    demand_model : str
        `demand-driven` or `pressure-driven`; the same with and without attacks.
    required_pressure : float or None
        Where demands are pressure-driven, what a junction needs to take all of its demand [m];
        None for the plant's own.
    overflow : str
        `spill`: tanks do as network.inp says of each; `close`: none spills, a full one closes its
        inlet, as in BATADAL's data. The same with and without attacks.
    initial_levels : dict of str to float
        Of tanks [m] at the start, after the warm-up.
    demands : str
        `profile` (drawn by the seed), `patterns` (network.inp's own, as they stand), or a CSV file
        relative to `folder` with a column a DMA and a row an hour from the start on.
    control : dict
        What holds instead of the plant's plcs.yaml, in its own form; see `twin.plants.plcs.read`.
    operator : tuple of Order
        What the operator writes to PLCs by the clock, or wrote by hand.
    answers : tuple of Answer
        What the operator writes once SCADA shows something; the paired run has none.
    attacks, faults : tuple of Entry
        Faults are benign, and labelled so.
    detector : str or None
        A kind, or a checkpoint's path relative to `folder`.
    plugins : tuple of str
        Python files with attacks or detectors of one's own, relative to `folder`.
    folder : Path
        Where relative paths start.
    """

    name: str
    description: str = ""
    plant: str = "ctown"
    start: datetime = START
    duration: float = 7 * DAY
    warmup: float = 7 * DAY
    seed: int = 0
    demand_model: str = "demand-driven"
    required_pressure: float | None = None
    overflow: str = "spill"
    initial_levels: Mapping[str, float] = field(default_factory=dict)
    demands: str = "profile"
    control: Mapping[str, Any] = field(default_factory=dict)
    operator: tuple[Order, ...] = ()
    answers: tuple[Answer, ...] = ()
    attacks: tuple[Entry, ...] = ()
    faults: tuple[Entry, ...] = ()
    detector: str | None = DETECTOR
    plugins: tuple[str, ...] = ()
    folder: Path = field(default_factory=Path.cwd)

    def vary(self, path: str, value: object) -> Scenario:
        """Return the scenario with one field changed.

        Parameters
        ----------
        path : str
            Of the field, through the scenario as its file has it: `attacks.spoof.do.offset.by`.
        value : object
            As a file has it: -1.5, or "2 d".

        Raises
        ------
        InputError
            With the path, if there is no such field or it cannot have that value.
        """
        data = scenario_data(self)
        keys = assign(data, path, value)
        try:
            return _scenario(data, self.folder)
        except InputError as error:
            raise InputError(f"{path}: {error.message}", keys=error.keys or keys) from None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle a scenario as its file, so that another process loads its plug-ins."""
        return _scenario, (scenario_data(self), self.folder)

    def plant_spec(self) -> PlantSpec:
        """Return the plant, read from its folder."""
        drawn = self.demands != "patterns"
        try:
            found = load_plant(self.plant, self.folder, self.control, drawn)
        except InputError as error:
            raise error if error.keys[:1] == ("control",) else error.under("plant") from None
        played = self.demands not in DEMANDS
        if played and not found.profiled:
            # No demand follows a weekly pattern: the file's hours take the place of every pattern.
            if self.warmup:
                raise InputError(
                    f"{found.name} has no weekly pattern or demand.csv to warm up with, before the "
                    f"first hour of {self.demands}: give `warmup: 0 h`",
                    keys=["warmup"],
                )
            found = dataclasses.replace(found, whole=True)
        return dataclasses.replace(found, spills=self.overflow == "spill")

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Faults, then attacks, as they act on the same port."""
        return (*self.faults, *self.attacks)


def testbed(scenario: Scenario, spec: PlantSpec, folder: Path | None = None) -> Testbed:
    """Return the testbed of a scenario, its attacks and faults not yet armed."""
    played = None
    if scenario.demands not in DEMANDS:
        with under("demands"):
            played = read_hours(scenario.folder / scenario.demands, spec.profiled)
            if len(played) * HOUR < scenario.duration:
                hours = math.ceil(scenario.duration / HOUR)
                message = f"{scenario.demands} has {counted(len(played), 'row')}, and the run "
                message += f"{counted(hours, 'hour')}: give it a row an hour from the start on"
                raise InputError(message)
    return Testbed(
        spec,
        seed=scenario.seed,
        start=scenario.start,
        warmup=scenario.warmup,
        pressure_driven=scenario.demand_model == "pressure-driven",
        required_pressure=scenario.required_pressure,
        levels=scenario.initial_levels,
        demand=None if played is None else Playback(played),
        orders=scenario.operator,
        answers=scenario.answers,
        folder=folder,
    )


def _scenario(data: Mapping[str, Any], folder: Path) -> Scenario:
    return Scenario(**values_of(data, folder))


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as nested dicts and lists that `from_data` reads, its paths absolute."""
    data: dict[str, Any] = {
        "name": scenario.name,
        "description": scenario.description,
        "plant": _absolute(scenario.plant, plants(), scenario.folder),
        "start": scenario.start.isoformat(sep=" "),
        "duration": readable(scenario.duration),
        "warmup": readable(scenario.warmup),
        "seed": scenario.seed,
        "demand_model": scenario.demand_model,
        "required_pressure": scenario.required_pressure,
        "overflow": scenario.overflow,
        "initial_levels": dict(scenario.initial_levels),
        "demands": _absolute(scenario.demands, DEMANDS, scenario.folder),
        "control": plain(scenario.control),
        "operator": [*map(order_data, scenario.operator), *map(answer_data, scenario.answers)],
        "attacks": [entry_data(entry) for entry in scenario.attacks],
        "faults": [entry_data(entry) for entry in scenario.faults],
        "detector": _detector(scenario),
        "plugins": [_absolute(plugin, (), scenario.folder) for plugin in scenario.plugins],
    }
    defaults: dict[str, Any] = {"initial_levels": {}, "demands": "profile", "control": {}}
    defaults |= {"required_pressure": None, "overflow": "spill"}
    defaults |= {"operator": [], "faults": [], "plugins": []}
    return {key: value for key, value in data.items() if value != defaults.get(key, data)}


def order_data(order: Order) -> dict[str, Any]:
    """Return an order as a scenario file writes it."""
    data: dict[str, Any] = {"at": readable(order.at)}
    return data | ({"by": order.by} if order.by else {}) | _write_data(order.values)


def answer_data(answer: Answer) -> dict[str, Any]:
    """Return an operator's answer as a scenario file writes it."""
    delay = {"delay": readable(answer.delay)} if answer.delay else {}
    return {"when": answer.when} | delay | _write_data(answer.values)


def _write_data(values: Mapping[str, float]) -> dict[str, Any]:
    return {"write": {name: word(value) for name, value in values.items()}}


def _absolute(name: str | None, known: Collection[str], folder: Path) -> str | None:
    """Return a known name as it is, and a path so that it holds wherever the file is put."""
    return name if name is None or name in known else str((folder / name).resolve())


def _detector(scenario: Scenario) -> str | None:
    """Return the detector, a file by its absolute path; a name that is neither stays as it is."""
    name = scenario.detector
    if name is None or not (Path(name).suffix or (scenario.folder / name).exists()):
        return name
    return _absolute(name, detector.kinds(), scenario.folder)


def entry_data(entry: Entry) -> dict[str, Any]:
    """Return an entry as a scenario file writes it."""
    when = when_data(entry.when)
    data: dict[str, Any] = {"name": entry.name, "incident": entry.incident, "on": entry.on}
    if entry.tags:
        data["tags"] = list(entry.tags)
    data["do"] = {entry.do.kind: as_data(entry.do)}
    if entry.since:
        data["since"] = readable(entry.since)
    if when:
        data["when"] = when
    return data
