import asyncio
import contextlib
import gc
import math
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asyncua import Client, ua

from tests.twin.servers.conftest import OFFSET, Still
from twin.errors import InputError
from twin.servers.opcua import PORT, OpcUaServer
from twin.tags import Quality

START = datetime(2026, 1, 5)
USER, PASSWORD = "engineer", "pumps and tanks"
CHILDREN = {"check": False, "capture_output": True, "text": True, "timeout": 120}
WHERE = ("127.0.0.1", PORT + OFFSET)
LEVEL, SETPOINT = "ns=2;s=PLC2.T1.Level", "ns=2;s=PLC1.SP_PU1_open"


def serve(ctown, plant):
    return OpcUaServer(
        ctown,
        plant.read,
        plant.write,
        start=START,
        may_write=lambda name, password: (name, password) == (USER, PASSWORD),
        refused=plant.refused,
        offset=OFFSET,
    )


@pytest.fixture(scope="module")
def plant(hour):
    return Still(dict(hour))


@pytest.fixture(scope="module")
def server(ctown, plant):
    with serve(ctown, plant) as server:
        yield server


@pytest.fixture
def served(server, plant, hour):
    """Return the server, its plant standing as an hour after the start."""
    plant.images.update(hour)
    plant.written.clear()
    plant.told.clear()
    plant.over = False
    settle(server, plant)
    return server


def as_client(server, work, user=None, password=None):
    """Return what `work` does with a client that is connected."""

    async def connected():
        client = Client(server.url, timeout=20)
        if user is not None:
            client.set_user(user)
            client.set_password(password)
        async with client:
            return await work(client)

    return asyncio.run(connected())


def values(server, *nodes):
    async def read(client):
        return [await client.get_node(n).read_data_value(raise_on_bad_status=False) for n in nodes]

    return as_client(server, read)


def settle(server, plant):
    """Wait until the server shows every PLC as the plant holds it."""
    wanted = {
        f"ns=2;s={plc}.Heartbeat": START.replace(tzinfo=UTC) + timedelta(seconds=image.time)
        for plc, image in plant.images.items()
    }
    end = time.monotonic() + 10.0
    while [beat.SourceTimestamp for beat in values(server, *wanted)] != [*wanted.values()]:
        assert time.monotonic() < end
        time.sleep(0.05)


def changed(server, plant, plc, **changes):
    """Change a PLC's image, and wait until the server shows it."""
    plant.images[plc] = replace(plant.images[plc], **changes)
    settle(server, plant)


def test_plcs_stand_under_objects_and_their_values_in_them(served):
    async def browse(client):
        plcs = [
            (await node.read_browse_name()).Name
            for node in await client.nodes.objects.get_children()
            if node.nodeid.NamespaceIndex == 2
        ]
        plc1 = await client.nodes.objects.get_child("2:PLC1")
        inside = [(await node.read_browse_name()).Name for node in await plc1.get_children()]
        pump = await plc1.get_child("2:PU1")
        return plcs, inside, [child.nodeid.Identifier for child in await pump.get_children()]

    plcs, inside, pump = as_client(served, browse)
    assert plcs == [f"PLC{i}" for i in range(1, 10)]
    assert {"PU1", "T1", "J280", "SP_PU1_open", "Heartbeat", "Running"} <= set(inside)
    assert set(pump) == {"PLC1.PU1.Flow", "PLC1.PU1.Running", "PLC1.PU1.Command", "PLC1.PU1.Manual"}


def test_values_have_the_plants_time_and_the_servers(served, hour):
    level, running, command = values(
        served, LEVEL, "ns=2;s=PLC1.PU2.Running", "ns=2;s=PLC1.PU2.Command"
    )
    assert level.Value.Value == hour["PLC2"].values["L_T1"]
    assert running.Value.Value is True and command.Value.Value == 1.0
    assert level.SourceTimestamp == datetime(2026, 1, 5, 0, 55, tzinfo=UTC)
    assert abs(level.ServerTimestamp - datetime.now(UTC)) < timedelta(minutes=1)


def test_units_and_ranges_are_those_of_the_instruments(served):
    async def read(client):
        node = client.get_node("ns=2;s=PLC1.PU1.Flow")
        unit = await (await node.get_child("0:EngineeringUnits")).read_value()
        span = await (await node.get_child("0:EURange")).read_value()
        return unit, span, (await node.read_type_definition()).Identifier

    unit, span, kind = as_client(served, read)
    assert (unit.DisplayName.Text, unit.UnitId) == ("L/s", 0x473531)  # G51
    assert unit.NamespaceUri == "http://www.opcfoundation.org/UA/units/un/cefact"
    assert span.High == pytest.approx(2922.467, abs=0.001) and span.Low == -span.High
    assert kind == ua.ObjectIds.AnalogUnitRangeType


def test_stale_failed_and_lost_are_told_apart(served, plant):
    image = plant.read("PLC1")
    quality = {**image.quality, "L_T1": Quality.STALE, "P_J280": Quality.BAD, "P_J269": Quality.BAD}
    held = {**image.values, "P_J269": math.nan}
    changed(served, plant, "PLC1", time=3900.0, quality=quality, values=held)
    nodes = [f"ns=2;s=PLC1.{name}" for name in ("T1.Level", "J280.Pressure", "J269.Pressure")]
    stale, failed, lost = values(served, *nodes)
    assert stale.StatusCode.name == "UncertainLastUsableValue"
    assert stale.Value.Value == image.values["L_T1"]
    assert failed.StatusCode.name == "BadSensorFailure"
    assert lost.StatusCode.name == "BadNoCommunication" and lost.Value.Value is None


def test_a_subscriber_is_told_what_changes(served, plant):
    class Heard:
        def __init__(self):
            self.values = []

        def datachange_notification(self, node, value, data):
            self.values.append(value)

    async def subscribe(client):
        heard = Heard()
        subscription = await client.create_subscription(100, heard)
        await subscription.subscribe_data_change(client.get_node(LEVEL))
        image = plant.read("PLC2")
        for i in range(3):
            await asyncio.sleep(0.4)
            held = {**image.values, "L_T1": 5.0 + i}
            plant.images["PLC2"] = replace(image, time=4000.0 + i, values=held)
        await asyncio.sleep(0.8)
        await subscription.delete()
        return heard.values

    assert as_client(served, subscribe)[-3:] == [5.0, 6.0, 7.0]


def write(server, node, value, kind=ua.VariantType.Double, **who):
    async def work(client):
        await client.get_node(node).write_value(ua.DataValue(ua.Variant(value, kind)))

    return as_client(server, work, **who)


WHO = {"user": USER, "password": PASSWORD}


def test_a_users_write_is_an_order_with_its_peer(served, plant):
    write(served, SETPOINT, 3.5, **WHO)
    write(served, "ns=2;s=PLC1.PU2.Manual", True, ua.VariantType.Boolean, **WHO)
    (plc, order, peer, protocol), (_, manual, _, _) = plant.written
    assert (plc, order, protocol) == ("PLC1", {"SP_PU1_open": 3.5}, "opcua")
    user, _, address = peer.partition(" @ ")
    host, port = address.split(":")
    assert user == USER
    assert host == "127.0.0.1" and 1024 < int(port) < 65536
    assert manual == {"PU2": 1.0}
    (held,) = values(served, SETPOINT)
    assert held.Value.Value == 4.0  # until the PLC's next scan


@pytest.mark.parametrize(
    ("node", "value", "kind", "who", "error"),
    [
        (SETPOINT, 3.5, ua.VariantType.Double, {}, ua.uaerrors.BadUserAccessDenied),
        (SETPOINT, 7.0, ua.VariantType.Double, WHO, ua.uaerrors.BadOutOfRange),
        (SETPOINT, math.nan, ua.VariantType.Double, WHO, ua.uaerrors.BadOutOfRange),
        (SETPOINT, 3, ua.VariantType.Int64, WHO, ua.uaerrors.BadTypeMismatch),
        (SETPOINT, [3.0], ua.VariantType.Double, WHO, ua.uaerrors.BadTypeMismatch),
        (LEVEL, 3.5, ua.VariantType.Double, WHO, ua.uaerrors.BadNotWritable),
        ("i=2255", ["x"], ua.VariantType.String, WHO, ua.uaerrors.BadNotWritable),
        ("ns=2;s=PLC1.SP_PU9", 3.5, ua.VariantType.Double, WHO, ua.uaerrors.BadNodeIdUnknown),
    ],
)
def test_what_may_not_be_written_is_refused(served, plant, node, value, kind, who, error):
    with pytest.raises(error):
        write(served, node, value, kind, **who)
    assert plant.written == []
    ((_, what, told, peer, protocol, why),) = plant.told
    assert (told, protocol) == (str(value), "opcua")
    assert what in ("SP_PU1_open", "L_T1", node)
    assert peer.startswith(f"{USER} @ 127.0.0.1:" if who else "127.0.0.1:")
    assert why.startswith(error.__name__)


@pytest.mark.parametrize("name", ["admin", "Admin", USER])
def test_nobody_is_let_in_by_a_name_alone(served, plant, name):
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        write(served, SETPOINT, 3.5, user=name, password="")
    ((_, what, _, peer, _, why),) = plant.told
    assert (what, why) == ("log in", "wrong user or password")
    assert peer.startswith(f"{name} @ 127.0.0.1:")


def test_who_writes_after_the_end_of_a_run_is_told(served, plant):
    plant.over = True
    with pytest.raises(ua.uaerrors.BadInvalidState):
        write(served, SETPOINT, 3.5, **WHO)


def test_no_client_changes_the_address_space(served):
    async def delete(client):
        return await client.delete_nodes([client.get_node(SETPOINT)])

    async def add(client):
        await client.nodes.objects.add_object(2, "mine")

    with pytest.raises(ua.UaError):
        as_client(served, add, **WHO)
    with pytest.raises(ua.UaError):
        as_client(served, delete, **WHO)
    assert values(served, SETPOINT)[0].Value.Value == 4.0


def tool(name, served, *args):
    script = Path(sys.executable).with_name(name)
    return subprocess.run([str(script), "-u", served.url, *args], **CHILDREN)


def test_asyncuas_own_tools_read_write_list_and_subscribe(served, plant, hour):
    read = tool("uaread", served, "-n", LEVEL)
    assert float(read.stdout) == hour["PLC2"].values["L_T1"]
    listed = tool("uals", served, "-n", "i=85", "-d", "1")
    assert listed.stdout.count("ns=2;s=PLC") == 9
    denied = tool("uawrite", served, "-n", SETPOINT, "-t", "double", "3.5")
    assert "BadUserAccessDenied" in denied.stdout + denied.stderr and plant.written == []
    who = ["--user", USER, "--password", PASSWORD]
    tool("uawrite", served, *who, "-n", SETPOINT, "-t", "double", "3.5")
    assert [written[1] for written in plant.written] == [{"SP_PU1_open": 3.5}]


def test_asyncuas_subscriber_prints_what_it_is_told(served, hour):
    script = Path(sys.executable).with_name("uasubscribe")
    command = [str(script), "-u", served.url, "-n", LEVEL]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment,
                          stderr=subprocess.DEVNULL) as told:  # fmt: skip
        lines = iter(told.stdout.readline, "")
        heard = any(str(hour["PLC2"].values["L_T1"]) in line for line in lines)
        told.terminate()
    assert heard


def test_a_port_that_is_taken_is_named(ctown, served, plant):
    with pytest.raises(InputError, match=rf"port {PORT + OFFSET} of the OPC UA server .*offset"):
        serve(ctown, plant)


def test_clients_that_break_the_protocol_hold_up_nobody(served, hour):
    broken = [b"HEL", bytes(100), b"\xff" * 64, b"OPNF" + struct.pack("<I", 8)]
    with contextlib.ExitStack() as held:
        for i in range(40):
            connection = held.enter_context(socket.create_connection(WHERE, timeout=10))
            connection.sendall(broken[i % 4])
        assert values(served, LEVEL)[0].Value.Value == hour["PLC2"].values["L_T1"]


def test_who_opens_no_session_makes_room_for_others(served, hour):
    with contextlib.ExitStack() as held:
        for _ in range(250):
            held.enter_context(socket.create_connection(WHERE, timeout=10))
        assert values(served, LEVEL)[0].Value.Value == hour["PLC2"].values["L_T1"]


def test_who_promises_four_gigabytes_is_cut_off(served):
    with socket.create_connection(WHERE, timeout=10) as greedy:
        greedy.sendall(b"HELF" + struct.pack("<I", 0xFFFFFFF0))
        with pytest.raises(ConnectionError):
            for _ in range(2000):
                greedy.sendall(bytes(1 << 16))


@pytest.mark.slow
def test_broken_messages_beside_silent_clients(served, hour, capsys):
    rng = random.Random(3)

    def attack(messages):
        for _ in range(messages):
            body = rng.randbytes(rng.randrange(1, 200))
            size = rng.choice([len(body) + 8, rng.randrange(1 << 32)])
            kind = rng.choice([b"HELF", b"OPNF", b"MSGF", b"CLOF", b"ERRF", rng.randbytes(4)])
            with (
                socket.create_connection(WHERE, timeout=20) as connection,
                contextlib.suppress(OSError),
            ):
                connection.sendall(kind + struct.pack("<I", size) + body)

    async def poll(client):
        node, waits = client.get_node(LEVEL), []
        attacker = threading.Thread(target=attack, args=(1_500,))
        attacker.start()
        while attacker.is_alive():
            began = time.perf_counter()
            assert await node.read_value() == hour["PLC2"].values["L_T1"]
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)
        return waits

    attack(500)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    began = time.perf_counter()
    with contextlib.ExitStack() as held:
        for _ in range(250):
            held.enter_context(socket.create_connection(WHERE, timeout=10)).sendall(b"HEL")
        waits = sorted(as_client(served, poll))
    took = time.perf_counter() - began
    time.sleep(11.0)  # the server looks after closed connections every 10 s
    gc.collect()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with capsys.disabled():
        print(
            f"\n1,500 broken messages beside 250 silent clients in {took:.0f} s; an honest "
            f"client's {len(waits)} answers took {1e3 * waits[len(waits) // 2]:.1f} ms (median), "
            f"{1e3 * waits[-1]:.0f} ms (worst); memory {(after - before) / 1e3:+.0f} kB after, "
            f"{(peak - before) / 1e3:.0f} kB at most"
        )
    assert after - before < 5_000_000
