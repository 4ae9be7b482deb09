import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.condition import parse
from twin.errors import InputError

NAMES = ["L_T1", "L_T2", "S_PU2", "t"]
NUMBERS = st.floats(-10, 10)


@given(NUMBERS, NUMBERS, st.sampled_from([0.0, 1.0]), st.floats(0, 200))
def test_it_means_what_python_means(level, other, status, time):
    present = {"L_T1": level, "L_T2": other, "S_PU2": status, "t": time}
    for text in (
        "S_PU2 > 0 and L_T1 < 4",
        "not (L_T1 < L_T2) or t >= 50",
        "1 < L_T1 <= 3.5",
        "L_T1 - L_T2 > 2 * 0.5 and -L_T2 != 1",
        "t > 50",
    ):
        expected = eval(text, {}, present)
        assert parse(text, NAMES)(present) is bool(expected)


def test_division_by_zero_is_false_not_an_error():
    present = {"L_T1": 1.0, "L_T2": 0.0, "S_PU2": 0.0, "t": 0.0}
    assert parse("L_T1 / L_T2 > 0", NAMES)(present) is False
    assert math.isnan(present["L_T1"] / math.nan)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("L_T11 < 4", "did you mean L_T1?\n    L_T11 < 4\n    ^"),
        ("L_T1 <", "not a condition\n    L_T1 <\n          ^"),
        ("L_T1 > 2 && t > 1", "for && write and"),
        ("L_T1 = 2", "for = write =="),
        ("L_T1", "compares something"),
        ("L_T1 + 2", "compares something"),
        ("", "not a condition"),
        ("L_T1 is 4", "only < <="),
        ("'a' < 4", "not allowed"),
        ("True < 4", "not allowed"),
        ("abs(L_T1) > 2", "not allowed"),
        ("__import__('os').system('true') > 0", "not allowed"),
        ("L_T1.real > 0", "not allowed"),
        ("L_T1[0] > 0", "not allowed"),
        ("(lambda: 1)() > 0", "not allowed"),
        ("2 ** L_T1 > 0", "not allowed"),
        ("(" * 300 + "1 > 0" + ")" * 300, "characters"),
    ],
)
def test_what_cannot_be_used_is_shown(text, says):
    with pytest.raises(InputError) as caught:
        parse(text, NAMES)
    assert says in str(caught.value)


def test_the_caret_stands_under_the_name():
    with pytest.raises(InputError) as caught:
        parse("S_PU2 > 0 and L_X < 4", NAMES)
    shown, caret = str(caught.value).splitlines()[-2:]
    assert shown[caret.index("^") :].startswith("L_X")
