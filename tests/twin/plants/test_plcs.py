"""What plcs.yaml may say of links, instruments and alarms, and a scenario lay over it."""

import math

import pytest

from twin.errors import InputError
from twin.plants.equipment import Instrument, Limits, Medium
from twin.plants.spec import load_plant


def wired(**control):
    return load_plant("ctown", control=control).wiring


def test_without_a_word_every_link_is_perfect_and_every_instrument_exact():
    wiring = load_plant("ctown").wiring
    assert set(wiring.links.values()) == {Medium()}
    assert wiring.instruments == {}
    assert len(wiring.links) == 5 + 9 + 3  # between PLCs, to SCADA, and orders to those that drive


def test_a_later_line_overrules_and_patterns_name_many():
    links = wired(
        latency="1 s",
        links={
            "*->SCADA": {"loss": 0.1, "latency": "2 s"},
            "PLC2->*": {"loss": 0.2, "retries": 3, "timeout": "5 s"},
            "SCADA->PLC5": {"bandwidth": 9600, "outages": [{"from": "1 h", "for": "30 min"}]},
        },
    ).links
    assert links["PLC4->SCADA"] == Medium(latency=2.0, loss=0.1)
    assert links["PLC2->SCADA"] == Medium(latency=2.0, loss=0.2, retries=3, timeout=5.0)
    assert links["PLC2->PLC1"] == Medium(latency=1.0, loss=0.2, retries=3, timeout=5.0)
    assert links["SCADA->PLC5"] == Medium(
        latency=1.0, bandwidth=9600.0, outages=((3600.0, 5400.0),)
    )
    assert links["SCADA->PLC1"] == Medium(latency=1.0)


def test_an_outage_ends_at_a_time_or_after_one():
    outages = [{"from": "1 h", "for": "2 h"}, {"from": "5 h", "to": "6 h"}]
    links = wired(links={"PLC2->PLC1": {"outages": outages}}).links
    assert links["PLC2->PLC1"].outages == ((3600.0, 10800.0), (18000.0, 21600.0))


def test_instruments_and_alarms_go_by_pattern_too():
    wiring = wired(
        sensors={"L_*": {"noise": 0.01}, "L_T1": {"drift": -0.02}, "*_PU1": {"resolution": 0.1}},
        alarms={"L_T1": {"HH": 6.0}, "P_J280": {"L": 10, "deadband": 2}},
    )
    assert wiring.instruments["L_T1"] == Instrument(noise=0.01, drift=-0.02)
    assert wiring.instruments["L_T7"] == Instrument(noise=0.01)
    assert wiring.instruments["F_PU1"] == Instrument(resolution=0.1)
    assert "S_PU1" not in wiring.instruments  # a status is on or off
    own = load_plant("ctown").wiring.limits["L_T1"]
    assert wiring.limits["L_T1"] == Limits(own.LL, own.L, own.H, 6.0, own.deadband)
    assert wiring.limits["P_J280"].L == 10.0
    assert math.isnan(wiring.limits["P_J280"].HH)


def test_a_key_with_nothing_under_it_changes_nothing():
    assert list(wired(plcs=None, links=None).plcs) == list(load_plant("ctown").plcs)


def test_a_plc_may_scan_and_be_asked_less_often():
    plcs = wired(
        polling="10 min",
        plcs={
            "PLC3": {"polling": "1 h", "scan": {"every": "5 min", "crossings": "none"}},
            "PLC5": {"hold": "30 min", "failsafe": {"PU8": "closed", "PU10": 0.9}},
        },
    ).plcs
    assert (plcs["PLC3"].polling, plcs["PLC3"].scan, plcs["PLC3"].crossing) == (3600, 300, None)
    assert (plcs["PLC1"].polling, plcs["PLC1"].scan, plcs["PLC1"].crossing) == (600, 900, 0.5)
    assert plcs["PLC5"].hold == 1800.0
    assert plcs["PLC5"].failsafe == {"PU8": 0.0, "PU10": 0.9}


def test_pumps_are_protected_from_running_dry_unless_it_says_otherwise():
    assert load_plant("ctown").wiring.dry_run_protection
    assert not wired(dry_run_protection=False).dry_run_protection


MISTAKES = [
    ({"dry_run_protection": "yes"}, "is true or false, not 'yes'", ("dry_run_protection",)),
    ({"linkz": {}}, "did you mean links", ("linkz",)),
    ({"links": {"PLC2->PLC11": {}}}, "did you mean PLC2->PLC1", ("links", "PLC2->PLC11")),
    ({"links": {"PLC2->PLC1": {"lost": 1}}}, "did you mean loss", ("links", "PLC2->PLC1", "lost")),
    ({"links": {"*": {"loss": 1.2}}}, "probability", ("links", "*", "loss")),
    ({"links": {"*": {"latency": 2}}}, "number and a unit", ("links", "*", "latency")),
    ({"links": {"*": {"bandwidth": 0}}}, "above 0", ("links", "*", "bandwidth")),
    ({"links": {"*": {"retries": 1.5}}}, "whole number", ("links", "*", "retries")),
    ({"links": {"*": {"outages": [{"from": "1 h"}]}}}, "either `for` or `to`",
     ("links", "*", "outages", 0)),
    ({"links": {"*": {"outages": [{"for": "1 h", "to": "2 h"}]}}}, "either `for` or `to`",
     ("links", "*", "outages", 0)),
    ({"links": {"*": {"outages": [{"from": "1 h", "for": "1 h", "to": "2 h"}]}}}, "has `from`",
     ("links", "*", "outages", 0)),
    ({"links": {"*": {"outages": [{"from": "2 h", "to": "1 h"}]}}}, "after it begins, at 2 h",
     ("links", "*", "outages", 0, "to")),
    ({"links": {"PLC1->SCADA": {"latency": "6 min"}}}, "SCADA would wait 360 s",
     ("links", "PLC1->SCADA")),
    ({"links": {"PLC3->SCADA": {"bandwidth": 3}}}, "give it more bandwidth",
     ("links", "PLC3->SCADA")),
    ({"links": {"PLC2->PLC1": {"bandwidth": 1}}}, "would take 568 s for a message",
     ("links", "PLC2->PLC1")),
    ({"links": {"*": {"loss": 0.1}}, "latency": "6 min"}, "SCADA would wait 360 s", ("latency",)),
    ({"step": "10 min"}, "not a multiple of step", ("step",)),
    ({"scan": {"every": "100 ms"}}, "whole number of seconds, 1 s at least", ("scan", "every")),
    ({"sensors": {"S_PU1": {"noise": 1}}}, "is a status", ("sensors", "S_PU1")),
    ({"sensors": {"L_T1": {"noise": -1}}}, "noise is 0 or more, not -1",
     ("sensors", "L_T1", "noise")),
    ({"alarms": {"L_T1": {"deadband": -0.1}}}, "deadband is 0 or more, not -0.1",
     ("alarms", "L_T1", "deadband")),
    ({"alarms": {"L_T9": {}}}, "there are L_T1 to L_T7", ("alarms", "L_T9")),
    ({"alarms": {"L_T1": {"L": 7}}}, "do not rise", ("alarms", "L_T1")),
    ({"alarms": {"L_*": {"H": 6.5}}}, "L_T1 do not rise", ("alarms", "L_*")),
    ({"plcs": {"PLC10": {}}}, "there are PLC1 to PLC9", ("plcs", "PLC10")),
    ({"plcs": {"PLC1": {"rules": []}}}, "cannot change 'rules'", ("plcs", "PLC1", "rules")),
    ({"plcs": {"PLC1": {"polling": "7 min"}}}, "not a multiple", ("plcs", "PLC1", "polling")),
    ({"plcs": {"PLC1": {"scan": {"evry": "1 h"}}}}, "did you mean every",
     ("plcs", "PLC1", "scan", "evry")),
    ({"plcs": {"PLC1": {"scan": {"every": "100 ms"}}}}, "whole number",
     ("plcs", "PLC1", "scan", "every")),
    ({"plcs": {"PLC1": {"failsafe": {"PU4": 0}}}}, "does not drive 'PU4'",
     ("plcs", "PLC1", "failsafe", "PU4")),
]  # fmt: skip


@pytest.mark.parametrize(("control", "says", "keys"), MISTAKES)
def test_a_mistake_laid_over_is_named_where_it_stands(control, says, keys):
    with pytest.raises(InputError, match=says) as caught:
        load_plant("ctown", control=control)
    assert caught.value.keys == ("control", *keys)


def test_every_sensor_has_a_range_which_a_pattern_may_change():
    ranges = wired(sensors={"P_*": {"range": [-5, 150]}, "P_J280": {"range": [0, 90]}}).ranges
    assert ranges["P_J269"] == (-5.0, 150.0)
    assert ranges["P_J280"] == (0.0, 90.0)
    usual = load_plant("ctown").wiring.ranges
    assert usual["P_J280"] == (-10.0, 200.0)
    assert usual["L_T1"] == pytest.approx((-0.325, 6.825))
    assert usual["F_PU1"][1] == -usual["F_PU1"][0] > 500.0
    assert "S_PU1" not in usual


@pytest.mark.parametrize("written", [[1], [2, 1], ["a", 2], 5, [1, 1], [True, 2]])
def test_a_range_is_two_numbers_that_rise(written):
    with pytest.raises(InputError, match="range"):
        wired(sensors={"P_*": {"range": written}})
