import pytest

from twin.errors import listed, nearest

PUMPS = [f"PU{i}" for i in range(1, 12)]
JUNCTIONS = [f"J{i}" for i in range(0, 2000, 7)]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("PU12", [*PUMPS, "V2"], "there are PU1 to PU11"),
        ("PU33", PUMPS, "did you mean PU3?"),
        ("pu3", PUMPS, "did you mean PU3?"),
        ("L_T2", ["L_T1"], "there is only L_T1"),
        ("V9", [*PUMPS, "V2"], "did you mean V2?"),
        ("T1", ["L_T1", "L_T2", "t"], "did you mean L_T1?"),
        ("L_T1", ["T1", "T2"], "did you mean T1?"),
        ("PU1", ["F_PU1", "S_PU1", "S_PU2"], "did you mean F_PU1 or S_PU1?"),
        ("one", ["one.active", "one.ended", "L_T1"], "did you mean one.active or one.ended?"),
        ("SP_PU4_opn", ["PU4", "SP_PU4_open", "SP_PU4_closed"], "did you mean SP_PU4_open?"),
        ("from", ["random", "loop", "raw"], "one of: loop, random, raw"),
        ("J1002", JUNCTIONS, "there are J987, J994, J1001, J1008, J1015, J1022"),
        ("x", [], "there is none"),
        ("", ["J39"], "one of: J39"),
    ],
)
def test_what_was_meant_is_of_the_same_kind(name, options, says):
    assert nearest(name, options) == says


def test_names_are_listed_by_their_numbers():
    assert listed(["V2", *reversed(PUMPS), "V1", "PU"]) == "PU, PU1 to PU11, V1, V2"
    assert listed(["J09", "J10", "J08"]) == "J08 to J10"
    assert listed(JUNCTIONS).startswith("J0, J7, J14,")
    assert listed(JUNCTIONS).endswith(f"… ({len(JUNCTIONS)} in all)")
