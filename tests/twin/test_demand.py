from datetime import datetime

import numpy as np
import pytest

from twin import network
from twin.demand import Demand, profile

DMAS = ("DMA1", "DMA2", "DMA3", "DMA4", "DMA5")


@pytest.fixture(scope="module")
def day_types():
    return profile(network.load("ctown").model)


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
        error = day_types.std[kind] / np.sqrt(sample.shape[1])
        assert (np.abs(sample.mean(axis=1) - day_types.mean[kind]) < 5 * error + 0.01).all()


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
    model = network.load("ctown").read_model()
    for name, pattern in model.patterns():
        pattern.multipliers = pattern.multipliers * 3 if name == "DMA2_pat" else [1.0]
    day_types = profile(model)
    assert (day_types.std[0] > 0).all()
    assert not day_types.std[1:].any()
    demand = Demand(day_types, ("DMA2",), datetime(2026, 1, 5), seed=1)
    drawn = np.array([demand.next_hour()[0] for _ in range(168)])
    assert 1.0 < drawn.max() <= day_types.ceiling
    sunday = model.get_pattern("DMA2_pat").multipliers[:24]
    np.testing.assert_allclose(drawn[144:], sunday)


def test_a_model_without_a_weekly_pattern_is_said():
    model = network.load("ctown").read_model()
    for _, pattern in model.patterns():
        pattern.multipliers = [1.0]
    with pytest.raises(ValueError, match="168"):
        profile(model)
