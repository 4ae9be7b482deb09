"""What is done to the water itself."""

import numpy as np
import pytest

from attacks.entries.armed import arm
from scenarios.definition.schema import from_data
from scenarios.simulation import pair
from tests.attacks.beds import HOUR, armed_run
from twin.errors import InputError


def entry(on, do, **when):
    data = {"on": on, "do": do, "when": {"from": "2 h", "for": "4 h"} | when}
    return from_data({"name": "x", "attacks": [data]}).attacks[0]


def added(run, column, start, end):
    return run.truth.loc[end * HOUR, column] - run.truth.loc[start * HOUR, column]


def test_a_leak_grows_and_is_mended():
    run = armed_run([entry("plant:P310", {"leak": {"area": 0.001, "grows": "2 h"}})], hours=8)
    assert added(run, "leaked_m3", 0, 2) == 0
    first, second = added(run, "leaked_m3", 2, 4), added(run, "leaked_m3", 4, 6)
    assert first == pytest.approx(second / 2, rel=0.15)
    assert added(run, "leaked_m3", 6, 7) == 0


def test_a_surge_takes_a_share_of_a_district_drawn_by_the_seed():
    surge = entry("plant:DMA2", {"demand": {"factor": 3, "share": 0.3}})
    runs = [armed_run([surge], hours=8, seed=seed) for seed in (0, 0, 1)]
    usual = armed_run([], hours=8)
    more = [
        added(run, "demanded_DMA2_m3", 3, 5) / added(usual, "demanded_DMA2_m3", 3, 5)
        for run in runs
    ]
    assert more[0] == more[1] != more[2]
    assert 1.2 < more[0] < 2.2
    elsewhere = [added(run, "demanded_DMA1_m3", 3, 5) for run in (runs[0], usual)]
    assert elsewhere[0] == pytest.approx(elsewhere[1], rel=1e-12)
    after = [added(run, "demanded_DMA2_m3", 6, 7) for run in (runs[0], usual)]
    assert after[0] == pytest.approx(after[1])


def test_what_fails_does_not_obey_until_it_ends():
    run = armed_run([entry("plant:PU2", {"fail": {"to": "closed"}})], hours=8)
    during = run.truth["S_PU2"].loc[2 * HOUR : 6 * HOUR - 1]
    assert (during == 0).all()
    assert run.truth["S_PU2"].loc[6 * HOUR] == 1


def test_what_is_stuck_stays_as_it_is():
    stuck = entry("plant:PU1", {"fail": {"to": "stuck"}}, **{"for": "40 h"})
    run, usual = armed_run([stuck], hours=40), armed_run([], hours=40)
    assert usual.truth["S_PU1"].loc[2 * HOUR :].nunique() == 2
    assert run.truth["S_PU1"].loc[2 * HOUR :].nunique() == 1


def test_a_worn_pump_pumps_less():
    run, usual = (
        armed_run([entry("plant:PU2", {"wear": {"speed": 0.9}})], hours=8),
        armed_run([], hours=8),
    )
    during = slice(3 * HOUR, 5 * HOUR)
    assert np.all(run.truth["F_PU2"].loc[during] < 0.95 * usual.truth["F_PU2"].loc[during])


@pytest.mark.parametrize(
    ("on", "do", "says"),
    [
        ("plant:T3", {"leak": {"area": 0.01}}, "let it leak beside it"),
        ("plant:PU1", {"leak": {"area": 0.01}}, "no junction or pipe 'PU1'"),
        ("plant:J280", {"demand": {"factor": 3}}, "no demand to multiply"),
        ("plant:J280", {"demand": {"extra": 3, "share": 0.5}}, "one junction"),
        ("plant:PU1", {"demand": {"factor": 3}}, "no junction and no district"),
        ("plant:P310", {"fail": {"to": 0.5}}, "closed or open"),
        ("plant:J280", {"fail": {"to": "closed"}}, "no pump, valve or pipe"),
        ("plant:V2", {"wear": {"speed": 0.5}}, "no pump 'V2'"),
    ],
)
def test_it_must_make_sense_there(on, do, says):
    with pytest.raises(InputError, match=says):
        armed_run([entry(on, do)], hours=1)


def test_the_water_balances_after_a_leak_is_mended_too():
    leak = {
        "on": "plant:P310",
        "do": {"leak": {"area": 0.05}},
        "when": {"from": "10 h", "for": "10 h"},
    }
    plan = from_data({"name": "x", "duration": "2 d", "faults": [leak]})
    with pair.testbed(plan, plan.plant_spec()) as bed:
        arm(plan.entries, bed)
        for _ in bed.run(plan.duration):
            pass
        totals = bed.totals()
    assert totals["invented_m3"] > 10  # EPANET warned: else nothing could go wrong
    came = totals["supplied_m3"] + totals["invented_m3"]
    spilled = sum(v for name, v in totals.items() if name.startswith("overflow_"))
    went = totals["drawn_m3"] + totals["leaked_m3"] + totals["stored_m3"] + spilled
    assert totals["leaked_m3"] > 1000
    assert abs(came - went) < 1e-3 * totals["supplied_m3"]
