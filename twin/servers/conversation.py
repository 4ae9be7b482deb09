"""Conversations: TCP connections as they look on one network segment, packet by packet."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address

MODBUS_PORT = 502
_NETWORK = int(IPv4Address("10.0.0.0"))
_FIRST_PORT, _PORTS = 49_152, 16_384  # those that systems give to clients
_WINDOW = 64_240
_SYN, _RST, _PSH, _ACK = 0x02, 0x04, 0x08, 0x10
_FLAGS = {"syn": _SYN, "syn-ack": _SYN | _ACK, "ack": _ACK, "reset": _RST | _ACK}
_ETHERNET, _IP, _TCP = ">6s6sH", ">BBHHHBBH4s4s", ">HHIIBBHHH"
_IPV4, _PROTOCOL_TCP, _DO_NOT_FRAGMENT, _HOPS = 0x0800, 6, 0x4000, 64


@dataclass(frozen=True)
class Host:
    """A device on the network.

    Attributes
    ----------
    name : str
    number : int
        The last parts of its IP address, and of its MAC address, which is a locally given one.
    """

    name: str
    number: int

    @cached_property
    def ip(self) -> bytes:
        """Its address in 10.0.0.0/16, as packets have it."""
        return (_NETWORK + self.number).to_bytes(4)

    @cached_property
    def mac(self) -> bytes:
        """Its MAC address, as packets have it."""
        return b"\x02\x00" + self.ip


@dataclass(slots=True)
class Conversation:
    """A client's connections to a server, one after the other, as seen on one segment.

    Attributes
    ----------
    client, server : Host
    place, among : int
        Each connection has a port of its own: every `among`th from the `place`th on.
    """

    client: Host
    server: Host
    place: int
    among: int
    _port: int = 0
    _next: dict[bool, int] = field(default_factory=dict)
    _opened: int = 0
    _packets: int = 0

    def packet(self, kind: str, from_client: bool, payload: bytes = b"") -> bytes:
        """Return the next packet of a kind: syn, syn-ack, ack, reset, request or answer."""
        if kind == "syn":
            self._port = _FIRST_PORT + (self.place + self._opened * self.among) % _PORTS
            self._opened += 1
            self._next = {True: 1_000_000 + self._port, False: 2_000_000 + self._port}
        sender, receiver = self.client, self.server
        ports = [self._port, MODBUS_PORT]
        if not from_client:
            sender, receiver = receiver, sender
            ports.reverse()
        flags = _FLAGS.get(kind, _PSH | _ACK)
        seq = self._next[from_client]
        ack = self._next[not from_client] if flags & _ACK else 0
        self._next[from_client] = (seq + len(payload) + bool(flags & _SYN)) % (1 << 32)
        self._packets += 1
        segment = struct.pack(_TCP, *ports, seq, ack, 5 << 4, flags, _WINDOW, 0, 0) + payload
        ends = sender.ip + receiver.ip
        pseudo = ends + struct.pack(">HH", _PROTOCOL_TCP, len(segment))
        segment = _summed(segment, 16, pseudo)
        header = struct.pack(_IP, 0x45, 0, 20 + len(segment), self._packets % 0x10000,
                             _DO_NOT_FRAGMENT, _HOPS, _PROTOCOL_TCP, 0, sender.ip, receiver.ip
                             )  # fmt: skip
        ethernet = struct.pack(_ETHERNET, receiver.mac, sender.mac, _IPV4)
        return ethernet + _summed(header, 10) + segment


def _summed(data: bytes, place: int, before: bytes = b"") -> bytes:
    """Return data with its internet checksum (RFC 1071) at `place`; it covers `before` too."""
    covered = before + data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(covered) // 2}H", covered))
    total = (total & 0xFFFF) + (total >> 16)
    total = ~(total + (total >> 16)) & 0xFFFF
    return data[:place] + total.to_bytes(2) + data[place + 2 :]
