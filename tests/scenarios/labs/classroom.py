"""A class before one plant: each student has a page open, reads and writes over Modbus.

`python -m tests.scenarios.labs.classroom STUDENTS SECONDS SPEED` starts a control room, lets
so many students at it, and prints how long they wait and what the plant's process takes.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from pymodbus.client import AsyncModbusTcpClient

from tests.scenarios.live import load
from tests.scenarios.live.browser import live_room
from twin.plants.spec import load_plant
from twin.servers.registers import COIL, INPUT, register_map

READ_S, WRITE_S = 1.0, 10.0  # between a student's reads, and writes


async def student(number, offset, until, waits):
    """Read a PLC's first register again and again, and now and then command a pump of it."""
    points = register_map(load_plant("ctown"))
    coils = [point for point in points if point.table == COIL and point.tag.startswith("PU")]
    coil = coils[number % len(coils)]
    first = next(p for p in points if (p.plc, p.table) == (coil.plc, INPUT))
    client = AsyncModbusTcpClient("127.0.0.1", port=coil.port + offset, timeout=30)
    assert await client.connect()
    await asyncio.sleep(READ_S * number / 30)
    writes_at = time.monotonic() + WRITE_S * number / 30
    while time.monotonic() < until:
        began = time.monotonic()
        answer = await client.read_input_registers(first.address, count=1, device_id=coil.unit)
        waits["read"].append(time.monotonic() - began)
        assert not answer.isError()
        if began > writes_at:
            writes_at, began = began + WRITE_S, time.monotonic()
            answer = await client.write_coil(coil.address, number % 2 == 0, device_id=coil.unit)
            waits["write"].append(time.monotonic() - began)
            assert not answer.isError()
        await asyncio.sleep(READ_S)
    client.close()


async def lesson(room, students, seconds, speed):
    """Return how late pages were, and how long reads and writes took [s]."""
    waits = {"read": [], "write": []}
    until = time.monotonic() + seconds + 10.0
    clients = [student(number, room.offset, until, waits) for number in range(students)]
    (late, rate), *_ = await asyncio.gather(
        load.measured(room.url, students, seconds, speed), *clients
    )
    print(load.report(late, rate, students))
    return late, waits


def hold(students, seconds, speed, place):
    """Hold a lesson, print its figures, and return the waits."""
    with live_room(place, "normal", "--no-detector", "--speed", f"{speed:g}") as room:
        plant = psutil.Process(room.process.pid)
        alone = plant.memory_info().rss
        began, cpu = time.monotonic(), sum(plant.cpu_times()[:2])
        late, waits = asyncio.run(lesson(room, students, seconds, speed))
        share = (sum(plant.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
        taken = plant.memory_info().rss
        room.end()
    for name, each in waits.items():
        took = 1000 * np.array(each)
        print(
            f"Modbus {name}s: {len(took)}, {np.median(took):.1f} ms (median), "
            f"{np.quantile(took, 0.99):.1f} ms (99 %), {took.max():.1f} ms at most"
        )
    print(
        f"the plant's process: {alone / 2**20:.0f} MB alone, {taken / 2**20:.0f} MB with the "
        f"class, {share:.0%} of a core"
    )
    return late, waits


if __name__ == "__main__":
    students, seconds, speed = map(float, sys.argv[1:])
    with tempfile.TemporaryDirectory() as place:
        hold(int(students), seconds, speed, Path(place))
