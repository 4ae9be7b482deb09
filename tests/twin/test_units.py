import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.units import duration, readable


@given(st.integers(0, 10**9))
def test_what_is_written_reads_back(seconds):
    assert duration(readable(float(seconds))) == pytest.approx(seconds, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("36", "number and a unit"),
        ("h", "number and a unit"),
        ("36 hours", "unknown unit"),
        ("-1 h", "negative"),
        ("1e400 h", "endless"),
        ("1.2.3 h", "not a number"),
        ("", "number and a unit"),
    ],
)
def test_what_is_no_duration_is_said(text, says):
    with pytest.raises(ValueError, match=says):
        duration(text)
