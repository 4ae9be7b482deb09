"""Scaling, windows and missing values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import MinMaxScaler

from detector import DataError
from detector.methods.windows import CLIP, Scaler, carry, interpolate, split_tail, windows_of

NAN = np.nan


def test_scales_as_scikit_learn_does() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(5, 3, (200, 4))
    rows[:, 2] = 7.0
    fresh = rng.normal(5, 3, (50, 4))
    ours = Scaler.fit([rows[:80], rows[80:]])
    np.testing.assert_allclose(
        ours.scale(fresh), np.clip(MinMaxScaler().fit(rows).transform(fresh), *CLIP)
    )
    assert ours.constant.tolist() == [False, False, True, False]
    assert ours.moved(np.array([99.0, 99.0, 7.1, 99.0])).tolist() == [False, False, False, False]
    assert ours.moved(np.array([0.0, 0.0, 7.2, 0.0])).tolist() == [False, False, True, False]


def test_a_garbled_reading_stays_bounded() -> None:
    scaler = Scaler.fit([np.array([[0.0], [1.0]])])
    assert scaler.scale(np.array([1e300, -1e300])[:, None]).ravel().tolist() == [CLIP[1], CLIP[0]]


def test_interpolates_between_and_holds_at_the_ends() -> None:
    rows = np.array([[NAN], [1.0], [NAN], [NAN], [4.0], [NAN]])
    assert interpolate(rows, ["L"]).ravel().tolist() == [1, 1, 2, 3, 4, 4]
    with pytest.raises(DataError, match="L has no reading"):
        interpolate(np.full((3, 1), NAN), ["L"])


def test_carries_the_last_value() -> None:
    rows = np.array([[NAN, 5.0], [1.0, NAN], [NAN, NAN], [3.0, 6.0]])
    assert carry(rows, np.array([9.0, 9.0])).tolist() == [[9, 5], [1, 5], [1, 5], [3, 6]]


@given(arrays(np.float64, (12, 3), elements=st.sampled_from([NAN, 1.0, 2.0, 3.0])))
def test_carrying_is_what_a_loop_does(rows: np.ndarray) -> None:
    last = np.zeros(3)
    wanted = []
    for row in rows:
        last = np.where(np.isnan(row), last, row)
        wanted.append(last)
    np.testing.assert_array_equal(carry(rows, np.zeros(3)), wanted)


def test_window_i_holds_rows_i_to_i_plus_23() -> None:
    rows = np.arange(60.0).reshape(30, 2)
    windows = windows_of(rows, 24)
    assert windows.shape == (7, 24, 2)
    np.testing.assert_array_equal(windows[3], rows[3:27])
    assert windows_of(rows[:10], 24).shape == (0, 24, 2)


def test_the_tail_is_held_out_of_each_stretch() -> None:
    one, two = np.arange(100.0)[:, None], np.arange(100.0, 150.0)[:, None]
    pairs = split_tail([one, two], 0.2, 5)
    assert [(len(head), len(tail)) for head, tail in pairs] == [(80, 20), (40, 10)]
    assert pairs[1][1][0, 0] == 140.0
