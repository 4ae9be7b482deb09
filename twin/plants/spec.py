"""A plant folder: network.inp, tags.csv and plcs.yaml, checked against each other."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from twin.conditions.terms import FUNCTIONS
from twin.errors import InputError, nearest
from twin.files import read_csv, read_table
from twin.plants import inp, plcs, rewrite
from twin.plants.districts import districts, patterns_of, weekly
from twin.plants.equipment import Instrument
from twin.plants.logic import CLOCK, STATES, PlcSpec, state
from twin.plants.plcs import Wiring
from twin.plants.profile import FILE, Profile, profile_of
from twin.tags import Tag
from twin.units import rounded

PLANTS = Path(__file__).parent
REQUIRED_PRESSURE = 5.0
"""Below this [m] a junction takes less than its demand, where demands are pressure-driven and
neither network.inp nor the scenario says how much; a normal week of C-Town then goes short of 4 m³
in all."""
QUANTITIES = {"level": "m", "flow": "L/s", "pressure": "m", "status": ""}
COLUMNS = ["tag", "quantity", "element", "unit", "plc"]
_NAME = re.compile(r"[^\W\d]\w*")
_RESERVED = (*CLOCK, "weekday", *FUNCTIONS, "and", "or", "not")


@dataclass(frozen=True, eq=False)
class PlantSpec:
    """A plant as its folder describes it.

    Attributes
    ----------
    name : str
    folder : Path
    tags : tuple of Tag
        In the data set's column order.
    wiring : Wiring
        Its control system.
    drawn : bool
        Whether demands are drawn from the profile, or follow network.inp's patterns as they are.
    spills : bool
        Whether a full tank may spill, as network.inp says of each; or all close their inlet.
    whole : bool
        Whether the profile is for every demand, as where there is a demand.csv, or for those that
        follow a weekly pattern.
    """

    name: str
    folder: Path
    tags: tuple[Tag, ...]
    wiring: Wiring
    drawn: bool = True
    spills: bool = True
    whole: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """Return what pickles: the fields, without what was worked out from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def plcs(self) -> dict[str, PlcSpec]:
        """The PLCs, by name."""
        return self.wiring.plcs

    @property
    def step(self) -> int:
        """Hydraulic and recording step [s]."""
        return self.wiring.step

    @property
    def polling(self) -> int:
        """SCADA shows a frame every so many seconds."""
        return self.wiring.polling

    def read_model(self) -> Any:
        """Return a fresh `wntr.network.WaterNetworkModel` of network.inp, controls included."""
        model = _read_inp(self.folder / "network.inp")
        if not self.spills:
            for _, tank in model.tanks():
                tank.overflow = False
        return model

    @cached_property
    def model(self) -> Any:
        """The WNTR model, to look at and not to change."""
        return self.read_model()

    @cached_property
    def dmas(self) -> dict[str, tuple[str, ...]]:
        """Junctions of each district metered area (DMA); see `twin.plants.districts`."""
        driven = {name for plc in self.plcs.values() for name in plc.actuators}
        return districts(self.model, driven)

    @cached_property
    def profile(self) -> Profile:
        """The demand profile; InputError where the plant has none."""
        return profile_of(self.folder, self.model, tuple(self.dmas))

    @cached_property
    def profiled(self) -> tuple[str, ...]:
        """The DMAs in which the profile is for some demand."""
        if not self.drawn:
            return ()
        drawn = self.profiled_patterns
        return tuple(
            d for d, members in self.dmas.items() if patterns_of(self.model, members) & drawn
        )

    @cached_property
    def profiled_patterns(self) -> frozenset[str]:
        """Patterns whose demands the profile draws."""
        if self.whole:
            return frozenset(patterns_of(self.model, self.model.junction_name_list))
        return weekly(self.model)

    @property
    def required_pressure(self) -> float:
        """What a junction of pressure-driven demand needs to take all of it [m].

        As network.inp says where its own demands are pressure-driven.
        """
        options = self.model.options.hydraulic
        driven = str(options.demand_model).upper() in ("PDA", "PDD")
        return float(options.required_pressure) if driven else REQUIRED_PRESSURE

    @property
    def tag_names(self) -> tuple[str, ...]:
        """Names of all tags, in order."""
        return tuple(tag.name for tag in self.tags)

    @property
    def exact(self) -> bool:
        """Whether every instrument shows the truth."""
        return all(instrument == Instrument() for instrument in self.wiring.instruments.values())

    def unit(self, name: str) -> str:
        """Return the unit of a tag, or of a setpoint like `SP_PU10_open`; "" where it has none."""
        for plc in self.plcs.values():
            if name in plc.setpoints:
                (name,) = plc.rules[plc.setpoints[name]].when.names
        return next((tag.unit for tag in self.tags if tag.name == name), "")

    def element(self, name: str) -> str:
        """Return the tank, pump, valve or junction of a tag, a setpoint or a command."""
        for plc in self.plcs.values():
            if name in plc.setpoints:
                return plc.rules[plc.setpoints[name]].actuator
        return next((tag.element for tag in self.tags if tag.name == name), name)

    def reading(self, tag: str, value: float, decimals: int = 2) -> str:
        """Say what a tag reads: `4.03 m`; of a status, `open` or `closed`; `nothing` for NaN."""
        if math.isnan(value):
            return "nothing"
        (known,) = (candidate for candidate in self.tags if candidate.name == tag)
        if known.quantity == "status":
            return state(value)
        return f"{rounded(value, decimals)} {known.unit}"

    def passed(self, tag: str, limit: str, value: float, bound: float) -> str:
        """Say which alarm limit a tag has passed: `L_T1 H: 6.45 m, limit 5.50 m`.

        There are as many decimals, two to six, as tell the reading from the limit.
        """
        shown = [(self.reading(tag, value, n), self.reading(tag, bound, n)) for n in range(2, 7)]
        reading, limited = next((pair for pair in shown if pair[0] != pair[1]), shown[0])
        return f"{tag} {limit}: {reading}, limit {limited}"

    def command(self, name: str, value: float) -> str:
        """Say what a command is: `open`, `0.9 of its speed`, `auto`; of a setpoint, `3 m`."""
        if math.isnan(value):
            return "auto"
        if unit := self.unit(name):
            return f"{value:g} {unit}"
        speed = value not in STATES.values() and name in self.model.pump_name_list
        return f"{state(value)} of its speed" if speed else state(value)


def plants() -> list[str]:
    """Return the names of the shipped plants."""
    return sorted(path.parent.name for path in PLANTS.glob("*/plcs.yaml"))


def plants_of(tags: Collection[str]) -> list[str]:
    """Return which plants, shipped or in a folder here, have tags all of which are among some."""
    found = []
    for path in (*sorted(PLANTS.glob("*/tags.csv")), *sorted(Path.cwd().glob("*/tags.csv"))):
        names = {row[0] for _, row in read_csv(path)[1:] if row}
        if names and names <= set(tags):
            found.append(path.parent.name)
    return found


def load_plant(
    plant: str | Path,
    beside: Path | None = None,
    control: Mapping[str, Any] | None = None,
    drawn: bool = True,
) -> PlantSpec:
    """Read a plant folder.

    Parameters
    ----------
    plant : str or Path
        A shipped plant's name, or a folder with network.inp, tags.csv and plcs.yaml.
    beside : Path, optional
        The folder a relative path starts from; by default the current one.
    control : mapping, optional
        What a scenario says instead of plcs.yaml; see `twin.plants.plcs.read`.
    drawn : bool, default True
        Whether demands are drawn from the profile, or follow network.inp's patterns as they are.

    Raises
    ------
    InputError
        If there is no such plant, or its files do not fit together.
    """
    folder = PLANTS / str(plant)
    if str(plant) not in plants():
        folder = (beside or Path.cwd()) / plant
    if folder.is_file():
        mend = ""
        if folder.suffix.casefold() == ".inp":
            name = folder.stem
            mend = f": make it one with `hydrotwin plant new {plant} --out {name}`, and name {name}"
        raise InputError(f"{plant} is a file, and a plant is a folder{mend}")
    if not folder.is_dir():
        raise InputError(
            f"unknown plant {str(plant)!r}: no folder {folder}, "
            f"and not a shipped one ({nearest(str(plant), plants())})"
        )
    missing = [n for n in ("network.inp", plcs.TAGS, plcs.FILE) if not (folder / n).is_file()]
    if missing:
        raise InputError(f"a plant folder needs {', '.join(missing)}", folder)
    model = _read_inp(folder / "network.inp")
    tags = _read_tags(folder / plcs.TAGS, model)
    control_system = plcs.read(folder, tags, model, control)
    whole = (folder / FILE).is_file()
    return PlantSpec(folder.name, folder, tags, control_system, drawn, whole=whole)


def _read_inp(path: Path) -> Any:
    text = inp.read_text(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = inp.read(text)
            if model.options.time.pattern_timestep > 0:
                return model
    except Exception as error:
        # WNTR raises whatever its parser meets.
        if (wrong := inp.refused(text, path)) is not None:
            raise wrong from error
    return rewrite.read(text, path)[0]


def _read_tags(path: Path, model: Any) -> tuple[Tag, ...]:
    kinds = {
        "level": model.tank_name_list,
        "flow": model.link_name_list,
        "status": model.link_name_list,
        "pressure": model.node_name_list,
    }
    tags: dict[str, Tag] = {}
    for line, row in read_table(path, COLUMNS):
        tag = Tag(*row)
        if not _NAME.fullmatch(tag.name) or tag.name in _RESERVED:
            message = (
                f"a tag cannot be called {tag.name!r}: letters, digits and _, a letter first, and "
                f"not {', '.join(_RESERVED)}, which mean something in conditions"
            )
            raise InputError(message, path, line)
        if tag.quantity not in kinds:
            hint = nearest(tag.quantity, kinds)
            raise InputError(f"unknown quantity {tag.quantity!r}: {hint}", path, line)
        if tag.element not in kinds[tag.quantity]:
            hint = nearest(tag.element, kinds[tag.quantity])
            raise InputError(f"no {tag.quantity} of {tag.element!r}: {hint}", path, line)
        if tag.unit != QUANTITIES[tag.quantity]:
            unit = QUANTITIES[tag.quantity] or "no unit"
            raise InputError(f"{tag.quantity} is in {unit}, not {tag.unit!r}", path, line)
        if tag.name in tags:
            raise InputError(f"tag {tag.name} stands twice", path, line)
        tags[tag.name] = tag
    return tuple(tags.values())
