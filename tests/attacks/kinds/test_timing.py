"""When readings arrive, and whether."""

import numpy as np
import pytest

from attacks.build import build
from attacks.entries.armed import arm
from scenarios.definition.schema import from_data
from tests.attacks.beds import HOUR, armed_run
from tests.attacks.ports import STEP, Port
from twin.control.taps import Late, TapPoint
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.tags import Reading
from twin.testbed import Testbed

MANY = [[1.0, 2.0]] * 6_000
TAGS = ("L_T1", "L_T2")


def arrivals(do, seed=0):
    port = Port(do, seed)
    port.begin()
    return port.packets(MANY, TAGS)


def runs_of(lost):
    """Return the lengths of runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost, [0]])))
    return edges[1::2] - edges[::2]


def test_some_messages_are_lost_whole():
    counts = [len(packet) for packet in arrivals({"drop": {"probability": 0.3}})]
    assert set(counts) == {0, 2}
    assert np.mean(np.array(counts) == 0) == pytest.approx(0.3, abs=0.03)


def test_losses_come_in_bursts_of_a_mean_length():
    lost = np.array(
        [not packet for packet in arrivals({"drop": {"probability": 0.3, "burst": "1 h"}})]
    )
    assert lost.mean() == pytest.approx(0.3, abs=0.05)
    # A two-state chain with mean sojourns of 1 h (bad) and 7/3 h, seen every 5 min.
    stays = 0.3 + 0.7 * np.exp(-(STEP / HOUR) * (1.0 + 3.0 / 7.0))
    assert runs_of(lost).mean() == pytest.approx(1.0 / (1.0 - stays), rel=0.2)


def test_what_is_lost_follows_the_seed():
    do = {"drop": {"probability": 0.5, "burst": "1 h"}}
    counts = [[len(packet) for packet in arrivals(do, seed)] for seed in (1, 1, 2)]
    assert counts[0] == counts[1] != counts[2]


def test_jitter_comes_on_top_of_the_delay_and_has_its_mean():
    waits = np.array(
        [[p.by for p in pair] for pair in arrivals({"delay": {"by": "1 h", "jitter": "10 min"}})]
    )
    assert (waits[:, 0] == waits[:, 1]).all()  # what travels together
    assert waits.min() >= HOUR
    assert waits[:, 0].mean() - HOUR == pytest.approx(600.0, rel=0.05)


def test_reorder_holds_back_at_random_up_to_a_time():
    waits = np.array([packet[0].by for packet in arrivals({"reorder": {"within": "1 h"}})])
    assert 0.0 <= waits.min() < 60.0
    assert HOUR - 60.0 < waits.max() <= HOUR
    arrived = np.arange(len(waits)) * STEP + waits
    assert (np.diff(arrived) < 0).mean() > 0.3  # later ones overtake


def test_reordered_readings_show_the_past_and_never_the_future():
    data = {"on": "link:PLC2->SCADA", "do": {"reorder": {"within": "1 h"}}}
    data["when"] = {"from": "2 h"}
    run = armed_run(from_data({"name": "x", "attacks": [data]}).attacks, hours=24)
    true, shown = run.truth["L_T1"].to_numpy(), run.scada["L_T1"].to_numpy()
    ages = [
        next(age for age in range(30) if true[i - age] == shown[i]) for i in range(36, len(shown))
    ]
    assert np.any(np.diff(ages) > 1)  # an older one came after a newer one


def test_a_copy_comes_later_by_itself():
    port = Port({"duplicate": {"after": "7 min"}})
    port.begin()
    ((first, second),) = port.packets([[1.0]])
    assert (first.by, second.by) == (0.0, 420.0)
    assert first.reading == second.reading


def test_copies_keep_their_delays_through_later_taps():
    point = TapPoint("link:A->B", ["a"])
    point.attach(lambda packet: [*packet, Late(packet[0], 420.0)], ["a"])
    point.attach(lambda packet: [one.with_value(one.value + 1.0) for one in packet], ["a"])
    passed = point.tamper([Reading(0.0, "a", 1.0)], 0.0)
    assert [(late.reading.value, late.by) for late in passed] == [(2.0, 0.0), (2.0, 420.0)]


def test_an_old_stamp_makes_good_values_stale():
    data = {"on": "link:PLC2->SCADA", "do": {"timestamp": {"by": "-1 h"}}}
    data["when"] = {"from": "2 h", "for": "2 h"}
    run = armed_run(from_data({"name": "x", "attacks": [data]}).attacks, hours=6)
    np.testing.assert_array_equal(run.scada["L_T1"], run.truth["L_T1"])
    stale = run.quality["L_T1"] == 1
    assert stale.loc[2 * HOUR : 4 * HOUR - 1].all()
    assert not stale.loc[: 2 * HOUR - 1].any()
    assert not stale.loc[4 * HOUR :].any()


def test_a_plc_ignores_stamps_older_than_its_hold():
    """PU1 opens at a low L_T1; a PLC that takes the reading for an old one leaves it closed."""
    data = {"on": "link:PLC2->PLC1", "do": {"constant": {"value": 0.0}}}
    old = {"on": "link:PLC2->PLC1", "do": {"timestamp": {"by": "-1 h"}}}
    plant = load_plant("ctown", control={"plcs": {"PLC1": {"hold": "30 min"}}})

    def opened(*entries):
        with Testbed(plant, warmup=0.0, levels={"T1": 6.4}) as bed:
            arm(from_data({"name": "x", "attacks": [*entries]}).attacks, bed)
            for _ in bed.run(2 * HOUR):
                pass
            return bed.historian.truth.frame()["S_PU1"].any()

    assert opened(data)
    assert not opened(data, old)


@pytest.mark.parametrize(
    ("do", "says"),
    [
        ({"drop": {"burst": "1 h"}}, "probability below 1"),
        ({"drop": {"burst": "0 s", "probability": 0.1}}, "longer than 0 s"),
        ({"drop": {"probability": 0}}, "above 0"),
        ({"drop": {"probability": 1.2}}, "at most 1"),
        ({"timestamp": {"by": "- an hour"}}, "not a duration"),
        ({"delay": {"by": "-1 h"}}, "cannot be negative"),
    ],
)
def test_fields_that_make_no_sense(do, says):
    with pytest.raises(InputError, match=says):
        build(do)
