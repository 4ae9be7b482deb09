"""The loop between PLCs and SCADA on C-Town: what is asked, what arrives, what is ordered."""

import math

import numpy as np
import pytest

from twin.control.orders import Order
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.tags import Quality
from twin.testbed import Testbed

HOUR = 3600.0
GOOD, STALE, BAD = Quality


def run(hours=24, prepare=lambda bed: None, control=None, **options):
    with Testbed(load_plant("ctown", control=control), warmup=0.0, **options) as bed:
        prepare(bed)
        for _ in bed.run(hours * HOUR):
            pass
        history = bed.historian
        return bed, history.truth.frame(), history.scada.frame(), history.quality.frame()


@pytest.fixture(scope="module")
def normal():
    return run()


def test_saying_what_holds_anyway_changes_no_byte(normal):
    perfect = {"*": {"loss": 0, "jitter": "0 s", "latency": "0 s", "outages": []}}
    exact = {"*_*": {"noise": 0, "resolution": 0, "drift": 0}}
    alarms = {"F_*": {"H": 20}}
    bed, truth, scada, _ = run(control={"links": perfect, "sensors": exact, "alarms": alarms})
    assert truth.to_numpy().tobytes() == normal[1].to_numpy().tobytes()
    assert scada.to_numpy().tobytes() == normal[2].to_numpy().tobytes()
    assert len(bed.scada.limits.alarms) > len(normal[0].scada.limits.alarms)


def test_a_plc_asked_less_often_shows_older_values_that_are_good():
    _, truth, scada, quality = run(control={"plcs": {"PLC2": {"polling": "1 h"}}})
    hourly = truth["L_T1"].loc[::12].repeat(12)
    np.testing.assert_array_equal(scada["L_T1"], hourly)
    np.testing.assert_array_equal(scada["L_T2"], truth["L_T2"])
    assert (quality == GOOD).all().all()


def test_lost_answers_are_stale_and_asking_again_mends_it(normal):
    lossy = {"PLC2->SCADA": {"loss": 0.3}}
    _, truth, scada, quality = run(control={"links": lossy})
    assert (quality["L_T1"] > 0).mean() == pytest.approx(0.3, abs=0.08)
    good = quality["L_T1"] == GOOD
    np.testing.assert_array_equal(scada["L_T1"][good], truth["L_T1"][good])
    np.testing.assert_array_equal(truth, normal[1])
    assert (quality.drop(columns="L_T1") == GOOD).all().all()
    again = {"PLC2->SCADA": {"loss": 0.3, "retries": 4, "timeout": "2 s"}}
    _, truth, scada, quality = run(control={"links": again})
    assert (quality["L_T1"] > 0).mean() < 0.02


def test_it_waits_for_slow_answers_before_it_shows_the_frame(normal):
    slow = {"PLC*->SCADA": {"latency": "1 s", "jitter": "2 s", "bandwidth": 500}}
    _, truth, scada, quality = run(control={"links": slow})
    np.testing.assert_array_equal(truth, normal[1])
    shown, true = scada.iloc[1:], truth[scada.columns].iloc[1:]
    assert (shown.to_numpy() == true.to_numpy()).mean() > 0.98
    assert (quality == GOOD).to_numpy().mean() > 0.98


def test_an_outage_is_stale_from_its_start_to_its_end():
    out = {"PLC4->SCADA": {"outages": [{"from": "6 h", "for": "2 h"}]}}
    _, truth, scada, quality = run(12, control={"links": out})
    stale = quality.index[quality["L_T3"] == STALE]
    assert (stale[0], stale[-1], len(stale)) == (6 * HOUR, 8 * HOUR - 300, 24)
    assert (scada["L_T3"].loc[stale] == truth["L_T3"].loc[6 * HOUR - 300]).all()


def test_a_reading_that_is_no_number_is_bad():
    def die(bed):
        (sensor,) = bed.points("sensor:L_T1")
        sensor.attach(lambda p: [r.with_value(math.nan) for r in p if r.time > 3600], ["L_T1"])

    _, _, scada, quality = run(2, prepare=die)
    assert (quality["L_T1"].loc[3900.0:] == BAD).all()
    assert scada["L_T1"].loc[3900.0:].isna().all()


def test_what_a_plc_no_longer_hears_is_held_then_fails_safe():
    def cut(bed):
        (link,) = bed.points("link:PLC4->PLC3")
        link.attach(lambda p: [r for r in p if r.time < 6 * HOUR], ["L_T3"])

    own = {"PLC3": {"hold": "1 h", "failsafe": {"PU4": "open", "PU5": "open"}}}
    _, truth, _, _ = run(12, prepare=cut, control={"plcs": own})
    _, held, _, _ = run(12, prepare=cut)
    first = truth["S_PU5"].index[truth["S_PU5"] == 1][0]
    assert first == 7 * HOUR  # the first scan more than 1 h after 5:55
    assert (truth["S_PU5"].loc[first:] == 1).all()
    assert (held["S_PU5"] == 0).all()


def test_the_operator_opens_a_pump_and_leaves_it_to_its_plc_again(normal):
    orders = [Order(2 * HOUR, {"PU3": 1.0}), Order(5 * HOUR, {"PU3": math.nan, "PU2": 0.0})]
    bed, truth, _, _ = run(8, orders=orders)
    assert (normal[1]["S_PU3"] == 0).all()
    assert (truth["S_PU3"].loc[2 * HOUR + 900 :] == 1).all()  # no rule of its own closes it
    assert (truth["S_PU3"].loc[: 2 * HOUR] == 0).all()
    assert (truth["S_PU2"].loc[5 * HOUR + 900 :] == 0).all()
    said = [e.what for e in bed.historian.events if e.source == "operator"]
    assert said == ["PU3 set to open", "PU3 set to auto", "PU2 set to closed"]


def test_the_operator_writes_a_setpoint_and_the_rule_goes_by_it():
    orders = [Order(2 * HOUR, {"SP_PU4_open": 4.0, "SP_PU4_closed": 4.2})]
    bed, truth, _, _ = run(24, orders=orders)
    after = truth.loc[3 * HOUR :]
    switched = after["S_PU4"].diff().abs().sum()
    assert switched >= 4
    level = after["L_T3"][after["S_PU4"].diff() != 0].iloc[1:]
    assert ((level - 4.1).abs() < 0.25).all()
    (rule,) = [r for r in bed.plcs["PLC3"].rules if r.actuator == "PU4" and r.command == 1.0]
    assert rule.when.text == "L_T3 < 4.0"
    others = [r for r in bed.plcs["PLC3"].rules if r.actuator != "PU4"]
    assert others == [r for r in bed.plcs["PLC3"].spec.rules if r.actuator != "PU4"]


def test_an_order_for_nobody_is_refused_before_the_run():
    with pytest.raises(InputError, match="did you mean SP_PU4_open") as caught:
        run(1, orders=[Order(0.0, {"SP_PU4_opn": 1.0})])
    assert caught.value.keys == ("operator", 0, "write", "SP_PU4_opn")


def test_limit_alarms_go_by_what_is_shown_and_into_the_events():
    def lie(bed):
        (link,) = bed.points("link:PLC2->SCADA")
        link.attach(
            lambda p: [r.with_value(6.45) if HOUR <= r.time < 2 * HOUR else r for r in p], ["L_T1"]
        )

    bed, _, _, _ = run(3, prepare=lie)
    mine = [a for a in bed.scada.limits.alarms if a.tag == "L_T1"]
    assert [(a.limit, a.time, a.cleared) for a in mine] == [
        ("H", HOUR, 2 * HOUR),
        ("HH", HOUR, 2 * HOUR),
    ]
    said = [e.what for e in bed.historian.events if e.source == "SCADA" and "L_T1" in e.what]
    assert said[0] == "L_T1 H: 6.45 m, limit 5.50 m"
    assert said[-1] == "L_T1 HH cleared"


def test_normal_days_raise_no_limit_alarm():
    # T6's own 3.5 m to start with are low for it: it is full half of the time.
    bed, _, _, _ = run(72, seed=3, levels={"T6": 5.5})
    assert not bed.scada.limits.alarms
