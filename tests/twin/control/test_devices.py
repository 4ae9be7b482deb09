import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.control.devices import Instruments
from twin.plants.equipment import Instrument
from twin.plants.spec import load_plant
from twin.tags import Quality
from twin.testbed import Testbed

TAGS = ["L_T1", "L_T2", "F_PU1"]
DAY = 86400.0


def shown(instruments, seed=0, days=7, truth=(4.0, 2.0, 90.0)):
    made = Instruments(TAGS, instruments, seed, 300)
    return np.array([made.show(300.0 * i, np.array(truth)) for i in range(int(days * 288))])


def test_noise_has_its_spread_and_leaves_other_tags_exact():
    values = shown({"L_T1": Instrument(noise=0.02)})
    assert values[:, 0].mean() == pytest.approx(4.0, abs=0.002)
    assert values[:, 0].std() == pytest.approx(0.02, rel=0.06)
    assert (values[:, 1:] == [2.0, 90.0]).all()


def test_noise_is_drawn_once_a_step_whoever_asks():
    made = Instruments(TAGS, {"L_T1": Instrument(noise=1.0)}, 0, 300)
    first, again, later = (made.show(now, np.zeros(3))[0] for now in (600.0, 700.0, 900.0))
    assert first == again != later


@given(st.integers(0, 2**31), st.floats(0.01, 1.0))
def test_a_tags_noise_is_its_own_whatever_the_others_have(seed, spread):
    alone = shown({"L_T2": Instrument(noise=0.1)}, seed, days=0.1)
    together = shown(
        {"L_T1": Instrument(noise=spread), "L_T2": Instrument(noise=0.1)}, seed, days=0.1
    )
    assert (alone[:, 1] == together[:, 1]).all()


def test_resolution_rounds_what_is_shown():
    values = shown({"F_PU1": Instrument(resolution=0.5)}, truth=(4.0, 2.0, 90.3), days=0.1)
    assert (values[:, 2] == 90.5).all()


def test_drift_grows_from_the_start_on():
    made = Instruments(TAGS, {"L_T1": Instrument(drift=0.1)}, 0, 300)
    levels = [made.show(now, np.full(3, 4.0))[0] for now in (-5 * DAY, 0.0, 10 * DAY)]
    assert levels == pytest.approx([4.0, 4.0, 5.0])


def test_beyond_its_range_an_instrument_shows_its_end_and_says_so():
    made = Instruments(TAGS, {}, 0, 300, {"L_T1": (0.0, 6.0), "F_PU1": (-100.0, 100.0)})
    assert made.show(0.0, np.array([7.0, 9.0, -8e6])).tolist() == [6.0, 9.0, -100.0]
    assert made.beyond.tolist() == [True, False, True]
    assert made.show(300.0, np.array([6.0, 9.0, np.nan]))[0] == 6.0
    assert made.beyond is None


@pytest.mark.parametrize("latency", ["0 s", "2 s"])
def test_scada_marks_what_is_beyond_a_range_and_an_attacker_sends_what_he_likes(latency):
    control = {"sensors": {"L_T1": {"range": [0, 2]}}, "links": {"*->SCADA": {"latency": latency}}}
    with Testbed(load_plant("ctown", control=control), warmup=0.0) as bed:
        (wire,) = bed.points("link:PLC3->SCADA")
        wire.attach(lambda packet: [r.with_value(450.0) for r in packet], ["L_T2"])
        for _ in bed.run(3600.0):
            pass
        truth, scada, quality = (
            table.frame()
            for table in (bed.historian.truth, bed.historian.scada, bed.historian.quality)
        )
        plc = bed.historian.plc.frame()
    assert (truth["L_T1"] > 2.0).all()
    assert (scada["L_T1"] == 2.0).all()
    assert (plc["PLC1.L_T1"] == 2.0).all()
    assert (quality["L_T1"] == Quality.BAD).all()
    assert (scada["L_T2"] == 450.0).all()
    assert (quality.drop(columns="L_T1") == Quality.GOOD).all(axis=None)
