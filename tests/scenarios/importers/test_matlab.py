import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.importers.counterparts import Counterparts
from scenarios.importers.epanetcpa.matlab import Expression, UntranslatableError, translate
from twin.conditions.parser import parse
from twin.errors import InputError
from twin.plants.spec import load_plant

NAMES = {"TIME": "t", "CLOCKTIME": "hour", "T1": "L_T1", "PU2": "F_PU2"}
VALUES = {"t": 3.0, "hour": 1.0, "L_T1": 2.0, "F_PU2": 0.0}


def resolve(name):
    if name == "ATT1":
        return Expression("att1.active", True, 6)
    if name == "MAXLEVELT1":
        return Expression("max_level(T1) - 0.001", False, 4)
    if name not in NAMES:
        raise InputError(f"unknown name {name!r}")
    return Expression(NAMES[name], False, 6)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("TIME==10", "t == 10"),
        ("5 < TIME", "t > 5"),
        ("(TIME>50)&&(PU2>0)", "t > 50 and F_PU2 > 0"),
        ("TIME>=1 || (T1<2 && CLOCKTIME~=3)", "t >= 1 or L_T1 < 2 and hour != 3"),
        ("(TIME>=1 | T1<2) & CLOCKTIME!=3", "(t >= 1 or L_T1 < 2) and hour != 3"),
        ("~(T1<MAXLEVELT1)", "L_T1 >= max_level(T1) - 0.001"),
        ("2*(T1+1)-T1>3", "2 * (L_T1 + 1) - L_T1 > 3"),
        ("T1-(T1-1)>3", "L_T1 - (L_T1 - 1) > 3"),
        ("ATT1==1", "att1.active"),
        ("ATT1==0 && PU2", "not att1.active and F_PU2 != 0"),
        ("~ATT1", "not att1.active"),
        ("(PU2>0)==0", "F_PU2 <= 0"),
        ("mod(TIME,24)<6", "hour < 6"),
        ("max(T1, 1)>2*3", "max(L_T1, 1) > 6"),
        ("T1>-1", "L_T1 > -1"),
        ("1 && TIME>2", "t > 2"),
    ],
)
def test_a_condition_in_our_words(theirs, ours):
    assert translate(theirs, resolve).text == ours


@pytest.mark.parametrize(
    ("theirs", "always", "clock"),
    [
        ("TIME==-1", False, ("==", -1.0)),
        ("-1==TIME", False, ("==", -1.0)),
        ("TIME>-1", True, (">", -1.0)),
        ("0", False, None),
        ("1", True, None),
        ("3>2", True, None),
        ("TIME>=7.5", None, (">=", 7.5)),
        ("T1>2", None, None),
    ],
)
def test_what_the_clock_alone_decides_is_known(theirs, always, clock):
    found = translate(theirs, resolve)
    assert (found.always, found.clock) == (always, clock)


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        ("TIME=10", "'=' is not part"),
        ("(TIME>1", "closing parenthesis"),
        ("TIME>", "ends too soon"),
        ("TIME>1 T1", "'T1' is not expected"),
        ("T9>1", "unknown name 'T9'"),
        ("(" * 40 + "1" + ")" * 40, "parentheses within"),
    ],
)
def test_no_condition_is_an_error_with_a_caret(theirs, says):
    with pytest.raises(InputError, match="\\^") as caught:
        translate(theirs, resolve)
    assert says in str(caught.value)


@pytest.mark.parametrize("theirs", ["sin(TIME)>0", "mod(T1,2)==0", "(T1>1)+1>1"])
def test_what_has_no_words_is_told_apart(theirs):
    with pytest.raises(UntranslatableError):
        translate(theirs, resolve)


numbers = st.recursive(
    st.one_of(
        st.integers(0, 4).map(lambda n: (str(n), float(n))),
        st.sampled_from([(name, VALUES[NAMES[name]]) for name in NAMES]),
    ),
    lambda part: st.tuples(part, st.sampled_from("+-*"), part).map(
        lambda p: (
            f"({p[0][0]}{p[1]}{p[2][0]})",
            {"+": p[0][1] + p[2][1], "-": p[0][1] - p[2][1], "*": p[0][1] * p[2][1]}[p[1]],
        )
    ),
    max_leaves=4,
)
SIGNS = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, "==": float.__eq__}
truths = st.recursive(
    st.tuples(numbers, st.sampled_from(sorted(SIGNS)), numbers).map(
        lambda p: (f"({p[0][0]}{p[1]}{p[2][0]})", SIGNS[p[1]](p[0][1], p[2][1]))
    ),
    lambda part: st.one_of(
        st.tuples(part, part).map(lambda p: (f"({p[0][0]}&&{p[1][0]})", p[0][1] and p[1][1])),
        st.tuples(part, part).map(lambda p: (f"({p[0][0]}||{p[1][0]})", p[0][1] or p[1][1])),
        part.map(lambda p: (f"~{p[0]}", not p[1])),
        part.map(lambda p: (f"({p[0]}==0)", not p[1])),
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(truths)
def test_it_means_the_same_in_our_words(pair):
    theirs, holds = pair
    found = translate(theirs, resolve)
    if found.always is not None:
        assert found.always == holds
    else:
        assert bool(parse(found.text, VALUES)(VALUES)) == holds


def test_the_plant_finds_names_whatever_their_case():
    plant = Counterparts(load_plant("ctown"))
    assert plant.element("pu10") == "PU10"
    assert plant.element("nothing") is None
