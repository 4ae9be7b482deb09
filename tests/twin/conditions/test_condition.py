import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twin.conditions.parser import DEEPEST, parse
from twin.conditions.terms import Comparison
from twin.errors import InputError

NAMES = ["L_T1", "L_T2", "S_PU2", "t", "seen.L_T1"]
FLAGS = ["blind-plc1.active", "blind-plc1.ended", "a b.active", "7.active"]
TABLES = {"max_level": {"T1": 6.5, "T-2": 5.9}}
NUMBERS = st.floats(-10, 10)


def read(text):
    return parse(text, NAMES, flags=FLAGS, tables=TABLES, refused={"me.active": "not itself"})


@given(NUMBERS, NUMBERS, st.sampled_from([0.0, 1.0]), st.floats(0, 200))
def test_it_means_what_python_means(level, other, status, time):
    present = {"L_T1": level, "L_T2": other, "S_PU2": status, "t": time}
    for text in (
        "S_PU2 > 0 and L_T1 < 4",
        "not (L_T1 < L_T2) or t >= 50",
        "not not L_T1 < L_T2",
        "1 < L_T1 <= 3.5",
        "not 1 < L_T1 <= 3.5 != L_T2",
        "L_T1 - L_T2 > 2 * 0.5 and -L_T2 != 1",
        "L_T1 - L_T2 - 1 < 8 / 4 / 2 or L_T1 == L_T2",
        "--L_T1 > -(L_T2 + 1) * 2",
        "t > 50",
        "min(L_T1, L_T2, 3) < max(t, 2) and abs(L_T1 - L_T2) > .5e1",
        "not (S_PU2 > 0 and L_T1 < 4 and t > 3 or L_T2 <= 1 or t >= 150)",
    ):
        expected = eval(text, {}, present)
        assert read(text)(present) is bool(expected)


LOGIC = st.recursive(
    st.builds("{} {} {}".format, st.sampled_from(["L_T1", "L_T2", "2 * L_T1"]),
              st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(-1, 1)),
    lambda parts: st.one_of(
        st.builds("not ({})".format, parts),
        st.builds("({}) and ({})".format, parts, parts),
        st.builds("({}) or ({})".format, parts, parts),
    ),
    max_leaves=6,
)  # fmt: skip


@given(LOGIC, st.integers(-2, 2))
@example("not L_T1 < 4", 0)
def test_what_is_unknown_lets_nothing_hold_that_it_could_undo(text, level):
    """An unknown value must not decide: a condition that holds does so whatever the value is."""
    try:
        condition = parse(text, ["L_T1", "L_T2"])
    except InputError as error:
        assert "within each other" in error.message
        return
    if condition({"L_T1": math.nan, "L_T2": level}):
        for other in (-3, -1, -0.5, 0, 0.5, 1, 3):
            assert condition({"L_T1": other, "L_T2": level})


@pytest.mark.parametrize(
    "text",
    ["L_T1 < 4", "not L_T1 < 4", "L_T1 != 4", "not L_T1 == 4", "L_T1 == L_T1", "-L_T1 < 4",
     "min(L_T1, 1) < 4", "max(1, L_T1) > -4", "abs(L_T1) >= 0", "not (L_T1 < 4 and L_T2 < 4)",
     "L_T2 / 0 > 1", "not L_T2 / 0 > 1"],
)  # fmt: skip
def test_no_comparison_holds_with_what_is_unknown(text):
    assert read(text)({"L_T1": math.nan, "L_T2": 1.0}) is False
    assert read(f"t > 0 or {text}")({"L_T1": math.nan, "L_T2": 1.0, "t": 1.0}) is True


def test_other_entries_and_what_was_seen_go_by_their_names():
    present = {"blind-plc1.active": 0.0, "blind-plc1.ended": 1.0, "seen.L_T1": 2.0, "7.active": 1.0}
    assert read("blind-plc1.ended")(present)
    assert not read("not blind-plc1.ended or blind-plc1.active")(present)
    assert read("seen.L_T1-blind-plc1.ended == 1")(present)
    assert read("7.active and (7.active)")(present)
    assert read("not a b.active")({"a b.active": 0.0})
    assert read("a b.active").names == ("a b.active",)


def test_tanks_give_constants():
    condition = read("L_T1 > max_level(T1) - 0.5 and L_T2 < max_level( T-2 )")
    assert condition.thresholds == (("L_T1", 6.0), ("L_T2", 5.9))
    assert condition({"L_T1": 6.1, "L_T2": 5.8})
    assert not condition({"L_T1": 6.0, "L_T2": 5.8})


def test_what_it_compares_is_known_as_it_must_stand():
    assert read("4 > L_T1 and not (t < 2 * 5 or S_PU2 != 0)").comparisons == (
        Comparison("L_T1", "<", 4.0),
        Comparison("t", ">=", 10.0),
        Comparison("S_PU2", "==", 0.0),
    )
    assert read("1 < L_T1 <= 3.5").thresholds == (("L_T1", 1.0), ("L_T1", 3.5))
    assert read("L_T1 > L_T2 + 1 and L_T1 + 1 > 3").thresholds == ()


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("L_T11 < 4", "unknown name 'L_T11': did you mean L_T1?", "L_T11"),
        ("t > 1 and L_T1 - blnd-plc1.active > 0", "did you mean blind-plc1.active?", "blnd"),
        ("seen.L_T2 > 1", "unknown name 'seen.L_T2': did you mean seen.L_T1?", "seen"),
        ("me.active", "not itself", "me"),
        ("L_T1 <", "a name or a number is missing", ""),
        ("", "a name or a number is missing", ""),
        ("(L_T1 < 4", "a closing parenthesis is missing", ""),
        ("t > 1 and L_T1 > max_level(T1", "a closing parenthesis is missing", ""),
        ("L_T1 < 4)", "')' makes no sense", ")"),
        ("L_T1 < 4 L_T2", "'L_T2' makes no sense", "L_T2"),
        ("L_T1 > 2 && t > 1", "for && write and", "&&"),
        ("L_T1 > 2 || t > 1", "for || write or", "||"),
        ("L_T1 => 2", "for => write >=", "=>"),
        ("L_T1 =< 2", "for =< write <=", "=<"),
        ("L_T1 <> 2", "for <> write !=", "<>"),
        ("L_T1 === 2", "for === write ==", "==="),
        ("L_T1 > 2;", "take it out", ";"),
        ("L_T1 > 2 AND t > 1", "for AND write and", "AND"),
        ("L_T1 = 2", "for = write ==", "= 2"),
        ("!L_T1 > 2", "for ! write not", "!"),
        ("L_T1", "compares something", "L_T1"),
        ("t > 1 and L_T1 + 2", "compares something", "L_T1"),
        ("t > 1 or not S_PU2", "compares something", "S_PU2"),
        ("(L_T1 < 4) + 1 > 2", "no number to reckon with", "L_T1"),
        ("abs(L_T1, 3) > 2", "abs takes one number, not 2", "abs"),
        ("min() > 2", "makes no sense", ")"),
        ("L_T1 > max_level(T9)", "no max_level(T9): did you mean T1?", "T9"),
        ("L_T1 > max_levl(T1)", "unknown function 'max_levl': did you mean max_level?", "max_l"),
        ("L_T1 is 4", "only < <=", "is"),
        ("'a' < 4", "not allowed", "'a'"),
        ("__import__('os').system('true') > 0", "unknown function", "__import__"),
        ("L_T1.real > 0", "not allowed", ".real"),
        ("L_T1[0] > 0", "not allowed", "["),
        ("(lambda: 1)() > 0", "unknown name 'lambda'", "lambda"),
        ("2 ** L_T1 > 0", "'*' makes no sense", "* L"),
        ("L_T1 > 1e999", "too large", "1e999"),
        ("max_level > 3", "write max_level with parentheses, max_level(", "max_level"),
        ("min > 3", "write min with parentheses", "min"),
        ("a.other > 3", "unknown name 'a.other': one of", "a.other"),
        ("two.active", "unknown name 'two.active': did you mean 7.active?", "two"),
        ("t > 5 h", "leave h out (t and hour are in hours", "h"),
        ("t > 1 and open == 1", "a status is a number: 1 is open", "open"),
        ("t == Tuesday", "weekday is a number: Tuesday is 1", "Tuesday"),
        ("time > 5", "write t, hours since the start", "time"),
        ("L_T1 between 3 and 5", "also 3 < hour < 5", "between"),
        ("L_T1 > 4 m", "leave m out", "m"),
        ("  L_T1\n > 4 m", "leave m out", "m"),
        ("größe < 4 or L_T1 > 2", "unknown name 'größe'", "größe"),
        ("t > 0 or größe < 4", "unknown name 'größe'", "größe"),
        ("(" * 99 + "1 > 0" + ")" * 99, f"more than {DEEPEST}", "("),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_shown_with_a_caret(text, says, at):
    with pytest.raises(InputError) as caught:
        read(text)
    message, shown, caret = caught.value.message.split("\n")
    assert says in message
    assert shown.strip() == text.strip().replace("\n", " ")
    assert shown[caret.index("^") :].startswith(at)
    assert (caret.index("^") < len(shown)) == bool(at)


def test_a_novel_is_no_condition():
    with pytest.raises(InputError, match="700 characters; 500 at most"):
        read("(" * 300 + "100 > 0" + ")" * 393)


WORDS = st.sampled_from(
    [*NAMES, *FLAGS, "and", "or", "not", "(", ")", "<", "==", "+", "-", "*", "/", ",", "min",
     "abs", "max_level", "T1", "4", "1e3", "me.active", ".", "&&", "é", "\n", "'"]
)  # fmt: skip


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=40).map(" ".join)))
@example("- " * 240 + "t > 0")
@example("not " * 120 + "t > 0")
@example("t" + "+t" * 240 + " > 0")
def test_whatever_is_written_it_is_read_or_refused(text):
    try:
        condition = read(text)
    except InputError:
        return
    assert isinstance(condition(dict.fromkeys([*NAMES, *FLAGS], 1.0)), bool)


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("L_T1 < 4", ("L_T1", "<", 4.0)),
        ("4 >= L_T1", ("L_T1", "<=", 4.0)),
        ("not (L_T1 > 4)", ("L_T1", "<=", 4.0)),
        ("t == 6", ("t", "==", 6.0)),
        ("L_T1 != 4", ("L_T1", "!=", 4.0)),
        ("L_T1 < 4 and L_T1 + 0 > 2", None),
        ("L_T1 < 4 and L_T2 > 2", None),
        ("2 < L_T1 < 4", None),
        ("L_T1 - 1 < 4", None),
        ("L_T1 < 4 and blind-plc1.active", None),
    ],
)
def test_a_condition_that_is_one_comparison_says_which(text, alone):
    assert read(text).alone == alone
