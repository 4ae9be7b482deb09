import json
import math
import socket
import struct
import subprocess
import sys

import pytest

from tests.twin.servers.conftest import OFFSET, missing
from twin.errors import InputError
from twin.servers.modbus import ModbusServers
from twin.servers.registers import read_map, register_map, write_map

PLC1 = 15021 + OFFSET
CHILDREN = {"check": False, "capture_output": True, "text": True, "timeout": 60}


def frame(body, number=1, unit=1):
    return struct.pack(">HHHB", number, 0, len(body) + 1, unit) + body


def answer(connection):
    """Return transaction, unit and body of the next answer."""
    header = connection.recv(7, socket.MSG_WAITALL)
    number, _, length, unit = struct.unpack(">HHHB", header)
    return number, unit, connection.recv(length - 1, socket.MSG_WAITALL)


def ask(body, port=PLC1, unit=1):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(frame(body, unit=unit))
        return answer(connection)[2]


def read(function, address, count=1):
    return struct.pack(">BHH", function, address, count)


def test_each_table_reads_what_the_plant_holds(modbus, still):
    values = still.read("PLC1").values
    assert ask(read(2, 0, 4)) == bytes([2, 1, 0b1010])  # PU2 runs, and the PLC
    assert ask(read(1, 0, 3)) == bytes([1, 1, 0b010])
    level = struct.unpack(">H", ask(read(4, 5))[2:])[0]
    assert level == round(100 * values["L_T1"]) == 406
    (mirror,) = struct.unpack(">f", ask(read(4, 110, 2))[2:])
    assert mirror == pytest.approx(values["L_T1"], abs=1e-6)
    setpoints = struct.unpack(">4H", ask(read(3, 0, 4))[2:])
    assert setpoints == (400, 630, 100, 450)


def test_what_is_not_available_is_neither_zero_nor_blank(modbus, still):
    still.holds("PLC1", L_T1=math.nan)
    assert ask(read(4, 5))[2:] == b"\xff\xff"
    (mirror,) = struct.unpack(">f", ask(read(4, 110, 2))[2:])
    assert math.isnan(mirror)


def test_a_write_is_one_order_with_its_peer_and_the_plant_answers_what_it_holds(modbus, still):
    with socket.create_connection(("127.0.0.1", PLC1), timeout=10) as connection:
        request = struct.pack(">BHH", 6, 0, 350)
        connection.sendall(frame(request))
        assert answer(connection)[2] == request
        peer = "{}:{}".format(*connection.getsockname())
        connection.sendall(frame(read(3, 0)))
        assert answer(connection)[2][2:] == struct.pack(">H", 400)  # until the PLC's next scan
    assert still.written == [("PLC1", {"SP_PU1_open": 3.5}, peer, "modbus")]


@pytest.mark.parametrize(
    ("request_body", "values"),
    [
        (struct.pack(">BHH", 5, 0, 0xFF00), {"PU1": 1.0}),
        (struct.pack(">BHHBB", 15, 0, 3, 1, 0b101), {"PU1": 1.0, "PU2": 0.0, "PU3": 1.0}),
        (struct.pack(">BHHB2H", 16, 0, 2, 4, 350, 600), {"SP_PU1_open": 3.5, "SP_PU1_closed": 6.0}),
        (struct.pack(">BHHBf", 16, 100, 2, 4, 3.25), {"SP_PU1_open": 3.25}),
        (struct.pack(">BHHH", 22, 0, 0, 0x0190), {"SP_PU1_open": 4.0}),
        (struct.pack(">BHH", 6, 5, 1), {"PU2": 1.0}),
    ],
)
def test_every_function_that_writes(modbus, still, request_body, values):
    assert ask(request_body)[0] == request_body[0]
    assert [written[1] for written in still.written] == [values]


def test_automatic_is_written_as_mode_0(modbus, still):
    ask(struct.pack(">BHH", 6, 4, 0))
    ((_, values, _, _),) = still.written
    assert list(values) == ["PU1"] and math.isnan(values["PU1"])


@pytest.mark.parametrize(
    ("request_body", "exception"),
    [
        (read(4, 50), 2),  # between the tables
        (read(4, 0, 30), 2),  # beyond the last
        (read(4, 0, 126), 3),
        (read(3, 0, 0), 3),
        (struct.pack(">BHH", 6, 7, 1), 2),  # the heartbeat
        (struct.pack(">BHH", 6, 100, 1), 2),  # half of a FLOAT32
        (struct.pack(">BHH", 6, 0, 700), 3),  # 7 m in a tank of 6.5 m
        (struct.pack(">BHH", 6, 0, 65535), 3),  # no value
        (struct.pack(">BHHBf", 16, 100, 2, 4, math.nan), 3),
        (struct.pack(">BHHB2H", 16, 6, 2, 4, 1, 1), 2),  # a mode, and the heartbeat: neither
        (struct.pack(">BHHB", 16, 0, 2, 4), 3),
        (b"\x08\x00\x00\x12\x34", 1),
        (b"\x2b\x0d\x01\x00", 1),
        (b"\x03", 3),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(modbus, still, request_body, exception):
    assert ask(request_body) == bytes([request_body[0] | 0x80, exception])
    assert still.written == []


@pytest.mark.parametrize(
    ("request_body", "what", "value", "why"),
    [
        (struct.pack(">BHH", 6, 0, 700), "SP_PU1_open", "7", "is outside 0 to 6.825"),
        (struct.pack(">BHH", 6, 7, 1), "heartbeat", "1", "cannot be written"),
        (struct.pack(">BHH", 5, 999, 0xFF00), "coil 999", "1", "cannot be written"),
    ],
)
def test_a_write_that_is_refused_is_told_with_its_peer(
    modbus, still, request_body, what, value, why
):
    with socket.create_connection(("127.0.0.1", PLC1), timeout=10) as connection:
        connection.sendall(frame(request_body))
        assert answer(connection)[2][0] & 0x80
        peer = "{}:{}".format(*connection.getsockname())
    assert still.told == [("PLC1", what, value, peer, "modbus", why)]


def test_a_plant_whose_run_is_over_says_so_to_who_writes(modbus, still):
    still.over = True
    assert ask(struct.pack(">BHH", 6, 0, 350)) == bytes([0x86, 4])
    assert ask(read(3, 0)) == bytes([3, 2]) + struct.pack(">H", 400)


def test_a_device_behind_another_unit_does_not_answer(modbus):
    assert ask(read(4, 0), unit=7) == bytes([0x84, 0x0B])
    assert ask(read(4, 0), unit=255)[0] == 4


def test_all_requests_of_one_segment_are_answered_in_order(modbus):
    with socket.create_connection(("127.0.0.1", PLC1), timeout=10) as connection:
        connection.sendall(b"".join(frame(read(3, 0), number=n) for n in range(1, 21)))
        assert [answer(connection)[0] for _ in range(20)] == list(range(1, 21))


def test_a_request_cut_in_pieces_is_answered(modbus):
    with socket.create_connection(("127.0.0.1", PLC1), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(read(3, 0)):
            connection.sendall(bytes([byte]))
        assert answer(connection)[2][0] == 3


def test_each_plc_has_its_own_identity(modbus):
    names = []
    for plc in (1, 2):
        body = ask(b"\x2b\x0e\x02\x00", port=PLC1 + plc - 1)
        assert body[:2] == b"\x2b\x0e" and body[6] == 6
        names.append(b"PLC%d" % plc in body and b"ctown" in body)
    assert names == [True, True]
    assert b"PLC2" not in ask(b"\x2b\x0e\x02\x00")
    assert ask(b"\x2b\x0e\x04\x05").endswith(b"\x05\x04PLC1")
    assert ask(b"\x2b\x0e\x04\x50") == b"\xab\x02"


def test_a_plant_is_served_by_the_map_it_is_given(ctown, still, tmp_path):
    text = write_map(register_map(ctown))
    old = "PLC1,15021,1,L_T1,input register,5,6,4,UINT16,1,,100,m,0,6.825,read,65535"
    new = "PLC1,15021,9,L_T1,input register,77,78,4,UINT16,1,,1000,m,0,6.825,read,65535"
    assert old in text
    rows = [
        row for row in text.replace(old, new).splitlines() if not row.startswith("PLC1,15021,1")
    ]
    path = tmp_path / "map.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    with ModbusServers(read_map(path, ctown), still.read, still.write, offset=OFFSET):
        body = ask(read(4, 77), unit=9)
        assert ask(read(4, 5), unit=9) == bytes([0x84, 2])
    assert struct.unpack(">H", body[2:])[0] == round(1000 * still.read("PLC1").values["L_T1"])


def test_a_port_that_is_taken_is_named_and_none_is_kept(ctown, still):
    with socket.create_server(("127.0.0.1", PLC1 + 3)):
        with pytest.raises(InputError, match=rf"port {PLC1 + 3} of PLC4 .*--port-offset"):
            ModbusServers(register_map(ctown), still.read, still.write, offset=OFFSET)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", PLC1), timeout=5)


def test_a_plant_that_cannot_answer_is_a_failed_device_not_a_dead_server(modbus, still, caplog):
    image = still.images.pop("PLC1")
    assert ask(read(4, 0)) == bytes([0x84, 4])
    assert "PLC1 cannot answer 0400000001" in caplog.text
    still.images["PLC1"] = image
    assert ask(read(4, 0))[0] == 4


# Clients that are not ours.


def test_mbpoll_reads_and_writes(modbus, still, program):
    mbpoll = [program("mbpoll"), "-0", "-q", "-p", str(PLC1)]
    seen = subprocess.run(
        [*mbpoll, "-1", "-t", "3:float", "-B", "-r", "110", "127.0.0.1"], **CHILDREN
    )
    assert seen.returncode == 0, seen.stderr
    assert f"{still.read('PLC1').values['L_T1']:.3f}" in seen.stdout
    wrote = subprocess.run([*mbpoll, "-t", "0", "-r", "0", "127.0.0.1", "1"], **CHILDREN)
    assert wrote.returncode == 0, wrote.stderr
    wrote = subprocess.run(
        [*mbpoll, "-t", "4:float", "-B", "-r", "100", "127.0.0.1", "3.5"], **CHILDREN
    )
    assert wrote.returncode == 0, wrote.stderr
    assert [values for _, values, _, _ in still.written] == [{"PU1": 1.0}, {"SP_PU1_open": 3.5}]
    bad = subprocess.run([*mbpoll, "-1", "-t", "3", "-r", "50", "127.0.0.1"], **CHILDREN)
    assert bad.returncode != 0 and "Illegal data address" in bad.stderr


def test_modbus_cli_reads_and_writes(modbus, still):
    modbus_cli = [sys.executable, "-W", "ignore", "-c", "from modbus import main; main()"]
    where = f"127.0.0.1:{PLC1}"
    seen = subprocess.run([*modbus_cli, where, "i@110/f", "h@0=350"], **CHILDREN)
    assert seen.returncode == 0, seen.stderr
    shown = float(seen.stdout.split(":")[1].split()[0])  # it exits 0 on a bad address too
    assert shown == pytest.approx(still.read("PLC1").values["L_T1"], abs=1e-5)
    assert [values for _, values, _, _ in still.written] == [{"SP_PU1_open": 3.5}]


SCRIPT = """
const Client = require("modbus-serial"), c = new Client();
(async () => {
  await c.connectTCP("127.0.0.1", {port: PORT}); c.setID(1);
  const level = (await c.readInputRegisters(110, 2)).buffer.readFloatBE(0);
  const coils = (await c.readCoils(0, 3)).data.slice(0, 3);
  await c.writeCoil(0, true); await c.writeRegisters(0, [350]);
  const who = (await c.readDeviceIdentification(2, 0)).data;
  let refused = ""; try { await c.readInputRegisters(50, 1); } catch (e) { refused = e.message; }
  console.log(JSON.stringify({level, coils, who, refused})); c.close(() => {});
})().catch(e => { console.error(e); process.exit(1); });
"""


def test_a_javascript_client_reads_and_writes(modbus, still, program):
    node = program("node")
    if subprocess.run([node, "-e", "require('modbus-serial')"], **CHILDREN).returncode:
        missing("no modbus-serial in NODE_PATH: .ci/programs installs it")
    done = subprocess.run([node, "-e", SCRIPT.replace("PORT", str(PLC1))], **CHILDREN)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["level"] == pytest.approx(still.read("PLC1").values["L_T1"], abs=1e-6)
    assert seen["coils"] == [False, True, False]
    assert seen["who"]["1"] == "PLC1"
    assert "Illegal data address" in seen["refused"]
    assert [values for _, values, _, _ in still.written] == [{"PU1": 1.0}, {"SP_PU1_open": 3.5}]
