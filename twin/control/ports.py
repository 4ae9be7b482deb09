"""The places where readings pass and may be tampered with, by the names scenarios give them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twin.control.taps import TapPoint
from twin.errors import InputError, listed, nearest

FAMILIES = ("sensor", "link", "plc", "scada", "actuator", "plant")
PLC, LINK = "plc:", "link:"


@dataclass(frozen=True, slots=True)
class Port:
    """The name of a port, taken apart.

    Attributes
    ----------
    family : str
        One of `FAMILIES`, in a valid name.
    target : str
        What follows the colon: a tag, both ends of a link, a PLC, an actuator, an element or
        district of the plant; empty for `scada`.
    """

    family: str
    target: str

    @classmethod
    def parse(cls, text: str) -> Port:
        """Take a name apart, valid or not: `sensor:L_T1`, `link:PLC2->PLC1`, `scada`."""
        family, _, target = text.partition(":")
        return cls(family, target)

    @property
    def sender(self) -> str:
        """Of a link, where it comes from: `PLC2`, a field device like `T1`, or a pattern."""
        return self.target.partition("->")[0] if self.family == "link" else ""

    @property
    def receiver(self) -> str:
        """Of a link, where it goes to: `PLC1`, `SCADA` or a pattern; of a PLC's memory, the PLC."""
        if self.family == "link":
            return self.target.partition("->")[2]
        return self.target if self.family == "plc" else ""


def named(
    name: str, points: Sequence[TapPoint], plcs: Collection[str], outputs: bool = False
) -> list[TapPoint]:
    """Return the tap points a port names.

    Parameters
    ----------
    name : str
        `sensor:…`, `link:…->…` (with `*`), `actuator:…`, `scada`, or `plc:…`: every wire and link
        into a PLC's memory.
    points : sequence of TapPoint
        All there are.
    plcs : collection of str
    outputs : bool, default False
        Of a PLC, every link out of it instead.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name.startswith(PLC):
        return _of_plc(name.removeprefix(PLC), points, plcs, outputs)
    found = [point for point in points if fnmatch.fnmatchcase(point.name, name)]
    if not found:
        raise InputError(f"no port {name!r}: {_meant(name, [point.name for point in points])}")
    return found


def _meant(name: str, names: Sequence[str]) -> str:
    """Say which ports there are that may be meant by one that there is not."""
    plain = re.sub(r"→|-(?!>)", "->", re.sub(r"\s", "", name)).casefold()
    alike = [one for one in names if one.casefold() == plain]
    if alike:
        return f"did you mean {alike[0]}?"
    if "," in name or " and " in name:
        return "an entry has one port; of what passes there, `tags: [L_T1, L_T2]` names several"
    family, _, rest = name.partition(":")
    if family == "link":
        return _link_like(rest, [one.removeprefix(LINK) for one in names if one.startswith(LINK)])
    if family == "actuator":
        driven = listed(one.partition(":")[2] for one in names if one.startswith("actuator:"))
        return f"PLCs drive {driven}; what none of them drives is acted on at plant:…"
    return nearest(name, dict.fromkeys(one for one in names if one.startswith(f"{family}:")))


def _link_like(ends: str, links: Sequence[str]) -> str:
    """Say which links there are from a sender, or else to a receiver, of one there is not."""
    source, arrow, target = ends.partition("->")
    heard: dict[str, dict[str, None]] = {}
    for link in links:
        sender, _, receiver = link.partition("->")
        heard.setdefault(sender, {})[receiver] = None
    if not arrow:
        if ends in heard:
            return f"did you mean {' or '.join(f'{LINK}{ends}->{to}' for to in heard[ends])}?"
        return "a link goes from a sender to a receiver: link:PLC2->SCADA"
    if source != "SCADA" and source in heard.get(target, ()):
        return f"readings go the other way, {LINK}{target}->{source}"
    senders = [sender for sender, receivers in heard.items() if target in receivers]
    words = [f"{source} sends to {listed(heard[source])}"] if source in heard else []
    words += [f"{target} hears {listed(senders)}"] if senders else []
    return "; ".join(words) or f"for the sender {source!r}, {nearest(source, heard)}"


def _of_plc(
    plc: str, points: Sequence[TapPoint], plcs: Collection[str], outputs: bool
) -> list[TapPoint]:
    if plc not in plcs:
        raise InputError(f"unknown PLC {plc!r}: {nearest(plc, plcs)}")
    pattern = f"link:{plc}->*" if outputs else f"link:*->{plc}"
    orders = f"link:SCADA->{plc}"
    found = [point for point in points if fnmatch.fnmatchcase(point.name, pattern)]
    return [point for point in found if point.name != orders]
