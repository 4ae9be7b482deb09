"""Captures: what the plant's messages would look like on the wire, as a pcapng file.

Nothing touches a network. Every message of a link between PLCs and SCADA becomes Modbus/TCP
requests and answers at its simulated time; a CSV file beside it says of each packet whose message
it is.
"""

from __future__ import annotations

import csv
import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from dpkt.pcapng import EnhancedPacketBlockLE, InterfaceDescriptionBlockLE, PcapngOptionLE, Writer

from twin.closeable import Closing
from twin.control.link import Link, Sent
from twin.errors import InputError
from twin.plants.equipment import PERFECT
from twin.servers.conversation import Conversation, Host
from twin.servers.frames import Exchange, Frames
from twin.servers.registers import Point

COLUMNS = (
    "packet", "time", "interface", "source", "destination", "link", "kind", "function", "sent",
    "late", "altered", "lost", "label", "entries",
)  # fmt: skip
Marks = Callable[[str], tuple[str, str]]
"""Returns, given a link's name, the label of the entries that act on it now, and their names."""
NETWORK = "network"
"""The interface on which every message is seen as its sender sends it."""
_SCADA, _FIRST_PLC = 10, 101  # numbers of hosts
_STEP = 50  # µs between two packets of one instant
_TIMEOUT = 0.9  # s after which a client that has no answer closes its connection
_Came = dict[float, tuple[dict[str, float], "_About"]]
"""What arrives of a message, by how much later [s] than it was sent; nothing if it is lost."""
_IF_NAME = 2  # option code of an interface's name


@dataclass(slots=True)
class _Segment:
    """One link's traffic on one interface."""

    interface: int
    name: str
    talk: Conversation
    open: bool = False


@dataclass(frozen=True, slots=True)
class _About:
    """What the labels say of a message: its link, when it was sent [s], and what became of it."""

    link: str
    sent: float
    label: str
    entries: str
    late: float = 0.0
    altered: str = ""
    lost: bool = False


class _Event(NamedTuple):
    """A packet to be written: when [µs], where, and of which message."""

    time: int
    order: int
    segment: _Segment
    kind: str
    from_client: bool
    exchange: Exchange | None
    about: _About


class _Wire(NamedTuple):
    """A link with its two segments: its sender's side, and its receiver's where that differs."""

    frames: Frames
    writes: bool
    near: _Segment
    far: _Segment
    held: dict[str, float]


class Capture(Closing):
    """Writes what links send, as it is sent, to a pcapng file and a CSV file of labels.

    Parameters
    ----------
    path : Path
        The pcapng file; the labels stand beside it, in `.csv`.
    points : sequence of Point
        The plant's register map.
    links : iterable of Link
        All of them; the capture watches them from now on.
    start : datetime
        The scenario's start.
    marks : Marks, optional

    Raises
    ------
    InputError
        If a file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        points: Sequence[Point],
        links: Iterable[Link],
        start: datetime,
        marks: Marks = lambda link: ("", ""),
    ):
        self._start = int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp() * 1e6)
        self._marks = marks
        self._pending: list[_Event] = []
        self._written = self._order_of = self._number = self._slot = 0
        self._now = -math.inf
        names = list(dict.fromkeys(point.plc for point in points))
        hosts = {name: Host(name, _FIRST_PLC + i) for i, name in enumerate(names)}
        hosts["SCADA"] = Host("SCADA", _SCADA)
        watched = list(links)
        self._wires = {
            link.name: _wire(link, i, len(watched), points, hosts) for i, link in enumerate(watched)
        }
        labels = path.with_suffix(".csv")
        if labels == path:
            raise InputError(f"{path}: a capture cannot be called .csv, as its labels are")
        try:
            self._file = path.open("wb")
            self._rows = labels.open("w", newline="", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from None
        self._table = csv.writer(self._rows, lineterminator="\n")
        self._table.writerow(COLUMNS)
        segments = [wire.far.name for wire in self._wires.values()]
        self._writer = Writer(self._file, idb=[_interface(n) for n in (NETWORK, *segments)])
        for link in watched:
            link.watch(self.see)

    def see(self, message: Sent) -> None:
        """Take a link's message; the warm-up's are left out."""
        if message.time < 0.0:
            return
        if message.time > self._now:
            self._now, self._slot = message.time, 0
            self._write_until(round(message.time * 1e6))
        link = message.link
        wire = self._wires[link.name]
        sent = dict(zip(link.tags, message.sent.tolist(), strict=True))
        about = _About(link.name, message.time, *self._marks(link.name))
        number = self._number
        asked = wire.frames.exchanges(sent, number)
        self._number += len(asked)
        if not asked:  # a PLC that measures nothing has nothing to be asked for
            return
        if message.passed is None and link.medium == PERFECT:
            wire.held.update(sent)
            self._converse(wire.near, asked, about)
            return
        came = {
            late: (values, replace(about, late=late, altered=_altered(sent, values)))
            for late, values in sorted(_arrivals(message, sent).items())
        }
        if wire.writes:
            self._order(wire, asked, number, came, about)
        else:
            self._answer(wire, asked, number, came, about)

    def _converse(self, segment: _Segment, asked: list[Exchange], about: _About) -> None:
        """Ask and answer at once."""
        for exchange in asked:
            self._put(segment, "request", exchange, about)
            self._put(segment, "answer", exchange, about)
        self._put(segment, "ack", None, about)

    def _answer(
        self, wire: _Wire, asked: list[Exchange], number: int, came: _Came, about: _About
    ) -> None:
        """Show readings: they travel in answers, which may be altered, late or lost."""
        if came:
            self._converse(wire.near, asked, about)
        else:
            for exchange in asked:
                self._put(wire.near, "request", exchange, about)
                self._put(wire.near, "answer", exchange, replace(about, lost=True))
            self._give_up(wire.near, about)
        for exchange in asked:
            self._put(wire.far, "request", exchange, about)
        self._put(wire.far, "ack", None, about, from_client=False)
        answered = set()
        for values, told in came.values():
            wire.held.update(values)
            for place, exchange in enumerate(wire.frames.exchanges(wire.held, number)):
                if exchange.tags & values.keys():
                    self._put(wire.far, "answer", exchange, told)
                    answered.add(place)
            self._put(wire.far, "ack", None, told)
        if len(answered) < len(asked):
            self._give_up(wire.far, about)

    def _order(
        self, wire: _Wire, asked: list[Exchange], number: int, came: _Came, about: _About
    ) -> None:
        """Show orders: they travel in requests, which may be altered, late or lost."""
        for exchange in asked:
            self._put(wire.near, "request", exchange, replace(about, lost=not came))
        for values, told in came.values():
            wire.held.update(values)
            arriving = wire.frames.exchanges(wire.held, number)
            self._converse(wire.far, [e for e in arriving if e.tags & values.keys()], told)
        if came:
            told = replace(about, late=min(came))
            for exchange in asked:
                self._put(wire.near, "answer", exchange, told)
            self._put(wire.near, "ack", None, told)
        else:
            self._give_up(wire.near, about)

    def _give_up(self, segment: _Segment, about: _About) -> None:
        """Let a client that waits in vain close its connection, and open another next time."""
        self._put(segment, "reset", None, replace(about, late=_TIMEOUT))
        segment.open = False

    def _put(
        self,
        segment: _Segment,
        kind: str,
        exchange: Exchange | None,
        about: _About,
        from_client: bool = True,
    ) -> None:
        """Plan one packet, and the handshake before it where there is no connection yet."""
        if not segment.open and kind == "request":
            segment.open = True
            for shake in ("syn", "syn-ack", "ack"):
                self._put(segment, shake, None, replace(about, altered="", lost=False),
                          from_client=shake != "syn-ack")  # fmt: skip
        self._slot += 1
        self._order_of += 1
        at = round((about.sent + about.late) * 1e6) + _STEP * self._slot
        event = _Event(at, self._order_of, segment, kind, from_client and kind != "answer",
                       exchange, about)  # fmt: skip
        heapq.heappush(self._pending, event)

    def _write_until(self, limit: float) -> None:
        while self._pending and self._pending[0].time < limit:
            self._write(heapq.heappop(self._pending))

    def _write(self, event: _Event) -> None:
        segment, exchange, about = event.segment, event.exchange, event.about
        payload, function = b"", ""
        if exchange is not None:
            payload = exchange.request if event.kind == "request" else exchange.answer
            function = str(exchange.function)
        packet = segment.talk.packet(event.kind, event.from_client, payload)
        at = self._start + event.time
        block = EnhancedPacketBlockLE(
            iface_id=segment.interface,
            ts_high=at >> 32,
            ts_low=at & 0xFFFFFFFF,
            caplen=len(packet),
            pkt_len=len(packet),
            pkt_data=packet,
        )
        self._writer.writepkt(block)
        self._written += 1
        ends = [segment.talk.client.name, segment.talk.server.name]
        source, destination = ends if event.from_client else ends[::-1]
        self._table.writerow(
            [self._written, f"{event.time / 1e6:.6f}", segment.name, source, destination,
             about.link, event.kind, function, f"{about.sent:g}", f"{about.late:g}", about.altered,
             int(about.lost), about.label, about.entries]
        )  # fmt: skip

    def close(self) -> None:
        """Write what is still on its way, and close both files."""
        if not self._file.closed:
            self._write_until(math.inf)
            self._file.close()
            self._rows.close()


def _arrivals(message: Sent, sent: dict[str, float]) -> dict[float, dict[str, float]]:
    """Return what arrives of a message, by how much later [s] than it was sent."""
    if message.latency is None:
        return {}
    if message.passed is None:
        return {message.latency: sent}
    came: dict[float, dict[str, float]] = {}
    for late in message.passed:
        came.setdefault(message.latency + late.by, {})[late.reading.tag] = late.reading.value
    return came


def _altered(sent: dict[str, float], values: dict[str, float]) -> str:
    """Return the tags that arrive with another value than was sent."""
    return " ".join(
        tag
        for tag, value in values.items()
        if value != sent[tag] and not value != value != sent[tag]
    )


def _wire(
    link: Link, place: int, among: int, points: Sequence[Point], hosts: dict[str, Host]
) -> _Wire:
    """Return a link's two segments; who hears a PLC asks it, and SCADA writes to it."""
    sender, _, receiver = link.name.removeprefix("link:").partition("->")
    writes = sender == "SCADA"
    client, server = (sender, receiver) if writes else (receiver, sender)
    near, far = (
        _Segment(interface, name, Conversation(hosts[client], hosts[server], port, 2 * among))
        for interface, name, port in (
            (0, NETWORK, place),
            (place + 1, f"behind {sender}->{receiver}", among + place),
        )
    )
    own = [point for point in points if point.plc == server]
    held = dict.fromkeys(link.tags, math.nan)
    return _Wire(Frames(own, link.tags, writes), writes, near, far, held)


def _interface(name: str) -> InterfaceDescriptionBlockLE:
    option = PcapngOptionLE(code=_IF_NAME, data=name.encode())
    return InterfaceDescriptionBlockLE(opts=[option, PcapngOptionLE()])
