import numpy as np
import pytest
import simpy

from twin.control.link import Link
from twin.control.memory import Register
from twin.control.taps import Late
from twin.plants.equipment import Medium
from twin.seeds import Draws
from twin.tags import Reading


def wire(latency=0.0):
    env = simpy.Environment()
    source, target = Register(["a", "b"]), Register(["b", "a", "c"])
    draws = Draws(lambda rows: np.ones((rows, 2)), 300)
    link = Link(env, "link:X->Y", ["a", "b"], source, target, Medium(latency), draws)
    return env, source, target, link


def test_without_latency_readings_are_there_at_once():
    _, source, target, link = wire()
    source.values[:] = [1.0, 2.0]
    link.send(5.0)
    assert (target.value("a"), target.value("b")) == (1.0, 2.0)
    assert np.isnan(target.value("c"))
    assert target.arrived[target.index["a"]] == 5.0


def test_latency_delivers_what_was_sent_then_not_what_is_now():
    env, source, target, link = wire(latency=2.0)
    source.values[:] = [1.0, 2.0]
    link.send(0.0)
    source.values[:] = [9.0, 9.0]
    env.run(until=1.9)
    assert np.isnan(target.value("a"))
    env.run(until=2.1)
    assert target.value("a") == 1.0
    assert target.arrived[target.index["a"]] == 2.0


def test_taps_act_in_order_on_their_tags_only():
    _, source, target, link = wire()
    link.attach(lambda p: [r.with_value(r.value + 1) for r in p], ["a"])
    link.attach(lambda p: [r.with_value(r.value * 10) for r in p], ["a"])
    source.values[:] = [1.0, 2.0]
    link.send(0.0)
    assert (target.value("a"), target.value("b")) == (20.0, 2.0)


def test_a_dropped_reading_leaves_the_old_one_and_a_late_one_comes_late():
    env, source, target, link = wire()
    source.values[:] = [1.0, 2.0]
    link.send(0.0)
    link.attach(lambda p: [], ["a"])
    link.attach(lambda p: [Late(r, 60.0) for r in p], ["b"])
    source.values[:] = [5.0, 6.0]
    link.send(300.0)
    assert (target.value("a"), target.value("b")) == (1.0, 2.0)
    assert target.arrived[target.index["a"]] == 0.0
    env.run(until=361)
    assert target.value("b") == 6.0


def test_two_delays_add_up():
    _, source, _, link = wire()
    link.attach(lambda p: [Late(r, 60.0) for r in p], ["a"])
    link.attach(lambda p: [Late(r, 30.0) for r in p], ["a"])
    source.values[:] = [1.0, 2.0]
    (passed,) = link.tamper([Reading(0.0, "a", 1.0)], 0.0)
    assert passed.by == pytest.approx(90.0)
