"""Warnings of values that can hardly be meant, and of entries to which nothing comes."""

import pytest
from typer.testing import CliRunner

from scenarios.cli import app
from scenarios.definition.check import armed
from scenarios.definition.notices import notices
from scenarios.definition.schema import from_data
from tests.twin.drafting.test_beside import CASES, town
from twin.drafting.draft import draft


def said(*attacks):
    scenario = from_data({"name": "x", "duration": "1 d", "warmup": "0 h", "attacks": [*attacks]})
    with armed(scenario) as (bed, entries):
        return [(notice.message, notice.keys) for notice in notices(scenario, bed, entries)]


@pytest.mark.parametrize(
    ("on", "do", "words", "keys"),
    [
        ("sensor:L_T1", {"constant": {"value": 450}}, "the instrument of L_T1 shows",
         ("constant", "value")),
        ("sensor:S_PU1", {"constant": {"value": 2}}, "S_PU1 is a status, 0 or 1",
         ("constant", "value")),
        ("sensor:L_T1", {"offset": {"by": -450}}, "the instrument of L_T1 shows", ("offset", "by")),
        ("sensor:L_T1", {"surge": {"threshold": 0.1, "to": 450}}, "L_T1", ("surge", "to")),
        ("sensor:L_T1", {"polyline": {"points": [["0 h", 0], ["1 h", 450]]}}, "L_T1",
         ("polyline", "points")),
        ("link:SCADA->PLC5", {"spoof": {"write": {"SP_PU10_open": 277}}},
         "SP_PU10_open is set to 277 m, above the rim, 5 m, of T7",
         ("spoof", "write", "SP_PU10_open")),
        ("plc:PLC5", {"setpoint": {"actuators": ["PU10"], "opens_below": 1, "closes_above": 533}},
         "closes_above of PU10 is 533 m, above the rim, 5 m, of T7", ("setpoint", "closes_above")),
    ],
)  # fmt: skip
def test_mistaken_units_are_warned_of(on, do, words, keys):
    ((message, at),) = said({"on": on, "do": do})
    assert words in message
    assert at == ("attacks", 0, "do", *keys)


def test_values_that_instruments_show_are_not():
    assert said({"on": "sensor:L_T1", "do": {"constant": {"value": 6.6}}},
                {"on": "sensor:S_PU1", "do": {"constant": {"value": 1}}},
                {"on": "sensor:L_T2", "do": {"offset": {"by": -2}}},
                {"on": "link:SCADA->PLC5", "do": {"spoof": {"write": {"SP_PU10_open": 2.7}}}},
                ) == []  # fmt: skip


def test_what_changes_readings_of_a_plc_that_is_down_all_the_while_is_warned_of():
    crash = {"name": "stop", "on": "plc:PLC3", "do": {"crash": {}}, "when": {"from": "2 h"}}
    link = {"name": "a", "on": "link:PLC3->SCADA", "when": {"from": "3 h"}}
    ((message, keys),) = said(crash, link | {"do": {"offset": {"by": 1.0}}})
    assert message == "a changes what passes, and nothing does: stop keeps PLC3 down all the while"
    assert keys == ("attacks", 1, "on")
    assert said(crash, link | {"do": {"freeze": {}}}) == []


@pytest.mark.parametrize("on", ["sensor:L_T2", "link:T2->PLC3", "link:PLC4->PLC3", "plc:PLC3"])
def test_what_changes_what_a_plc_reads_that_is_down_all_the_while_is_warned_of(on):
    crash = {"name": "stop", "on": "plc:PLC3", "do": {"crash": {}}, "when": {"from": "2 h"}}
    lie = {"name": "a", "on": on, "do": {"freeze": {}}, "when": {"from": "3 h"}}
    ((message, keys),) = said(crash, lie)
    how = "stop keeps PLC3 down all the while"
    assert message == f"a changes what PLC3 reads, and it reads nothing: {how}"
    assert keys == ("attacks", 1, "on")
    assert said(crash, lie | {"when": {"from": "1 h"}}) == []


def test_rules_that_an_instruments_range_keeps_from_acting_are_warned_of():
    def of(low, high):
        control = {"sensors": {"L_T1": {"range": [low, high]}}}
        data = {"name": "x", "duration": "1 d", "warmup": "0 h", "control": control}
        scenario = from_data(data)
        with armed(scenario) as (bed, entries):
            return [(n.message, n.keys) for n in notices(scenario, bed, entries)]

    found = of(0, 6)
    assert {keys for _, keys in found} == {("control", "sensors", "L_T1", "range")}
    assert any(
        message == "PLC1's rule for PU1, `L_T1 > 6.3`, can never act: the instrument of L_T1 shows "
        "0 to 6 m only"
        for message, _ in found
    )
    assert of(0, 6.5) == []


def test_check_warns_of_rules_without_a_dead_band(tmp_path):
    draft(town(tmp_path, **CASES["no dead band"]), tmp_path / "town")
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nplant: town\nduration: 1 h\ndemands: patterns\nwarmup: 0 h\n")
    shown = CliRunner().invoke(app, ["scenarios", "check", str(file)])
    assert "no dead band for P1" in " ".join(shown.output.split())
