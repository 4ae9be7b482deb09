import pytest

import scenarios
from scenarios.definition.plan import in_words, plan
from scenarios.definition.schema import from_data
from twin.errors import InputError


def planned(*attacks, **more):
    return plan(from_data({"name": "x", "attacks": list(attacks), **more}))


def test_a_plan_says_who_is_deceived_from_when_about_what():
    first, second = plan(scenarios.load("t1-overflow-concealed")).steps
    assert first.when == "once `S_PU1 > 0 and S_PU2 > 0` holds, not before 50 h, for 80 h"
    assert (first.who, first.about) == ("PLC1, by what PLC2 tells it", "L_T1")
    assert first.then == "readings arrive again"
    assert second.who == "the operator, by what PLC2 tells"
    assert "4 h after that" in second.when


@pytest.mark.parametrize(
    ("on", "do", "who", "about"),
    [
        ("sensor:L_T1", {"drop": {}}, "everyone who reads it: PLC2, PLC1, SCADA", "L_T1"),
        ("link:T1->PLC2", {"drop": {}}, "PLC2 on its wire to T1, and whoever it tells: PLC1, SCADA",
         "L_T1"),
        ("link:*->SCADA", {"drop": {}}, "the operator",
         "F_PU1 to F_PU11, F_V2, L_T1 to L_T7, P_J14, P_J256, P_J269, P_J280, P_J289, P_J300, "
         "P_J302, P_J306, P_J307, P_J317, P_J415, P_J422, S_PU1 to S_PU11, S_V2"),
        ("actuator:PU1", {"force": {"to": "open"}}, "PU1 itself, against what PLC1 commands",
         "its command"),
        ("plc:PLC3", {"drop": {}}, "PLC3 from within",
         "F_PU4 to F_PU7, F_V2, L_T2 to L_T4, P_J14, P_J256, P_J289, P_J300, P_J415, P_J422, "
         "S_PU4 to S_PU7, S_V2"),
        ("plc:PLC3", {"restart": {}}, "PLC3 from within", ""),
        ("link:SCADA->PLC5", {"spoof": {"write": {"PU9": "open"}}}, "PLC5, by what SCADA tells it",
         "PU9"),
        ("scada", {"suppress-alarms": {}}, "the operator's screen", ""),
    ],
)  # fmt: skip
def test_every_port_is_said_in_words(on, do, who, about):
    (step,) = planned({"on": on, "do": do}).steps
    assert (step.who, step.about, step.when) == (who, about, "the whole run")


def test_the_time_line_goes_by_time_not_by_place_in_the_file():
    late = {"name": "late", "on": "sensor:L_T1", "do": {"drop": {}}, "when": {"from": "9 h"}}
    early = {"name": "early", "on": "sensor:L_T1", "do": {"drop": {}}, "when": {"to": "3 h"}}
    made = planned(late, early)
    assert [step.name for step in made.steps] == ["early", "late"]
    words = "\n".join(in_words(made))
    assert words.index("from the start on, until 3 h") < words.index("from 9 h on")


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"start": "L_T1 < 2", "follow": True}, "whenever `L_T1 < 2` holds"),
        ({"start": "L_T1 < 2", "for": "1 h", "once": False},
         "once `L_T1 < 2` holds, for 1 h, again as soon as it holds after that"),
        ({"from": "1 h", "for": "1 h", "every": "24 h"}, "from 1 h on, for 1 h, again every 1 d"),
        ({"random": {"gap": {"exponential": "36 h"}, "for": "2 h"}},
         "from the start on, again and again at random: gap exponential 36 h, for 2 h"),
    ],
)  # fmt: skip
def test_every_when_is_said_in_words(when, words):
    (step,) = planned({"on": "sensor:L_T1", "do": {"drop": {}}, "when": when}).steps
    assert step.when == words


def test_a_plan_finds_what_a_run_would():
    with pytest.raises(InputError, match="did you mean sensor:L_T1"):
        planned({"on": "sensor:L_T11", "do": {"drop": {}}})
    with pytest.raises(InputError, match="unknown detector 'cnn-lsmt'"):
        planned(detector="cnn-lsmt")


DROP = {"on": "sensor:L_T1", "do": {"drop": {}}}


def test_the_time_line_has_ends_faults_orders_and_what_waits():
    leak = {"on": "plant:J1", "do": {"leak": {"area": 0.01}}, "when": {"from": "5 h", "for": "4 h"}}
    made = planned(
        {"name": "hidden", **DROP, "when": {"start": "leak.ended", "delay": "1 h"}},
        {"name": "waits", **DROP, "when": {"start": "L_T1 < 2", "not_before": "20 h"}},
        {"name": "late", **DROP, "when": {"from": "80 h"}},
        faults=[{"name": "leak", **leak}],
        operator=[{"at": "7 h", "write": {"PU3": "open", "SP_PU10_open": 3.0}}],
        duration="3 d",
    )
    assert [(step.name, step.at_h, step.until_h, step.waits) for step in made.steps] == [
        ("leak", 5.0, 9.0, False),
        ("operator", 7.0, None, False),
        ("hidden", 10.0, None, True),
        ("waits", 20.0, None, True),
        ("late", None, None, False),
    ]
    lines = [line for line in in_words(made)[1:] if line and not line.startswith("    ")]
    assert lines == [
        "day 1, 05:00 (h 5.0): leak (fault, incident leak)",
        "day 1, 07:00 (h 7.0): operator (order)",
        "day 1, 09:00 (h 9.0): leak ends; the leak is mended",
        "day 1, 10:00 (h 10.0) at the earliest: hidden (attack, incident hidden)",
        "day 1, 20:00 (h 20.0) at the earliest: waits (attack, incident waits)",
        "day 4, 00:00 (h 72.0): the run ends",
        "Never: late (attack); it is set for 80 h, and the run ends at 3 d",
    ]


def test_an_order_says_who_takes_it():
    (order,) = planned(operator=[{"at": "7 h", "write": {"PU3": "open"}}]).steps
    assert (order.who, order.what) == ("PLC1, by what SCADA writes", "PU3 open")


@pytest.mark.parametrize(
    ("on", "do", "what"),
    [
        ("actuator:PU3", {"force": {"to": "open"}}, "force (to open): "),
        ("actuator:PU3", {"force": {"to": 0.9}}, "force (to 0.9 of its speed): "),
        ("link:SCADA->PLC5", {"spoof": {"write": {"SP_PU10_open": 1.0, "PU9": "open"}}},
         "spoof (write SP_PU10_open 1 m, PU9 open): "),
        ("sensor:L_T1", {"polyline": {"points": [["0 h", -0.5], ["20 h", -1]]}},
         "polyline (points -0.5 m after 0 s and -1 m after 20 h): "),
        ("plc:PLC5", {"rewrite": {"rules": [{"when": "L_T7 < 4", "PU10": "closed"},
                                            {"when": "L_T7 > 4.5", "PU10": "open"}]}},
         "rewrite (rules PU10 closed when L_T7 < 4 and PU10 open when L_T7 > 4.5): "),
        ("plc:PLC5", {"disable": {"actuators": ["PU8", "PU10"], "restore": False}},
         "disable (restore false, actuators PU8 and PU10): "),
    ],
)  # fmt: skip
def test_fields_are_said_in_words_with_units(on, do, what):
    (step,) = planned({"on": on, "do": do}).steps
    assert step.what.startswith(what)


@pytest.mark.parametrize(
    ("start", "time"), [("hour >= 8", "08:00"), ("hour > 8", "08:05"), ("t > 7.2", "07:15")]
)
def test_a_condition_on_the_clock_is_told_from_its_first_step_on(start, time):
    lines = in_words(planned({"name": "a", **DROP, "when": {"start": start}}))
    assert any(line.startswith(f"day 1, {time} ") and "earliest: a" in line for line in lines)
