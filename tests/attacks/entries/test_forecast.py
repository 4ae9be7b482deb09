"""What can be said before a run of when its entries act."""

import pytest

from attacks.entries.forecast import forecasts
from scenarios.definition.check import armed
from scenarios.definition.schema import from_data

DROP = {"on": "sensor:L_T1", "do": {"drop": {}}}


def looked_ahead(*whens, duration="3 d", **more):
    """Return the forecasts of entries a, b, c … with these `when`s."""
    entries = [{"name": "abcdef"[i], **DROP, "when": when} for i, when in enumerate(whens)]
    scenario = from_data({"name": "x", "attacks": entries, "duration": duration, **more})
    with armed(scenario) as (bed, found):
        return forecasts(found, bed, scenario.duration)


@pytest.mark.parametrize(
    ("when", "why", "key"),
    [
        ({"from": "80 h"}, "it is set for 80 h, and the run ends at 3 d", "from"),
        ({"from": "72 h"}, "it is set for 3 d, and the run ends at 3 d", "from"),
        ({"start": "L_T1 > 6.6"}, "never holds: L_T1 goes from 0 to 6.5", "start"),
        ({"start": "L_T1 > max_level(T1) + 1"}, "L_T1 goes from 0 to 6.5", "start"),
        ({"start": "L_T1 < min_level(T1) - 1"}, "L_T1 goes from 0 to 6.5", "start"),
        ({"start": "S_PU1 > 1"}, "S_PU1 goes from 0 to 1", "start"),
        ({"start": "t >= 72"}, "t goes from 0 to 72", "start"),
        ({"start": "F_PU1 / 0 > 1"}, "`F_PU1 / 0 > 1` never holds: it divides by zero: 0", "start"),
        ({"start": "L_T1 / (min_level(T1) * t) > 1"},
         "L_T1 goes from 0 to 6.5, t goes from 0 to 72 and stays below it, it divides by zero: "
         "(min_level(T1) * t)", "start"),
        ({"start": "hour >= 24"}, "hour goes from 0 to 24 and stays below it", "start"),
        ({"start": "weekday == 5 and L_T1 < 4"}, "weekday is 0 to 2", "start"),
        ({"start": "weekday == 7"}, "weekday is 0 to 2", "start"),
        ({"start": "hour > 22 and hour < 4"}, "never holds", "start"),
        ({"start": "t > 30", "to": "20 h"}, "t goes from 0 to 20", "start"),
        ({"start": "t > 1", "not_before": "72 h"}, "looked at from 3 d on", "not_before"),
        ({"start": "t > 60", "delay": "12 h"}, "holds at 60 h at the earliest", "delay"),
        ({"from": "20 h", "end": "t > 5"}, "`t > 5` holds already", "end"),
        ({"start": "L_T1 > 4", "end": "L_T1 > 3"}, "holds whenever `L_T1 > 4` does", "end"),
        ({"random": {"gap": "80 h", "for": "1 h"}}, "drawn for 80 h with this seed", "random"),
    ],
)  # fmt: skip
def test_what_can_never_act_is_said_and_why(when, why, key):
    (found,) = looked_ahead(when)
    assert found.never
    assert why in found.why
    assert found.keys == ("when", key)


@pytest.mark.parametrize(
    ("when", "hour"),
    [
        ({}, 0),
        ({"from": "71 h"}, 71),
        ({"from": "71 h", "end": "t > 72"}, 71),
        ({"from": "2 h", "for": "1 h", "every": "24 h", "end": "t < 20"}, 26),
        ({"start": "L_T1 < 2"}, 0),
        ({"start": "L_T1 >= 6.5"}, 0),
        ({"start": "L_T1 > 4", "end": "L_T1 > 4.5"}, 0),
        ({"start": "L_T1 > 4", "end": "L_T2 >= 0"}, 0),
        ({"start": "seen.L_T1 > 100", "not_before": "9 h"}, 9),
        ({"start": "F_PU1 > 1e9", "delay": "3 h"}, 3),
        ({"start": "t > 71.9"}, 71.9),
        ({"start": "hour >= 8"}, 8),
        ({"start": "hour == 8 or t == 8.05"}, 8),
        ({"start": "hour - 8 >= 0"}, 8),
        ({"start": "hour < 1", "not_before": "5 h"}, 24),
        ({"start": "weekday == 1"}, 24),
        ({"start": "hour > 22 or L_T1 < -1"}, 22),
        ({"start": "hour > 22 or hour < 4", "not_before": "30 h"}, 46),
        ({"start": "weekday == 2 and hour >= 13"}, 61),
        ({"start": "t / (L_T1 - 1) > 1"}, 0),
        ({"start": "not L_T1 < 2"}, 0),
    ],
)
def test_what_may_act_has_its_earliest_hour(when, hour):
    (found,) = looked_ahead(when)
    assert found.why == ""
    assert (found.begins + found.wait) / 3600 == pytest.approx(hour, abs=0.001)


def test_what_only_rounding_lets_hold_is_said_and_not_excluded():
    (found,) = looked_ahead({"start": "L_T1 > max_level(T1)"})
    assert not found.never
    assert "only by rounding holds" in found.why


def test_entries_that_wait_for_others_begin_after_them():
    found = looked_ahead(
        {"start": "b.ended", "delay": "1 h"},
        {"start": "c.active", "for": "2 h"},
        {"from": "10 h", "for": "5 h"},
        {"start": "c.ended"},
    )
    assert [one.begins / 3600 for one in found] == [13, 10, 10, 15]
    assert [one.why for one in found] == [""] * 4


def test_what_follows_one_drawn_at_random_begins_with_it():
    drawn, follows = looked_ahead(
        {"random": {"gap": {"exponential": "12 h"}, "for": "1 h"}},
        {"start": "a.active", "follow": True},
    )
    assert drawn.begins % 300
    assert follows.begins == drawn.begins


def test_what_waits_for_what_cannot_act_cannot_act():
    found = looked_ahead(
        {"start": "b.active"},
        {"start": "a.active"},
        {"from": "90 h"},
        {"start": "c.ended or c.active"},
        {"start": "not c.active"},
        {},
    )
    assert [one.never for one in found] == [True, True, True, True, False, False]
    assert "b.active is always 0" in found[0].why


def test_what_never_ends_is_never_over():
    _, waiting = looked_ahead({"from": "5 h"}, {"start": "a.ended"})
    assert waiting.never


def test_the_days_of_a_run_from_saturday_on_are_known():
    found = looked_ahead({"start": "weekday == 0"}, {"start": "weekday == 2"}, start="2026-01-10")
    assert [one.never for one in found] == [False, True]
    assert found[0].begins == 48 * 3600
