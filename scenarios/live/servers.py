"""The Modbus and OPC UA servers of a live plant, wired to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from scenarios.live.plant import LivePlant
from scenarios.live.shared import Served
from scenarios.live.users import Door
from twin.servers.modbus import ModbusServers
from twin.servers.opcua import OpcUaServer
from twin.servers.registers import register_map


@contextlib.contextmanager
def servers(plant: LivePlant, door: Door, host: str, offset: int) -> Iterator[tuple[Served, ...]]:
    """Let other programs read a plant and write to it; give what is served where.

    Parameters
    ----------
    plant : LivePlant
    door : Door
        Whose password OPC UA clients write with.
    host : str
    offset : int
        Added to every port.
    """
    spec = plant.spec
    with (
        ModbusServers(
            register_map(spec), plant.image, plant.write, plant=spec.name, host=host, offset=offset
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
        key = "the room's password" if door.guarded else f"password {door.key}"
        listed = [
            Served("Modbus/TCP", f"{host}:{port}", f"{plc}, unit 1")
            for plc, port in modbus.ports.items()
        ]
        yield (*listed, Served("OPC UA", opcua.url, f"write as any user, {key}"))
