import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.entries.arrivals import Arrivals, RandomDuration
from attacks.entries.trigger import Trigger, When
from twin.errors import InputError

HOUR = 3600.0
NAMES = ["L_T1", "t", "seen.L_T1", "other.active", "other.ended"]


def trigger_of(when, seed=0):
    return Trigger(when, NAMES, np.random.default_rng(seed), tables={"max_level": {"T1": 6.5}})


def active_hours(when, levels, trigger=None):
    """Return at which hours a trigger is active, given L_T1 by hour."""
    trigger = trigger or trigger_of(when)
    return [
        hour
        for hour, level in enumerate(levels)
        if trigger.update(hour * HOUR, {"L_T1": level, "t": hour})
    ]


FLAT = [1.0] * 24
WAVES = [1, 1, 5, 5, 1, 1, 5, 5, 1, 1, 5, 5]


@given(st.integers(0, 20), st.integers(1, 20))
def test_an_interval_is_half_open(start, length):
    when = When(begins=start * HOUR, ends=(start + length) * HOUR)
    assert active_hours(when, FLAT) == list(range(start, min(start + length, 24)))
    lasting = When(begins=start * HOUR, lasts=length * HOUR)
    assert active_hours(lasting, FLAT) == active_hours(when, FLAT)


@given(st.integers(0, 10), st.integers(1, 9), st.integers(1, 9), st.integers(11, 40))
def test_what_comes_every_so_often_is_half_open_each_time(start, length, rest, end):
    period = length + rest
    when = When(begins=start * HOUR, lasts=length * HOUR, every=period * HOUR, ends=end * HOUR)
    expected = [h for h in range(start, end) if (h - start) % period < length]
    assert active_hours(when, [1.0] * 50) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (When(), list(range(12))),
        (When(start="L_T1 > 4"), list(range(2, 12))),
        (When(start="L_T1 > 4", lasts=3 * HOUR), [2, 3, 4]),
        (When(start="L_T1 > 4", not_before=5 * HOUR), list(range(6, 12))),
        (When(start="L_T1 > 4", delay=2 * HOUR, lasts=2 * HOUR), [4, 5]),
        (When(start="L_T1 > 4", end="L_T1 < 2"), [2, 3]),
        (When(start="L_T1 > 4", end="L_T1 > 4"), []),
        (When(start="L_T1 > 4", follow=True), [2, 3, 6, 7, 10, 11]),
        (When(start="L_T1 > 4", follow=True, delay=HOUR), [3, 7, 11]),
        (When(start="L_T1 > 4", follow=True, not_before=3 * HOUR), [3, 6, 7, 10, 11]),
        (When(start="L_T1 > 4", follow=True, ends=7 * HOUR), [2, 3, 6]),
        (When(start="L_T1 > 4", end="L_T1 < 2", once=False), [2, 3, 6, 7, 10, 11]),
        (When(start="L_T1 > 4", lasts=HOUR, once=False), [2, 6, 10]),
        (When(start="L_T1 < 4", lasts=HOUR, once=False), [0, 4, 8]),
        (When(start="t >= 1", lasts=2 * HOUR, once=False), [1, 2, 4, 5, 7, 8, 10, 11]),
        (When(start="t >= 1", lasts=HOUR, delay=HOUR, once=False, ends=9 * HOUR), [2, 5, 8]),
        (When(begins=3 * HOUR, end="L_T1 < 2"), [3]),
        (When(lasts=3 * HOUR, every=4 * HOUR, end="L_T1 > 4"), [0, 1, 4, 5, 8, 9]),
        (When(start="t >= 9.5"), [10, 11]),
        (When(start="L_T1 > 9"), []),
        (When(start="L_T1 > max_level(T1) - 2"), list(range(2, 12))),
    ],
)
def test_conditions_latch_follow_wait_end_and_come_back(when, expected):
    assert active_hours(when, WAVES) == expected


def test_nothing_acts_in_the_warmup():
    trigger = trigger_of(When())
    assert not trigger.update(-300.0, {})
    assert trigger.update(0.0, {})


@given(st.integers(0, 2**32), st.floats(0.5, 20), st.floats(0.5, 5), st.floats(0, 10))
def test_random_arrivals_are_drawn_by_their_own_seed_within_their_bounds(seed, gap, length, begin):
    random = Arrivals(
        gap=RandomDuration("exponential", (gap * HOUR,)),
        lasts=RandomDuration("uniform", (0.0, length * HOUR)),
    )
    when = When(begins=begin * HOUR, ends=200 * HOUR, random=random)
    rng = np.random.default_rng(seed)
    expected, at = set(), begin * HOUR
    while at < 200 * HOUR:
        at += rng.exponential(gap * HOUR)
        until = at + rng.uniform(0.0, length * HOUR)
        expected |= {h for h in range(200) if at <= h * HOUR < until}
        at = until
    assert active_hours(when, [1.0] * 300, trigger_of(when, seed)) == sorted(expected)


def test_draws_are_as_long_as_they_say():
    rng = np.random.default_rng(0)

    def mean(written):
        return np.mean([RandomDuration.read(written).sample(rng) for _ in range(4000)]) / HOUR

    assert mean("2 h") == 2
    assert mean({"exponential": "36 h"}) == pytest.approx(36, rel=0.06)
    assert mean({"uniform": ["1 h", "4 h"]}) == pytest.approx(2.5, rel=0.03)


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (When(start="L_T1 > 6.3"), "L_T1 > 6.3 never held before h 12: highest 5 "
         "at h 2.0"),
        (When(start="2 > L_T1 * 2"), "2 > L_T1 * 2 never held before h 12"),
        (When(start="L_T1 < 0", ends=9 * HOUR), "never held before h 9: lowest 1 at h 0.0"),
        (When(start="L_T1 != 5 and t == 2.5"), "!= 5: held at h 0.0; t == 2.5: nearest 2 at h "),
        (When(start="L_T1 > 4 and t < 2"), "(L_T1 > 4: held at h 2.0; t < 2: held at h 0.0)"),
        (When(start="not L_T1 < 7", not_before=3 * HOUR), "highest 5 at h 3.0"),
        (When(start="seen.L_T1 > 4"), "never held before h 12: never known"),
        (When(start="other.ended"), "other.ended never held before h 12"),
        (When(start="L_T1 / other.ended > 3"),
         "h 12; it divided by zero all the time: other.ended"),
        (When(start="t / (L_T1 - 5) > 99 or L_T1 / (t + 1) > 99"),
         "h 12; it divided by zero 50.0% of the time: (L_T1 - 5)"),
        (When(start="L_T1 > 4", not_before=20 * HOUR), "from h 20 on; the run ended at h 12"),
        (When(start="t >= 2", delay=30 * HOUR), "h 2, its delay lasted on; the run ended"),
        (When(start="t >= 2", end="t >= 1"), "was to begin at h 2, but t >= 1 held already"),
        (When(start="t >= 2", delay=30 * HOUR, ends=9 * HOUR), "its delay lasted on; to is h 9"),
        (When(begins=24 * HOUR), "it was set for h 24; the run ended at h 12"),
        (When(begins=5.2 * HOUR, lasts=1.0), "begin at h 5.2, but was over before the plant's"),
        (When(random=Arrivals(gap=RandomDuration("always", (90 * HOUR,)),
                              lasts=RandomDuration("always", (9.0,)))),
         "it was drawn for h 90; the run ended at h 12"),
    ],
)  # fmt: skip
def test_it_says_why_it_never_acted(when, why):
    trigger = trigger_of(when)
    rest = {"seen.L_T1": math.nan, "other.ended": 0.0}
    acted = [
        trigger.update(hour * HOUR, {"L_T1": level, "t": hour, **rest})
        for hour, level in enumerate(WAVES)
    ]
    assert not any(acted)
    assert why in trigger.why_not(12 * HOUR)


ARRIVALS = Arrivals(gap=RandomDuration("always", (HOUR,)), lasts=RandomDuration("always", (HOUR,)))


@pytest.mark.parametrize(
    ("fields", "says", "key"),
    [
        ({"begins": 5 * HOUR, "ends": 4 * HOUR}, "ends .4 h. before it starts .5 h.", "to"),
        ({"begins": 5 * HOUR, "ends": 5 * HOUR}, "before it starts", "to"),
        ({"start": "t > 1", "not_before": 5 * HOUR, "ends": 2 * HOUR}, "before it starts", "to"),
        ({"lasts": 0.0}, "no time", "for"),
        ({"delay": HOUR}, "belongs to a", "delay"),
        ({"not_before": HOUR}, "belongs to a", "not_before"),
        ({"follow": True}, "belongs to a", "follow"),
        ({"once": False, "lasts": HOUR}, "belongs to a", "once"),
        ({"start": "t > 1", "begins": HOUR}, "either from or start", "from"),
        ({"lasts": HOUR, "ends": HOUR}, "either to or for", "for"),
        ({"start": "t > 1", "follow": True, "end": "t > 2"}, "leave end out", "end"),
        ({"start": "t > 1", "follow": True, "lasts": HOUR}, "leave for out", "for"),
        ({"start": "t > 1", "follow": True, "once": False}, "leave once out", "once"),
        ({"start": "t > 1", "once": False}, "needs an end to come back from", "once"),
        ({"every": 2 * HOUR}, "shorter than it", "every"),
        ({"every": 2 * HOUR, "lasts": 2 * HOUR}, "shorter than it", "every"),
        ({"every": 2 * HOUR, "lasts": HOUR, "start": "t > 1"}, "once: false", "every"),
        ({"random": ARRIVALS, "start": "t > 1"}, "its own times", "random"),
        ({"random": ARRIVALS, "lasts": HOUR}, "its own times", "random"),
        ({"random": ARRIVALS, "every": HOUR}, "its own times", "random"),
    ],
)
def test_times_that_make_no_sense_together_are_refused(fields, says, key):
    with pytest.raises(InputError, match=says) as caught:
        When(**fields)
    assert caught.value.keys == (key,)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (3, "not a duration"),
        ("0 s", "too short"),
        ("3 parsec", "unknown unit"),
        ({"exponentia": "3 h"}, "did you mean exponential"),
        ({"exponential": ["3 h", "4 h"]}, "written like {exponential: 36 h}"),
        ({"exponential": "0 h"}, "too short"),
        ({"uniform": "3 h"}, "written like {uniform: "),
        ({"uniform": ["4 h", "1 h"]}, "the shorter first"),
        ({"uniform": ["4 h", "4 h"]}, "the shorter first"),
        ({}, "write one of 2 h"),
        ({"uniform": {"from": "1 h"}}, "write one of 2 h"),
    ],
)
def test_a_draw_that_cannot_be_is_explained(written, says):
    with pytest.raises(ValueError, match=says):
        RandomDuration.read(written)
