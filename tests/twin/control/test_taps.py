"""Taps that come and go while a run goes on."""

import numpy as np
import pytest

from twin.control.orders import Order
from twin.control.taps import Late, Place, TapPoint
from twin.plants.spec import load_plant
from twin.testbed import Testbed

HOUR = 3600.0
ON, OFF, END = 2 * HOUR, 5 * HOUR, 8 * HOUR


@pytest.fixture(scope="module")
def exact():
    return load_plant("ctown")


@pytest.fixture(scope="module")
def inexact():
    slow = {"latency": "2 s", "jitter": "1 s", "loss": 0.05}
    polling = {"PLC2": {"polling": "1 h"}}
    return load_plant("ctown", control={
        "links": {"PLC*->*": slow, "SCADA->*": slow}, "sensors": {"L_*": {"noise": 0.01}},
        "plcs": polling})  # fmt: skip


def dropping(packet):
    return []


def lying(packet):
    return [r.with_value(1.0 - r.value if r.value in (0.0, 1.0) else 1.5) for r in packet]


def delaying(packet):
    return [Late(r, 420.0) for r in packet]


PORTS = [
    "sensor:L_T1",
    "link:T3->PLC4",
    "link:PLC4->PLC3",
    "link:PLC2->SCADA",
    "link:*->SCADA",
    "link:SCADA->PLC3",
    "actuator:PU4",
    "scada",
]


def run(spec, port, tap, late, parts=((ON, OFF),)):
    """Run with a tap that is there in some parts only, or always, and idle in the others."""
    orders = [Order(HOUR, {"SP_PU4_open": 3.4}), Order(3 * HOUR, {"SP_PU4_open": 2.0, "PU5": 1.0})]
    handed = []
    with Testbed(spec, warmup=0.0, orders=orders) as bed:
        points = bed.points(port)
        inside = lambda now: any(start <= now < end for start, end in parts)  # noqa: E731
        acting = [False]

        def sit(packet):
            handed.append(bed.env.now)
            return tap(packet) if acting[0] else packet

        def come_and_go(now, _):
            if inside(now) != acting[0]:
                acting[0] = not acting[0]
                for point in points if late else ():
                    point.attach(sit, point.tags) if acting[0] else point.detach(sit)

        bed.actors.append(come_and_go)
        for point in () if late else points:
            point.attach(sit, point.tags)
        for _ in bed.run(END):
            pass
        history = bed.historian
        tables = [t.frame() for t in (history.truth, history.plc, history.scada, history.quality)]
        return tables, history.events, handed, inside


@pytest.mark.parametrize("tap", [dropping, lying, delaying])
@pytest.mark.parametrize("port", PORTS)
def test_a_tap_attached_late_and_detached_does_what_one_does_that_idles_meanwhile(exact, port, tap):
    late, events, handed, inside = run(exact, port, tap, late=True)
    always, same, all_handed, _ = run(exact, port, tap, late=False)
    for one, other in zip(late, always, strict=True):
        np.testing.assert_array_equal(one, other)
    assert events == same
    assert handed == [now for now in all_handed if inside(now)]
    assert handed[0] == ON


@pytest.mark.parametrize("port", PORTS)
def test_it_may_come_again_on_links_that_are_slow_and_lose_some(inexact, port):
    parts = ((HOUR, 2 * HOUR + 600.0), (2 * HOUR + 2700.0, 4 * HOUR), (6 * HOUR, END))
    for tap in (dropping, delaying):
        late, always = (run(inexact, port, tap, late, parts) for late in (True, False))
        for one, other in zip(late[0], always[0], strict=True):
            np.testing.assert_array_equal(one, other)
        assert late[1] == always[1]
        assert late[2]


def test_only_its_own_tap_is_taken_from_a_point():
    point, changes = TapPoint("scada", ["L_T1"]), []
    point.on_change = lambda: changes.append(len(point.taps))
    point.attach(dropping, ["L_T1"])
    point.attach(lying, ["L_T1"], Place.SENDER)
    point.detach(dropping)
    assert [attached.tap for attached in point.taps] == [lying]
    assert changes == [1, 2, 1]
    with pytest.raises(ValueError, match="no such tap on scada"):
        point.detach(dropping)
