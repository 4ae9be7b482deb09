"""Streams with gaps, alarm episodes, explanations and the threshold."""

import math

import numpy as np
import pytest

from detector import Cause, DataError, Detector, Episodes, OnlineDetector, Score
from detector.explain import causes, shares
from detector.thresholds.mean_sigma import PER_WEEK, choose_threshold
from tests.detector.conftest import make_days

HOUR = 3600.0


def score(hour: float, *, alarm: bool = True, value: float = 1.0, **shares: float) -> Score:
    explained = tuple(Cause(tag, share) for tag, share in shares.items())
    return Score(hour * HOUR, value, 0.5, alarm, explained)


def test_a_frame_that_never_came_counts_as_missing_readings(fitted: Detector) -> None:
    table = make_days(5, seed=2)
    kept = np.delete(np.arange(len(table)), [50, 51, 70])
    online = OnlineDetector(fitted)
    found = {row: online.update(row * HOUR, table.to_numpy()[row]).value for row in kept}
    table.iloc[[50, 51, 70]] = np.nan
    wanted = fitted.score(table)
    np.testing.assert_allclose([found[row] for row in kept], wanted[kept], rtol=1e-10)


def test_time_moves_on(fitted: Detector) -> None:
    online = OnlineDetector(fitted)
    row = make_days(1).to_numpy()[0]
    online.update(7200.0, row)
    with pytest.raises(ValueError, match="frame at 7200 s after one at 7200 s"):
        online.update(7200.0, row)


def test_an_episode_is_announced_once_and_grows() -> None:
    episodes = Episodes(merge_gap_s=3 * HOUR)
    assert episodes.update(score(0, alarm=False)) is None
    raised = episodes.update(score(1, value=2.0, L_A=0.6, L_B=0.4))
    assert raised is not None
    assert (raised.start, raised.end, raised.peak) == (HOUR, HOUR, 2.0)
    assert episodes.update(score(4, value=5.0, L_B=1.0)) is None
    assert len(episodes.all) == 1
    grown = episodes.all[0]
    assert (grown.start, grown.end, grown.peak) == (HOUR, 4 * HOUR, 5.0)
    assert grown.causes == (Cause("L_B", pytest.approx(0.7)), Cause("L_A", pytest.approx(0.3)))
    later = episodes.update(score(7.5))
    assert later is not None
    assert later.start == 7.5 * HOUR
    assert later.causes == ()
    assert len(episodes.all) == 2


def test_an_episode_may_need_several_alarms() -> None:
    episodes = Episodes(merge_gap_s=2 * HOUR, least=2)
    assert episodes.update(score(0)) is None
    assert episodes.update(score(9)) is None
    assert episodes.all == []
    raised = episodes.update(score(10))
    assert raised is not None
    assert (raised.start, raised.end) == (9 * HOUR, 10 * HOUR)
    assert episodes.update(score(11)) is None
    assert [each.end for each in episodes.all] == [11 * HOUR]


def test_episodes_of_a_series_are_those_of_the_stream() -> None:
    alarms = np.array([0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1], dtype=bool)
    found = Episodes.of(np.arange(12) * HOUR, alarms, merge_gap_s=4 * HOUR)
    assert [(each.start / HOUR, each.end / HOUR) for each in found] == [(1, 6), (11, 11)]


def test_a_moved_constant_comes_first_whatever_the_errors() -> None:
    errors = np.array([900.0, 1.0, 0.0])
    normal = np.array([1.0, 1.0, 0.0])
    found = causes(("L_A", "L_B", "F_IDLE"), errors, normal, np.array([False, False, True]))
    assert [each.name for each in found] == ["F_IDLE", "L_A", "L_B"]
    assert sum(each.share for each in found) == pytest.approx(1.0)


def test_a_channel_counts_against_its_own_normal_error() -> None:
    quiet = np.zeros(2, dtype=bool)
    found = shares(np.array([4.0, 1.0]), np.array([4.0, 0.1]), quiet)
    np.testing.assert_allclose(found, [1 / 11, 10 / 11])
    assert shares(np.zeros(2), np.ones(2), quiet).tolist() == [0, 0]


def test_the_threshold_is_mean_plus_sigmas_and_quiet_enough() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(10, 2, 24 * 7 * 8)
    scores[:24] = math.nan
    chosen = choose_threshold([scores], HOUR)
    known = scores[24:]
    assert chosen.value == pytest.approx(known.mean() + chosen.sigmas * known.std())
    assert chosen.false_per_week <= PER_WEEK
    level = known.mean() + (chosen.sigmas - 0.5) * known.std()
    lower = Episodes.of(np.arange(len(scores)) * HOUR, scores > level)
    assert len(lower) / (len(known) / 168) > PER_WEEK
    with pytest.raises(DataError, match="give more normal data"):
        choose_threshold([np.full(5, math.nan)], HOUR)
