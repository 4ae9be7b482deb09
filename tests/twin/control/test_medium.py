"""What a link that is not perfect does to its messages."""

import math

import numpy as np
import pytest
import simpy

from twin.control.link import Link
from twin.control.memory import Register
from twin.plants.equipment import Medium, message_bits
from twin.seeds import Draws


def link(medium, *chances):
    """Return a link of two tags whose tries and jitters meet these chances, step after step."""
    env = simpy.Environment()
    source, target = Register(["a", "b"]), Register(["a", "b"])
    rows = np.array(chances or [[0.5] * (2 + 2 * medium.retries)])
    rows = np.resize(rows, (600, rows.shape[1]))
    draws = Draws(lambda n: rows[:n], 300)
    return env, source, target, Link(env, "link:X->Y", "ab", source, target, medium, draws)


def sent(env, source, one, value, now):
    env.run(until=now) if now > env.now else None
    source.values[:] = value
    one.send(now)


def test_a_lost_message_leaves_the_old_one():
    env, source, target, one = link(Medium(loss=0.1), [0.5, 0.0], [0.05, 0.0])
    sent(env, source, one, 1.0, 0)
    sent(env, source, one, 2.0, 300)
    env.run(until=600)
    assert target.value("a") == 1.0
    assert target.arrived[0] == 0.0


def test_a_lost_message_is_sent_again_after_the_timeout():
    medium = Medium(loss=0.1, retries=2, timeout=4.0)
    env, source, target, one = link(medium, [0.05, 0.05, 0.5, 0.0, 0.0, 0.0])
    sent(env, source, one, 1.0, 0)
    env.run(until=7.9)
    assert math.isnan(target.value("a"))
    env.run(until=8.1)
    assert target.value("a") == 1.0
    assert target.arrived[0] == 8.0


def test_jitter_is_exponential_about_its_mean():
    medium = Medium(latency=1.0, jitter=3.0)
    even = np.random.default_rng(0).permutation((np.arange(288) + 0.5) / 288)
    env, source, target, one = link(medium, *np.column_stack([np.ones(288), even]))
    took = []
    for step in range(288):
        sent(env, source, one, float(step), 300 * step)
        env.run(until=300 * step + 299)
        took.append(target.arrived[0] - 300 * step)
    assert min(took) >= 1.0
    assert np.mean(took) == pytest.approx(4.0, abs=0.1)
    assert np.mean(np.array(took) > one.patience) < 0.02


def test_a_narrow_link_makes_messages_wait_for_those_before():
    medium = Medium(bandwidth=message_bits(2) / 200.0)  # one takes 200 s
    env, source, target, one = link(medium)
    for value, now in ((1.0, 0), (2.0, 100), (3.0, 150)):
        sent(env, source, one, value, now)
    arrived = []
    for until in (199, 201, 399, 401, 599, 601):
        env.run(until=until)
        arrived.append(target.value("b"))
    assert math.isnan(arrived[0])
    assert arrived[1:] == [1.0, 1.0, 2.0, 2.0, 3.0]
    assert one.patience == pytest.approx(200.0)


def test_an_outage_is_half_open_and_a_retry_may_outlast_it():
    medium = Medium(outages=((300.0, 600.0),))
    env, source, target, one = link(medium)
    for value, now in ((1.0, 0), (2.0, 300), (3.0, 599), (4.0, 600)):
        sent(env, source, one, value, now)
        if now == 599:
            assert target.value("a") == 1.0
    assert target.value("a") == 4.0
    patient = Medium(outages=((300.0, 600.0),), retries=1, timeout=10.0)
    env, source, target, one = link(patient)
    sent(env, source, one, 5.0, 595)
    env.run(until=606)
    assert target.value("a") == 5.0
