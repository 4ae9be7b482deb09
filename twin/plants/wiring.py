"""A plant's control system: plcs.yaml, with what a scenario lays over it, checked line by line."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import InputError, nearest, under
from twin.files import read_csv, read_yaml
from twin.plants.equipment import LEVELS, Instrument, Limits, Medium, message_bits
from twin.plants.logic import CROSSINGS, PlcSpec, Rule, rules_of, setting_of
from twin.plants.overlay import Checked
from twin.tags import Tag
from twin.units import readable

FILE = "plcs.yaml"
TAGS = "tags.csv"
_PROTECTION = "dry_run_protection"
_OVERLAID = (
    "step",
    "polling",
    "scan",
    "latency",
    "links",
    "sensors",
    "alarms",
    _PROTECTION,
    "plcs",
)
_OVERLAID_PLC = ("scan", "polling", "hold", "failsafe")
_SCAN = ("every", "crossings")
_SLOW = frozenset(("latency", "jitter", "timeout", "retries", "bandwidth"))


@dataclass(frozen=True)
class Wiring:
    """What plcs.yaml says.

    Attributes
    ----------
    plcs : dict of str to PlcSpec
    step : int
        Hydraulic and recording step [s].
    polling : int
        SCADA shows a frame every so many seconds.
    links : dict of str to Medium
        Of every link, by name: `PLC2->PLC1`, `PLC2->SCADA`, `SCADA->PLC1`.
    instruments : dict of str to Instrument
        Of the tags that do not show the plain truth.
    limits : dict of str to Limits
        Of the tags SCADA raises alarms for.
    dry_run_protection : bool
        Whether pumps that too little reaches are stopped; see `twin.water.pumps.Pumps`.
    """

    plcs: dict[str, PlcSpec]
    step: int
    polling: int
    links: dict[str, Medium]
    instruments: dict[str, Instrument]
    limits: dict[str, Limits]
    dry_run_protection: bool


def read(
    folder: Path, tags: tuple[Tag, ...], model: Any, over: Mapping[str, Any] | None = None
) -> Wiring:
    """Read a plant folder's plcs.yaml.

    Parameters
    ----------
    folder : Path
    tags : tuple of Tag
    model : wntr.network.WaterNetworkModel
    over : mapping, optional
        What a scenario says instead, in the file's own form; no rules, actuators or links more.

    Raises
    ------
    InputError
        With file and line; for what `over` says, with its keys under `control`.
    """
    path = folder / FILE
    data = read_yaml(path)
    if over:
        with under("control"):
            _check_overlay(over, data)
    laid = _laid_over(data, over or {})
    return _Reader(laid, data, path, over or {}, "control", tags, model).read()


def _check_overlay(over: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    for key in over:
        if key not in _OVERLAID:
            raise InputError(f"unknown name {key!r}: {nearest(str(key), _OVERLAID)}", keys=[key])
    plcs, known = over.get("plcs"), data.get("plcs")
    if not isinstance(plcs, Mapping) or not isinstance(known, Mapping):
        return  # what is no mapping is found where it is read
    for name, block in plcs.items():
        if name not in known:
            hint = nearest(str(name), known)
            raise InputError(f"unknown PLC {name!r}: {hint}", keys=["plcs", name])
        for key in block if isinstance(block, Mapping) else ():
            if key not in _OVERLAID_PLC:
                hint = nearest(str(key), _OVERLAID_PLC)
                message = f"a scenario cannot change {key!r} of a PLC: {hint}"
                raise InputError(message, keys=["plcs", name, key])


def _laid_over(data: Any, over: Any) -> Any:
    if isinstance(data, Mapping) and over is None:
        return data
    if not isinstance(data, Mapping) or not isinstance(over, Mapping):
        return over
    return {
        **data,
        **{key: _laid_over(data[key], v) if key in data else v for key, v in over.items()},
    }


@dataclass
class _Reader(Checked):
    """Reads the parts of it; every method is given the keys of what it reads."""

    tags: tuple[Tag, ...]
    model: Any

    def read(self) -> Wiring:
        self.only(self.data, _OVERLAID)
        step = self.whole(self.data.get("step", "5 min"), "step")
        polling = self.whole(self.data.get("polling", "5 min"), "polling")
        if polling % step:
            message = f"polling ({polling} s) is not a multiple of step ({step} s)"
            raise self.fail(message, *self.blamed(("polling",), ("step",)))
        plcs = self.plcs(polling)
        # Of each link, how many values a message has.
        sizes = {
            f"{sender}->{plc.name}": many
            for plc in plcs.values()
            for sender, many in Counter(plc.receives.values()).items()
        }
        sizes |= {f"{plc.name}->SCADA": len(plc.sensors) for plc in plcs.values()}
        sizes |= {f"SCADA->{plc.name}": len(plc.orders) for plc in plcs.values() if plc.actuators}
        links = self.links(list(sizes))
        for name, medium in links.items():
            patience = medium.patience(sizes[name])
            if name.endswith("->SCADA") and patience >= polling:
                message = (
                    f"SCADA would wait {patience:g} s for {name}, and ask again after {polling} s: "
                    "lower its latency, jitter, timeout or retries, or give it more bandwidth"
                )
                raise self.fail(message, *self.blamed(*self.slow(name), ("polling",)))
            sending = message_bits(sizes[name]) / medium.bandwidth
            if sending >= step:
                message = (
                    f"{name} would take {sending:g} s for a message, and the next may follow after "
                    f"{step} s: give it more bandwidth [bits/s]"
                )
                raise self.fail(message, *self.blamed(*self.slow(name)))
        protected = self.flag(self.data.get(_PROTECTION, True), _PROTECTION)
        return Wiring(plcs, step, polling, links, self.instruments(), self.limits(), protected)

    def plcs(self, polling: int) -> dict[str, PlcSpec]:
        blocks = self.section(self.data.get("plcs"), "plcs")
        scan = self.section(self.data.get("scan"), "scan")
        self.only(scan, _SCAN, "scan")
        owner = {tag.name: tag.plc for tag in self.tags}
        for tag, name in owner.items():
            if name not in blocks:
                lines = {row[0]: line for line, row in read_csv(self.path.with_name(TAGS))}
                message = f"no PLC {name!r} in {FILE}: {nearest(name, map(str, blocks))}"
                raise InputError(message, self.path.with_name(TAGS), lines[tag])
        plcs: dict[str, PlcSpec] = {}
        driver: dict[str, str] = {}
        for name in blocks:
            plc = plcs[str(name)] = self.plc(str(name), blocks, owner, scan, polling)
            for i, actuator in enumerate(plc.actuators):
                if actuator in driver:
                    message = f"{actuator} is driven by {driver[actuator]} already"
                    raise self.fail(message, "plcs", name, "actuators", i)
                driver[actuator] = str(name)
        return plcs

    def plc(
        self,
        name: str,
        blocks: Mapping[str, Any],
        owner: Mapping[str, str],
        scan: Mapping[str, Any],
        polling: int,
    ) -> PlcSpec:
        at = ("plcs", name)
        block = self.section(blocks[name], *at)
        self.only(block, ["actuators", "receives", "rules", *_OVERLAID_PLC], *at)
        actuators = tuple(map(str, self.listing(block.get("actuators"), *at, "actuators")))
        for i, actuator in enumerate(actuators):
            self.known(actuator, self.model.link_name_list, *at, "actuators", i)
        receives = self.section(block.get("receives"), *at, "receives")
        self.only(receives, owner, *at, "receives")
        for tag, sender in receives.items():
            if owner[tag] != sender:
                message = f"{tag} is measured by {owner[tag]}, not by {sender}"
                raise self.fail(message, *at, "receives", tag)
        sensors = tuple(tag for tag in owner if owner[tag] == name)
        rules: list[Rule] = []
        for i, line in enumerate(self.listing(block.get("rules"), *at, "rules")):
            where = (*at, "rules", i)
            try:
                rules += rules_of(self.section(line, *where), [*sensors, *receives], actuators)
            except InputError as error:
                raise self.fail(error.message, *where, *error.keys) from None
        own_scan = self.section(block.get("scan"), *at, "scan")
        self.only(own_scan, _SCAN, *at, "scan")
        said = {key: (*at, "scan", key) if key in own_scan else ("scan", key) for key in _SCAN}
        scan = {**scan, **own_scan}
        crossings = str(scan.get("crossings", "nearest"))
        self.known(crossings, CROSSINGS, *said["crossings"])
        every = self.whole(block.get("polling", f"{polling} s"), *at, "polling")
        if every % polling:
            message = f"polling ({every} s) is not a multiple of SCADA's ({polling} s)"
            raise self.fail(message, *self.blamed((*at, "polling"), ("polling",)))
        hold = block.get("hold")
        failsafe = self.section(block.get("failsafe"), *at, "failsafe")
        for actuator in failsafe:
            if actuator not in actuators:
                hint = nearest(str(actuator), actuators)
                message = f"{name} does not drive {actuator!r}: {hint}"
                raise self.fail(message, *at, "failsafe", actuator)
        return PlcSpec(
            name=name,
            sensors=sensors,
            actuators=actuators,
            receives={str(tag): str(sender) for tag, sender in receives.items()},
            rules=tuple(rules),
            scan=self.whole(scan.get("every", "15 min"), *said["every"]),
            crossing=CROSSINGS[crossings],
            by_engine=crossings == "engine",
            polling=every,
            hold=float("inf") if hold is None else self.seconds(hold, *at, "hold"),
            failsafe={
                str(a): self.setting(value, *at, "failsafe", a) for a, value in failsafe.items()
            },
        )

    def slow(self, link: str) -> list[tuple[str, ...]]:
        """Return where it says how slow a link is, what holds first."""
        lines = [
            ("links", name)
            for name, fields in self.section(self.data.get("links"), "links").items()
            if fnmatch.fnmatchcase(link, name) and not _SLOW.isdisjoint(fields)
        ]
        return [*reversed(lines), ("latency",)]

    def links(self, names: list[str]) -> dict[str, Medium]:
        """Read the links' lines, each for the names its key matches; a later one overrules."""
        latency = self.seconds(self.data.get("latency", "0 s"), "latency")
        said: dict[str, dict[str, Any]] = {name: {} for name in names}
        if latency:
            said = {name: {"latency": latency} for name in names}
        readers: dict[str, Callable[..., Any]] = {
            "latency": self.seconds,
            "jitter": self.seconds,
            "timeout": self.seconds,
            "loss": self.share,
            "bandwidth": self.positive,
            "retries": self.count,
            "outages": self.outages,
        }
        for name, fields in self.matching("links", names, list(readers)):
            for key, value in fields.items():
                for link in fnmatch.filter(names, name):
                    said[link][key] = readers[key](value, "links", name, key)
        return {name: Medium(**fields) for name, fields in said.items()}

    def instruments(self) -> dict[str, Instrument]:
        names = [tag.name for tag in self.tags]
        status = {tag.name for tag in self.tags if tag.quantity == "status"}
        said: dict[str, dict[str, float]] = {}
        for name, fields in self.matching("sensors", names, ["noise", "resolution", "drift"]):
            found = fnmatch.filter(names, name)
            if status.issuperset(found):
                message = f"{name} is a status, on or off: it has no noise, resolution or drift"
                raise self.fail(message, "sensors", name)
            for key, value in fields.items():
                at = ("sensors", name, key)
                number = self.number(value, *at) if key == "drift" else self.at_least_0(value, *at)
                for tag in found:
                    if tag not in status:
                        said.setdefault(tag, {})[key] = number
        return {name: Instrument(**fields) for name, fields in said.items()}

    def limits(self) -> dict[str, Limits]:
        names = [tag.name for tag in self.tags]
        said: dict[str, dict[str, float]] = {}
        last: dict[str, list[tuple[str, ...]]] = {}
        readers = dict.fromkeys(LEVELS, self.number) | {"deadband": self.at_least_0}
        for name, fields in self.matching("alarms", names, readers):
            numbers = {
                key: readers[key](value, "alarms", name, key) for key, value in fields.items()
            }
            for tag in fnmatch.filter(names, name):
                said.setdefault(tag, {}).update(numbers)
                last.setdefault(tag, []).insert(0, ("alarms", name))
        for tag, numbers in said.items():
            rising = {level: numbers[level] for level in LEVELS if level in numbers}
            if list(rising.values()) != sorted(rising.values()):
                found = ", ".join(f"{level} {limit:g}" for level, limit in rising.items())
                message = f"the limits of {tag} do not rise from LL to HH: {found}"
                raise self.fail(message, *self.blamed(*last[tag]))
        return {name: Limits(**fields) for name, fields in said.items()}

    def matching(
        self, section: str, names: list[str], fields: Iterable[str]
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Return a section's lines, whose keys are names or patterns of names."""
        lines = self.section(self.data.get(section), section)
        for name in lines:
            if not fnmatch.filter(names, str(name)):
                message = f"unknown name {name!r}: {nearest(str(name), names)}"
                raise self.fail(message, section, name)
            line = self.section(lines[name], section, name)
            self.only(line, fields, section, name)
            yield str(name), line

    def outages(self, value: Any, *keys: str | int) -> tuple[tuple[float, float], ...]:
        found = []
        for i, one in enumerate(self.listing(value, *keys)):
            line = self.section(one, *keys, i)
            self.only(line, ["from", "for", "to"], *keys, i)
            if len(line) != 2 or "from" not in line:
                message = "an outage has `from`, and either `for` or `to`: {from: 30 h, for: 2 h}"
                raise self.fail(message, *keys, i)
            said = {key: self.seconds(line[key], *keys, i, key) for key in line}
            start = said["from"]
            end = said["to"] if "to" in said else start + said["for"]
            if end <= start:
                message = f"an outage ends after it begins, at {readable(start)}"
                raise self.fail(message, *keys, i, "to" if "to" in said else "for")
            found.append((start, end))
        return tuple(found)

    def setting(self, value: Any, *keys: str | int) -> float:
        try:
            return setting_of(value)
        except InputError as error:
            raise self.fail(error.message, *keys) from None
