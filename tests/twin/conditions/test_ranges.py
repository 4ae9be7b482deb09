import math

from hypothesis import given, settings
from hypothesis import strategies as st

from twin.conditions.parser import parse
from twin.conditions.ranges import ANY, of_function, worked

NAMES = ("a", "b", "c")
NUMBERS = st.integers(-3, 3).map(float)
_SIGNS = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def _terms():
    plain = st.sampled_from(NAMES) | NUMBERS.map(lambda n: f"{n:g}" if n >= 0 else f"(0 - {-n:g})")
    more = st.builds("({} {} {})".format, plain, st.sampled_from("+-*/"), plain)
    called = st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), plain, more)
    return plain | more | called | st.builds("abs({})".format, more)


def _conditions():
    compared = st.builds("{} {} {}".format, _terms(), _SIGNS, _terms())
    return st.recursive(
        compared,
        lambda inner: (
            st.builds("({} and {})".format, inner, inner)
            | st.builds("({} or {})".format, inner, inner)
            | st.builds("(not {})".format, inner)
        ),
        max_leaves=5,
    )


RANGE = st.tuples(NUMBERS, NUMBERS).map(lambda ends: (min(ends), max(ends)))


@settings(max_examples=400, deadline=None)
@given(_conditions(), st.tuples(RANGE, RANGE, RANGE), st.data())
def test_what_holds_somewhere_is_never_said_to_hold_nowhere(text, of, data):
    condition = parse(text, NAMES)
    ranges = dict(zip(NAMES, of, strict=True))
    values = {name: data.draw(st.floats(*ranges[name])) for name in NAMES}
    if condition(values):
        left = condition.may(ranges)
        assert left is not None
        assert all(left[name][0] <= values[name] <= left[name][1] for name in NAMES)
    elif condition.may_not(ranges) is None:  # then only what is not known keeps it from holding
        assert "/" in text


def test_what_can_hold_nowhere_is_found():
    ranges = {"a": (0.0, 6.5), "b": (0.0, 1.0), "c": ANY}
    for text in (
        "a > 6.5",
        "a < 0",
        "7 <= a",
        "b == 2",
        "a > 3 and a < 3",
        "3 < a < 2",
        "not a <= 6.5",
        "a - b > 6.5",
        "a * b > 6.5",
        "max(a, b) > 7 or min(a, b) > 1",
        "abs(0 - a) > 6.5",
        "b < 0 and a + b > 7",
        "not (a >= 0 or c > 1)",
        "c / 0 != 1",
        "max(a, c / 0) > 1",
        "abs(c / 0 + 1) > 1",
    ):
        assert parse(text, ranges).may(ranges) is None, text
    for text in ("a >= 6.5", "a / b > 100", "c > 1e9", "a + b > 7", "a > 3 or a > 9"):
        assert parse(text, ranges).may(ranges) is not None, text


def test_what_is_not_known_may_be_anything():
    assert worked((1.0, 2.0), "/", (-1.0, 1.0)) == ANY
    assert worked(ANY, "-", ANY) == ANY
    assert worked((2.0, math.inf), "*", (0.0, 1.0)) == ANY
    assert of_function("abs", [(-3.0, 1.0)]) == (0.0, 3.0)
