import csv
import struct
import subprocess
from datetime import datetime

import numpy as np
import pytest

from twin.control.taps import Late
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.servers.capture import COLUMNS, Capture
from twin.servers.registers import register_map
from twin.testbed import Testbed

START = datetime(2026, 1, 5)
HOURS = 6.0
LINKS = {
    "PLC4->SCADA": {"latency": "200 ms"},
    "PLC6->SCADA": {"loss": 0.3},
    "PLC7->PLC5": {"latency": "1 s", "loss": 0.2, "retries": 1, "timeout": "5 s"},
}


def higher(readings):
    return [reading.with_value(reading.value + 1.0) for reading in readings]


def late(readings):
    return [Late(reading, 450.0) for reading in readings]


def run(spec, path=None):
    """Return the historian of six hours in which links are slow, lossy and tapped."""
    with Testbed(spec, warmup=3600.0, seed=5) as bed:
        bed.points("link:PLC2->SCADA")[0].attach(higher, ["L_T1"])
        bed.points("link:PLC9->PLC5")[0].attach(late, ["L_T7"])
        bed.points("link:SCADA->PLC3")[0].attach(lambda readings: [], ["SP_V2_open"])
        links = [*bed.links, *bed.scada.answers, *bed.scada.commands]

        def marks(link):
            return ("attack", "raise") if link == "link:PLC2->SCADA" else ("", "")

        capture = path and Capture(path, register_map(spec), links, START, marks)
        for _ in bed.run(HOURS * 3600.0):
            pass
        if capture:
            capture.close()
    return bed.historian


@pytest.fixture(scope="module")
def spec():
    return load_plant("ctown", control={"links": LINKS})


@pytest.fixture(scope="module")
def captured(spec, tmp_path_factory):
    """Return the capture's path, and the historian."""
    path = tmp_path_factory.mktemp("capture") / "plant.pcapng"
    return path, run(spec, path)


@pytest.fixture(scope="module")
def labels(captured):
    with captured[0].with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tshark(program, path, *args):
    options = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    done = subprocess.run(
        [program("tshark"), "-r", str(path), *options, *args],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_it_changes_nothing(spec, captured):
    with_it, without = captured[1], run(spec)
    for table in ("truth", "plc", "scada", "quality"):
        one, other = (getattr(h, table).frame() for h in (with_it, without))
        assert one.equals(other), table
    assert with_it.events == without.events


def test_every_packet_dissects_and_none_is_malformed(captured, labels, program):
    path = captured[0]
    kinds = tshark(program, path, "-T", "fields", "-e", "frame.protocols")
    assert len(kinds) == len(labels)
    talked = [row["kind"] in ("request", "answer") for row in labels]
    assert [kind.endswith("mbtcp:modbus") for kind in kinds] == talked
    wrong = "_ws.malformed or tcp.checksum.status == 0 or ip.checksum.status == 0"
    assert tshark(program, path, "-Y", wrong) == []


def test_every_connection_is_whole_tcp(captured, program):
    assert tshark(program, captured[0], "-Y", "tcp.analysis.flags") == []


def test_times_are_the_plants_and_in_order(captured, labels):
    times = [float(row["time"]) for row in labels]
    assert times == sorted(times)
    assert 0.0 < times[0] < 0.1 and times[-1] > HOURS * 3600.0 - 300.0
    assert tuple(labels[0]) == COLUMNS
    with captured[0].open("rb") as file:
        assert struct.pack("<I", 0x1A2B3C4D) in file.read(16)


def answers(program, path, interface, source, function):
    """Return the time [s] and registers of a device's answers on one interface to SCADA."""
    where = (
        f'frame.interface_name == "{interface}" and ip.src == {source} and ip.dst == 10.0.0.10'
        f" and modbus.func_code == {function}"
    )
    fields = ["frame.time_epoch", "modbus.regval_uint16"]
    shown = [word for field in fields for word in ("-e", field)]
    for line in tshark(program, path, "-Y", where, "-T", "fields", *shown):
        time, words = line.split("\t")
        raw = struct.pack(f">{words.count(',') + 1}H", *map(int, words.split(",")))
        yield float(time) - 1767571200.0, struct.unpack(f">{len(raw) // 4}f", raw)


def test_values_are_those_of_the_historian(captured, program):
    path, history = captured
    seen = history.scada.frame()["L_T1"].to_numpy()
    behind = [v for _, (v,) in answers(program, path, "behind PLC2->SCADA", "10.0.0.102", 4)]
    assert np.allclose(behind, seen, rtol=1e-6) and len(seen) == HOURS * 12
    network = [v for _, (v,) in answers(program, path, "network", "10.0.0.102", 4)]
    assert np.allclose(np.array(behind) - network, 1.0, atol=1e-6)
    plc1 = [values for _, values in answers(program, path, "network", "10.0.0.101", 4)]
    shown = history.scada.frame()[["F_PU1", "F_PU2", "F_PU3", "P_J280", "P_J269"]].to_numpy()
    assert np.allclose(plc1, shown, rtol=1e-6)


def test_what_is_late_comes_late_and_what_is_lost_does_not_come(captured, labels, program):
    path, history = captured
    came = list(answers(program, path, "behind PLC4->SCADA", "10.0.0.104", 4))
    assert len(came) == HOURS * 12
    assert all(0.2 <= time % 300.0 < 0.3 for time, _ in came)
    sent = list(answers(program, path, "network", "10.0.0.106", 4))
    came = list(answers(program, path, "behind PLC6->SCADA", "10.0.0.106", 4))
    bad = history.quality.frame()["L_T4"].to_numpy() != 0
    assert len(sent) == HOURS * 12 and len(came) == len(sent) - bad.sum() < len(sent)
    lost = [row for row in labels if row["lost"] == "1" and row["link"] == "link:PLC6->SCADA"]
    assert len(lost) == bad.sum()
    resets = [row for row in labels if row["kind"] == "reset" and "PLC6" in row["link"]]
    assert len(resets) == 2 * len(lost)  # on both sides
    retried = {row["late"] for row in labels if "PLC7->PLC5" in row["interface"]}
    assert {"1", "6"} <= retried


def test_the_labels_tell_who_was_altered_and_by_whom(labels):
    raised = [row for row in labels if row["altered"] == "L_T1"]
    assert {(r["link"], r["interface"], r["kind"]) for r in raised} >= {
        ("link:PLC2->SCADA", "behind PLC2->SCADA", "answer")
    }
    assert {(row["label"], row["entries"]) for row in raised} == {("attack", "raise")}
    assert {row["label"] for row in labels if "PLC2->SCADA" not in row["link"]} == {""}
    held_back = {row["late"] for row in labels if row["interface"] == "behind PLC9->PLC5"}
    assert held_back == {"0", "450"}


def test_orders_go_out_with_every_poll(labels, captured, program):
    where = 'frame.interface_name == "network" and ip.dst == 10.0.0.101 and modbus.func_code == 16'
    shown = ["-T", "fields", "-e", "modbus.regval_uint16", "-e", "modbus.reference_num"]
    lines = tshark(program, captured[0], "-Y", where + " and ip.src == 10.0.0.10", *shown)
    assert lines.count("0,0,0\t4") == HOURS * 12  # modes: all left to the PLC
    setpoints = struct.pack(">4f", 4.0, 6.3, 1.0, 4.5)
    words = ",".join(map(str, struct.unpack(">8H", setpoints)))
    assert lines.count(f"{words}\t100") == HOURS * 12


def test_each_device_has_an_address_and_each_connection_a_handshake(labels, captured, program):
    fields = ["-T", "fields", "-e", "ip.src", "-e", "eth.src"]
    pairs = set(tshark(program, captured[0], *fields))
    assert len(pairs) == 10 and "10.0.0.10\t02:00:0a:00:00:0a" in pairs
    kinds = [row["kind"] for row in labels]
    assert kinds.count("syn") == kinds.count("syn-ack") > 18
    first = {}
    for row in labels:
        first.setdefault((row["interface"], row["link"]), row["kind"])
    assert set(first.values()) == {"syn"}


def test_a_file_that_cannot_be_written_is_named(spec, tmp_path):
    with pytest.raises(InputError, match=r"no\.pcapng cannot be written"):
        Capture(tmp_path / "none" / "no.pcapng", register_map(spec), [], START)
    with pytest.raises(InputError, match=r"cannot be called \.csv"):
        Capture(tmp_path / "no.csv", register_map(spec), [], START)
