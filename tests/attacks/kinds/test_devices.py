"""Attacks on PLCs as machines, on the network, on SCADA, and instruments that fail."""

import numpy as np
import pytest

import scenarios
from attacks.build import build
from scenarios.definition.schema import from_data
from tests.attacks.beds import HOUR, armed_run
from twin.control.orders import Order
from twin.tags import Quality, Reading


def entry(on, do, tags=(), **when):
    when = {"from": "6 h", "for": "6 h"} | when
    data = {"on": on, "do": do, "tags": list(tags), "when": when}
    return from_data({"name": "x", "attacks": [data]}).attacks[0]


@pytest.fixture(scope="module")
def normal():
    return armed_run([], hours=24)


def during(table, first=6.0, last=12.0):
    return table.loc[first * HOUR : last * HOUR - 1]


def test_a_crashed_plc_answers_nobody_and_moves_nothing(normal):
    run = armed_run([entry("plc:PLC3", {"crash": {}}, **{"for": "10 h"})], hours=18)
    mine = [tag.name for tag in run.bed.spec.tags if tag.plc == "PLC3"]
    quality = during(run.quality, 6, 16)
    assert (quality[mine] == Quality.STALE).all().all()
    assert (quality.drop(columns=mine) == Quality.GOOD).all().all()
    pumps = [f"S_{name}" for name in run.bed.plcs["PLC3"].coils]
    assert (during(run.truth, 6, 16)[pumps].nunique() == 1).all()
    assert (during(normal.truth, 6, 16)[pumps].nunique() == 2).any()
    assert (run.quality.loc[16 * HOUR :] == Quality.GOOD).all().all()


def test_a_crashed_plc_remembers_what_it_believed_when_it_died(normal):
    run = armed_run([entry("plc:PLC3", {"crash": {}}, **{"for": "10 h"})], hours=18)
    mine = [column for column in run.plc if column.startswith("PLC3.")]
    assert "PLC3.L_T3" in mine  # which PLC4 tells it
    dead = during(run.plc, 6, 16)[mine]
    assert (dead == run.plc.loc[6 * HOUR - 300, mine]).all().all()
    others = [column for column in run.plc if column not in mine]
    tags = [column.partition(".")[2] for column in run.plc]
    np.testing.assert_array_equal(
        run.plc.loc[16 * HOUR :], run.truth.loc[16 * HOUR :, tags].to_numpy()
    )
    own = [column.partition(".")[2] for column in others]
    np.testing.assert_array_equal(during(run.plc, 6, 16)[others], during(run.truth, 6, 16)[own])


def test_what_a_crashed_plc_still_shows_counts_as_altered_and_ends_by_what_it_would_hear():
    crash = {
        "on": "plc:PLC2",
        "do": {"crash": {}},
        "when": {"from": "2 h", "end": "seen.L_T1 < 3.5"},
    }
    data = {"name": "x", "duration": "12 h", "warmup": "0 h", "attacks": [crash]}
    run = scenarios.run(from_data(data), watch=False, pair=False)
    told = run.labels.set_index("time")
    wrong = run.scada["L_T1"] != run.truth["L_T1"]
    np.testing.assert_array_equal(told["altered"].map(",".join) == "L_T1", wrong)
    assert wrong.any()
    ended = told.index[told["active"]][-1]
    assert ended < 11 * HOUR
    assert run.truth["L_T1"].loc[ended - 300] >= 3.5 > run.truth["L_T1"].loc[ended]


def test_a_crashed_plc_that_others_hear_leaves_them_their_last_value():
    run = armed_run([entry("plc:PLC2", {"crash": {}})], hours=13)
    heard = during(run.plc)["PLC1.L_T1"]
    assert (heard == run.truth["L_T1"].loc[6 * HOUR - 300]).all()
    assert (run.plc["PLC1.L_T1"].loc[12 * HOUR :] == run.truth["L_T1"].loc[12 * HOUR :]).all()


def test_a_cold_start_drops_the_outputs_and_scans_at_once(normal):
    at = next(t for t in normal.truth.index if t > HOUR and normal.truth["S_PU4"].loc[t])
    assert normal.truth["S_PU4"].loc[at : at + 2 * HOUR].all()
    first = f"{int(at + 600)} s"
    run = armed_run([entry("plc:PLC3", {"restart": {}}, **{"from": first, "for": "1 h"})], hours=24)
    level = run.truth["L_T3"].loc[at + 600]
    assert 3.0 < level < 5.3  # no rule says anything
    off = run.truth["S_PU4"].loc[at + 600 :]
    assert (off[: (off == 1).argmax()] == 0).all()
    assert off.iloc[0] == 0
    assert run.truth["L_T3"].loc[off.index[(off == 1).argmax()]] < 3.1


def test_a_cold_start_forgets_what_an_attacker_left_but_not_the_operators_orders():
    kept = {"setpoint": {"actuators": ["PU4"], "opens_below": 3.9, "closes_above": 4.1,
                         "restore": False}}  # fmt: skip
    orders = [Order(7 * HOUR, {"SP_PU6_open": 2.2, "PU7": 1.0})]
    some = [entry("plc:PLC3", kept, **{"for": "2 h"}), entry("plc:PLC3", {"restart": {}})]
    some[1] = entry("plc:PLC3", {"restart": {}}, **{"from": "9 h", "for": "1 h"})
    run = armed_run(some, hours=10, orders=orders)
    levels = {(r.actuator, r.command): r.when.text for r in run.bed.plcs["PLC3"].rules}
    assert levels["PU4", 1.0] == "L_T3 < 3.0"
    assert levels["PU6", 1.0] == "L_T4 < 2.2"
    assert (run.truth["S_PU7"].loc[9 * HOUR :] == 1).all()


def test_an_overloaded_plc_scans_seldom_and_answers_late_or_not():
    do = {"overload": {"scan": "4 h", "delay": "30 s", "timeouts": 0.5}}
    run = armed_run([entry("plc:PLC3", do, **{"for": "16 h"})], hours=23)
    said = [e.time for e in run.bed.historian.events if e.source == "PLC3"]
    assert any(6 * HOUR <= t < 22 * HOUR for t in said)
    assert all(t % (4 * HOUR) == 0 for t in said if 6 * HOUR <= t < 22 * HOUR)
    missing = (during(run.quality, 6.5, 22)["L_T2"] > 0).mean()
    assert missing == pytest.approx(0.5, abs=0.15)
    shown, true = during(run.scada, 6.5, 22)["L_T2"], run.truth["L_T2"]
    assert (shown == true.shift(1).loc[shown.index]).mean() > 0.3  # 30 s late: the last frame's
    assert run.bed.plcs["PLC3"].every == 900


def test_a_skewed_clock_moves_what_goes_by_it():
    timed = {"rewrite": {"rules": [{"when": "hour >= 8", "PU3": "open"},
                                   {"when": "hour < 8", "PU3": "closed"}]}}  # fmt: skip
    rules = entry("plc:PLC1", timed, **{"from": "0 h", "for": "1 d"})
    whole = {"from": "0 h", "for": "1 d"}
    for do, opens in (({"by": "2 h"}, 6), ({"by": "2 h", "back": True}, 10), ({"by": "0 s"}, 8)):
        run = armed_run([rules, entry("plc:PLC1", {"clock": do}, **whole)], hours=11)
        status = run.truth["S_PU3"]
        late = status.loc[2.5 * HOUR :]
        assert late.index[late == 1][0] == opens * HOUR
    assert run.bed.plcs["PLC1"].skew == 0.0


def test_messages_wait_for_those_before_them():
    queue = build({"bandwidth": {"bits_per_s": 1.136}}).fresh(np.random.default_rng(0))
    lags = [
        [late.by for late in queue.tamper_packet([Reading(now, tag, 1.0) for tag in tags])]
        for now, tags in ((0.0, ["a"]), (300.0, ["a"]), (600.0, ["a", "b"]), (9000.0, ["a"]))
    ]
    # 71 bytes take 500 s, 75 bytes 528.2 s; the one after a long pause waits for nothing.
    assert [round(one[0]) for one in lags] == [500, 700, 928, 500]
    assert lags[2][0] == lags[2][1]


def test_a_starved_link_lags_and_a_wide_one_hardly():
    run = armed_run([entry("link:PLC4->PLC3", {"bandwidth": {"bits_per_s": 1.0}})], hours=12)
    behind = (run.plc["PLC3.L_T3"] - run.truth["L_T3"]).abs()
    assert behind.loc[: 6 * HOUR - 1].max() == 0.0
    assert behind.loc[8 * HOUR :].max() > 0.3
    wide = armed_run([entry("link:PLC4->PLC3", {"bandwidth": {"bits_per_s": 1e6}})], hours=8)
    before = (wide.plc["PLC3.L_T3"] == wide.truth["L_T3"].shift(1)).loc[6.5 * HOUR :]
    assert before.mean() > 0.8  # what was sent on the mark before, or at a crossing since


def test_no_alarm_while_they_are_suppressed_and_at_the_end_what_holds_then():
    high = entry("link:PLC2->SCADA", {"constant": {"value": 6.45}}, **{"for": "8 h"})
    run = armed_run([high, entry("scada", {"suppress-alarms": {}})], hours=16)
    mine = [(a.limit, a.time, a.cleared) for a in run.bed.scada.limits.alarms if a.tag == "L_T1"]
    assert mine == [("H", 12 * HOUR, 14 * HOUR), ("HH", 12 * HOUR, 14 * HOUR)]
    assert (run.scada["L_T1"].loc[6 * HOUR : 12 * HOUR] == 6.45).all()  # the display still shows it


def test_a_frozen_display_is_no_matter_to_alarms_or_plcs(normal):
    run = armed_run([entry("scada", {"freeze": {}})], hours=13)
    shown = during(run.scada)
    assert (shown.nunique() == 1).all()
    assert (run.scada.loc[12 * HOUR :] == normal.scada.loc[12 * HOUR : 13 * HOUR - 1]).all().all()
    np.testing.assert_array_equal(run.truth, normal.truth.loc[run.truth.index])
    usual = [a for a in normal.bed.scada.limits.alarms if a.time < 13 * HOUR]
    assert [(a.tag, a.time) for a in run.bed.scada.limits.alarms] == [
        (a.tag, a.time) for a in usual
    ]


def test_a_dead_instrument_satisfies_no_rule_and_is_bad_quality(normal):
    run = armed_run([entry("sensor:L_T3", {"dead": {}}, **{"for": "12 h"})], hours=19)
    assert during(run.scada, 6, 18)["L_T3"].isna().all()
    assert (during(run.quality, 6, 18)["L_T3"] == Quality.BAD).all()
    assert during(run.plc, 6, 18)["PLC3.L_T3"].isna().all()
    assert (during(run.truth, 6, 18)[["S_PU4", "S_PU5"]].nunique() == 1).all()
    assert (run.quality["L_T3"].loc[18 * HOUR :] == Quality.GOOD).all()


def test_a_dead_instrument_makes_its_actuators_fail_safe():
    safe = {"plcs": {"PLC3": {"failsafe": {"PU4": "open"}}}}
    run = armed_run([entry("sensor:L_T3", {"dead": {}})], hours=13, control=safe)
    assert (during(run.truth)["S_PU4"].iloc[3:] == 1).all()
