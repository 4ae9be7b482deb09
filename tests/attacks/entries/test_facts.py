"""What conditions ask of a run: truth, clock, what was seen, other entries; to within one step."""

import math

import numpy as np
import pytest

from attacks.entries.armed import arm
from scenarios.definition.schema import from_data
from tests.attacks.beds import HOUR, armed_run
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.testbed import Testbed

STEP = 300.0


def entries(*whens, on="link:PLC2->PLC1", do=None):
    do = do or {"offset": {"by": 0.0}}
    attacks = [{"name": f"e-{i}", "on": on, "do": do, "when": when} for i, when in enumerate(whens)]
    return from_data({"name": "x", "attacks": attacks}).attacks


def starts(*whens, hours=30, **options):
    """Return when each entry was first active [s], nan if never, and the truth."""
    run = armed_run(entries(*whens, **options), hours=hours)
    times = run.scada.index.to_numpy()
    first = [times[np.argmax(log)] if log.any() else math.nan for log in run.active]
    return first, run


def test_conditions_on_the_truth_and_the_clock_hold_to_within_one_step():
    whens = ["L_T1 > 4.3", "S_PU2 > 0", "t >= 7.21", "hour >= 5.5 and hour < 6 and t > 6",
             "weekday == 1", "L_T1 > max_level(T1) - 2.1", "abs(L_T1 - L_T2) < 0.2"]  # fmt: skip
    found, run = starts(*({"start": when} for when in whens), hours=31)
    truth = run.truth
    levels = truth.index[truth["L_T1"] > 4.3][0]
    assert found[0] == levels
    runs = truth.index[truth["S_PU2"] > 0][0]
    assert runs <= found[1] <= runs + STEP  # what was solved is known at the next step
    assert found[2] == math.ceil(7.21 * HOUR / STEP) * STEP
    assert found[3:5] == [29.5 * HOUR, 24 * HOUR]
    assert found[5] == truth.index[truth["L_T1"] > 6.5 - 2.1][0]
    assert found[6] == truth.index[(truth["L_T1"] - truth["L_T2"]).abs() < 0.2][0]


def test_a_crossing_inside_a_step_is_met_at_the_instant_that_a_plc_scans_it():
    """PLCs shorten steps to their thresholds' crossings; triggers are asked there too."""
    asked = []
    with Testbed(load_plant("ctown"), warmup=0.0) as bed:
        bed.observers.append(lambda now, values: asked.append(now))
        (one,) = arm(entries({"start": "L_T1 > 4"}), bed)
        for _ in bed.run(12 * HOUR):
            pass
    between = [now for now in asked if now % STEP]
    assert between
    assert np.diff(asked).max() <= STEP
    assert one.spans[0][0] in asked


def test_entries_see_those_before_them_as_now_and_those_after_them_as_a_step_ago():
    now, late = {"from": "2 h", "for": "1 h"}, {"start": "e-1.active", "follow": True}
    found, run = starts(late, now, {"start": "e-1.active", "follow": True}, {"start": "e-1.ended"})
    before, itself, behind, ended = run.active
    np.testing.assert_array_equal(behind, itself)
    np.testing.assert_array_equal(before[1:], itself[:-1])
    assert found[3] == 3 * HOUR
    assert not ended[: int(3 * HOUR / STEP)].any()


def test_what_was_seen_is_what_came_to_the_port_even_where_the_truth_differs():
    lie = {"name": "lie", "on": "sensor:L_T1", "do": {"constant": {"value": 9.0}},
           "when": {"from": "2 h", "to": "4 h"}}  # fmt: skip
    sees = {"on": "link:PLC2->SCADA", "tags": ["L_T1"], "do": {"constant": {"value": 1.0}},
            "when": {"start": "seen.L_T1 > 8", "follow": True}}  # fmt: skip
    attacks = from_data({"name": "x", "attacks": [lie, sees]}).attacks
    run = armed_run(attacks, hours=6)
    np.testing.assert_array_equal(run.active[1][1:], run.active[0][:-1])  # its own lie is not seen


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"start": "e-0.active"}, "e-0 cannot wait for itself\n    e-0.active\n    ^"),
        ({"start": "t > 1", "end": "t > 2 and e-2.ended"}, "there is only e-1.ended"),
        (
            {"start": "seen.L_T7 > 1"},
            "L_T7 never passes at the entry's own port: L_T1 passes there",
        ),
        ({"start": "L_T1 > max_level(T9)"}, "no max_level(T9): there are T1 to T7"),
    ],
)
def test_what_there_is_not_is_named(when, says):
    with pytest.raises(InputError) as caught:
        armed_run(entries(when, {}), hours=1)
    assert says in caught.value.message
    key = "end" if "end" in when else "start"
    assert caught.value.keys == ("attacks", 0, "when", key)


def test_where_there_is_no_other_entry_that_is_said():
    with pytest.raises(InputError) as caught:
        armed_run(entries({"start": "other.active"}), hours=1)
    said = "unknown name 'other.active': there is only e-0.active, but e-0 cannot wait for itself"
    assert caught.value.message.startswith(said)


def test_random_arrivals_are_an_entrys_own():
    """The same name and seed give the same times, whatever stands beside it in the file."""
    when = {"random": {"gap": {"exponential": "3 h"}, "for": {"uniform": ["10 min", "1 h"]}}}
    alone = armed_run(entries(when), hours=30, seed=5)
    beside = armed_run(entries(when, when, {"from": "1 h"}), hours=30, seed=5)
    other = armed_run(entries(when), hours=30, seed=6)
    assert alone.active[0].any()
    np.testing.assert_array_equal(alone.active[0], beside.active[0])
    assert (alone.active[0] != beside.active[1]).any()
    assert (alone.active[0] != other.active[0]).any()
