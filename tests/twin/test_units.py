import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.units import counted, duration, readable, rounded, spoken


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


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3696 * 60, "61.6 h"), (1695 * 60, "28.25 h"), (90 * 60, "90 min"), (0, "0 s"), (86400, "1 d"),
     (7 * 60 + 0.5, "420.5 s"), (205 * 60 + 45, "205.75 min"), (1e300, "1.16e+295 d")],
)  # fmt: skip
def test_a_duration_is_short_for_people(seconds, words):
    assert spoken(float(seconds)) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(-0.0, "0.00"), (-0.004, "0.00"), (12345.6, "12,345.60"), (float("nan"), "nan"),
     (float("inf"), "inf"), (-1e300, "-1e+300")],
)  # fmt: skip
def test_a_number_is_short_for_people(value, words):
    assert rounded(value, 2) == words


def test_one_of_something_has_no_plural():
    assert counted(1, "day") == "1 day"
    assert counted(3, "entry", "entries") == "3 entries"
