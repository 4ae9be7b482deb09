"""The plant of one student's lab, live: with the student's register map, and perhaps a wire."""

from __future__ import annotations

import contextlib
import csv
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scenarios.definition.scenario import Scenario
from scenarios.labs.lab import Draws
from scenarios.labs.registers import drawn_map
from scenarios.live.audit import audit_csv, read_audit
from twin.errors import InputError
from twin.plants.spec import PlantSpec, load_plant
from twin.servers.background import LOOPBACK
from twin.servers.registers import Point
from twin.units import DAY

PLANT = "ctown"
PORTS = "plant.csv"
"""The table that tells a student's program where each PLC answers."""
WIRE = "wire.csv"
"""The table that tells which links go over the wire, and where whoever hears them asks."""
_COLUMNS = ("plc", "host", "port", "unit")


def scenario_of(seed: int, duration: float = 7 * DAY) -> Scenario:
    """Return a week of the labs' plant without attacks."""
    return Scenario(name="lab", plant=PLANT, seed=seed, duration=duration, detector=None)


def points_of(draws: Draws, spec: PlantSpec | None = None) -> tuple[Point, ...]:
    """Return a student's register map.

    Raises
    ------
    InputError
        If the lab has none.
    """
    number = draws.get("map")
    if not isinstance(number, int):
        raise InputError("this lab has no plant of its own to open: its draws name no map")
    return drawn_map(spec or load_plant(PLANT), number)


def write_ports(folder: Path, ports: Mapping[str, int], host: str = LOOPBACK) -> None:
    """Write `plant.csv` into a folder."""
    with (folder / PORTS).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        table.writerows((plc, host, port, 1) for plc, port in ports.items())


def add_audit(audit: Path, more: Path) -> None:
    """Add a run's log of writes to a folder's."""
    writes = read_audit(audit) + read_audit(more)
    audit.write_text(audit_csv(writes), encoding="utf-8")


@contextlib.contextmanager
def modbus(points: tuple[Point, ...], read: Any, write: Any) -> Iterator[Mapping[str, int]]:
    """Serve a register map at ports that are free; give the port of each PLC."""
    from twin.servers.modbus import ModbusServers

    offset = _free_offset(points)
    with ModbusServers(points, read, write, plant=PLANT, offset=offset) as servers:
        yield servers.ports


def free_port() -> int:
    """Return a port of loopback that nobody has at the moment."""
    with socket.socket() as tried:
        tried.bind((LOOPBACK, 0))
        return int(tried.getsockname()[1])


def _free_offset(points: tuple[Point, ...]) -> int:
    """Return by how much the map's ports are moved so that all are free at the moment."""
    ports = {point.port for point in points}
    for offset in range(2000, 40000, len(ports)):
        with contextlib.ExitStack() as held:
            try:
                for port in ports:
                    held.enter_context(socket.create_server((LOOPBACK, port + offset)))
            except OSError:
                continue
            return offset
    raise InputError(f"no {len(ports)} free ports on {LOOPBACK}: too many plants run here")
