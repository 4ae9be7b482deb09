"""Attacks on a PLC's rules."""

import pytest
from ruamel.yaml import YAML

from attacks.build import build
from scenarios.definition.schema import from_data, to_yaml
from tests.attacks.beds import HOUR, armed_run
from twin.control.orders import Order
from twin.errors import InputError


def entry(do, on="plc:PLC3", **when):
    when = {"from": "6 h", "for": "6 h"} | when
    return from_data({"name": "x", "attacks": [{"on": on, "do": do, "when": when}]}).attacks[0]


def rules_of(run, plc, actuator):
    found = run.bed.plcs[plc].rules
    return [(r.when.text, r.command) for r in found if r.actuator == actuator]


def setpoint(low, high, **more):
    return {"setpoint": {"actuators": ["PU4"], "opens_below": low, "closes_above": high} | more}


OWN = [("L_T3 < 3.0", 1.0), ("L_T3 > 5.3", 0.0)]


def test_a_setpoint_that_is_not_restored_stays():
    run = armed_run([entry(setpoint(3.9, 4.1, restore=False))], hours=24)
    assert rules_of(run, "PLC3", "PU4") == [("L_T3 < 3.9", 1.0), ("L_T3 > 4.1", 0.0)]
    assert run.truth["L_T3"].loc[13 * HOUR :].between(3.5, 4.5).all()


def test_what_stays_gives_way_to_the_operators_next_setpoint_only():
    orders = [Order(14 * HOUR, {"SP_PU4_open": 3.2})]
    run = armed_run([entry(setpoint(3.9, 4.1, restore=False))], hours=16, orders=orders)
    assert rules_of(run, "PLC3", "PU4") == [("L_T3 < 3.2", 1.0), ("L_T3 > 4.1", 0.0)]


def test_what_the_operator_writes_meanwhile_holds_afterwards():
    orders = [Order(8 * HOUR, {"SP_PU4_closed": 5.0})]
    run = armed_run([entry(setpoint(3.9, 4.1))], hours=14, orders=orders)
    assert rules_of(run, "PLC3", "PU4") == [("L_T3 < 3.0", 1.0), ("L_T3 > 5.0", 0.0)]


def test_changes_that_overlap_are_taken_back_each_by_itself():
    first = entry(setpoint(3.9, 4.1), **{"for": "4 h"})
    second = entry({"disable": {"actuators": ["PU6"]}}, **{"from": "7 h"})
    run = armed_run([first, second], hours=11)
    assert rules_of(run, "PLC3", "PU4") == OWN
    assert rules_of(run, "PLC3", "PU6") == []
    run = armed_run([first, second], hours=14)
    assert run.bed.plcs["PLC3"].rules == run.bed.plcs["PLC3"].spec.rules


def test_rewritten_rules_replace_those_of_their_actuators_only():
    lines = [{"when": "L_T3 < 4.0", "PU4": "closed"}, {"when": "L_T3 > 4.2", "PU4": 0.95}]
    run = armed_run([entry({"rewrite": {"rules": lines}})], hours=14)
    during = run.truth.loc[6.25 * HOUR : 12 * HOUR - 1]
    assert (during["S_PU4"][during["L_T3"] < 3.9] == 0).all()
    assert (during["S_PU4"][during["L_T3"] > 4.5] == 1).all()
    assert run.bed.plcs["PLC3"].rules == run.bed.plcs["PLC3"].spec.rules
    kept = armed_run([entry({"rewrite": {"rules": lines, "restore": False}})], hours=13)
    assert rules_of(kept, "PLC3", "PU4") == [("L_T3 < 4.0", 0.0), ("L_T3 > 4.2", 0.95)]
    assert rules_of(kept, "PLC3", "PU5") == [("L_T3 < 1.0", 1.0), ("L_T3 > 3.5", 0.0)]


def test_an_added_rule_overrules_and_may_go_by_the_clock():
    bomb = {"rules": [{"when": "8 <= hour < 10", "PU2": "closed", "PU3": "open"}], "add": True}
    run = armed_run([entry({"rewrite": bomb}, on="plc:PLC1")], hours=14)
    during = run.truth.loc[8 * HOUR : 10 * HOUR - 1]
    assert (during["S_PU2"] == 0).all()
    assert (during["S_PU3"] == 1).all()
    assert (run.truth["S_PU3"].loc[: 8 * HOUR - 1] == 0).all()
    assert (run.truth["S_PU3"].loc[10 * HOUR :] == 1).all()  # no rule of PLC1's closes it


def test_without_its_rules_an_actuator_stays_as_it_is():
    usual = armed_run([], hours=24)
    run = armed_run([entry({"disable": {"actuators": ["PU4"]}}, **{"for": "18 h"})], hours=24)
    assert usual.truth["S_PU4"].loc[6 * HOUR :].nunique() == 2
    assert run.truth["S_PU4"].loc[6 * HOUR :].nunique() == 1
    assert run.truth["S_PU7"].loc[6 * HOUR :].nunique() == 2


@pytest.mark.parametrize(
    ("do", "says", "keys"),
    [
        ({"rewrite": {"rules": [{"when": "L_T7 < 4", "PU4": 1}]}}, "unknown name 'L_T7'",
         ("rules", 0, "when")),
        ({"rewrite": {"rules": [{"when": "L_T3 < 4", "PU1": 1}]}}, "unknown name 'PU1'",
         ("rules", 0, "PU1")),
        ({"rewrite": {"rules": [{"when": "t > 1", "PU4": "ajar"}]}}, "open, closed or a number",
         ("rules", 0, "PU4")),
        ({"rewrite": {"rules": [{"PU4": "open"}]}}, "needs `when:`", ("rules", 0)),
        ({"disable": {"actuators": ["PU4", "PU1"]}}, "no rule for 'PU1'", ("actuators", 1)),
        ({"setpoint": {"actuators": ["V3"], "opens_below": 1, "closes_above": 2}},
         "no level rule for 'V3'", ("actuators", 0)),
    ],
)  # fmt: skip
def test_what_the_plc_does_not_know_is_named(do, says, keys):
    with pytest.raises(InputError, match=says) as caught:
        armed_run([entry(do)], hours=1)
    assert caught.value.keys == ("attacks", 0, "do", next(iter(do)), *keys)


def test_no_rules_at_all_is_refused():
    with pytest.raises(InputError, match="disable"):
        build({"rewrite": {"rules": []}})


def test_written_and_read_back_it_is_the_same():
    do = {"rewrite": {"rules": [{"when": "L_T3 < 4", "PU4": "open", "PU5": 0.9}], "add": True}}
    scenario = from_data({"name": "x", "attacks": [{"on": "plc:PLC3", "do": do}]})
    again = from_data(YAML(typ="safe").load(to_yaml(scenario)))
    assert again.attacks == scenario.attacks
