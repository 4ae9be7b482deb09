"""A plant folder: network.inp, tags.csv and plcs.yaml, checked against each other."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import wntr

from twin.condition import parse
from twin.demand import FILE, weekly
from twin.districts import districts, patterns_of
from twin.errors import InputError, nearest
from twin.files import line_of, read_yaml
from twin.plc import CLOCK, CROSSINGS, PlcSpec, Rule
from twin.tags import Tag
from twin.units import duration

PLANTS = Path(__file__).parent / "plants"
QUANTITIES = {"level": "m", "flow": "L/s", "pressure": "m", "status": ""}
COLUMNS = ["tag", "quantity", "element", "unit", "plc"]
_STATES = {"open": 1.0, "closed": 0.0}
_HIGHEST = 1e6  # of a pump's relative speed or a valve's setting; more is a mistake


@dataclass(frozen=True)
class Network:
    """A plant as its folder describes it.

    Attributes
    ----------
    name : str
    folder : Path
    tags : tuple of Tag
        In the data set's column order.
    plcs : dict of str to PlcSpec
    step : int
        Hydraulic and recording step [s].
    polling : int
        SCADA's polling interval [s].
    latency : dict of str to float
        Of each link that has one, by name [s].
    spills : bool
        Whether a full tank may spill, as network.inp says of each; or all close their inlet.
    """

    name: str
    folder: Path
    tags: tuple[Tag, ...]
    plcs: dict[str, PlcSpec]
    step: int
    polling: int
    latency: dict[str, float]
    spills: bool = True

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
        """Junctions of each district metered area (DMA); see `twin.districts`."""
        driven = {name for plc in self.plcs.values() for name in plc.actuators}
        return districts(self.model, driven)

    @cached_property
    def profiled(self) -> tuple[str, ...]:
        """The DMAs in which some demand follows a weekly pattern; the profile is for them."""
        drawn = self.profiled_patterns
        return tuple(
            d for d, members in self.dmas.items() if patterns_of(self.model, members) & drawn
        )

    @cached_property
    def profiled_patterns(self) -> frozenset[str]:
        """Patterns whose demands the profile draws: weekly ones, or all where demand.csv is."""
        if (self.folder / FILE).is_file():
            return frozenset(patterns_of(self.model, self.model.junction_name_list))
        return weekly(self.model)

    @property
    def tag_names(self) -> tuple[str, ...]:
        """Names of all tags, in order."""
        return tuple(tag.name for tag in self.tags)


def plants() -> list[str]:
    """Return the names of the shipped plants."""
    return sorted(path.parent.name for path in PLANTS.glob("*/plcs.yaml"))


def load(plant: str | Path, beside: Path | None = None) -> Network:
    """Read a plant folder.

    Parameters
    ----------
    plant : str or Path
        A shipped plant's name, or a folder with network.inp, tags.csv and plcs.yaml.
    beside : Path, optional
        The folder a relative path starts from; by default the current one.

    Raises
    ------
    InputError
        If there is no such plant, or its files do not fit together.
    """
    folder = PLANTS / str(plant)
    if str(plant) not in plants():
        folder = (beside or Path.cwd()) / plant
    if not folder.is_dir():
        raise InputError(
            f"unknown plant {str(plant)!r}: no folder {folder}, "
            f"and not a shipped one ({nearest(str(plant), plants())})"
        )
    missing = [n for n in ("network.inp", "tags.csv", "plcs.yaml") if not (folder / n).is_file()]
    if missing:
        raise InputError(f"a plant folder needs {', '.join(missing)}", folder)
    model = _read_inp(folder / "network.inp")
    tags = _read_tags(folder / "tags.csv", model)
    return _read_plcs(folder, tags, model)


def _read_inp(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return wntr.network.WaterNetworkModel(str(path))
    except Exception as error:
        # WNTR raises whatever its parser meets; all of it means the file is not a usable network.
        raise InputError(f"not a network EPANET can read: {error}", path) from error


def _read_tags(path: Path, model: Any) -> tuple[Tag, ...]:
    kinds = {
        "level": model.tank_name_list,
        "flow": model.link_name_list,
        "status": model.link_name_list,
        "pressure": model.node_name_list,
    }
    tags: list[Tag] = []
    seen: set[str] = set()
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        if header != COLUMNS:
            raise InputError(f"the columns are {header}, not {COLUMNS}", path, 1)
        for row in rows:
            line = rows.line_num
            if len(row) != len(COLUMNS):
                raise InputError(f"{len(row)} fields, not {len(COLUMNS)}: {row}", path, line)
            tag = Tag(*row)
            if tag.quantity not in kinds:
                hint = nearest(tag.quantity, kinds)
                raise InputError(f"unknown quantity {tag.quantity!r}: {hint}", path, line)
            if tag.element not in kinds[tag.quantity]:
                hint = nearest(tag.element, kinds[tag.quantity])
                raise InputError(f"no {tag.quantity} of {tag.element!r}: {hint}", path, line)
            if tag.unit != QUANTITIES[tag.quantity]:
                expected = QUANTITIES[tag.quantity] or "no unit"
                message = f"{tag.quantity} is in {expected}, not {tag.unit!r}"
                raise InputError(message, path, line)
            if tag.name in seen:
                raise InputError(f"tag {tag.name} stands twice", path, line)
            seen.add(tag.name)
            tags.append(tag)
    return tuple(tags)


def _read_plcs(folder: Path, tags: tuple[Tag, ...], model: Any) -> Network:
    path = folder / "plcs.yaml"
    data = read_yaml(path)

    def fail(message: str, *keys: str | int) -> InputError:
        return InputError(message, path, line_of(data, keys))

    def only(found: Iterable[str], known: Iterable[str], *keys: str | int) -> None:
        allowed = list(known)
        for name in found:
            if name not in allowed:
                raise fail(f"unknown name {name!r}: {nearest(str(name), allowed)}", *keys, name)

    def section(mapping: Any, *keys: str | int) -> dict[str, Any]:
        if mapping is None:
            return {}
        if not isinstance(mapping, dict):
            raise fail(f"expected `key: value` lines under {keys[-1]}, found {mapping!r}", *keys)
        return mapping

    def listing(found: Any, *keys: str) -> list[Any]:
        if found is None:
            return []
        if not isinstance(found, list):
            raise fail(f"expected a list under {keys[-1]}, found {found!r}", *keys)
        return found

    def seconds(value: Any, *keys: str) -> float:
        try:
            return duration(value)
        except ValueError as error:
            raise fail(str(error), *keys) from None

    def whole(value: Any, *keys: str) -> int:
        length = seconds(value, *keys)
        if length < 1 or length % 1:
            raise fail(f"{value!r} is not a whole number of seconds", *keys)
        return int(length)

    only(data, ["step", "polling", "scan", "latency", "links", "plcs"])
    blocks = section(data.get("plcs"), "plcs")
    scan = section(data.get("scan"), "scan")
    only(scan, ["every", "crossings"], "scan")
    step = whole(data.get("step", "5 min"), "step")
    polling = whole(data.get("polling", "5 min"), "polling")
    if polling % step:
        raise fail(f"polling ({polling} s) is not a multiple of step ({step} s)", "polling")

    owner = {tag.name: tag.plc for tag in tags}
    only(owner.values(), blocks)
    plcs: dict[str, PlcSpec] = {}
    driver: dict[str, str] = {}
    for name in blocks:
        block = section(blocks[name], "plcs", name)
        only(block, ["actuators", "receives", "rules", "scan"], "plcs", name)
        actuators = tuple(map(str, listing(block.get("actuators"), "plcs", name, "actuators")))
        only(actuators, model.link_name_list, "plcs", name, "actuators")
        for actuator in actuators:
            if actuator in driver:
                message = f"{actuator} is driven by {driver[actuator]} already"
                raise fail(message, "plcs", name, "actuators")
            driver[actuator] = str(name)
        receives = section(block.get("receives"), "plcs", name, "receives")
        only(receives, owner, "plcs", name, "receives")
        for tag, sender in receives.items():
            if owner[tag] != sender:
                message = f"{tag} is measured by {owner[tag]}, not by {sender}"
                raise fail(message, "plcs", name, "receives", tag)
        sensors = tuple(tag for tag in owner if owner[tag] == name)
        rules: list[Rule] = []
        for i, line in enumerate(listing(block.get("rules"), "plcs", name, "rules")):
            where = ("plcs", name, "rules", i)
            rules += _rules(section(line, *where), [*sensors, *receives], actuators, where, fail)
        own_scan = {**scan, **section(block.get("scan"), "plcs", name, "scan")}
        crossings = str(own_scan.get("crossings", "nearest"))
        only([crossings], CROSSINGS, "scan", "crossings")
        plcs[str(name)] = PlcSpec(
            name=str(name),
            sensors=sensors,
            actuators=actuators,
            receives={str(tag): str(sender) for tag, sender in receives.items()},
            rules=tuple(rules),
            scan=whole(own_scan.get("every", "15 min"), "scan", "every"),
            crossing=CROSSINGS[crossings],
        )

    default = seconds(data.get("latency", "0 s"), "latency")
    names = [f"{s}->{p.name}" for p in plcs.values() for s in dict.fromkeys(p.receives.values())]
    names += [f"{plc}->SCADA" for plc in plcs]
    latency = dict.fromkeys(names, default)
    links = section(data.get("links"), "links")
    only(links, names, "links")
    for name in links:
        fields = section(links[name], "links", name)
        only(fields, ["latency"], "links", name)
        latency[name] = seconds(fields.get("latency", "0 s"), "links", name, "latency")
    return Network(folder.name, folder, tags, plcs, step, polling, latency)


def _rules(
    line: dict[str, Any],
    tags: list[str],
    actuators: tuple[str, ...],
    where: tuple[str | int, ...],
    fail: Callable[..., InputError],
) -> Iterator[Rule]:
    """Read one line of rules: `when`, then what each actuator is set to."""
    commands = {str(key): value for key, value in line.items() if key != "when"}
    if "when" not in line or not commands:
        raise fail("a rule needs `when:` and an actuator, like {when: L_T1 < 4, PU1: open}", *where)
    try:
        when = parse(str(line["when"]), [*tags, *CLOCK])
    except InputError as error:
        raise fail(error.message, *where, "when") from None
    for name, value in commands.items():
        if name not in actuators:
            raise fail(f"unknown name {name!r}: {nearest(name, actuators)}", *where, name)
        command = _STATES.get(str(value), value)
        if isinstance(command, bool) or not isinstance(command, int | float):
            raise fail(f"{value!r} is not open, closed or a number", *where, name)
        if not 0.0 <= command <= _HIGHEST:
            raise fail(f"a setting cannot be {value}", *where, name)
        yield Rule(name, float(command), when)
