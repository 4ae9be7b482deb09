"""What is done by hand while a session goes on, and the same run again from its scenario."""

import math

import pytest
from ruamel.yaml import YAML

import scenarios
from attacks.build import build
from attacks.entries.entry import Entry
from scenarios.definition.schema import from_data, to_yaml
from scenarios.simulation.session import Session
from twin.errors import InputError

HOUR = 3600.0
TABLES = ("truth", "plc", "scada", "quality", "labels", "limits", "events")
WARM = {"name": "x", "warmup": "1 h", "detector": None}


def opened(duration="12 h", **keys):
    return Session.open(from_data(WARM | {"duration": duration} | keys))


def again(run):
    return scenarios.run(from_data(YAML().load(to_yaml(run.scenario))))


def entry(name, on, **do):
    return Entry(name=name, on=on, do=build(do), incident="hand")


def test_a_session_is_a_scenario_byte_for_byte():
    with opened() as session:
        session.advance(2 * HOUR + 37)
        session.operate({"PU3": 1.0}, by="operate")
        session.write_external("PLC5", {"PU8": 1.0}, peer="127.0.0.1:5555", protocol="modbus")
        session.advance(4 * HOUR + 11)
        session.launch(entry("replay", "link:PLC2->SCADA", replay={"shift": "1 h"}))
        session.launch(entry("freeze", "link:PLC9->SCADA", freeze={}))
        session.advance(6 * HOUR + 1)
        back = {"PU8": math.nan, "SP_PU10_open": 3.0}
        session.write_external("PLC5", back, peer="127.0.0.1:5556", protocol="modbus")
        session.stop("freeze")
        session.advance(12 * HOUR)
        run = session.conclude()
    repeated = again(run)
    for table in TABLES:
        assert getattr(run, table).equals(getattr(repeated, table)), table
    assert repeated.damage == run.damage
    entries = {one.name: one for one in run.scenario.attacks}
    assert list(entries) == ["external-1", "replay", "freeze"]
    assert entries["freeze"].when.ends == 6 * HOUR + 1
    assert list(entries["external-1"].do.writes) == [f"{2 * 3600 + 37} s", "21601 s"]
    assert entries["external-1"].do.peer == "127.0.0.1"


@pytest.mark.parametrize(("left", "end"), [(4 * HOUR + 11, 4 * HOUR + 300), (HOUR / 4, HOUR)])
def test_a_session_that_is_left_early_is_a_scenario_that_ends_there(left, end):
    with opened() as session:
        session.advance(37)
        session.operate({"PU3": 1.0}, by="operate")
        session.launch(entry("late", "link:PLC2->SCADA", freeze={}))
        session.advance(left)
        session.end_here()
        run = session.conclude()
    assert (run.status, run.scenario.duration) == ("interrupted", end)
    repeated = again(run)
    assert repeated.status == "done"
    for table in TABLES:
        assert getattr(run, table).equals(getattr(repeated, table)), table


def test_a_write_from_outside_takes_effect_and_is_told():
    with opened("6 h") as session:
        session.advance(HOUR)
        session.write_external("PLC1", {"PU3": 1.0}, peer="10.0.0.9:40000", protocol="modbus")
        session.advance(6 * HOUR)
        run = session.conclude()
    assert run.truth.loc[HOUR - 300, "S_PU3"] == 0
    assert (run.truth.loc[HOUR + 900 :, "S_PU3"] == 1).all()
    assert (run.paired["S_PU3"] == 0).all()
    said = run.events[run.events["source"] == "external 10.0.0.9"]["what"]
    assert list(said) == ["PU3 of PLC1 set to open by modbus"]
    assert set(run.labels.loc[run.labels["active"], "entry"]) == {"external-1"}


def test_the_last_to_write_counts():
    with opened("6 h") as session:
        session.advance(HOUR)
        session.write_external("PLC1", {"PU3": 1.0}, peer="10.0.0.9:1", protocol="modbus")
        session.advance(2 * HOUR)
        session.operate({"PU9": 1.0})  # another order: the client's stands
        session.advance(3 * HOUR)
        assert session.testbed.plcs["PLC1"].coils["PU3"] == 1
        session.operate({"PU3": math.nan})  # the order that stood in SCADA all the time, anew
        session.operate({"PU3": 0.0})
        session.advance(6 * HOUR)
        run = session.conclude()
    assert run.truth["S_PU3"].iloc[-1] == 0


def test_an_order_that_does_not_arrive_ends_no_write():
    cut = {"on": "link:SCADA->PLC1", "do": {"drop": {}}}
    with opened("4 h", attacks=[cut]) as session:
        session.advance(HOUR)
        session.write_external("PLC1", {"PU3": 1.0}, peer="10.0.0.9:1", protocol="opcua")
        session.advance(2 * HOUR)
        session.operate({"PU3": 0.0})
        session.advance(4 * HOUR)
        assert session.testbed.plcs["PLC1"].coils["PU3"] == 1


def test_the_operator_takes_back_what_was_written_by_the_order_that_stood_before():
    with opened("4 h") as session:
        session.advance(HOUR)
        session.write_external("PLC1", {"PU1": 1.0}, peer="10.0.0.9:1", protocol="modbus")
        session.advance(2 * HOUR)
        assert session.testbed.plcs["PLC1"].present_orders()["PU1"] == 1
        session.operate({"PU1": math.nan})
        session.advance(3 * HOUR)
        assert math.isnan(session.testbed.plcs["PLC1"].present_orders()["PU1"])


def test_what_cannot_be_done_by_hand_is_said():
    with opened("2 h") as session:
        session.advance(HOUR)
        with pytest.raises(InputError, match="no PLC takes 'PU33': did you mean PU3"):
            session.operate({"PU33": 1.0})
        with pytest.raises(InputError, match="PLC1 takes no 'PU8'"):
            session.write_external("PLC1", {"PU8": 1.0}, peer="x", protocol="modbus")
        with pytest.raises(InputError, match="no entry is called 'nobody'"):
            session.stop("nobody")
        session.launch(entry("mine", "sensor:L_T1", freeze={}))
        with pytest.raises(InputError, match="called 'mine' already"):
            session.launch(entry("mine", "sensor:L_T2", freeze={}))
        with pytest.raises(InputError, match="does not act"):
            session.stop("mine")


ANSWER = {"when": "seen.L_T1 > 4.2 and t > 1", "delay": "10 min", "write": {"PU3": "open"}}


def test_an_answer_acts_in_the_run_and_not_in_its_pair():
    attack = {"on": "sensor:L_T1", "do": {"constant": {"value": 5.0}}, "when": {"from": "3 h"}}
    answer = {"when": "seen.L_T1 > 4.9", "delay": "10 min", "write": {"PU3": "open"}}
    data = WARM | {"duration": "6 h", "attacks": [attack], "operator": [answer]}
    run = scenarios.run(from_data(data))
    begin = 3 * HOUR + 600
    assert (run.truth.loc[: begin - 1, "S_PU3"] == 0).all()
    assert (run.truth.loc[begin + 900 :, "S_PU3"] == 1).all()
    assert (run.paired["S_PU3"] == 0).all()
    ((at, words),) = run.written.items()
    assert words == "PU3 set to open (seen.L_T1 > 4.9)"
    assert begin <= at <= begin + 300  # SCADA polls every 5 minutes


def test_answers_are_read_and_written_back():
    scenario = from_data(WARM | {"duration": "2 h", "operator": [ANSWER]})
    assert from_data(YAML().load(to_yaml(scenario))).answers == scenario.answers
    (answer,) = scenario.answers
    assert (answer.delay, answer.values) == (600.0, {"PU3": 1.0})


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"write": {"PU3": "open"}}, "give either at, a time, or when"),
        (ANSWER | {"at": "1 h"}, "give either at, a time, or when"),
        ({"at": "1 h", "delay": "1 h", "write": {"PU3": "open"}}, "delay belongs to a `when:`"),
        (ANSWER | {"when": "L_T1 > 4"}, "write seen.L_T1: SCADA shows it"),
        (ANSWER | {"when": "alarm(L_T1.HHH)"}, "unknown"),
        (ANSWER | {"write": {"PU33": "open"}}, "did you mean PU3"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(order, words):
    with pytest.raises(InputError, match=words):
        Session.open(from_data(WARM | {"duration": "2 h", "operator": [order]}))


def test_alarms_of_scada_and_of_the_detector_are_answered():
    limits = {"alarms": {"L_T1": {"H": 3.0}}}
    answer = {"when": "alarm(L_T1.H) and not detector.alarm", "write": {"PU3": "open"}}
    run = scenarios.run(
        from_data(WARM | {"duration": "2 h", "control": limits, "operator": [answer]})
    )
    assert "PU3 set to open (alarm(L_T1.H) and not detector.alarm)" in run.written.values()
