from hypothesis import given
from hypothesis import strategies as st

from twin.link import Register
from twin.plc import Plc, PlcSpec, Rule

RULE = Rule("PU1", "L_T1", opens_below=4.0, closes_above=6.3)
LEVELS = st.floats(0, 7)


def plc(level, coil):
    memory = Register(["L_T1"])
    memory.values[:] = level
    spec = PlcSpec("PLC1", (), ("PU1",), {"L_T1": "PLC2"}, (RULE,), 900, True)
    return Plc(spec, memory, {"PU1": coil})


@given(LEVELS, st.sampled_from([0.0, 1.0]))
def test_a_scan_obeys_its_thresholds_strictly(level, coil):
    one = plc(level, coil)
    one.scan()
    expected = 1.0 if level < 4.0 else 0.0 if level > 6.3 else coil
    assert one.coils["PU1"] == expected


def test_a_level_never_heard_changes_nothing():
    one = plc(float("nan"), 1.0)
    one.scan()
    assert one.coils["PU1"] == 1.0


def test_it_scans_at_its_marks_and_at_crossings():
    one = plc(5.0, 1.0)
    assert one.is_due(900, crossing=False)
    assert not one.is_due(1000, crossing=False)
    assert one.is_due(1000, crossing=True)


@given(st.floats(0, 6.3), st.floats(1e-6, 1e-3))
def test_the_time_to_a_threshold_is_ahead_only_when_it_is(level, rise):
    ahead = RULE.seconds_to_crossing(level, rise, opened=True)
    assert abs(level + rise * ahead - 6.3) <= rise * 0.51
    assert RULE.seconds_to_crossing(level, 0.0, opened=True) == 0
