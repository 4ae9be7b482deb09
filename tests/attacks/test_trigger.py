import pytest
from hypothesis import given
from hypothesis import strategies as st

from attacks.trigger import Trigger, When
from twin.errors import InputError

HOUR = 3600.0


def active_hours(when, levels):
    """Return at which hours a trigger is active, given L_T1 by hour."""
    trigger = Trigger(when, ["L_T1", "t"])
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


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (When(), list(range(12))),
        (When(start="L_T1 > 4"), list(range(2, 12))),
        (When(start="L_T1 > 4", lasts=3 * HOUR), [2, 3, 4]),
        (When(start="L_T1 > 4", not_before=5 * HOUR), list(range(6, 12))),
        (When(start="L_T1 > 4", delay=2 * HOUR, lasts=2 * HOUR), [4, 5]),
        (When(start="L_T1 > 4", end="L_T1 < 2"), [2, 3]),
        (When(start="L_T1 > 4", follow=True), [2, 3, 6, 7, 10, 11]),
        (When(start="L_T1 > 4", follow=True, ends=7 * HOUR), [2, 3, 6]),
        (When(begins=3 * HOUR, end="L_T1 < 2"), [3]),
        (When(start="t >= 9.5"), [10, 11]),
        (When(start="L_T1 > 9"), []),
    ],
)
def test_conditions_latch_follow_wait_and_end(when, expected):
    assert active_hours(when, WAVES) == expected


def test_nothing_acts_in_the_warmup():
    trigger = Trigger(When(), ["t"])
    assert not trigger.update(-300.0, {"t": -1 / 12})
    assert trigger.update(0.0, {"t": 0.0})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"begins": 5 * HOUR, "ends": 4 * HOUR}, "ends .4 h. before it starts .5 h."),
        ({"begins": 5 * HOUR, "ends": 5 * HOUR}, "before it starts"),
        ({"start": "t > 1", "not_before": 5 * HOUR, "ends": 2 * HOUR}, "before it starts"),
        ({"lasts": 0.0}, "no time"),
        ({"delay": HOUR}, "belong to a"),
        ({"start": "t > 1", "begins": HOUR}, "either from or start"),
    ],
)
def test_times_that_make_no_sense_are_refused(fields, says):
    with pytest.raises(InputError, match=says):
        When(**fields)
