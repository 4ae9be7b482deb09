"""Ports: the places an attack acts on, by the names scenarios give them, and their tap points."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from twin.control.taps import TapPoint
from twin.errors import InputError, listed, nearest

FAMILIES = ("sensor", "link", "plc", "scada", "actuator", "plant")


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


def points_of(
    name: str, points: Sequence[TapPoint], plcs: Collection[str], outputs: bool = False
) -> list[TapPoint]:
    """Return the tap points that a port has.

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
    port = Port.parse(name)
    if port.family == "plc":
        return _of_plc(port.target, points, plcs, outputs)
    matching = [point for point in points if fnmatch.fnmatchcase(point.name, name)]
    if not matching:
        raise InputError(f"no port {name!r}: {_meant(name, [point.name for point in points])}")
    return matching


def port_like(target: str, names: Sequence[str]) -> str:
    """Say which ports are those of a target, whatever its case and signs; empty if there is none.

    A field device that is no port itself has its tags' and its wires'.
    """

    def plain(text: str) -> str:
        return re.sub(r"[^\w>*]|_", "", text.replace("→", ">")).casefold()

    wanted = plain(target)
    alike = [name for name in names if plain(Port.parse(name).target) == wanted]
    if not alike and wanted:
        ends = [(name, Port.parse(name)) for name in names]
        alike = [name for name, port in ends if plain(port.sender) == wanted]
        alike += [name for name, port in ends if port.family == "sensor"
                  and plain(port.target.partition("_")[2]) == wanted]  # fmt: skip
    return f"did you mean {' or '.join(alike[:4])}?" if alike else ""


def _meant(name: str, names: Sequence[str]) -> str:
    """Say which of the ports there are may be meant by a name that is none of theirs."""
    plain = re.sub(r"→|-(?!>)", "->", re.sub(r"\s", "", name)).casefold()
    alike = [known for known in names if known.casefold() == plain]
    if alike:
        return f"did you mean {alike[0]}?"
    if "," in name or " and " in name:
        return "an entry has one port; of what passes there, `tags: [L_T1, L_T2]` names several"
    port = Port.parse(name)
    kin = {known: Port.parse(known) for known in names if known.startswith(f"{port.family}:")}
    if port.family == "link":
        return _link_like(port, list(kin.values()))
    if port.family == "actuator":
        driven = listed(known.target for known in kin.values())
        return f"PLCs drive {driven}; what none of them drives is acted on at plant:…"
    return nearest(name, kin)


def _link_like(port: Port, links: Sequence[Port]) -> str:
    """Say which links there are from the sender, or else to the receiver, of one there is not."""
    sender, receiver = port.sender, port.receiver
    heard: dict[str, dict[str, None]] = {}
    for link in links:
        heard.setdefault(link.sender, {})[link.receiver] = None
    if "->" not in port.target:
        if sender in heard:
            return f"did you mean {' or '.join(f'link:{sender}->{to}' for to in heard[sender])}?"
        return "a link goes from a sender to a receiver: link:PLC2->SCADA"
    if sender != "SCADA" and sender in heard.get(receiver, ()):
        return f"readings go the other way, link:{receiver}->{sender}"
    senders = [known for known, receivers in heard.items() if receiver in receivers]
    words = [f"{sender} sends to {listed(heard[sender])}"] if sender in heard else []
    words += [f"{receiver} hears {listed(senders)}"] if senders else []
    return "; ".join(words) or f"for the sender {sender!r}, {nearest(sender, heard)}"


def _of_plc(
    plc: str, points: Sequence[TapPoint], plcs: Collection[str], outputs: bool
) -> list[TapPoint]:
    if plc not in plcs:
        raise InputError(f"unknown PLC {plc!r}: {nearest(plc, plcs)}")
    pattern = f"link:{plc}->*" if outputs else f"link:*->{plc}"
    return [
        point
        for point in points
        if fnmatch.fnmatchcase(point.name, pattern) and point.name != f"link:SCADA->{plc}"
    ]
