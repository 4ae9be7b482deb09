import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.control.alarms import LimitWatch
from twin.plants.equipment import Limits

LIMITS = Limits(LL=1.0, L=2.0, H=5.0, HH=6.0, deadband=0.5)


def seen(*values, limits=LIMITS):
    """Return a watch that has been shown values of L_T1, one a minute."""
    watch = LimitWatch(["F_PU1", "L_T1"], {"L_T1": limits})
    for i, value in enumerate(values):
        watch.see(60.0 * i, np.array([99.0, value]))
    return watch


def lines(watch):
    return [(a.time, a.limit, a.value, a.bound, a.cleared) for a in watch.alarms]


def test_each_limit_is_an_alarm_of_its_own():
    assert lines(seen(3, 5.2, 6.2, 3)) == [(60, "H", 5.2, 5, 180), (120, "HH", 6.2, 6, 180)]
    assert lines(seen(3, 0.5)) == [(60, "LL", 0.5, 1, None), (60, "L", 0.5, 2, None)]


def test_it_clears_only_inside_the_deadband():
    assert lines(seen(3, 5.1, 4.9, 4.6, 4.4, 5.1)) == [
        (60, "H", 5.1, 5, 240),
        (300, "H", 5.1, 5, None),
    ]
    assert lines(seen(1.9, 2.4, 2.6)) == [(0, "L", 1.9, 2, 120)]


def test_a_value_at_its_limit_is_none_beyond_it():
    assert not seen(2.0, 5.0).alarms


def test_a_reading_that_is_no_number_raises_and_clears_nothing():
    assert lines(seen(5.2, math.nan, 5.2)) == [(0, "H", 5.2, 5, None)]
    assert not seen(math.nan).alarms


def test_a_tag_without_some_limit_has_no_alarm_for_it():
    assert lines(seen(-9, 9, limits=Limits(H=5.0))) == [(60, "H", 9, 5, None)]


def test_while_suppressed_nothing_is_raised_and_then_what_still_holds_is():
    watch = seen(3.0)
    watch.suppress(watch.tags, "x")
    watch.see(60.0, np.array([0.0, 5.5]))
    watch.see(120.0, np.array([0.0, 5.6]))
    assert not watch.alarms
    watch.suppress([], "x")
    (raised,) = watch.see(180.0, np.array([0.0, 5.7]))
    assert (raised.time, raised.limit, raised.value) == (180.0, "H", 5.7)


@given(st.lists(st.floats(0, 7) | st.just(math.nan), max_size=40))
def test_alarms_of_one_limit_never_overlap(values):
    watch = seen(*values)
    for limit in ("LL", "L", "H", "HH"):
        mine = [a for a in watch.alarms if a.limit == limit]
        for a, b in pairwise(mine):
            assert a.cleared is not None
            assert a.cleared < b.time


@pytest.mark.parametrize("value", [0.5, 5.5])
def test_without_limits_there_is_no_alarm(value):
    watch = LimitWatch(["L_T1"], {})
    assert watch.see(0.0, np.array([value])) == []
