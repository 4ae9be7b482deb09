"""Clients that break the protocol, on purpose or not: the others are served, memory stays flat."""

import contextlib
import gc
import random
import socket
import struct
import threading
import time
import tracemalloc

import pytest

from tests.twin.servers.test_modbus import PLC1, answer, ask, frame, read
from twin.servers.modbus import MOST_CONNECTIONS

WHERE = ("127.0.0.1", PLC1)


class Honest(threading.Thread):
    """A client that polls once every 20 ms and notes how long each answer takes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.waits, self.done = [], threading.Event()
        self.error = None

    def run(self):
        try:
            with socket.create_connection(WHERE, timeout=10) as connection:
                while not self.done.is_set():
                    began = time.perf_counter()
                    connection.sendall(frame(read(4, 0, 6)))
                    assert answer(connection)[2][:2] == bytes([4, 12])
                    self.waits.append(time.perf_counter() - began)
                    self.done.wait(0.02)
        except (OSError, AssertionError, struct.error) as error:
            self.error = error

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.join(20)


def send(data):
    """Send what may be cut off before all of it is sent."""
    with socket.create_connection(WHERE, timeout=10) as connection, contextlib.suppress(OSError):
        connection.sendall(data)


def malformed(rng):
    """Return a frame with a mistake in its header, its length or its body."""
    body = bytearray(rng.choice([read(4, 0, 6), read(3, 0, 4), struct.pack(">BHH", 6, 0, 350)]))
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 300))
    if kind == 1:
        return struct.pack(">HHHB", 1, 0, rng.choice([0, 1, 255, 300, 65535]), 1) + bytes(body)
    if kind == 2:
        return struct.pack(">HHHB", 1, rng.randrange(1, 65536), len(body) + 1, 1) + bytes(body)
    if kind == 3:
        return frame(bytes(body[: rng.randrange(1, len(body))]))
    body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return frame(bytes(body))


def attack(rng, frames, connections):
    for _ in range(frames):
        send(malformed(rng))
    with contextlib.ExitStack() as held:
        first = None
        for i in range(connections):
            connection = held.enter_context(socket.create_connection(WHERE, timeout=10))
            first = first or connection
            if i % 3 == 0:
                connection.sendall(frame(read(4, 0, 6))[: i % 9])  # half open: no more comes
        if first is not None:
            assert ask(read(4, 0))[0] == 4  # now all have been let in
            with pytest.raises((ConnectionError, struct.error)):  # long silent, it was cut off
                first.sendall(frame(read(4, 0, 6)))
                answer(first)


def test_an_honest_client_is_served_while_others_break_the_protocol(modbus, still):
    with Honest() as honest:
        attack(random.Random(1), frames=300, connections=2 * MOST_CONNECTIONS)
        until = time.monotonic() + 20.0
        while len(honest.waits) <= 5 and honest.error is None and time.monotonic() < until:
            time.sleep(0.02)
    assert honest.error is None and len(honest.waits) > 5
    assert ask(read(4, 0)) != b""


def test_who_sends_a_thousand_requests_at_once_waits_for_the_others(modbus):
    many = 1000
    with socket.create_connection(WHERE, timeout=30) as greedy, Honest() as honest:
        greedy.sendall(frame(read(4, 0, 6)) * many)
        answers = [answer(greedy)[2] for _ in range(many)]
    assert len(answers) == many and honest.error is None


def test_who_never_reads_its_answers_holds_up_nobody(modbus):
    with socket.create_connection(WHERE, timeout=10) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        requests = frame(read(4, 0, 6)) * 1000
        with contextlib.suppress(BlockingIOError):
            for _ in range(2000):
                deaf.send(requests)
        assert ask(read(4, 0, 6))[0] == 4


@pytest.mark.slow
def test_ten_thousand_malformed_frames_and_a_thousand_connections(modbus, still, capsys):
    attack(random.Random(0), frames=500, connections=100)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    began = time.perf_counter()
    with Honest() as honest:
        attack(random.Random(2), frames=10_000, connections=900)
    took = time.perf_counter() - began
    gc.collect()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    waits = sorted(honest.waits)
    with capsys.disabled():
        print(
            f"\n10,000 malformed frames and 900 connections in {took:.0f} s; an honest client's "
            f"{len(waits)} answers took {1e3 * waits[len(waits) // 2]:.1f} ms (median), "
            f"{1e3 * waits[-1]:.0f} ms (worst); memory {(after - before) / 1e3:+.0f} kB after, "
            f"{(peak - before) / 1e3:.0f} kB at most"
        )
    assert honest.error is None and waits
    assert after - before < 2_000_000
    wild = [w for w in still.written if not set(w[1]) <= {"SP_PU1_open", "SP_PU1_closed"}]
    assert all(w[0] == "PLC1" for w in wild)  # flipped bits may make a write to another point
