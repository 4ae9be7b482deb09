"""Readings over real TCP, and a man in the middle who is a program of its own."""

import socket
import struct
import threading

import pytest

from tests.twin.servers.conftest import OFFSET
from twin.errors import InputError
from twin.servers.image import Images
from twin.servers.modbus import ModbusServers
from twin.servers.registers import register_map
from twin.servers.wire import Wire, addresses, read_addresses, write_addresses
from twin.testbed import Testbed

PROXY = 15900 + OFFSET
HOURS = 3.0


class Proxy(threading.Thread):
    """Passes Modbus on, and turns every FLOAT32 in an answer into what `change` makes of it."""

    def __init__(self, target, change):
        super().__init__(daemon=True)
        self.target, self.change = target, change
        self.listening = socket.create_server(("127.0.0.1", PROXY))

    def run(self):
        try:
            client, _ = self.listening.accept()
            with client, socket.create_connection(("127.0.0.1", self.target)) as server:
                while request := client.recv(300):
                    server.sendall(request)
                    answer = self.change(server.recv(300))
                    if answer is None:
                        return
                    client.sendall(answer)
        except OSError:
            pass
        finally:
            self.listening.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listening.close()


def run(spec, wired=False, table=None, told=None):
    """Return the historian of some hours, and what was written from outside."""
    with Testbed(spec, warmup=0, seed=3) as bed:
        links = [*bed.links, *bed.scada.answers]
        if not wired:
            for _ in bed.run(HOURS * 3600.0):
                pass
            return bed.historian
        images = Images(bed.plcs, 600.0)
        shown = images.take(0.0)
        bed.observers.append(lambda now, _: shown.update(images.take(now)))
        points = register_map(spec)
        with (
            Wire(points, shown.__getitem__, told or (lambda *_: None)) as wire,
            ModbusServers(points, wire.read, lambda *_: None, offset=OFFSET) as servers,
        ):
            wire.attach(links, {**addresses(links, servers.ports), **(table or {})})
            for _ in bed.run(HOURS * 3600.0):
                pass
        return bed.historian


@pytest.fixture(scope="module")
def plain(ctown):
    return run(ctown)


def test_nobody_on_the_wire_changes_nothing(ctown, plain):
    told = []
    wired = run(ctown, wired=True, told=lambda *what: told.append(what))
    for table in ("truth", "plc", "scada", "quality"):
        assert getattr(wired, table).frame().equals(getattr(plain, table).frame()), table
    assert told == []


def test_a_proxy_deceives_who_asks_through_it_and_nobody_else(ctown, plain):
    def low(answer):
        return answer[:9] + struct.pack(">f", 0.5)

    told = []
    with Proxy(15022 + OFFSET, low):
        history = run(ctown, wired=True, table={"PLC2->PLC1": ("127.0.0.1", PROXY)},
                      told=lambda *what: told.append(what))  # fmt: skip
    memory = history.plc.frame()
    assert (memory["PLC1.L_T1"] == 0.5).all()
    assert history.scada.frame()["L_T1"].equals(memory["PLC2.L_T1"])
    truth = history.truth.frame()
    assert (truth["S_PU1"] == 1.0).all() and not plain.truth.frame()["S_PU1"].all()
    assert {(link, tag, came) for link, tag, _, came in told} == {("PLC2->PLC1", "L_T1", 0.5)}


def test_a_proxy_that_falls_silent_loses_readings(ctown):
    answers = []

    def once(answer):
        answers.append(answer)
        return answer if len(answers) < 4 else None

    with Proxy(15022 + OFFSET, once):
        memory = run(
            ctown, wired=True, table={"PLC2->PLC1": ("127.0.0.1", PROXY)}
        ).plc.frame()["PLC1.L_T1"]  # fmt: skip
    assert memory.nunique() <= 4 and memory.iloc[-1] == memory.iloc[10]


def test_the_table_is_written_read_and_checked(ctown, tmp_path):
    known = {"PLC2->PLC1": ("127.0.0.1", 15022), "PLC2->SCADA": ("127.0.0.1", 15022)}
    path = tmp_path / "wire.csv"
    path.write_text(write_addresses(known), encoding="utf-8")
    assert read_addresses(path, known) == known
    path.write_text("link,host,port\nPLC2->PLC1,127.0.0.1,16022\n", encoding="utf-8")
    assert read_addresses(path, known)["PLC2->PLC1"] == ("127.0.0.1", 16022)
    for row, message in (
        ("PLC2->PLC3,127.0.0.1,1", "wire.csv:2: no link 'PLC2->PLC3'"),
        ("PLC2->PLC1,127.0.0.1,0", "a port is a number from 1 to 65535, not '0'"),
    ):
        path.write_text(f"link,host,port\n{row}\n", encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_addresses(path, known)
