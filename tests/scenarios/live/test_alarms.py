"""The life of an alarm: delays, acknowledgement, return, shelving, journal."""

import csv
import io

import pytest

from scenarios.live.alarms import LONGEST_SHELF, AlarmList, Key, classes, journal_csv
from twin.errors import InputError
from twin.plants.equipment import LEVELS

HIGH, SLOW = Key("L_T1", "level.HH"), Key("PU1", "mismatch")


def states(alarms):
    return {alarm.key: alarm.state for alarm in alarms.standing()}


def test_it_is_raised_acknowledged_and_gone_once_over():
    alarms = AlarmList()
    alarms.see(0.0, {})
    alarms.see(300.0, {HIGH: "6.45 m"})
    assert states(alarms) == {HIGH: "unacknowledged"}
    alarms.acknowledge([HIGH], "ann")
    assert states(alarms) == {HIGH: "acknowledged"}
    alarms.see(600.0, {})
    assert states(alarms) == {}
    assert [line.what for line in alarms.lines()] == ["raised", "acknowledged", "returned"]


def test_one_that_is_over_stays_until_somebody_has_seen_it():
    alarms = AlarmList()
    alarms.see(0.0, {HIGH: ""})
    alarms.see(300.0, {})
    assert states(alarms) == {HIGH: "returned"}
    alarms.acknowledge([HIGH], "ann")
    assert states(alarms) == {}


def test_one_that_returns_and_comes_again_is_news():
    alarms = AlarmList()
    alarms.see(0.0, {HIGH: "first"})
    alarms.see(300.0, {})
    alarms.see(600.0, {HIGH: "second"})
    (alarm,) = alarms.standing()
    assert (alarm.raised, alarm.detail, alarm.state) == (600.0, "second", "unacknowledged")


def test_a_condition_must_hold_for_the_on_delay():
    delay = classes()[SLOW.kind].on_delay
    assert delay > 300.0
    alarms = AlarmList()
    alarms.see(0.0, {SLOW: ""})
    alarms.see(delay / 2, {})
    alarms.see(delay, {SLOW: ""})
    assert states(alarms) == {}
    alarms.see(2 * delay, {SLOW: ""})
    assert states(alarms) == {SLOW: "unacknowledged"}


def test_a_shelved_one_is_out_of_sight_and_comes_back_by_itself():
    alarms = AlarmList()
    alarms.see(0.0, {HIGH: ""})
    alarms.acknowledge([HIGH], "ann")
    alarms.shelve(HIGH, "ann", "the gauge is being cleaned", 900.0)
    assert states(alarms) == {}
    assert alarms.shelved()[HIGH].until == 900.0
    alarms.see(600.0, {HIGH: ""})
    assert states(alarms) == {}
    alarms.see(900.0, {HIGH: ""})
    assert states(alarms) == {HIGH: "unacknowledged"}
    assert alarms.lines()[-1].by == "time limit"


@pytest.mark.parametrize(
    ("reason", "seconds"), [("", 60.0), ("   ", 60.0), ("why", 0.0), ("why", LONGEST_SHELF + 1)]
)
def test_shelving_needs_a_reason_and_an_end(reason, seconds):
    alarms = AlarmList()
    alarms.see(0.0, {HIGH: ""})
    with pytest.raises(InputError):
        alarms.shelve(HIGH, "ann", reason, seconds)
    assert states(alarms) == {HIGH: "unacknowledged"}


def test_the_worst_unacknowledged_one_stands_first():
    alarms = AlarmList()
    bad = Key("L_T2", "level.L")
    alarms.see(0.0, {HIGH: "", bad: ""})
    alarms.acknowledge([HIGH], "ann")
    assert [alarm.key for alarm in alarms.standing()] == [bad, HIGH]


def test_alarms_are_counted_by_ten_minutes():
    alarms = AlarmList()
    for at in range(0, 1800, 60):
        alarms.see(float(at), {HIGH: ""} if at % 120 == 0 else {})
    assert alarms.rate() == [(0.0, 5), (600.0, 5), (1200.0, 5)]


def test_every_kind_has_a_priority_a_consequence_and_a_response():
    for quantity in ("level", "pressure", "flow"):
        for limit in LEVELS:
            assert f"{quantity}.{limit}" in classes()
    for kind in classes().values():
        assert kind.priority in (1, 2, 3)
        assert kind.consequence
        assert kind.response
        assert kind.on_delay >= 0.0 <= kind.off_delay


def test_the_journal_is_csv_that_no_spreadsheet_executes():
    alarms = AlarmList()
    alarms.see(0.0, {HIGH: "=1+1"})
    rows = list(csv.DictReader(io.StringIO(journal_csv(alarms.lines()))))
    assert rows[0]["detail"] == "'=1+1"
    assert rows[0]["source"] == "L_T1"
