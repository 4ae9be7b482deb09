import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.conditions.parser import parse
from twin.control.memory import Register
from twin.control.plc import Plc
from twin.plants.logic import (
    CLOCK,
    CROSSINGS,
    PlcSpec,
    Rule,
    rules_of,
    without_dead_band,
)

LEVELS = st.floats(0, 7)


def plc(level, coil, *lines, crossing="nearest"):
    memory = Register(["L_T1"])
    memory.values[:] = level
    rules = tuple(Rule("PU1", to, parse(when, ["L_T1", *CLOCK])) for when, to in lines)
    receives = {"L_T1": "PLC2"}
    spec = PlcSpec("PLC1", (), ("PU1",), receives, rules, 900, CROSSINGS[crossing], 300)
    orders = Register(["PU1", *spec.setpoints])
    orders.values[0] = math.nan
    return Plc(spec, memory, orders, {"PU1": coil})


BAND = [("L_T1 < 4.0", 1.0), ("L_T1 > 6.3", 0.0)]


@given(LEVELS, st.sampled_from([0.0, 1.0]))
def test_a_scan_obeys_its_thresholds_strictly(level, coil):
    one = plc(level, coil, *BAND)
    one.scan(0.0, 0.0, 0.0)
    expected = 1.0 if level < 4.0 else 0.0 if level > 6.3 else coil
    assert one.coils["PU1"] == expected


@pytest.mark.parametrize("when", ["L_T1 < 4", "not L_T1 < 4", "L_T1 != 4", "L_T1 > 4 or t > 0"])
def test_a_level_never_heard_changes_nothing(when):
    one = plc(math.nan, 1.0, (when, 0.0))
    one.scan(0.0, 1.0, 1.0)
    assert one.coils["PU1"] == 1.0


def test_a_later_rule_overrules_and_the_clock_counts():
    one = plc(3.0, 0.0, *BAND, ("8 <= hour < 20", 0.9), ("t == 33.5", 0.0))
    seen = []
    for t in (1.0, 9.0, 23.0, 33.0, 33.5):
        one.scan(t * 3600.0, t, t % 24)
        seen.append(one.coils["PU1"])
    assert seen == [1.0, 0.9, 1.0, 0.9, 0.0]


def test_it_scans_at_its_marks_and_at_crossings():
    one = plc(5.0, 1.0, *BAND)
    assert one.is_due(900, crossing=False)
    assert not one.is_due(1000, crossing=False)
    assert one.is_due(1000, crossing=True)
    assert not plc(5.0, 1.0, crossing="none").is_due(1000, crossing=True)


@pytest.mark.parametrize(("coil", "expected"), [(0.0, 1.0), (0.85, 0.85), (1.0, 1.0)])
def test_reopen_opens_what_is_closed_and_leaves_what_runs(coil, expected):
    one = plc(3.0, coil, *BAND)
    (closing,) = rules_of({"when": "L_T1 < 5", "PU1": 0.5}, ["L_T1"], ["PU1"])
    (opening,) = rules_of({"when": "L_T1 < 4", "PU1": "reopen"}, ["L_T1"], ["PU1"])
    one.patch(lambda _, rules: (closing, opening))
    one.scan(0.0, 0.0, 0.0)
    assert one.coils["PU1"] == expected


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (BAND, None),
        ([("L_T1 < 4", 1.0), ("L_T1 > 4", 0.0)], 4.0),
        ([("L_T1 < 5", 1.0), ("L_T1 >= 4", 0.0)], 5.0),
        ([("L_T1 < 5", 1.0), ("not (L_T1 < 5)", 0.0)], 5.0),
        ([("L_T1 < 4", 1.0), ("L_T1 > 4", 1.0)], None),
        ([("hour < 4", 1.0), ("hour >= 4", 0.0)], None),
    ],
)
def test_rules_without_a_dead_band_are_found(lines, number):
    rules = plc(3.0, 0.0, *lines).rules
    expected = {} if number is None else {("PU1", "L_T1"): number}
    assert without_dead_band(rules) == expected
