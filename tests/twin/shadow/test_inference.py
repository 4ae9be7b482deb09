import numpy as np
import pytest

from detector.records import record
from twin.plants.spec import load_plant
from twin.shadow.inference import Inference, explain_all
from twin.testbed import Testbed

HOURS = 48


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


@pytest.fixture(scope="module")
def day(ctown):
    """Return the true rows of two days and the multipliers that were drawn for them."""
    drawn = []
    with Testbed(ctown, seed=4, warmup=0.0) as bed:
        draw = bed.demand.next_hour

        class Noted:
            def next_hour(self):
                drawn.append(draw())
                return drawn[-1]

        bed.demand = Noted()
        for _ in bed.run(HOURS * 3600.0):
            pass
    truth = bed.historian.truth.frame()[list(ctown.tag_names)]
    return truth[truth.index % 3600 == 0].to_numpy(), np.array(drawn)


def test_the_drawn_multipliers_are_found_again(ctown, day):
    rows, drawn = day
    found, expected = explain_all(ctown, rows)
    assert np.abs(found - drawn).max() < 2e-3  # network.inp's accuracy
    spread = rows.std(axis=0)
    moves = spread > 0
    assert np.median(np.abs(expected - rows)[:, moves] / spread[moves]) < 1e-4


def test_two_decimals_are_enough(ctown, day):
    rows, drawn = day
    found, _ = explain_all(ctown, rows.round(2))
    assert np.sqrt(((found - drawn) ** 2).mean()) < 0.01


def test_a_forged_pressure_stands_out(ctown, day):
    rows, _ = day
    place = ctown.tag_names.index("P_J302")
    forged = rows[20].copy()
    forged[place] += 8.0
    with Inference(ctown) as inference:
        honest = np.abs(inference.explain(rows[20]).expected - rows[20])
        shown = np.abs(inference.explain(forged).expected - forged)
    assert honest.max() < 0.05
    assert shown.max() > 1.0


def test_a_missing_pressure_is_done_without_and_a_missing_level_is_not(ctown, day):
    rows, drawn = day
    without, blind = rows[10].copy(), rows[10].copy()
    without[ctown.tag_names.index("P_J302")] = np.nan
    blind[ctown.tag_names.index("L_T3")] = np.nan
    with Inference(ctown) as inference:
        np.testing.assert_allclose(inference.explain(without).multipliers, drawn[10], atol=2e-3)
        assert np.isnan(inference.explain(blind).multipliers).all()
        assert np.isnan(inference.explain(blind).expected).all()


def test_batadals_rows_are_explained_to_a_millionth(ctown, batadal_folder):
    rows = record.read(batadal_folder / "BATADAL_dataset03.csv", ctown.tag_names).rows
    some = rows[:200]
    multipliers, expected = explain_all(ctown, some)
    spread = rows.std(axis=0)
    moves = np.array([t.quantity in ("flow", "pressure") for t in ctown.tags]) & (spread > 0)
    error = ((expected - some) / np.where(spread > 0, spread, 1.0))[:, moves]
    assert np.median(np.sqrt((error**2).mean(axis=1))) < 1e-5
    assert multipliers.min() > 0.2
    assert multipliers.max() < 1.001
