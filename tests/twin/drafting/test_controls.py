"""EPANET's controls and rules as lines of PLC logic."""

import pytest
import wntr

from twin.conditions.parser import parse
from twin.drafting.controls import read_controls

SMALL = """\
[JUNCTIONS]
 J1 100 10
 J2 100 5
[RESERVOIRS]
 R 50
[TANKS]
 T 200 10 0 20 50 0 VOL
[PIPES]
 P1 J1 T 1000 12 100 0 Open
 P2 J2 T 1000 12 100 0 Open
 CV J2 T 1000 12 100 0 CV
[PUMPS]
 PU R J1 HEAD C
[VALVES]
 V J1 J2 12 PRV 50 0
[CURVES]
 C 1000 300
 VOL 0 0
 VOL 10 20000
 VOL 20 60000
[CONTROLS]
{controls}
[RULES]
{rules}
[TIMES]
 Duration 48:00
 Start ClockTime 6 am
[OPTIONS]
 Units GPM
 Headloss H-W
[COORDINATES]
 J1 1 0
 J2 2 0
 R 0 0
 T 3 0
[END]
"""
FOOT = 0.3048  # m
PSI = FOOT / 0.4333  # m of water, as EPANET takes it


def name(point):
    return f"{point[0][0].upper()}_{point[1]}"


def read(tmp_path, controls="", rules=""):
    path = tmp_path / "small.inp"
    path.write_text(SMALL.format(controls="", rules=""))
    model = wntr.network.WaterNetworkModel(str(path))
    return read_controls(SMALL.format(controls=controls, rules=rules), model, name)


@pytest.mark.parametrize(
    ("control", "actuator", "command", "variable", "sign", "threshold"),
    [
        ("LINK PU OPEN IF NODE T BELOW 10", "PU", 1.0, "L_T", "<", 10 * FOOT),
        ("PUMP PU 0.8 IF TANK T ABOVE 12.5 ;why", "PU", 0.8, "L_T", ">", 12.5 * FOOT),
        ("Pipe P1 Closed If Junction J1 Above 60", "P1", 0.0, "P_J1", ">", 60 * PSI),
        ("VALVE V 30 IF NODE T BELOW 4", "V", 30 * PSI, "L_T", "<", 4 * FOOT),
        ("LINK V ACTIVE IF NODE T BELOW 4", "V", 50 * PSI, "L_T", "<", 4 * FOOT),
        ("LINK PU CLOSED AT CLOCKTIME 10:30 PM", "PU", 0.0, "hour", "==", 22.5),
        ("LINK PU CLOSED AT CLOCKTIME 12 AM", "PU", 0.0, "hour", "==", 0),
        ("LINK PU CLOSED AT TIME 5:20", "PU", 0.0, "t", "==", 16 / 3),
    ],
)
def test_a_control_is_a_line(tmp_path, control, actuator, command, variable, sign, threshold):
    found = read(tmp_path, controls=control)
    assert not found.left
    (line,) = found.lines
    assert line.actuator == actuator
    assert line.command == pytest.approx(command, rel=1e-4)
    assert line.when.split()[:2] == [variable, sign]
    assert float(line.when.split()[2]) == pytest.approx(threshold, rel=1e-4)


def test_what_comes_every_day_is_a_time_of_the_day(tmp_path):
    """The file's two days begin at 6 am."""
    controls = "\n".join(f"LINK PU {to} AT TIME {t}" for to, t in
                         [("OPEN", 1), ("CLOSED", 20), ("OPEN", 25), ("CLOSED", 44)])  # fmt: skip
    lines = read(tmp_path, controls=controls).lines
    assert [(line.when, line.command) for line in lines] == [("hour == 7", 1.0), ("hour == 2", 0.0)]
    once = read(tmp_path, controls=controls.rsplit("\n", 1)[0]).lines
    assert [line.when for line in once] == ["t == 1", "t == 20", "t == 25"]


RULES = """\
RULE low
IF TANK T LEVEL BELOW 10
AND JUNCTION J1 PRESSURE > 20
OR SYSTEM CLOCKTIME >= 8 PM
THEN PUMP PU STATUS IS OPEN
AND VALVE V SETTING = 40
ELSE PUMP PU STATUS IS CLOSED
PRIORITY 1
RULE high
IF TANK T HEAD ABOVE 218
THEN PUMP PU SETTING = 0.5
PRIORITY 5
RULE first
IF LINK P1 FLOW > 100
THEN PIPE P2 STATUS = CLOSED
RULE second
IF PUMP PU STATUS IS CLOSED
AND SYSTEM TIME < 90 MIN
THEN PIPE P2 STATUS = OPEN
"""


def test_rules_become_lines_in_the_order_of_their_priority(tmp_path):
    found = read(tmp_path, rules=RULES)
    assert not found.left
    assert found.statements == 4
    lines = [(line.actuator, line.command) for line in found.lines]
    # The same priority: the earlier one wins, so that it comes last.
    assert [x[0] for x in lines] == ["P2", "P2", "PU", "V", "PU", "PU"]
    assert lines[:2] == [("P2", 1.0), ("P2", 0.0)]
    assert lines[-1] == ("PU", 0.5)
    assert ("pressure", "J1") in found.lines[2].reads


@pytest.mark.parametrize(
    ("level", "pressure", "hour", "holds"),
    [(2, 20, 6, True), (2, 2, 6, False), (2, 2, 21, True), (5, 20, 21, False), (5, 20, 6, False)],
)
def test_or_binds_closer_than_and_as_in_epanet(tmp_path, level, pressure, hour, holds):
    lines = read(tmp_path, rules=RULES).lines
    present = {"L_T": level, "P_J1": pressure, "hour": hour}
    on, off = (line.when for line in lines if line.actuator == "PU" and line.command in (0.0, 1.0))
    assert parse(on, present)(present) is holds
    assert parse(off, present)(present) is not holds


def test_a_rule_takes_a_flow_in_either_direction(tmp_path):
    when = read(tmp_path, rules=RULES).lines[1].when
    assert [parse(when, ["F_P1"])({"F_P1": flow}) for flow in (-7, -6, 6, 7)] == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("controls", "rules", "says"),
    [
        ("LINK NO OPEN IF NODE T BELOW 1", "", "there is no link NO"),
        ("LINK PU OPEN IF NODE X BELOW 1", "", "there is no node X"),
        ("LINK PU OPEN IF NODE R BELOW 1", "", "nothing measures the PRESSURE of R"),
        ("LINK CV CLOSED IF NODE T BELOW 1", "", "check valve"),
        ("LINK P1 0.5 IF NODE T BELOW 1", "", "only open and closed"),
        ("LINK V -1 IF NODE T BELOW 1", "", "cannot be -0.7"),
        ("LINK PU 1e20 IF NODE T BELOW 1", "", "speed cannot be 1e+20"),
        ("LINK PU OPEN IF NODE T BELOW nan", "", "'nan' is not a number"),
        ("LINK PU OPEN WHEN NODE T BELOW 1", "", "not a control"),
        ("LINK PU OPEN IF NODE T BELOW low", "", "'low' is not a number"),
        ("", "RULE x\nIF SYSTEM DEMAND > 5\nTHEN PUMP PU STATUS = OPEN", "SYSTEM DEMAND"),
        ("", "RULE x\nIF TANK T FILLTIME > 5\nTHEN PUMP PU STATUS = OPEN", "FILLTIME"),
        ("", "RULE x\nIF PUMP PU SETTING > 5\nTHEN PUMP PU STATUS = OPEN", "SETTING"),
        ("", "RULE x\nIF TANK T LEVEL > 5", "a THEN"),
        ("", "RULE x\n" + "IF TANK T LEVEL > 5\n" + "AND TANK T LEVEL > 5\n" * 40
         + "THEN PUMP PU STATUS = OPEN", "longer than 500"),
    ],
)  # fmt: skip
def test_what_has_no_counterpart_is_named_with_its_line(tmp_path, controls, rules, says):
    found = read(tmp_path, controls=controls, rules=rules)
    assert not found.lines
    (left,) = found.left
    first = (controls or rules).splitlines()[0]
    text = SMALL.format(controls=controls, rules=rules)
    assert left.startswith(f"line {text.splitlines().index(first) + 1}: {first}")
    assert says in left


def test_of_several_actions_on_a_link_the_first_counts(tmp_path):
    rule = (
        "RULE a\nIF TANK T LEVEL > 15\nTHEN PUMP PU SETTING = 0.85\nAND PUMP PU STATUS = CLOSED\n"
        "ELSE PUMP PU STATUS = OPEN\nAND PUMP PU SETTING = 0.5"
    )
    lines = read(tmp_path, rules=rule).lines
    assert [(line.command, line.keeps) for line in lines] == [(0.85, False), (1.0, True)]


def test_open_in_a_rule_keeps_a_speed_and_in_a_control_resets_it(tmp_path):
    rule = "RULE a\nIF TANK T LEVEL < 10\nTHEN PUMP PU STATUS = OPEN\nAND VALVE V STATUS = OPEN"
    lines = read(tmp_path, controls="LINK PU OPEN IF NODE T BELOW 10", rules=rule).lines
    assert [(line.actuator, line.keeps) for line in lines] == [
        ("PU", True),
        ("V", True),
        ("PU", False),
    ]


@pytest.mark.parametrize(
    ("control", "never"),
    [
        ("LINK PU OPEN IF NODE T BELOW -1", True),
        ("LINK PU CLOSED IF NODE T ABOVE 21", True),
        ("LINK PU OPEN IF NODE T BELOW 0", False),
        ("LINK PU CLOSED IF NODE T ABOVE 20", False),
        ("LINK PU OPEN IF NODE T BELOW 25", False),
        ("LINK PU OPEN IF NODE T ABOVE -1", False),
    ],
)
def test_a_threshold_beyond_a_tank_never_acts_and_at_its_bounds_it_does(tmp_path, control, never):
    found = read(tmp_path, controls=control)
    (line,) = found.lines
    holds = parse(line.when, ["L_T"])
    assert any(holds({"L_T": level * FOOT}) for level in (0.0, 10.0, 20.0)) is not never
    assert any("never acts" in note for note in found.notes) is never


@pytest.mark.parametrize(("option", "metres"), [("Pressure KPA", 0.10203), ("Pressure METERS", 1)])
def test_pressures_are_in_the_unit_that_the_file_names(tmp_path, option, metres):
    controls = "LINK V 30 IF NODE J1 BELOW 40"
    path = tmp_path / "small.inp"
    text = SMALL.replace("Units GPM", f"Units GPM\n {option}").format(controls=controls, rules="")
    path.write_text(text)
    (line,) = read_controls(text, wntr.network.WaterNetworkModel(str(path)), name).lines
    assert line.command == pytest.approx(30 * metres, rel=1e-3)
    assert float(line.when.split()[2]) == pytest.approx(40 * metres, rel=1e-3)


@pytest.mark.parametrize(
    ("setting", "command"), [("0", 1e-6), ("1e20", 1e6), ("1.4215879", 1.000001)]
)
def test_a_valve_s_setting_is_never_taken_for_open_or_closed(tmp_path, setting, command):
    found = read(tmp_path, controls=f"LINK V {setting} IF NODE T BELOW 4")
    assert found.lines[0].command == pytest.approx(command)
    assert found.lines[0].command not in (0.0, 1.0)


def test_what_acts_otherwise_than_in_epanet_is_said(tmp_path):
    controls = "LINK PU OPEN AT TIME 3\nLINK P1 CLOSED IF NODE J1 ABOVE 60"
    notes = read(tmp_path, controls=controls).notes
    assert any("warm-up" in note and note.startswith("PU") for note in notes)
    assert any("next scan" in note and note.startswith("P1") for note in notes)


@pytest.mark.parametrize("condition", ["SYSTEM TIME > 6", "TANK T LEVEL > 3\nAND SYSTEM TIME < 9"])
def test_a_rule_on_the_time_since_the_start_is_said_to_act_otherwise_in_the_warm_up(
    tmp_path, condition
):
    notes = read(tmp_path, rules=f"RULE 1\nIF {condition}\nTHEN PUMP PU STATUS IS CLOSED").notes
    assert any("warm-up" in note and note.startswith("PU") for note in notes)
