"""What an entry acts on, from the entry and the plant alone: tags, devices, who reads them.

Where there is a testbed, `ArmedEntry.touched` says the same of tags, and of orders too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase

from attacks.entries.entry import Entry
from twin.plants.spec import PlantSpec
from twin.tags import Tag

SCADA = "SCADA"


def touched(entry: Entry, spec: PlantSpec) -> Sequence[str]:
    """Return the tags that an entry may change, in the plant's order if it names none."""
    return entry.do.touched(entry.tags or _passing(entry, spec))


def _passing(entry: Entry, spec: PlantSpec) -> tuple[str, ...]:
    """Return the tags whose readings pass where an entry acts; orders and commands are none."""
    port, do = entry.port, entry.do
    if port.family in ("sensor", "scada"):
        return tuple(tag for tag in spec.tag_names if port.target in ("", tag))
    ways = [(port.sender, port.receiver)]
    if port.family == "plc":
        into, out = ("*", port.target), (port.target, "*")
        ways = [into, out] if do.inputs_too else [out if do.outputs else into]
    return tuple(
        tag.name
        for tag in spec.tags
        if any(
            fnmatchcase(source, sender) and fnmatchcase(reader, receiver)
            for source, reader in _links(tag, spec)
            for sender, receiver in ways
        )
    )


def _links(tag: Tag, spec: PlantSpec) -> Iterator[tuple[str, str]]:
    """Yield the links that carry a tag: sender and receiver."""
    yield tag.element, tag.plc
    yield tag.plc, SCADA
    for name, plc in spec.plcs.items():
        if tag.name in plc.receives:
            yield plc.receives[tag.name], name


def named(entry: Entry) -> list[str]:
    """Return what an entry names: its port's target, its tags, its actuators and setpoints."""
    ordered = (*getattr(entry.do, "actuators", ()), *getattr(entry.do, "write", ()))
    return [entry.port.target, *entry.tags, *ordered]


def elements(entry: Entry, spec: PlantSpec) -> list[str]:
    """Return the tanks, pumps, valves, junctions and pipes that an entry acts on.

    They are those it names and those of the tags it names; for a link of which it names no tags,
    the sender where that is a field device.
    """
    known = {*spec.model.node_name_list, *spec.model.link_name_list}
    names = [spec.element(name) for name in named(entry)[entry.port.family in _NO_ELEMENT :]]
    names = names or [entry.port.sender]
    return [name for name in dict.fromkeys(names) if name in known]


_NO_ELEMENT = ("link", "plc", "scada")
"""Families of ports whose target is no element, whatever its name."""


def readers(tags: Collection[str], spec: PlantSpec) -> list[str]:
    """Return who reads any of some tags: PLCs that measure one, those that receive one, SCADA."""
    measure = [name for name, plc in spec.plcs.items() if not set(tags).isdisjoint(plc.sensors)]
    receive = [name for name, plc in spec.plcs.items() if not set(tags).isdisjoint(plc.receives)]
    return list(dict.fromkeys([*measure, *receive, SCADA]))
