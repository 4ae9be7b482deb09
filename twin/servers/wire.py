"""A wire one can sit on: links whose readings travel over real TCP connections.

Whoever receives a reading asks its sender's Modbus server for it, at the address that a table names
for the link. Put the address of a program of your own there, which passes requests on, and it is a
man in the middle.
"""

from __future__ import annotations

import csv
import functools
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from twin.closeable import Closing
from twin.control.link import Link
from twin.errors import InputError, nearest
from twin.files import read_table
from twin.servers.background import LOOPBACK
from twin.servers.frames import Frames
from twin.servers.image import PlcImage, Read
from twin.servers.registers import DISCRETE, Point
from twin.tags import Reading

COLUMNS = ("link", "host", "port")
Addresses = dict[str, tuple[str, int]]
"""Of each link, by its name without `link:`, the host and port at which its receiver asks."""
Told = Callable[[str, str, float, float], None]
"""Told of a reading that came back as another: link, tag, the value sent, the value that came."""
_PATIENCE = 1.0  # real seconds until a reading that does not come is lost


class Wire(Closing):
    """Carries the readings of links over TCP.

    Parameters
    ----------
    points : sequence of Point
        The plant's register map.
    read : Read
        What PLCs hold; servers are given `Wire.read` in its place.
    told : Told, optional
    """

    def __init__(
        self,
        points: Sequence[Point],
        read: Read,
        told: Told = lambda link, tag, sent, came: None,
    ):
        self._points, self._plants, self._told = points, read, told
        self._sending: dict[str, dict[str, float]] = {}
        self._lines: list[_Line] = []

    def read(self, plc: str) -> PlcImage:
        """Return what a PLC holds; of what it is just asked for by a link, the values of now."""
        image = self._plants(plc)
        if sending := self._sending.get(plc):
            return replace(image, values={**image.values, **sending})
        return image

    def attach(self, links: Iterable[Link], addresses: Addresses) -> None:
        """Let readings of links go over the wire from now on, once the servers answer."""
        for link in links:
            name = link.name.removeprefix("link:")
            own = [point for point in self._points if point.plc == name.partition("->")[0]]
            line = _Line(name, Frames(own, link.tags, writes=False), addresses[name])
            self._lines.append(line)
            link.attach(functools.partial(self._carry, line), link.tags)

    def _carry(self, line: _Line, readings: Sequence[Reading]) -> list[Reading]:
        """Return readings as they come back; without an answer they are lost."""
        if not readings:
            return []
        sent = {reading.tag: reading.value for reading in readings}
        self._sending[line.sender] = sent
        try:
            came = line.ask(sent)
        finally:
            del self._sending[line.sender]
        arrived = []
        for reading in readings:
            if (value := came.get(reading.tag)) is None:
                arrived.append(reading)
            elif not math.isnan(value):
                arrived.append(reading.with_value(value))
                self._told(line.name, reading.tag, reading.value, value)
        return arrived if line.answered else []

    def close(self) -> None:
        """Close all connections."""
        for line in self._lines:
            line.client.close()  # type: ignore[no-untyped-call]


class _Line:
    """One link's connection."""

    def __init__(self, name: str, frames: Frames, address: tuple[str, int]):
        self.name, self.sender, self._runs = name, name.partition("->")[0], frames.runs
        host, port = address
        self.client = ModbusTcpClient(host, port=port, timeout=_PATIENCE, retries=0)
        self.answered = False

    def ask(self, sent: Mapping[str, float]) -> dict[str, float]:
        """Return the values that come back otherwise than they were sent; NaN for none."""
        came: dict[str, float] = {}
        try:
            self.answered = self.client.connected or self.client.connect()  # type: ignore[no-untyped-call]
            for run in self._runs if self.answered else ():
                for point, words in self._answer(run):
                    if point.tag in sent and words != point.encode(sent[point.tag]):
                        came[point.tag] = point.decode(words)
        except (ModbusException, OSError):
            self.client.close()  # type: ignore[no-untyped-call]
            self.answered = False
        return came

    def _answer(self, run: Sequence[Point]) -> list[tuple[Point, list[int]]]:
        """Return each point's words, read in one request."""
        first, count = run[0], sum(point.words for point in run)
        ask = self.client.read_input_registers
        if first.table == DISCRETE:
            ask = self.client.read_discrete_inputs
        answer = ask(first.address, count=count, device_id=first.unit)
        words = [int(word) for word in answer.bits or answer.registers]
        if answer.isError() or len(words) < count:
            raise ModbusException(f"no answer to {first.tag}")
        places = [point.address - first.address for point in run]
        return [
            (point, words[at : at + point.words]) for point, at in zip(run, places, strict=True)
        ]


def addresses(links: Iterable[Link], ports: Mapping[str, int]) -> Addresses:
    """Return where receivers ask if nobody sits on the wire: at the senders' servers."""
    names = [link.name.removeprefix("link:") for link in links]
    return {name: (LOOPBACK, ports[name.partition("->")[0]]) for name in names}


def write_addresses(table: Addresses) -> str:
    """Return addresses as a CSV table."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows([name, host, port] for name, (host, port) in table.items())
    return out.getvalue()


def read_addresses(path: Path, known: Addresses) -> Addresses:
    """Read addresses from a CSV table; links it leaves out stay as known.

    Raises
    ------
    InputError
        With file and line, where there is no such link, or a port is none.
    """
    table = dict(known)
    for line, (name, host, port) in read_table(path, COLUMNS):
        if name not in known:
            raise InputError(f"no link {name!r}: {nearest(name, known)}", path, line)
        if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise InputError(f"a port is a number from 1 to 65535, not {port!r}", path, line)
        table[name] = (host, int(port))
    return table
