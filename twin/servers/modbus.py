"""Modbus/TCP: one server for each PLC, built from the register map.

pymodbus decodes requests and encodes answers; connections are kept here, because its own server
answers only the first of several requests in one TCP segment, tells no write's sender, and has one
device identity for the whole process.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest, ReadDeviceInformationResponse

from twin.closeable import Closing
from twin.errors import InputError
from twin.servers.background import LOOPBACK, Background
from twin.servers.image import Read, Refused, Write, order, unheard
from twin.servers.registers import READ_FUNCTIONS, WRITE_FUNCTIONS, Point

MOST_CONNECTIONS = 48
"""Of one PLC. For one more, the oldest that never asked anything is closed, else the one that has
been silent longest; see Modbus Messaging on TCP/IP Implementation Guide V1.0b, 4.2.1."""
_BACKLOG = 1024
_BUFFER = 1024  # bytes of requests that wait unread, from which on no more are received
_IDENTIFY = 43
_FUNCTIONS = {*READ_FUNCTIONS.values(), *sum(WRITE_FUNCTIONS.values(), ()), _IDENTIFY}
_SINGLE = (5, 6)  # functions whose answer is their request
_TABLES = {function: table for table, function in READ_FUNCTIONS.items()} | {
    function: table for (table, _), functions in WRITE_FUNCTIONS.items() for function in functions
}
_ANY_UNIT = (0, 255)  # a client that addresses the device itself, not one behind it
_HEADER = 7  # bytes: transaction, protocol, length, unit
_LONGEST_NAME = 100  # bytes of each of a device's texts, so that all fit in one answer
_LONGEST = 254  # unit and PDU, bytes

Connections = OrderedDict[asyncio.StreamWriter, None]

_LOG = logging.getLogger(__name__)
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # it warns of every broken frame


class ModbusServers(Closing):
    """Modbus/TCP servers of all PLCs in a register map; they answer from the moment they are made.

    Parameters
    ----------
    points : iterable of Point
    read : Read
    write : Write
    refused : Refused, optional
    plant : str
        Its name, for the devices' identification.
    host : str, default 127.0.0.1
    offset : int, default 0
        Added to every port.

    Raises
    ------
    InputError
        If a port cannot be had; none is held then.
    """

    def __init__(
        self,
        points: Iterable[Point],
        read: Read,
        write: Write,
        *,
        refused: Refused = unheard,
        plant: str = "",
        host: str = LOOPBACK,
        offset: int = 0,
    ):
        by_plc: dict[str, list[Point]] = {}
        for point in points:
            by_plc.setdefault(point.plc, []).append(point)
        self._devices = [_Device(own, read, write, refused, plant) for own in by_plc.values()]
        self.ports = {device.plc: device.port + offset for device in self._devices}
        self._sockets: list[socket.socket] = []
        try:
            for device in self._devices:
                address = (host, self.ports[device.plc])
                self._sockets.append(socket.create_server(address, backlog=_BACKLOG))
        except OSError as error:
            self._give_back()
            raise InputError(
                f"port {self.ports[device.plc]} of {device.plc} cannot be had "
                f"({error.strerror or error}): is another plant running? --port-offset 100 moves "
                "all ports"
            ) from None
        self._background = Background("modbus")
        for device, listening in zip(self._devices, self._sockets, strict=True):
            self._background.start(_listen(device, listening))

    def close(self) -> None:
        """Close all connections and give the ports back."""
        self._background.close()
        self._give_back()

    def _give_back(self) -> None:
        for listening in self._sockets:
            listening.close()


async def _listen(device: _Device, listening: socket.socket) -> None:
    """Accept clients one by one; `asyncio.start_server` lets a hundred in before it hears one."""
    listening.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.TaskGroup() as serving:
            while True:
                try:
                    connection, address = await loop.sock_accept(listening)
                    streams = await asyncio.open_connection(sock=connection, limit=_BUFFER)
                except OSError:  # the client has left, or the process can open no more files
                    await asyncio.sleep(0.1)
                    continue
                device.admit(streams[1])
                serving.create_task(device.serve(*streams, "{}:{}".format(*address)))
    finally:
        for writer in (*device.strangers, *device.clients):
            writer.transport.abort()


class _Device:
    """One PLC as its clients see it."""

    def __init__(
        self, points: Sequence[Point], read: Read, write: Write, refused: Refused, plant: str
    ):
        first = points[0]
        self.plc, self.port, self._unit = first.plc, first.port, first.unit
        self._read, self._write, self._refused = read, write, refused
        self.strangers: Connections = OrderedDict()  # who has asked nothing yet, oldest first
        self.clients: Connections = OrderedDict()  # who has been silent longest first
        self._tables: dict[str, dict[int, tuple[Point, int]]] = {}
        for point in points:
            table = self._tables.setdefault(point.table, {})
            table |= {point.address + i: (point, i) for i in range(point.words)}
        own = ["hydrotwin", first.plc, version("hydrotwin"), "", "Simulated PLC", first.plc, plant]
        self._identity = {
            number: text.encode()[:_LONGEST_NAME] for number, text in enumerate(own) if text
        }
        self._decoder = DecodePDU(True)
        self._framer = FramerSocket(self._decoder)

    def admit(self, writer: asyncio.StreamWriter) -> None:
        """Count a new connection, and close another where there are too many."""
        if len(self.strangers) + len(self.clients) >= MOST_CONNECTIONS:
            silent, _ = (self.strangers or self.clients).popitem(last=False)
            silent.transport.abort()
        self.strangers[writer] = None

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        """Answer one client's requests, in order, until it leaves or breaks the protocol."""
        strangers, clients = self.strangers, self.clients
        try:
            while True:
                header = await reader.readexactly(_HEADER)
                protocol, length = header[2:4], int.from_bytes(header[4:6])
                if protocol != b"\0\0" or not 2 <= length <= _LONGEST:
                    break
                body = await reader.readexactly(length - 1)
                if strangers.pop(writer, writer) is None:
                    clients[writer] = None
                elif writer in clients:
                    clients.move_to_end(writer)
                else:  # it was closed meanwhile
                    break
                try:
                    answer = await self._answer(body, header[6], peer)
                except Exception:
                    _LOG.exception("%s cannot answer %s", self.plc, body.hex())
                    answer = ExceptionResponse(body[0] & 0x7F, ExcCodes.DEVICE_FAILURE)
                answer.transaction_id, answer.dev_id = int.from_bytes(header[:2]), header[6]
                writer.write(self._framer.buildFrame(answer))
                await writer.drain()
                await asyncio.sleep(0)  # who sends a thousand requests at once waits for the others
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            strangers.pop(writer, None)
            clients.pop(writer, None)
            writer.transport.abort()

    async def _answer(self, body: bytes, unit: int, peer: str) -> ModbusPDU:
        """Return the answer to a request: function code and data."""
        function = body[0]
        if unit != self._unit and unit not in _ANY_UNIT:
            return ExceptionResponse(function, ExcCodes.GATEWAY_NO_RESPONSE)
        if function not in _FUNCTIONS:
            return ExceptionResponse(function & 0x7F, ExcCodes.ILLEGAL_FUNCTION)
        request = self._decoder.decode(body)
        if request is None:
            return ExceptionResponse(function, ExcCodes.ILLEGAL_VALUE)
        if isinstance(request, ReadDeviceInformationRequest):
            return self._identify(request)
        answer = await request.datastore_update(_Exchange(self, function, peer), unit)  # type: ignore[arg-type]
        return request if function in _SINGLE and not answer.isError() else answer

    def _identify(self, request: ReadDeviceInformationRequest) -> ModbusPDU:
        """Answer function 43/14; its read codes 1 to 3 are all objects up to a level, 4 is one."""
        wanted: Sequence[int] = {1: range(3), 2: range(7), 3: range(7)}.get(
            request.read_code, [request.object_id]
        )
        found = {number: self._identity[number] for number in wanted if number in self._identity}
        if not 1 <= request.read_code <= 4:
            return ExceptionResponse(_IDENTIFY, ExcCodes.ILLEGAL_VALUE)
        if not found:
            return ExceptionResponse(_IDENTIFY, ExcCodes.ILLEGAL_ADDRESS)
        return ReadDeviceInformationResponse(request.read_code, found)

    def words(self, function: int, address: int, count: int) -> list[int] | ExcCodes:
        """Return what a function reads."""
        table = self._tables.get(_TABLES[function], {})
        try:
            places = [table[at] for at in range(address, address + count)]
        except KeyError:
            return ExcCodes.ILLEGAL_ADDRESS
        values = self._read(self.plc).values
        return [point.encode(values.get(point.tag, float("nan")))[word] for point, word in places]

    def take(self, function: int, address: int, words: list[int], peer: str) -> ExcCodes | None:
        """Write all of a request's words, or nothing."""
        kind = _TABLES[function]
        table = self._tables.get(kind, {})
        image, orders, at = self._read(self.plc), {}, 0
        while at < len(words):
            point, word = table.get(address + at, (None, 0))
            if point is None or word or not point.writable or len(words) < at + point.words:
                what = f"{kind} {address + at}" if point is None else point.tag
                self._refused(
                    self.plc, what, str(int(words[at])), peer, "modbus", "cannot be written"
                )
                return ExcCodes.ILLEGAL_ADDRESS
            value = point.decode([int(each) for each in words[at : at + point.words]])
            if not point.min <= value <= point.max:
                why = f"is outside {point.min:g} to {point.max:g}"
                self._refused(self.plc, point.tag, f"{value:g}", peer, "modbus", why)
                return ExcCodes.ILLEGAL_VALUE
            name, ordered = order(point.tag, value, image)
            orders[name] = ordered
            at += point.words
        try:
            self._write(self.plc, orders, peer, "modbus")
        except InputError:
            return ExcCodes.DEVICE_FAILURE
        return None


class _Exchange:
    """What pymodbus asks for a request's data: one device, spoken to by one peer."""

    def __init__(self, device: _Device, function: int, peer: str):
        self._device, self._function, self._peer = device, function, peer

    async def async_getValues(self, _: int, function: int, address: int, count: int) -> Any:  # noqa: N802
        return self._device.words(function, address, count)

    async def async_setValues(self, _: int, function: int, address: int, values: list[int]) -> Any:  # noqa: N802
        return self._device.take(function, address, values, self._peer)
