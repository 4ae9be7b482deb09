from types import SimpleNamespace

import pandas as pd
import pytest

from scenarios.results.damage import Harm
from scenarios.results.incidents import AFTERMATH, incidents, stray_episodes

HOUR = 3600.0
DAY_AFTER = AFTERMATH / HOUR


def entry(*hours, name="one", incident="one", label="attack"):
    """Stand for an entry after a run, active in pairs of hours: what incidents look at."""
    spans = [(begin * HOUR, end * HOUR) for begin, end in hours]
    return SimpleNamespace(
        entry=SimpleNamespace(name=name, incident=incident, label=label),
        spans=spans,
        idle=False,
        why_not=lambda end: None if spans else f"it waits, and h {end / HOUR:g} was the end",
    )


def alarms(*hours):
    table = pd.DataFrame({"time": [h * HOUR for h in hours], "last": [h * HOUR for h in hours]})
    return table.set_index("time")


def happened(armed, raised, **damages):
    return incidents(armed, damages, raised, 100 * HOUR)


@pytest.mark.parametrize(
    ("hours", "delay", "false"),
    [
        ((), None, 0),
        ((10,), 0.0, 0),
        ((15, 17), 5.0, 0),
        ((9,), None, 1),
        ((9, 12), 2.0, 1),
        ((20,), None, 0),
        ((20 + DAY_AFTER,), None, 1),
        ((0, 5, 19, 60), 9.0, 3),
    ],
)
def test_only_an_alarm_raised_during_an_attack_detects_it(hours, delay, false):
    raised, armed = alarms(*hours), [entry((10, 20))]
    (found,) = happened(armed, raised)
    assert found.detected is (delay is not None)
    assert found.delay_h == delay
    assert stray_episodes(armed, raised) == (0, false)


def test_an_alarm_that_is_always_on_detects_nothing():
    raised = alarms(0)
    raised["last"] = 100 * HOUR
    armed = [entry((10, 20))]
    (found,) = happened(armed, raised)
    assert (found.detected, found.alarm_since_h) == (False, 0)
    assert stray_episodes(armed, raised) == (0, 1)


def test_between_its_occurrences_an_attack_is_not_detected():
    armed = [entry((10, 20), (60, 70)), entry((15, 22), name="mask")]
    (found,) = happened(armed, alarms(30, 50))
    assert (found.start_h, found.end_h, found.detected) == (10, 70, False)
    assert found.spans_h == ((10, 22), (60, 70))
    assert stray_episodes(armed, alarms(30, 50)) == (0, 1)
    assert happened(armed, alarms(30, 61))[0].delay_h == 51


def test_an_alarm_between_two_bursts_less_than_a_day_apart_detects_the_incident():
    armed = [entry((10, 12), (14, 16), (60, 70))]
    (found,) = happened(armed, alarms(13))
    assert (found.detected, found.delay_h, found.alarm_since_h) == (True, 3, None)


@pytest.mark.parametrize(
    ("hours", "faults", "false"),
    [((50,), 1, 0), ((60 + DAY_AFTER,), 0, 1), ((45,), 1, 0), ((15,), 0, 0), ((5, 50), 1, 1)],
)
def test_a_fault_is_no_attack_and_its_alarms_are_counted_apart(hours, faults, false):
    armed = [entry((10, 20)), entry((45, 60), name="leak", incident="leak", label="fault")]
    assert [one.name for one in happened(armed, alarms(*hours))] == ["one"]
    assert stray_episodes(armed, alarms(*hours)) == (faults, false)


def test_what_never_began_is_told_with_its_reason():
    armed = [entry((10, 20)), entry(name="mask"), entry(name="late", incident="two")]
    first, second = happened(armed, alarms())
    why = "it waits, and h 100 was the end"
    assert (first.never_began, first.start_h) == ({"mask": why}, 10)
    assert (second.never_began, second.start_h, second.detected) == ({"late": why}, None, None)


@pytest.mark.parametrize(
    ("episode", "since"), [((9, 9), None), ((9, 12), 9), ((15, 65), None), ((30, 65), 30)]
)
def test_an_alarm_that_was_on_before_is_told_as_such(episode, since):
    raised = alarms(episode[0])
    raised["last"] = episode[1] * HOUR
    (found,) = happened([entry((10, 20), (60, 70))], raised)
    assert found.alarm_since_h == since


def test_each_incident_is_noticed_before_its_own_damage_or_after_it():
    armed = [entry((10, 20)), entry((30, 40), name="b", incident="two")]
    armed.append(entry((50, 60), name="c", incident="three"))
    spilled = {"overflow_m3": Harm(since_h=12.0, most=5.0)}
    worn = {"pump_starts": Harm(35.0, 30.0), "empty_tank_h": Harm(31.0, 2.0)}
    one, two, three = happened(armed, alarms(11, 33, 55), one=spilled, two=worn)
    assert (one.damage, one.damage_h, one.before_damage) == (spilled, 12, True)
    assert (two.damage_h, two.before_damage) == (31, False)
    assert (three.damage, three.damage_h, three.before_damage) == (None, None, None)
    (unwatched,) = happened([entry((10, 20))], None, one=spilled)
    assert (unwatched.damage_h, unwatched.before_damage) == (12, None)
