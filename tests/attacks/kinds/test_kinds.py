"""What every kind of attack must do, and what each does."""

import typing

import numpy as np
import pytest
from ruamel.yaml import YAML

from attacks.attack import Attack
from attacks.build import build
from attacks.discovery import kinds
from attacks.fields import fields, is_nested
from attacks.registry import register
from scenarios.definition.schema import from_data
from tests.attacks.beds import HOUR, armed_run
from twin.control.ports import FAMILIES
from twin.errors import InputError


@pytest.fixture(scope="module")
def normal():
    return armed_run([], hours=48)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_its_example_runs_and_acts_only_while_active(kind, normal):
    entry = YAML().load(kinds()[kind].example)
    assert list(entry["do"]) == [kind]
    (one,) = from_data({"name": "x", "attacks": [entry]}).attacks
    run = armed_run([one], hours=48)
    active = run.active[0]
    assert active.any()
    first = int(np.argmax(active))
    for table in ("truth", "plc", "scada"):
        before, usual = getattr(run, table).iloc[:first], getattr(normal, table).iloc[:first]
        assert before.equals(usual), f"{kind} changed {table} before it was active"


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_it_explains_itself(kind):
    cls = kinds()[kind]
    assert cls.__doc__
    assert cls.at_end
    assert set(cls.ports) <= set(FAMILIES)
    for field in fields(cls):
        assert field.name
        assert field.type
        assert field.default
        if is_nested(typing.get_type_hints(cls, include_extras=True)[field.name]):
            assert field.example


def entry(on, do, tags=(), **when):
    when = {"from": "12 h", "for": "12 h"} | when
    data = {"on": on, "do": do, "tags": list(tags), "when": when}
    return from_data({"name": "x", "attacks": [data]}).attacks[0]


def during(table):
    return table.loc[12 * HOUR : 24 * HOUR - 1]


def after(table):
    return table.loc[24 * HOUR :]


def test_offset_on_a_sensor_deceives_plc_and_scada_not_the_water_at_first():
    run = armed_run([entry("sensor:L_T6", {"offset": {"by": -1.5}})], hours=36)
    shown = during(run.scada)["L_T6"] - during(run.truth)["L_T6"]
    np.testing.assert_allclose(shown, -1.5)
    np.testing.assert_allclose(during(run.plc)["PLC8.L_T6"], during(run.scada)["L_T6"])
    np.testing.assert_array_equal(after(run.scada)["L_T6"], after(run.truth)["L_T6"])


def test_constant_on_one_link_deceives_its_reader_only():
    run = armed_run([entry("link:PLC2->PLC1", {"constant": {"value": 9.0}})], hours=36)
    assert (during(run.plc)["PLC1.L_T1"] == 9.0).all()
    np.testing.assert_array_equal(run.scada["L_T1"], run.truth["L_T1"])
    assert (during(run.truth)["S_PU1"] == 0).all()  # it believes T1 is full


def test_drop_keeps_the_last_value_and_marks_it_stale():
    run = armed_run([entry("link:PLC2->SCADA", {"drop": {}})], hours=36)
    last = run.scada["L_T1"].loc[12 * HOUR - 300]
    assert (during(run.scada)["L_T1"] == last).all()
    assert (during(run.quality)["L_T1"] == 1).all()
    assert (after(run.quality)["L_T1"] == 0).all()


def test_delay_shows_the_past():
    run = armed_run([entry("link:PLC2->SCADA", {"delay": {"by": "1 h"}})], hours=36)
    shown = run.scada["L_T1"].loc[13 * HOUR : 24 * HOUR - 1].to_numpy()
    true = run.truth["L_T1"].loc[12 * HOUR : 23 * HOUR - 1].to_numpy()
    np.testing.assert_array_equal(shown, true)


def test_replay_by_shift_shows_what_passed_that_long_ago():
    run = armed_run([entry("link:PLC2->SCADA", {"replay": {"shift": "6 h"}})], hours=36)
    shown = during(run.scada)["L_T1"].to_numpy()
    true = run.truth["L_T1"].loc[6 * HOUR : 18 * HOUR - 1].to_numpy()
    np.testing.assert_array_equal(shown, true)


def test_replay_of_a_window_repeats_it():
    run = armed_run([entry("link:PLC2->SCADA", {"replay": {"window": "5 h"}})], hours=36)
    tape = run.truth["L_T1"].loc[7 * HOUR : 12 * HOUR - 1].to_numpy()
    expected = np.tile(tape, 3)[: 12 * 12]
    np.testing.assert_array_equal(during(run.scada)["L_T1"].to_numpy(), expected)


def test_replay_without_a_recording_drops():
    attack = entry("link:PLC2->SCADA", {"replay": {"shift": "20 h"}})
    run = armed_run([attack], hours=36)
    assert (run.quality["L_T1"].loc[12 * HOUR : 20 * HOUR - 1] == 1).all()
    assert (run.quality["L_T1"].loc[20 * HOUR : 24 * HOUR - 1] == 0).all()


def test_force_holds_against_the_logic_and_gives_way_at_the_end():
    run = armed_run([entry("actuator:PU3", {"force": {"to": "open"}})], hours=36)
    assert (during(run.truth)["S_PU3"] == 1).all()
    assert (after(run.truth)["S_PU3"] == 0).all()
    closed = armed_run([entry("actuator:PU1", {"force": {"to": "closed"}})], hours=36)
    assert (during(closed.truth)["S_PU1"] == 0).all()


def test_force_to_a_speed_slows_a_pump():
    run = armed_run([entry("actuator:PU1", {"force": {"to": 0.9}})], hours=36)
    flow = run.truth["F_PU1"]
    assert 0 < flow.loc[12 * HOUR] < 0.9 * flow.loc[12 * HOUR - 300]


def test_a_valve_has_no_speed():
    with pytest.raises(InputError, match="V2 is a valve"):
        armed_run([entry("actuator:V2", {"force": {"to": 0.5}})], hours=1)


def test_setpoint_changes_the_rule_and_restores_it():
    do = {"setpoint": {"actuators": ["PU10", "PU11"], "opens_below": 3.0, "closes_above": 3.1}}
    run = armed_run([entry("plc:PLC5", do)], hours=48)
    switches = run.truth["S_PU10"].diff().abs()
    assert during(switches).sum() > 3 * switches.loc[: 12 * HOUR - 1].sum()
    assert after(run.truth)["L_T7"].max() > 4.5  # its own setpoints again
    plc = run.bed.plcs["PLC5"]
    assert plc.rules == plc.spec.rules


def test_entries_on_one_port_act_in_file_order():
    add = entry("sensor:L_T6", {"offset": {"by": 1.0}})
    fix = entry("sensor:L_T6", {"constant": {"value": 2.0}})
    assert (during(armed_run([fix, add], hours=30).scada)["L_T6"] == 3.0).all()
    assert (during(armed_run([add, fix], hours=30).scada)["L_T6"] == 2.0).all()


def test_an_attack_leaves_the_demands_alone(normal):
    """Before anything reaches a pump, an attack on what is shown changes no water at all."""
    run = armed_run([entry("link:*->SCADA", {"constant": {"value": 0.0}})], hours=48)
    np.testing.assert_array_equal(run.truth.to_numpy(), normal.truth.to_numpy())
    assert (during(run.scada) == 0.0).all().all()


@pytest.mark.parametrize(
    ("do", "says", "keys"),
    [
        ({"ofset": {"by": 1}}, "did you mean offset", ("ofset",)),
        ({"offset": {"bye": 1}}, "unknown field 'bye': did you mean by", ("offset", "bye")),
        ({"offset": {}}, "'by' is missing", ("offset", "by")),
        (
            {"surge": {"value": 1.0}},
            "unknown field 'value': one of: high, low, .*, to; missing: threshold, to",
            ("surge", "value"),
        ),
        ({"offset": {"bye": 1.0}}, r"unknown field 'bye': did you mean by\?$", ("offset", "bye")),
        ({"leak": {"area": 3}}, "area is at most 1 m², not 3", ("leak", "area")),
        (
            {"cusum": {"threshold": 0, "drift": 1}},
            "above 0 in the tag's unit,",
            ("cusum", "threshold"),
        ),
        (
            {"geometric": {"threshold": 1, "over": "0 h"}},
            "over is above 0 s, not '0 h'",
            ("geometric", "over"),
        ),
        (
            {"demand": {"extra": "60 L/s"}},
            r"a number without its unit \(L/s\), not '60 L/s'",
            ("demand", "extra"),
        ),
        (
            {"constant": {"value": "1 m"}},
            r"without its unit \(that of the tag\), not '1 m'",
            ("constant", "value"),
        ),
        ({"drop": None}, "in braces, not nothing: drop: {} where none is given", ("drop",)),
        ({"offset": {"by": "high"}}, "number", ("offset", "by")),
        ({"offset": {"by": float("nan")}}, "finite", ("offset", "by")),
        ({"offset": 3}, "in braces", ("offset",)),
        ({"delay": {"by": 3600}}, "not a duration", ("delay", "by")),
        ({"delay": {"by": "1 fortnight"}}, "unknown unit", ("delay", "by")),
        (
            {"polyline": {"points": [["0 h"]]}},
            r"missing in \['0 h'\] \(like \[\[0 h, 0.0",
            ("polyline", "points", 0, 1),
        ),
        (
            {"polyline": {"points": 3}},
            r"a list in brackets, not 3 \(like \[\[0 h, 0.0",
            ("polyline", "points"),
        ),
        (
            {"spoof": {"write": ["PU9"]}},
            "in braces, not .* \\(like {SP_PU10_open: 3.0, PU9",
            ("spoof", "write"),
        ),
        ({"spoof": {}}, "'write' is missing \\(like {SP_PU10_open", ("spoof", "write")),
        ({"drop": None}, "drop: {} where none is given", ("drop",)),
        ({"replay": {}}, "either shift or window", ("replay",)),
        ({"replay": {"shift": "1 h", "window": "1 h"}}, "either", ("replay",)),
        ({"replay": {"shift": "0 s"}}, "longer than 0", ("replay",)),
        ({"force": {"to": "ajar"}}, "open, closed, on, off", ("force", "to")),
        ({"force": {"to": 7}}, "to is at most 1.5", ("force", "to")),
        ({"drop": {}, "delay": {"by": "1 h"}}, "not 2", ()),
        ({}, "not 0", ()),
    ],
)
def test_fields_that_make_no_sense_are_explained(do, says, keys):
    with pytest.raises(InputError, match=says) as caught:
        build(do)
    assert caught.value.keys == keys


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="already"):
        register("offset")(Attack)
