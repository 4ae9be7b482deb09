"""The Modbus and OPC UA servers of a live plant, wired to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from scenarios.live.plant import LivePlant
from scenarios.live.shared import Served
from scenarios.live.users import Door
from twin.control.link import Link
from twin.servers.modbus import ModbusServers
from twin.servers.opcua import OpcUaServer
from twin.servers.registers import Point, register_map
from twin.servers.wire import Addresses, Wire, addresses, read_addresses


@contextlib.contextmanager
def servers(
    plant: LivePlant,
    door: Door,
    host: str,
    offset: int,
    points: Sequence[Point] | None = None,
    table: Path | None = None,
) -> Iterator[tuple[Served, ...]]:
    """Let other programs read a plant and write to it; give what is served where.

    Parameters
    ----------
    plant : LivePlant
    door : Door
        Whose password OPC UA clients write with.
    host : str
    offset : int
        Added to every port.
    points : sequence of Point, optional
        The register map, instead of the plant's own.
    table : Path, optional
        A table of links whose readings travel over the wire, and the addresses at which whoever
        hears them asks; see `twin.servers.wire`.
    """
    spec, bed = plant.spec, plant.session.testbed
    points = register_map(spec) if points is None else points
    with (
        Wire(points, plant.image) as wire,
        ModbusServers(
            points, wire.read, plant.write, plant=spec.name, host=host, offset=offset
        ) as modbus,
        OpcUaServer(
            spec,
            plant.image,
            plant.write,
            start=plant.scenario.start,
            may_write=door.may_write,
            host=host,
            offset=offset,
        ) as opcua,
    ):
        if table is not None:
            links = [*bed.links, *bed.scada.answers]
            own = addresses(links, modbus.ports)
            asked = read_addresses(table, own)
            wire.attach([link for link in links if _moved(link, own, asked)], asked)
        key = "the room's password" if door.guarded else f"password {door.key}"
        listed = [
            Served("Modbus/TCP", f"{host}:{port}", f"{plc}, unit 1")
            for plc, port in modbus.ports.items()
        ]
        yield (*listed, Served("OPC UA", opcua.url, f"write as any user, {key}"))


def _moved(link: Link, own: Addresses, asked: Addresses) -> bool:
    """Return whether somebody sits on a link: it is asked for elsewhere than at its sender."""
    name = link.name.removeprefix("link:")
    return own[name] != asked[name]
