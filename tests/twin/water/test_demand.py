import shutil
from datetime import datetime

import numpy as np
import pytest

from twin.errors import InputError
from twin.plants.profile import fit, read, standardised, write
from twin.plants.spec import load_plant
from twin.testbed import Testbed
from twin.water.demand import Demand

DMAS = ("DMA1", "DMA2", "DMA3", "DMA4", "DMA5")


@pytest.fixture(scope="module")
def day_types():
    return load_plant("ctown").profile


def test_profile_is_batadals(day_types):
    """The spread of the published patterns runs from .006 to .124."""
    assert day_types.std.min() == pytest.approx(0.006, abs=5e-4)
    assert day_types.std.max() == pytest.approx(0.124, abs=5e-4)


def test_draws_follow_the_profile_by_day_and_hour(day_types):
    demand = Demand(day_types, DMAS, datetime(2026, 1, 5), seed=1)
    drawn = np.array([demand.next_hour() for _ in range(24 * 7 * 60)]).reshape(60, 7, 24, 5)
    assert drawn.max() <= 1.0
    kinds = [(slice(0, 5), 0), (slice(5, 6), 1), (slice(6, 7), 2)]
    for days, kind in kinds:
        sample = drawn[:, days].transpose(2, 0, 1, 3).reshape(24, -1)
        error = day_types.std[0, kind] / np.sqrt(sample.shape[1])
        assert (np.abs(sample.mean(axis=1) - day_types.mean[0, kind]) < 5 * error + 0.01).all()


def test_a_dma_keeps_its_stream_whatever_the_others_do(day_types):
    start = datetime(2026, 1, 5)
    both = Demand(day_types, DMAS, start, seed=3)
    alone = Demand(day_types, ("DMA4",), start, seed=3)
    for _ in range(200):
        assert both.next_hour()[3] == alone.next_hour()[0]


def test_another_seed_is_another_week(day_types):
    start = datetime(2026, 1, 5)
    one, other = Demand(day_types, DMAS, start, 1), Demand(day_types, DMAS, start, 2)
    assert (one.next_hour() != other.next_hour()).all()


def test_one_weekly_pattern_of_any_height_will_do():
    """It has one Saturday and one Sunday, which then have no spread; nothing is drawn for ever."""
    plant = load_plant("ctown")
    for name, pattern in plant.model.patterns():
        pattern.multipliers = pattern.multipliers * 3 if name == "DMA2_pat" else [1.0]
    day_types = plant.profile
    assert (day_types.std[0, 0] > 0).all()
    assert not day_types.std[0, 1:].any()
    demand = Demand(day_types, ("DMA2",), datetime(2026, 1, 5), seed=1)
    drawn = np.array([demand.next_hour()[0] for _ in range(168)])
    assert 1.0 < drawn.max() <= day_types.ceiling.max()
    sunday = plant.model.get_pattern("DMA2_pat").multipliers[:24]
    np.testing.assert_allclose(drawn[144:], sunday)


def test_a_model_without_a_weekly_pattern_is_said():
    plant = load_plant("ctown")
    for _, pattern in plant.model.patterns():
        pattern.multipliers = [1.0]
    with pytest.raises(InputError, match="168"):
        _ = plant.profile


def drawn_year(day_types, start, days=364):
    demand = Demand(day_types, DMAS, start, seed=2)
    return np.array([demand.next_hour() for _ in range(24 * days)])


@pytest.mark.parametrize("shared", [True, False])
def test_a_profile_fitted_to_draws_is_the_one_they_came_from(day_types, shared):
    start = datetime(2026, 1, 7, 5)  # a Wednesday, 5 h
    drawn = drawn_year(day_types, start)
    drawn[1000:1100] = np.nan
    found = fit(drawn, start, shared=shared)
    assert found.mean.shape == (1 if shared else 5, 3, 24)
    few = 52 * (5 if shared else 1)
    assert (np.abs(found.mean - day_types.mean) < 5 * day_types.std / np.sqrt(few)).all()
    assert np.abs(found.std / day_types.std - 1).max() < 5 / np.sqrt(2 * few)
    z = standardised(drawn, start, found)
    assert np.nanstd(z) == pytest.approx(1.0, abs=0.02)


def test_a_fit_without_a_weekend_is_refused(day_types):
    start = datetime(2026, 1, 5)
    with pytest.raises(InputError, match="0:00 of a saturday comes never"):
        fit(drawn_year(day_types, start, days=5), start)


def test_a_plant_with_a_fitted_profile_draws_from_it(day_types, tmp_path):
    plant = tmp_path / "mine"
    shutil.copytree(load_plant("ctown").folder, plant)
    start = datetime(2026, 1, 5)
    found = fit(drawn_year(day_types, start) / 2, start, shared=False)
    write(found, DMAS, plant / "demand.csv")
    again = load_plant(plant).profile
    np.testing.assert_allclose(again.mean, found.mean, atol=1e-6)
    np.testing.assert_allclose(again.std, found.std, atol=1e-6)
    with Testbed(load_plant(plant), warmup=0.0) as bed:
        drawn = np.array([bed.demand.next_hour() for _ in range(168)])
    assert 0.0 <= drawn.min() <= drawn.max() <= 0.5


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("dma,day", "zone,day", r"demand.csv:1: the columns are"),
        ("all,sunday,3,", "all,sonday,3,", r"demand.csv:53: unknown name 'sonday'.*sunday"),
        ("all,sunday,3,", "all,sunday,24,", r"demand.csv:53: hour is 0 to 23"),
        ("all,sunday,3,", "all,sunday,2,", r"demand.csv:53: all, sunday, hour 2 stands twice"),
        ("all,sunday,3,", "all,sunday,3,-", r"demand.csv:53: a mean lies between"),
        ("all,sunday,3,", "all,sunday,3,1,", r"demand.csv:53: 7 fields"),
    ],
)
def test_a_mistake_in_demand_csv_is_named_with_its_line(day_types, tmp_path, old, new, says):
    path = tmp_path / "demand.csv"
    write(day_types, DMAS, path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=says):
        read(path, DMAS)


def test_a_row_missing_in_demand_csv_is_said(day_types, tmp_path):
    path = tmp_path / "demand.csv"
    write(day_types, DMAS, path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(InputError, match="no row for all, sunday, hour 23"):
        read(path, DMAS)
