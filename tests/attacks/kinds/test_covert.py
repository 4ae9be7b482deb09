"""What the attacker's own twin shows, against the run without attacks."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from attacks.attacker import attacker_model
from attacks.entries.armed import arm
from attacks.kinds.covert import slip
from scenarios.definition.schema import from_data
from tests.attacks.beds import HOUR
from twin.plants.spec import load_plant
from twin.testbed import Testbed
from twin.water.demand import Playback

ATTACK = {"on": "link:PLC2->PLC1", "do": {"constant": {"value": 0.5}}, "when": {"from": "6 h"}}
ROUGH = {
    "links": {"*": {"latency": "200 ms", "jitter": "100 ms", "loss": 0.05}},
    "sensors": {"L_*": {"noise": 0.02, "resolution": 0.01}},
}


def masked(on="link:*->SCADA", **covert):
    entry = {"on": on, "do": {"covert": covert}, "when": {"from": "6 h"}}
    return [ATTACK, entry]


@contextmanager
def ran(data, hours=24, control=None, **options):
    plant = load_plant("ctown", control=control)
    with Testbed(plant, seed=4, **({"warmup": 12 * HOUR} | options)) as bed:
        arm(from_data({"name": "x", "attacks": data}).attacks, bed)
        for _ in bed.run(hours * HOUR):
            pass
        yield bed


def tables(data, **options):
    with ran(data, **options) as bed:
        history = bed.historian
        return history.truth.frame(), history.scada.frame(), history.quality.frame()


@pytest.mark.parametrize(("on", "control"), [("link:*->SCADA", ROUGH), ("scada", None)])
def test_a_perfect_mask_is_the_run_without_attacks_bit_for_bit(on, control):
    truth, scada, quality = tables(masked(on), control=control)
    usual_truth, usual, usual_quality = tables([], control=control)
    pd.testing.assert_frame_equal(scada, usual, check_exact=True)
    pd.testing.assert_frame_equal(quality, usual_quality, check_exact=True)
    assert (truth["L_T1"] - usual_truth["L_T1"]).max() > 1.0


def test_played_demands_and_levels_are_the_twins_too_and_one_tag_is_enough():
    hours = np.random.default_rng(1).uniform(0.4, 1.0, (12, 5))
    options = {"levels": {"T1": 5.0}, "hours": 12}
    truth, scada, _ = tables(masked("sensor:L_T1"), demand=Playback(hours), **options)
    _, usual, _ = tables([], demand=Playback(hours), **options)
    np.testing.assert_array_equal(scada["L_T1"], usual["L_T1"])
    np.testing.assert_array_equal(scada["L_T2"], truth["L_T2"])
    assert (truth["L_T1"] != usual["L_T1"]).any()


def test_a_mask_in_error_slips_and_one_that_starts_from_the_true_state_slips_less():
    _, usual, _ = tables([], hours=12)
    errors = [{"demand": 1.02, "synchronise": True}, {"demand": 1.02}]
    shown = [tables(masked(**error), hours=12)[1] for error in errors]
    slips = [slip(scada, usual) for scada in shown]
    assert 0.0 < slips[0]["relative"].mean() < 0.5 * slips[1]["relative"].mean()
    assert np.isnan(slips[0]["relative"]["F_PU3"])  # it never runs
    levels = [f"L_T{i}" for i in range(1, 8)]
    first, usual_first = (one.loc[6 * HOUR, levels].to_numpy(float) for one in (shown[0], usual))
    np.testing.assert_allclose(first, usual_first)


def test_the_error_is_in_what_he_believes_and_not_in_the_plant():
    plant = load_plant("ctown")
    wrong = attacker_model(plant, 1.1, 1.05)
    assert attacker_model(plant, 1.0, 1.0) is plant
    (_, pipe), (_, true) = next(wrong.model.pipes()), next(plant.model.pipes())
    assert pipe.roughness == pytest.approx(1.1 * true.roughness)
    assert wrong.model.options.hydraulic.demand_multiplier == pytest.approx(1.05)
    assert plant.model.options.hydraulic.demand_multiplier == 1.0


def test_slip_is_the_rms_by_tag():
    times = pd.Index([0.0, 300.0, 600.0])
    usual = pd.DataFrame({"a": [0.0, 2.0, 1.0], "b": [1.0, 1.0, 1.0]}, index=times)
    shown = pd.DataFrame({"a": [3.0, 6.0], "b": [1.0, 2.0]}, index=times[:2])
    table = slip(shown, usual)
    assert table["rms"]["a"] == pytest.approx(np.sqrt((9 + 16) / 2))
    assert table["relative"]["a"] == pytest.approx(table["rms"]["a"] / 1.0)
    assert np.isnan(table["relative"]["b"])


def test_the_twin_is_built_when_needed_keeps_no_record_and_is_closed_at_the_end():
    late = masked()
    late[1]["when"] = {"from": "48 h"}
    with ran(late, hours=2, warmup=0.0) as bed:
        assert bed._beside == []
    with ran(masked(), hours=8, warmup=0.0) as bed:
        (twin,) = bed._beside
        assert twin.env.now == pytest.approx(bed.env.now, abs=300.0)
        assert twin.historian.truth.frame().empty
        closed, close = [], twin.plant.close
        twin.plant.close = lambda: (closed.append(True), close())
    assert closed
