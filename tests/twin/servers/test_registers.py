import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InputError
from twin.servers.registers import COLUMNS, Point, read_map, register_map, write_map

HEADER = ",".join(COLUMNS)


def points(ctown, **wanted):
    return [
        p for p in register_map(ctown) if all(getattr(p, key) == v for key, v in wanted.items())
    ]


def test_every_tag_is_in_its_plcs_map(ctown):
    measured = {(p.plc, p.tag) for p in register_map(ctown)}
    assert {(tag.plc, tag.name) for tag in ctown.tags} <= measured
    assert {("PLC1", "L_T1"), ("PLC3", "L_T4"), ("PLC5", "L_T7")} <= measured


def test_ports_count_from_15021(ctown):
    ports = {p.plc: p.port for p in register_map(ctown)}
    assert ports == {f"PLC{i}": 15020 + i for i in range(1, 10)}


def test_levels_stand_times_100_flows_and_pressures_times_10(ctown):
    scales = {p.tag: p.scale for p in points(ctown, plc="PLC3", type="UINT16")}
    assert scales["L_T2"] == 100.0 and scales["F_PU4"] == 10.0 and scales["P_J300"] == 10.0
    assert scales["SP_V2_open"] == 100.0


def test_a_flow_too_large_for_its_scale_gets_a_smaller_one(ctown, monkeypatch):
    monkeypatch.setitem(ctown.wiring.ranges, "F_PU1", (-90_000.0, 90_000.0))
    (point,) = points(ctown, tag="F_PU1", type="UINT16")
    assert point.scale == pytest.approx(0.1)
    assert point.encode(80_000.0) == [8000]


def test_a_map_written_and_read_is_the_same(ctown, tmp_path):
    text = write_map(register_map(ctown))
    path = tmp_path / "registers.csv"
    path.write_text(text, encoding="utf-8")
    assert write_map(read_map(path, ctown)) == text
    assert text.splitlines()[0] == HEADER
    assert "PLC2,15022,1,L_T1,input register,0,1,4,UINT16,1,,100,m,0,6.825,read,65535," in text


@given(st.floats(allow_nan=False, allow_infinity=True), st.sampled_from(["UINT16", "INT32"]))
def test_a_whole_number_holds_the_nearest_value_its_type_can_show(value, kind):
    order = "" if kind == "UINT16" else "low first"
    point = Point("P", 1, 1, "x", "input register", 0, kind, order, 100.0, "m", 0, 9, False,
                  65535.0, "")  # fmt: skip
    low, high = (0.0, 655.34) if kind == "UINT16" else (-(2**31 - 1) / 100, (2**31 - 1) / 100)
    shown = point.decode(point.encode(value))
    if math.isnan(shown):  # the one number that means none
        assert kind == "INT32" and round(value * 100) == 65535
    else:
        assert shown == pytest.approx(min(max(value, low), high), abs=0.00501)


@pytest.mark.parametrize("order", ["high first", "low first"])
@given(value=st.floats(-(2.0**126), 2.0**126, width=32))
def test_a_float_comes_back_whichever_word_is_first(order, value):
    point = Point("P", 1, 1, "x", "input register", 0, "FLOAT32", order, 1.0, "m", 0, 9, False,
                  math.nan, "")  # fmt: skip
    words = point.encode(value)
    assert point.decode(words) == value
    if order == "high first" and value > 1.0:
        assert words[0] >= 0x3F80


def test_no_value_is_told_from_zero(ctown):
    short, long = points(ctown, plc="PLC2", tag="L_T1")
    assert short.encode(math.nan) == [65535] and math.isnan(short.decode([65535]))
    assert short.encode(0.0) == [0]
    assert math.isnan(long.decode(long.encode(math.nan)))


ROW = "PLC1,15021,1,F_PU1,input register,0,1,4,UINT16,1,,10,L/s,0,2922,read,65535,PU1: flow"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("PLC1", "PLC10", "unknown plc 'PLC10'"),
        ("F_PU1", "F_PU4", "PLC1 holds no 'F_PU4': there are F_PU1 to F_PU3"),
        ("input register", "input", "unknown table 'input': did you mean"),
        ("UINT16", "UINT", "unknown type 'UINT'"),
        ("UINT16", "BOOL", "type BOOL cannot stand among input registers"),
        ("register,0,1", "register,0,2", "reference is '2'; here it is '1'"),
        ("register,0,1", "register,70000,70001", "address is a whole number to 65535"),
        (",10,L/s", ",0,L/s", "the scale cannot be 0"),
        (",10,L/s", ",ten,L/s", "scale is a number, not 'ten'"),
        (",read,", ",write,", "unknown access 'write'"),
        ("65535,PU1", ",PU1", "needs a not_available value"),
    ],
)
def test_a_mistake_in_a_map_is_named_with_its_line(ctown, tmp_path, old, new, message):
    path = tmp_path / "map.csv"
    path.write_text(f"{HEADER}\n{ROW.replace(old, new, 1)}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_map(path, ctown)
    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == (path, 2)


def test_two_points_cannot_share_an_address_or_two_plcs_a_port(ctown, tmp_path):
    path = tmp_path / "map.csv"
    other = ROW.replace("F_PU1", "F_PU2")
    path.write_text(f"{HEADER}\n{ROW}\n{other}\n", encoding="utf-8")
    with pytest.raises(InputError, match="address 0 of PLC1's input registers is already F_PU1's"):
        read_map(path, ctown)
    plc2 = ROW.replace("PLC1", "PLC2").replace("F_PU1", "L_T1")
    path.write_text(f"{HEADER}\n{ROW}\n{plc2}\n", encoding="utf-8")
    with pytest.raises(InputError, match="port 15021 is already PLC1's"):
        read_map(path, ctown)
