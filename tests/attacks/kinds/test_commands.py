"""Attacks on what drives are told, and on what SCADA orders."""

import math

import numpy as np
import pytest

from attacks.build import build
from scenarios.definition.schema import from_data, to_yaml
from tests.attacks.beds import HOUR, armed_run
from twin.control.orders import Order
from twin.errors import InputError


def entry(on, do, **when):
    when = {"from": "6 h", "for": "6 h"} | when
    return from_data({"name": "x", "attacks": [{"on": on, "do": do, "when": when}]}).attacks[0]


@pytest.fixture(scope="module")
def normal():
    return armed_run([], hours=24)


def starts(status):
    return int((status.diff() > 0).sum())


def switches(run, name):
    said = {f"{name} opened", f"{name} closed"}
    return [e.time for e in run.bed.historian.events if e.what in said]


def test_the_event_log_blames_no_plc_for_what_its_drive_was_told_by_others():
    run = armed_run([entry("actuator:PU3", {"force": {"to": 0.8}}, **{"for": "2 h"})], hours=10)
    said = [(e.source, e.what) for e in run.bed.historian.events if e.what.startswith("PU3 ")]
    assert said == [("actuator:PU3", "PU3 set to 0.8 of its speed"), ("PLC1", "PU3 closed")]


@pytest.mark.parametrize(("lockout_first", "arrives"), [(True, True), (False, False)])
def test_what_is_spoofed_passes_a_lockout_before_it_and_none_after_it(lockout_first, arrives):
    lockout = entry("link:SCADA->*", {"drop": {}})
    spoof = entry("link:SCADA->PLC1", {"spoof": {"write": {"PU3": "open"}}})
    entries = [lockout, spoof] if lockout_first else [spoof, lockout]
    run = armed_run(entries, hours=10)
    ran = run.truth["S_PU3"]
    assert ran.loc[: 6 * HOUR].sum() == 0
    assert bool(ran.loc[6.5 * HOUR : 9.9 * HOUR].all()) is arrives
    assert bool(ran.any()) is arrives


def test_a_blocked_drive_stays_as_it_is_until_the_end(normal):
    first = next(t for t in switches(normal, "PU4") if t > 6 * HOUR)
    run = armed_run([entry("actuator:PU4", {"block": {}}, **{"for": "10 h"})], hours=24)
    before = normal.truth["S_PU4"].loc[6 * HOUR]
    assert first < 16 * HOUR
    assert (run.truth["S_PU4"].loc[6 * HOUR : 16 * HOUR - 1] == before).all()
    level = run.truth["L_T3"].loc[16 * HOUR]
    if level > 5.3 or level < 3.0:  # then its PLC says otherwise, and is heard
        assert run.truth["S_PU4"].loc[16 * HOUR] == 1 - before


def test_an_inverted_drive_does_the_opposite_of_its_logic():
    run = armed_run([entry("actuator:PU10", {"invert": {}}, **{"for": "14 h"})], hours=24)
    during = run.truth.loc[6 * HOUR : 20 * HOUR - 1]
    high, low = during["L_T7"] > 4.85, during["L_T7"] < 2.45
    assert high.any() or low.any()
    assert (during["S_PU10"][high] == 1).all()
    assert (during["S_PU10"][low] == 0).all()
    assert run.truth["S_PU10"].loc[20 * HOUR - 300 : 20 * HOUR].nunique() == 2


def test_a_speed_is_inverted_to_closed():
    forced = entry("actuator:PU1", {"force": {"to": 0.9}})
    run = armed_run([forced, entry("actuator:PU1", {"invert": {}})], hours=8)
    assert (run.truth["S_PU1"].loc[6 * HOUR :] == 0).all()


def test_a_delayed_command_takes_effect_to_the_second(normal):
    orders = [Order(7 * HOUR, {"PU3": 1.0}), Order(8 * HOUR, {"PU3": math.nan, "PU1": 0.0})]
    late = entry("actuator:PU3", {"delay": {"by": "100 s"}})
    usual, run = (armed_run(some, hours=10, orders=orders) for some in ([], [late]))
    (opened,) = switches(usual, "PU3")
    assert switches(run, "PU3") == [opened + 100]
    assert switches(run, "PU1") == switches(usual, "PU1")


def test_commands_held_back_at_the_end_are_overtaken_by_the_present_one():
    orders = [Order(7 * HOUR, {"PU3": 1.0})]
    late = entry("actuator:PU3", {"delay": {"by": "1 d"}}, **{"for": "4 h"})
    run = armed_run([late], hours=40, orders=orders)
    assert switches(run, "PU3") == [10 * HOUR]


def test_chatter_switches_between_steps_and_leaves_no_trace_in_plc_scans(normal):
    do = {"chatter": {"period": "80 s", "duty": 0.25}}
    run = armed_run([entry("actuator:PU3", do, **{"for": "1 h"})], hours=8)
    at = switches(run, "PU3")
    assert at[:4] == [6 * HOUR, 6 * HOUR + 20, 6 * HOUR + 80, 6 * HOUR + 100]
    assert len(at) == 2 * 3600 / 80
    assert (run.truth["S_PU3"].loc[7 * HOUR :] == 0).all()
    scans = [e.time for e in run.bed.historian.events if e.what.startswith("PU1 ")]
    assert all(t % 900 == 0 for t in scans if 6 * HOUR < t < 7 * HOUR)
    used = run.bed.totals()["pump_starts"] - normal.truth["pump_starts"].loc[8 * HOUR - 300]
    assert used == pytest.approx(45, abs=2)


def test_a_spoofed_order_holds_until_scada_speaks_again():
    write = {"SP_PU4_closed": 4.0, "PU3": "open", "PU1": 0.9}
    spoofs = [
        entry("link:SCADA->PLC3", {"spoof": {"write": {"SP_PU4_closed": 4.0}}}),
        entry("link:SCADA->PLC1", {"spoof": {"write": {k: write[k] for k in ("PU3", "PU1")}}}),
    ]
    run = armed_run(spoofs, hours=16)
    truth = run.truth
    assert (truth["S_PU3"].loc[6.25 * HOUR : 12 * HOUR] == 1).all()
    assert (truth["S_PU4"].loc[6.5 * HOUR : 12 * HOUR][truth["L_T3"] > 4.2] == 0).all()
    levels = [rule.when.text for rule in run.bed.plcs["PLC3"].rules]
    assert levels == [rule.when.text for rule in run.bed.plcs["PLC3"].spec.rules]
    assert math.isnan(run.bed.plcs["PLC1"].orders.value("PU3"))
    assert run.bed.scada.orders.value("SP_PU4_closed") == 5.3  # SCADA itself ordered nothing else


def test_an_operator_locked_out_is_not_obeyed_until_the_end():
    orders = [Order(7 * HOUR, {"PU3": 1.0})]
    out = entry("link:SCADA->*", {"drop": {}})
    run = armed_run([out], hours=14, orders=orders)
    assert (run.truth["S_PU3"].loc[: 12 * HOUR] == 0).all()
    assert (run.truth["S_PU3"].loc[12.5 * HOUR :] == 1).all()


@pytest.mark.parametrize(
    ("on", "write", "says", "keys"),
    [
        ("link:SCADA->PLC5", {"SP_PU10_opn": 3.0}, "did you mean SP_PU10_open", ("write",)),
        ("link:SCADA->PLC1", {"PU10": "open"}, "there are PU1 to PU3", ("write",)),
        ("link:PLC2->SCADA", {"PU1": "open"}, "gives no orders", ()),
        ("link:SCADA->PLC2", {"PU1": "open"}, "SCADA sends to PLC1, PLC3, PLC5", None),
    ],
)
def test_an_order_that_never_passes_is_refused(on, write, says, keys):
    with pytest.raises(InputError, match=says) as caught:
        armed_run([entry(on, {"spoof": {"write": write}})], hours=1)
    assert caught.value.keys[:2] == ("attacks", 0)
    if keys is not None:
        assert caught.value.keys[2:5] == ("do", "spoof", *keys)


@pytest.mark.parametrize(
    ("do", "says"),
    [
        ({"chatter": {"period": "15 s"}}, "less than 10 s"),
        ({"chatter": {"period": "60 s", "duty": 0.1}}, "less than 10 s"),
        ({"chatter": {"period": "60 s", "duty": 1.0}}, "below 1"),
        ({"spoof": {"write": {"PU1": "ajar"}}}, "PU1 is told open, closed, auto or a number"),
        ({"spoof": {"write": {"SP_PU1_open": "open"}}}, "SP_PU1_open is a setpoint"),
        ({"spoof": {"write": {"PU1": -1}}}, "PU1 cannot be -1"),
        ({"spoof": {"write": {"PU1": math.inf}}}, "finite"),
    ],
)
def test_fields_that_make_no_sense_are_explained(do, says):
    with pytest.raises(InputError, match=says):
        build(do)


def test_written_and_read_back_it_is_the_same():
    orders = {"SP_PU10_open": 3.0, "PU9": "auto", "PU8": 0.9}
    scenario = from_data(
        {"name": "x", "attacks": [{"on": "link:SCADA->PLC5", "do": {"spoof": {"write": orders}}}]}
    )
    from ruamel.yaml import YAML

    again = from_data(YAML(typ="safe").load(to_yaml(scenario)))
    assert again.attacks == scenario.attacks
    assert np.isfinite(again.attacks[0].do.write["SP_PU10_open"])
