"""The account: who was told what, and what it says of alarms."""

import dataclasses

import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.account import account
from scenarios.report.alarm import length
from scenarios.report.story import plot_story
from scenarios.results.incidents import Incident
from scenarios.results.remedy import remedies
from scenarios.results.views import Views
from tests.scenarios.report.test_story import texts

HIDE = {"name": "hide", "on": "link:PLC1->SCADA", "tags": ["S_PU1", "F_PU1"], "incident": "wear",
        "do": {"constant": {"value": 1.0}}, "when": {"from": "4 h", "for": "8 h"}}  # fmt: skip
WEAR = {"name": "wear", "on": "actuator:PU1", "when": {"from": "4 h", "for": "8 h"},
        "do": {"chatter": {"period": "20 min", "duty": 0.6}}}  # fmt: skip


def lines(run, title):
    return next(section.lines for section in account(run) if section.title == title)


@pytest.fixture(scope="module")
def forged():
    data = {"name": "x", "duration": "1 d", "warmup": "0 h", "attacks": [WEAR, HIDE]}
    data["operator"] = [{"at": "14 h", "write": {"PU3": "open"}}]
    return scenarios.run(from_data(data), watch=False)


def test_the_operator_is_told_of_a_forged_status_and_a_forged_flow(forged):
    told = lines(forged, "What the operator saw")
    (flow,) = [line for line in told if line.startswith("F_PU1")]
    (status,) = [line for line in told if line.startswith("S_PU1")]
    assert flow.startswith("F_PU1 was shown as 1.00 L/s when it was ")
    assert status.startswith("S_PU1 was shown as open when it was closed, at day 1, 04:")
    off = (forged.scada["S_PU1"] != forged.truth["S_PU1"]).sum()
    assert status.endswith(f"wrong for {off * 300 / 3600:.1f} h.")
    assert lines(forged, "What the PLCs saw") == ("Every PLC read the truth.",)


def test_the_story_shows_a_forged_status_beside_its_pump_and_who_was_ordered(forged):
    said = texts(plot_story(forged))
    assert "SCADA saw" in said
    assert "F_PU1\n[L/s]" in said
    assert {"PU1", "PU3"} <= set(said)  # PU3 runs alike in both runs; the operator ordered it
    (view,) = Views(forged).falsified["S_PU1"]
    assert view.readers == ("SCADA",)
    assert (view.seen[view.wrong] == 1).all()


def test_a_plc_that_was_deceived_is_named_with_what_it_took_for_true():
    lie = {"on": "link:PLC2->PLC1", "do": {"constant": {"value": 3.0}}, "when": {"from": "4 h"}}
    data = {"name": "x", "duration": "8 h", "warmup": "0 h", "attacks": [lie]}
    run = scenarios.run(from_data(data), watch=False)
    (line,) = lines(run, "What the PLCs saw")
    assert line.startswith("PLC1 took L_T1 for 3.00 m when it was ")
    assert line.endswith("wrong for 4.0 h.")
    assert lines(run, "What the operator saw")[0].startswith("Everything as it was")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"detected": False, "alarm_since_h": 9.0},
         "was not noticed while it lasted (an alarm was already on since day 1, 09:00 (h 9.0));"),
        ({"detected": False, "alarm_since_h": None}, "was not noticed while it lasted;"),
        ({"detected": True, "delay_h": 0.0}, "was noticed at day 1, 10:00 (h 10.0), as it began;"),
        ({"detected": True, "delay_h": 3.0, "damage_h": 15.0, "before_damage": True, "damage": {}},
         "3.0 h after it began, before its damage; its damage began at day 1, 15:00 (h 15.0)."),
        ({"detected": True, "delay_h": 3.0, "damage": None}, "; its harm is not known."),
    ],
)  # fmt: skip
def test_the_detector_section_says_when_and_whether_an_alarm_was_on_already(forged, found, said):
    plain = dict.fromkeys(field.name for field in dataclasses.fields(Incident))
    plain |= {"name": "one", "start_h": 10.0, "end_h": 20.0, "damage": {}, "never_began": {}}
    incident = Incident(**plain | {"spans_h": ((10.0, 20.0),)} | found)
    run = dataclasses.replace(forged, incidents=(incident,), false_episodes=0, fault_episodes=0)
    assert said in lines(run, "The detector")[0]


def test_a_setpoint_attacked_on_its_way_is_drawn_at_its_pump(tmp_path):
    lower = {"on": "link:SCADA->PLC5", "tags": ["SP_PU10_open"], "do": {"constant": {"value": 0.9}}}
    data = {"name": "x", "duration": "6 h", "warmup": "0 h", "attacks": [lower]}
    run = scenarios.run(from_data(data), watch=False, out=tmp_path / "run")
    assert (tmp_path / "run" / "map.png").is_file()
    assert "PU10" in texts(plot_story(run))


def ordered(attack, *orders, hours="14 h", **more):
    entry = {"name": "a", "when": {"from": "4 h", "for": "6 h"}, **attack}
    data = {"name": "x", "duration": hours, "warmup": "0 h", "attacks": [entry], **more}
    data["operator"] = [{"at": at, "write": write} for at, write in orders]
    return scenarios.run(from_data(data), watch=False, pair=False)


def test_forged_orders_are_told_labelled_and_drawn():
    write = {"PU4": "closed", "PU5": "closed"}
    run = ordered({"on": "link:SCADA->PLC3", "do": {"spoof": {"write": write}}})
    assert (
        "PLC3 was ordered PU4 closed and PU5 closed, which SCADA never sent, "
        "from day 1, 04:00 (h 4.0), for 6 h."
    ) in lines(run, "What the PLCs saw")
    altered = run.labels.set_index("time")["altered"].map(",".join)
    assert set(altered[altered != ""]) == {"PU4,PU5"}
    assert (altered.index[altered != ""][[0, -1]] / 3600 == [4.0, 10.0 - 1 / 12]).all()
    said = texts(plot_story(run))
    assert "forged order" in said
    assert "order missing" not in said


def test_an_order_that_came_late_was_replaced_or_was_lost_is_told():
    drop = {"on": "link:SCADA->*", "do": {"drop": {}}}
    orders = [("5 h", {"PU4": "closed"}), ("7 h", {"PU10": "open"}), ("8 h", {"PU10": "closed"})]
    run = ordered(drop, *orders)
    told = lines(run, "What the operator saw")
    assert "SCADA's order of h 5.0 to PLC3 (PU4 closed) did not arrive until h 10.0." in told
    assert "SCADA's order of h 7.0 to PLC5 (PU10 open) never arrived." in told
    assert "SCADA's order of h 8.0 to PLC5 (PU10 closed) did not arrive until h 10.0." in told
    assert not any("never sent" in line for line in lines(run, "What the PLCs saw"))
    assert "order missing" in texts(plot_story(run))
    cut = ordered(drop, orders[0], hours="9 h")
    told = lines(cut, "What the operator saw")
    assert "SCADA's order of h 5.0 to PLC3 (PU4 closed) never arrived." in told


def test_orders_that_arrive_as_they_should_are_not_told():
    attack = {"on": "link:SCADA->PLC3", "do": {"spoof": {"write": {"PU5": "closed"}}}}
    run = ordered(attack, ("2 h", {"PU4": "closed"}), ("11 h", {"PU4": "auto"}))
    assert [(order.name, order.forged) for order in run.orders] == [("PU5", True)]
    told = ordered({"on": "sensor:L_T1", "do": {"drop": {}}}, ("5 h", {"PU4": "closed"}))
    assert told.orders == ()


def test_an_order_held_back_until_after_the_next_is_old_and_not_never_sent():
    late = {"on": "link:SCADA->PLC3", "tags": ["PU4"], "do": {"delay": {"by": "1 h"}}}
    run = ordered(late, ("5 h", {"PU4": "closed"}), ("5.5 h", {"PU4": "auto"}))
    assert (
        "PLC3 was ordered PU4 closed, which SCADA had sent before and no longer did, "
        "from day 1, 06:00 (h 6.0), for 0.5 h."
    ) in lines(run, "What the PLCs saw")
    assert {"old order"} == {"old order", "forged order"} & set(texts(plot_story(run)))


def test_noise_is_no_lie_but_what_an_entry_altered_is():
    shift = {"on": "link:PLC2->PLC1", "do": {"offset": {"by": 0.01}}}
    noisy = {"sensors": {"L_*": {"noise": 0.02}, "P_*": {"noise": 0.5}}}
    run = ordered(shift, control=noisy)
    assert list(Views(run).falsified) == ["L_T1"]
    (view,) = Views(run).falsified["L_T1"]
    assert view.readers == ("PLC1",)
    first, *others = lines(run, "What the PLCs saw")
    assert first.startswith("PLC1 took L_T1 for ")
    assert first.endswith("wrong for 6.0 h.")  # less than the noise, and told to the step
    assert others == ["Instruments are inexact by themselves; that alone is not told here."]
    assert lines(run, "What the operator saw")[0] == (
        "SCADA's view was what the instruments showed all the time."
    )


def test_what_was_bad_is_told_apart_from_what_was_stale():
    dead = {"name": "died", "on": "sensor:L_T3", "do": {"dead": {}},
            "when": {"from": "6 h", "for": "4 h"}}  # fmt: skip
    lost = {"name": "lost", "on": "link:PLC2->SCADA", "do": {"drop": {}}, "when": {"from": "8 h"}}
    data = {"name": "x", "duration": "14 h", "warmup": "0 h", "faults": [dead, lost]}
    run = scenarios.run(from_data(data), watch=False, pair=False)
    told = lines(run, "What the operator saw")
    assert "For 6.0 h at least one value was marked stale (L_T1)." in told
    assert "For 4.0 h at least one value was marked bad (L_T3)." in told
    assert lines(run, "What the PLCs saw") == ("PLC3 and PLC4 had no value of L_T3 for 4.0 h.",)


def test_an_alarm_is_told_with_its_length_its_reason_and_what_to_do_with_it():
    hide = {"on": "link:PLC2->PLC1", "tags": ["L_T1"], "do": {"constant": {"value": 0.5}},
            "when": {"from": "4 h"}}  # fmt: skip
    data = {"name": "x", "duration": "72 h", "attacks": [hide]}
    run = scenarios.run(from_data(data), detector="physics")
    (incident,) = run.incidents
    assert "overflow_m3" in incident.damage
    at = (incident.start_h + incident.delay_h) * 3600.0
    alarm = run.alarms.loc[at]
    assert incident.stood_h == pytest.approx((alarm["last"] - at) / 3600.0)
    told = "\n".join(lines(run, "The detector"))
    stands = ", and stood at the end of the run" * bool(alarm["last"] == run.scores.index[-1])
    assert f"The alarm lasted {length(incident.stood_h)}{stands}." in told
    assert alarm["why"]
    assert f"Why: {alarm['why']}." in told
    assert "order PU1 and PU2 closed (PLC1), against the spill of T1" in told
    lead = incident.damage_h - at / 3600.0
    when = "were left before the damage" if lead > 0 else "the damage had begun"
    assert when in told
    assert "another seed" not in told
    peak = (run.scores["score"] / run.scores["threshold"]).loc[at : run.hours * 3600.0].max()
    near = dataclasses.replace(
        run, scores=run.scores.assign(score=run.scores["score"] / peak * 1.1)
    )
    told = "\n".join(lines(near, "The detector"))
    assert "1.10 of the threshold: another seed may decide otherwise." in told


def test_an_alarm_of_one_frame_is_called_so():
    assert [length(hours) for hours in (0.0, 0.5, 30.0)] == ["a single frame", "30 min", "30.0 h"]


def test_what_no_plc_drives_has_no_remedy():
    leak = {"on": "plant:P310", "do": {"leak": {"area": 0.004}}, "when": {"from": "1 h"}}
    data = {"name": "x", "duration": "8 h", "warmup": "0 h", "attacks": [leak]}
    run = scenarios.run(from_data(data), watch=False)
    assert "leaked_m3" in run.damage
    assert remedies(run, {"leaked_m3": run.damage["leaked_m3"]}) == []
