"""A scenario as an object, and the testbed it asks for."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from attacks.entries.entry import Entry
from twin.control.orders import Answer, Order
from twin.errors import InputError, under
from twin.plants.spec import PlantSpec, load_plant
from twin.testbed import START, Testbed
from twin.units import DAY, HOUR, counted
from twin.water.demand import Playback, read_hours

DETECTOR = "physics"
DEMANDS = ("profile", "patterns")
LONGEST = 3650 * DAY
REQUIRED = (0.1, 1000.0)
"""Between which a required pressure lies [m]."""


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

    vary: ClassVar[Callable[[Scenario, str, object], Scenario]]
    """`scenario.vary("attacks.spoof.do.offset.by", -1.5)` returns the scenario with that one field
    changed, to a value as a file has it; InputError names the path. `schema` sets it, since what
    is changed is the scenario as its file has it."""

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
