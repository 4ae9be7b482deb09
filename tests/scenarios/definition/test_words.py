"""Entries and orders in words: every value with its unit, no number where a word says it."""

import pytest

from scenarios.definition.schema import from_data
from scenarios.definition.words import entries_in_words, joined, order_in_words


@pytest.mark.parametrize(
    ("on", "do", "said"),
    [
        ("actuator:PU3", {"force": {"to": "open"}}, "force (to open)"),
        ("actuator:V2", {"force": {"to": 0.0}}, "force (to closed)"),
        ("actuator:PU7", {"force": {"to": 0.7}}, "force (to 0.7 of its speed)"),
        ("plant:V2", {"fail": {"to": "stuck"}}, "fail (to stuck)"),
        ("sensor:L_T1", {"offset": {"by": 0.5}}, "offset (by 0.5 m)"),
        ("link:T2->PLC3", {"constant": {"value": 5.8}}, "constant (value 5.8 m)"),
        ("link:PLC4->PLC3", {"noise": {"std": 0.1}}, "noise (std 0.1 m)"),
        ("link:PLC2->SCADA", {"ramp": {"rate": 0.1}}, "ramp (rate 0.1 m an hour)"),
        ("link:PLC1->SCADA", {"offset": {"by": 1.0}}, "offset (by 1 in each one's unit)"),
        ("link:PLC2->SCADA", {"polyline": {"points": [["0 h", 0.0], ["20 h", -0.5]]}},
         "polyline (points 0 m after 0 s and -0.5 m after 20 h)"),
        ("plc:PLC5", {"setpoint": {"actuators": ["PU10"], "opens_below": 3, "closes_above": 3.1}},
         "setpoint (actuators PU10, opens below 3 m, closes above 3.1 m)"),
        ("link:SCADA->PLC5", {"spoof": {"write": {"SP_PU10_open": 3.0, "PU9": 1, "PU8": "auto"}}},
         "spoof (write SP_PU10_open 3 m, PU9 open, PU8 auto)"),
        ("plc:PLC5", {"rewrite": {"rules": [{"when": "L_T7 < 4", "PU10": "closed"}]}},
         "rewrite (rules PU10 closed when L_T7 < 4)"),
    ],
)  # fmt: skip
def test_a_field_is_said_with_its_unit(on, do, said):
    scenario = from_data({"name": "x", "attacks": [{"on": on, "do": do}]})
    (words,) = entries_in_words(scenario.attacks, scenario.plant_spec())
    assert words == f"attack-1: {said} on {on}, the whole run"


@pytest.mark.parametrize(
    ("on", "tags", "said"),
    [
        ("link:PLC1->SCADA", ["S_PU1", "S_PU2"], "open"),
        ("link:PLC1->SCADA", ["F_PU1"], "1 L/s"),
        ("link:SCADA->PLC5", ["SP_PU10_open", "SP_PU11_open"], "1 m"),
    ],
)
def test_a_value_is_said_in_the_unit_of_the_tags_it_stands_for(on, tags, said):
    attack = {"on": on, "tags": tags, "do": {"constant": {"value": 1.0}}}
    scenario = from_data({"name": "x", "attacks": [attack]})
    (words,) = entries_in_words(scenario.attacks, scenario.plant_spec())
    assert f"constant (value {said}) on" in words


def test_an_order_is_said_as_it_would_be_spoken():
    orders = [
        {"at": "1 h", "write": {"SP_PU10_open": 3.0, "PU3": "open", "PU1": 0.9, "PU2": "auto"}}
    ]
    scenario = from_data({"name": "x", "operator": orders})
    said = order_in_words(scenario.operator[0], scenario.plant_spec())
    assert said == "SP_PU10_open 3 m, PU3 open, PU1 0.9 of its speed, PU2 auto"


def test_a_list_reads_as_one():
    assert [joined("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
