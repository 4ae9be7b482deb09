"""A plant's control system: plcs.yaml, with what a scenario lays over it, checked line by line."""

from __future__ import annotations

import fnmatch
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twin.errors import InputError, nearest, under
from twin.files import read_csv, read_yaml
from twin.plants import schema
from twin.plants.equipment import LEVELS, Instrument, Limits, Medium, message_bits, usual_range
from twin.plants.logic import CROSSINGS, PlcSpec, Rule, rules_of
from twin.plants.overlay import Overlay
from twin.plants.schema import Control, File, Section
from twin.tags import Tag

FILE = "plcs.yaml"
TAGS = "tags.csv"
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
        Of the tags that do not show the plain truth within their range.
    ranges : dict of str to (float, float)
        Of every tag but statuses, the lowest and the highest its instrument can show. Beyond them
        it shows these, marked as bad.
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
    ranges: dict[str, tuple[float, float]]
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
    overlay = Overlay(data, path, over or {}, "control")
    if over:
        with under("control"):
            control, known = schema.read(Control, over), data.get("plcs")
            for name in control.plcs:
                if isinstance(known, Mapping) and name not in known:
                    hint = nearest(name, known)
                    raise InputError(f"unknown PLC {name!r}: {hint}", keys=["plcs", name])
    try:
        file = schema.read(File, overlay.laid)
    except InputError as error:
        raise overlay.fail(error.message, *error.keys) from None
    return _Reader(file, overlay, tags, model).wiring()


@dataclass(frozen=True)
class _Reader:
    """Checks the parts of a file against each other, against tags.csv and network.inp."""

    file: File
    overlay: Overlay
    tags: tuple[Tag, ...]
    model: Any

    def wiring(self) -> Wiring:
        file, fail, blamed = self.file, self.overlay.fail, self.overlay.blamed
        if file.polling % file.step:
            message = f"polling ({file.polling} s) is not a multiple of step ({file.step} s)"
            raise fail(message, *blamed(("polling",), ("step",)))
        plcs = self.plcs()
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
            if name.endswith("->SCADA") and patience >= file.polling:
                message = (
                    f"SCADA would wait {patience:g} s for {name}, and ask again after "
                    f"{file.polling} s: lower its latency, jitter, timeout or retries, or give it "
                    "more bandwidth"
                )
                raise fail(message, *blamed(*self.slow(name), ("polling",)))
            sending = message_bits(sizes[name]) / medium.bandwidth
            if sending >= file.step:
                message = (
                    f"{name} would take {sending:g} s for a message, and the next may follow after "
                    f"{file.step} s: give it more bandwidth [bits/s]"
                )
                raise fail(message, *blamed(*self.slow(name)))
        return Wiring(
            plcs=plcs,
            step=file.step,
            polling=file.polling,
            links=links,
            instruments=self.instruments(),
            ranges=self.ranges(),
            limits=self.limits(),
            dry_run_protection=file.dry_run_protection,
        )

    def plcs(self) -> dict[str, PlcSpec]:
        owner = {tag.name: tag.plc for tag in self.tags}
        for tag, name in owner.items():
            if name not in self.file.plcs:
                path = self.overlay.path.with_name(TAGS)
                lines = {row[0]: line for line, row in read_csv(path)}
                message = f"no PLC {name!r} in {FILE}: {nearest(name, self.file.plcs)}"
                raise InputError(message, path, lines[tag])
        plcs: dict[str, PlcSpec] = {}
        driver: dict[str, str] = {}
        for name in self.file.plcs:
            plcs[name] = self.plc(name, owner)
            for i, actuator in enumerate(plcs[name].actuators):
                if actuator in driver:
                    message = f"{actuator} is driven by {driver[actuator]} already"
                    raise self.overlay.fail(message, "plcs", name, "actuators", i)
                driver[actuator] = name
        return plcs

    def plc(self, name: str, owner: Mapping[str, str]) -> PlcSpec:
        at, plc, fail = ("plcs", name), self.file.plcs[name], self.overlay.fail
        for i, actuator in enumerate(plc.actuators):
            if actuator not in self.model.link_name_list:
                hint = nearest(actuator, self.model.link_name_list)
                raise fail(f"unknown name {actuator!r}: {hint}", *at, "actuators", i)
        for tag, sender in plc.receives.items():
            if tag not in owner:
                message = f"unknown name {tag!r}: {nearest(tag, owner)}"
                raise fail(message, *at, "receives", tag)
            if owner[tag] != sender:
                message = f"{tag} is measured by {owner[tag]}, not by {sender}"
                raise fail(message, *at, "receives", tag)
        sensors = tuple(tag for tag in owner if owner[tag] == name)
        rules: list[Rule] = []
        for i, line in enumerate(plc.rules):
            try:
                rules += rules_of(line, [*sensors, *plc.receives], plc.actuators)
            except InputError as error:
                raise fail(error.message, *at, "rules", i, *error.keys) from None
        polling = plc.polling or self.file.polling
        if polling % self.file.polling:
            message = f"polling ({polling} s) is not a multiple of SCADA's ({self.file.polling} s)"
            raise fail(message, *self.overlay.blamed((*at, "polling"), ("polling",)))
        for actuator in plc.failsafe:
            if actuator not in plc.actuators:
                message = f"{name} does not drive {actuator!r}: {nearest(actuator, plc.actuators)}"
                raise fail(message, *at, "failsafe", actuator)
        scan = self.file.scan.model_copy(update=plc.scan.said())
        return PlcSpec(
            name=name,
            sensors=sensors,
            actuators=tuple(plc.actuators),
            receives=plc.receives,
            rules=tuple(rules),
            scan=scan.every,
            crossing=CROSSINGS[scan.crossings],
            by_engine=scan.crossings == "engine",
            polling=polling,
            hold=math.inf if plc.hold is None else plc.hold,
            failsafe=plc.failsafe,
        )

    def slow(self, link: str) -> list[tuple[str, ...]]:
        """Return where it says how slow a link is, what holds first."""
        lines = [
            ("links", name)
            for name, line in self.file.links.items()
            if fnmatch.fnmatchcase(link, name) and _SLOW & line.model_fields_set
        ]
        return [*reversed(lines), ("latency",)]

    def links(self, names: list[str]) -> dict[str, Medium]:
        media = {name: Medium(latency=self.file.latency) for name in names}
        for _, line, links in self.matching("links", names):
            said = line.said()
            if "outages" in said:
                said["outages"] = tuple(outage.interval for outage in said["outages"])
            for name in links:
                media[name] = replace(media[name], **said)
        return media

    def instruments(self) -> dict[str, Instrument]:
        status = {tag.name for tag in self.tags if tag.quantity == "status"}
        instruments: dict[str, Instrument] = {}
        for name, line, tags in self.matching("sensors", [tag.name for tag in self.tags]):
            if status.issuperset(tags):
                message = (
                    f"{name} is a status, on or off: it has no noise, resolution, drift or range"
                )
                raise self.overlay.fail(message, "sensors", name)
            said = {key: value for key, value in line.said().items() if key != "range"}
            if said:
                for tag in tags:
                    if tag not in status:
                        instruments[tag] = replace(instruments.get(tag, Instrument()), **said)
        return instruments

    def ranges(self) -> dict[str, tuple[float, float]]:
        measuring = [tag for tag in self.tags if tag.quantity != "status"]
        ranges = {tag.name: usual_range(tag.quantity, tag.element, self.model) for tag in measuring}
        for _, line, tags in self.matching("sensors", [tag.name for tag in self.tags]):
            said = line.said().get("range")
            ranges |= {tag: said for tag in tags if said is not None and tag in ranges}
        return ranges

    def limits(self) -> dict[str, Limits]:
        limits: dict[str, Limits] = {}
        places: dict[str, list[tuple[str, ...]]] = {}
        for name, line, tags in self.matching("alarms", [tag.name for tag in self.tags]):
            for tag in tags:
                limits[tag] = replace(limits.get(tag, Limits()), **line.said())
                places.setdefault(tag, []).insert(0, ("alarms", name))
        for tag, own in limits.items():
            rising = {level: getattr(own, level) for level in LEVELS}
            rising = {level: limit for level, limit in rising.items() if not math.isnan(limit)}
            if list(rising.values()) != sorted(rising.values()):
                found = ", ".join(f"{level} {limit:g}" for level, limit in rising.items())
                message = f"the limits of {tag} do not rise from LL to HH: {found}"
                raise self.overlay.fail(message, *self.overlay.blamed(*places[tag]))
        return limits

    def matching(self, section: str, names: list[str]) -> Iterator[tuple[str, Section, list[str]]]:
        """Return a section's lines: the name or pattern of each, its keys, the names it matches."""
        lines: dict[str, Section] = getattr(self.file, section)
        for pattern, line in lines.items():
            matching = fnmatch.filter(names, pattern)
            if not matching:
                message = f"unknown name {pattern!r}: {nearest(pattern, names)}"
                raise self.overlay.fail(message, section, pattern)
            yield pattern, line, matching
