"""The Modbus and OPC UA servers of a live plant, wired to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from scenarios.live.audit import Write
from scenarios.live.plant import LivePlant
from scenarios.live.shared import Served
from scenarios.live.users import Door
from twin.servers.modbus import ModbusServers
from twin.servers.opcua import OpcUaServer
from twin.servers.registers import Point, register_map
from twin.servers.wire import Wire, addresses, read_addresses
from twin.units import HOUR


@contextlib.contextmanager
def servers(
    plant: LivePlant,
    door: Door,
    host: str,
    offset: int,
    wire: bool,
    table: Path | None,
    points: Sequence[Point] | None = None,
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
    wire : bool
        Whether links carry their readings over TCP, from the scenario's start on.
    table : Path, optional
        At which addresses; see `twin.servers.wire.read_addresses`.
    points : sequence of Point, optional
        The register map, instead of the plant's own.

    Raises
    ------
    InputError
        If a port cannot be had, or the table is wrong.
    """
    spec = plant.spec
    points = register_map(spec) if points is None else points
    with (
        Wire(points, plant.image, _Altered(plant).told) as line,
        ModbusServers(
            points,
            line.read,
            plant.write,
            refused=plant.refused,
            plant=spec.name,
            host=host,
            offset=offset,
        ) as modbus,
        OpcUaServer(
            spec,
            plant.image,
            plant.write,
            start=plant.scenario.start,
            may_write=door.may_write,
            refused=plant.refused,
            host=host,
            offset=offset,
        ) as opcua,
    ):
        key = "the room's password" if door.guarded else f"password {door.key}"
        listed = [
            Served("Modbus/TCP", f"{host}:{port}", f"{plc}, unit 1")
            for plc, port in modbus.ports.items()
        ]
        if wire:
            bed = plant.session.testbed
            links = [*bed.links, *bed.scada.answers]
            known = addresses(links, modbus.ports)
            asked = known if table is None else read_addresses(table, known)
            plant.do(lambda _: line.attach(links, asked))
        yield (*listed, Served("OPC UA", opcua.url, f"write as any user, {key}"))


class _Altered:
    """Notes in the audit log what came over the wire as another value, hourly of each tag."""

    def __init__(self, plant: LivePlant):
        self._plant = plant
        self._noted: dict[tuple[str, str], float] = {}

    def told(self, link: str, tag: str, sent: float, came: float) -> None:
        """Take a reading of a link that was sent as one value and came as another."""
        now, unit = self._plant.session.now, self._plant.spec.unit(tag)
        if now - self._noted.get((link, tag), -HOUR) < HOUR:
            return
        self._noted[link, tag] = now
        old, new = (f"{value:g} {unit}".strip() for value in (sent, came))
        self._plant.audit.note(Write(now, "on the wire", "wire", link, tag, old, new, "arrived"))
