"""What answers for a PLC that is down, and what then has nothing to change."""

import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.account import account

CRASH = {"name": "stop", "on": "plc:PLC3", "do": {"crash": {}}, "when": {"from": "3 h"}}
LINK = {"name": "answer", "on": "link:PLC3->SCADA", "incident": "stop", "when": {"from": "3 h"}}
ANSWERS = [
    {"replay": {"window": "2 h"}},
    {"replay": {"shift": "2 h"}},
    {"freeze": {}},
    {"constant": {"value": 1.0}},
    {"zero": {}},
    {"covert": {}},
    {"bias": {"threshold": 0.1}},
    {"surge": {"threshold": 0.1, "to": 1.0}},
]


def run(do, *, answer_first=False, **more):
    entries = [CRASH, LINK | {"do": do} | more]
    data = {"name": "x", "duration": "6 h", "warmup": "12 h"}
    data["attacks"] = entries[::-1] if answer_first else entries
    return scenarios.run(from_data(data), watch=False, pair=False)


@pytest.mark.parametrize("do", ANSWERS, ids=lambda do: next(iter(do)))
def test_an_attacker_answers_for_a_dead_plc(do):
    made = run(do)
    assert (made.quality.loc[3 * 3600.0 :] == 0).all(axis=None)  # as if it were alive
    assert made.incidents[0].idle == {}
    tags = made.spec.plcs["PLC3"].sensors
    assert made.scada[list(tags)].loc[3 * 3600.0 :].notna().all(axis=None)


def test_a_replay_shows_what_passed_before_whatever_the_order_in_the_file():
    made = run({"replay": {"window": "3 h"}}, answer_first=True)
    shown, before = (
        made.scada["L_T2"].loc[a * 3600.0 : b * 3600.0 - 1] for a, b in ((3, 6), (0, 3))
    )
    assert shown.tolist() == before.tolist()
    altered = made.labels[(made.labels["entry"] == "answer") & made.labels["active"]]["altered"]
    assert altered.map(lambda tags: "L_T2" in tags).mean() > 0.9


def test_a_wire_answers_for_a_sensor_that_is_silent():
    lost = {"name": "lost", "on": "sensor:L_T1", "do": {"drop": {}}, "when": {"from": "1 h"}}
    lie = {"on": "link:T1->PLC2", "do": {"constant": {"value": 2.0}}, "when": {"from": "1 h"}}
    data = {"name": "x", "duration": "3 h", "warmup": "0 h", "attacks": [lost, lie]}
    made = scenarios.run(from_data(data), watch=False, pair=False)
    assert (made.scada["L_T1"].loc[3600.0:] == 2.0).all()


def test_a_forced_command_reaches_a_drive_whose_own_is_blocked():
    blocked = {"on": "actuator:PU2", "do": {"block": {}}}
    forced = {"on": "actuator:PU2", "do": {"force": {"to": "open"}}}
    data = {"name": "x", "duration": "2 h", "warmup": "12 h", "attacks": [blocked, forced]}
    made = scenarios.run(from_data(data), watch=False, pair=False)
    assert (made.truth["S_PU2"].iloc[1:] == 1).all()


def test_what_has_nothing_to_change_says_so():
    made = run({"offset": {"by": 1.0}})
    why = "nothing came to link:PLC3->SCADA that it could have changed"
    assert made.incidents[0].idle == {"answer": why}
    assert f"attack answer changed nothing while it was active: {why}" in made.notes
    told = next(section.lines for section in account(made) if section.title == "The attack")
    assert f"    changed nothing while it was active: {why}" in told
    assert made.summary()["attacks"][0]["idle"] == {"answer": why}


@pytest.mark.parametrize("on", ["sensor:L_T2", "link:T2->PLC3", "link:PLC4->PLC3", "plc:PLC3"])
def test_what_a_dead_plc_would_read_is_not_altered(on):
    crash = CRASH | {"when": {"from": "1 h"}}
    lie = {"name": "lie", "on": on, "do": {"replay": {"window": "2 h"}}, "when": {"from": "2 h"}}
    data = {"name": "x", "duration": "4 h", "warmup": "12 h", "attacks": [crash, lie]}
    made = scenarios.run(from_data(data), watch=False, pair=False)
    assert not made.labels[made.labels["entry"] == "lie"]["altered"].map(len).any()
    (why,) = (incident.idle["lie"] for incident in made.incidents if incident.idle)
    assert why == f"the PLC that reads what passes {on} was down"


def test_what_shows_the_truth_changed_nothing_either():
    clip = {"on": "link:PLC2->SCADA", "do": {"clip": {"above": 6.8}}}
    data = {"name": "x", "duration": "2 h", "warmup": "0 h", "attacks": [clip]}
    made = scenarios.run(from_data(data), watch=False, pair=False)
    (why,) = made.incidents[0].idle.values()
    assert why == "all that passed there was already as it would have made it"
