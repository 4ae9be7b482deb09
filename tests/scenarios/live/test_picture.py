"""The process picture of any plant: every device in it, every name escaped."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from scenarios.live.alarms import AlarmList, Key
from scenarios.live.history import History
from scenarios.live.picture import draw
from scenarios.live.process import process_of
from scenarios.live.snapshot import PlcView, nothing_yet
from scenarios.live.values import Values, changed, shown
from twin.plants.spec import load_plant
from twin.tags import Quality


@pytest.fixture(scope="module")
def spec():
    return load_plant("ctown")


@pytest.fixture(scope="module")
def drawing(spec):
    return draw(spec, process_of(spec))


def snapshot(spec, **tags):
    """Return a snapshot in which tags have values, good ones."""
    blank = nothing_yet(len(spec.tags))
    seen, quality = blank.seen.copy(), blank.quality.copy()
    for name, value in tags.items():
        place = spec.tag_names.index(name)
        seen[place], quality[place] = value, Quality.GOOD
    return replace(blank, seen=seen, quality=quality, frame=0.0)


def test_ctown_is_five_districts_behind_one_source(spec):
    process = process_of(spec)
    assert {zone.name: zone.tanks for zone in process.zones} == {
        "source": (), "DMA1": ("T1", "T2"), "DMA2": ("T4",), "DMA3": ("T3",), "DMA4": ("T6", "T7"),
        "DMA5": ("T5",),
    }  # fmt: skip
    assert sorted(device for station in process.stations for device in station.devices) == sorted(
        actuator for plc in spec.plcs.values() for actuator in plc.actuators
    )
    assert {zone.name: zone.depth for zone in process.zones}["DMA4"] == 2


def test_the_picture_is_well_formed_and_shows_every_tag_device_and_plc(spec, drawing):
    root = ET.fromstring(drawing.svg)
    ids = {element.get("id") for element in root.iter()} - {None}
    assert set(drawing.ids.values()) <= ids
    for tag in spec.tags:
        if tag.quantity != "status":
            assert f"tag:{tag.name}" in drawing.ids
    for name, plc in spec.plcs.items():
        assert f"polled:{name}" in drawing.ids
        for actuator in plc.actuators:
            assert f"state:{actuator}" in drawing.ids
    hrefs = {element.get("href") for element in root.iter() if element.get("href")}
    assert {"/device/T1", "/device/PU11", "/plc/PLC9"} <= hrefs


def test_no_box_lies_on_another(drawing):
    root = ET.fromstring(drawing.svg)
    boxes = [
        tuple(float(box.get(name)) for name in ("x", "y", "width", "height"))
        for box in root.iter("rect")
        if box.get("class") in ("zone", "station", "plc")
    ]
    _, _, wide, high = map(float, root.get("viewBox").split())
    for i, (x, y, w, h) in enumerate(boxes):
        assert x >= 0 <= y
        assert x + w <= wide
        assert y + h <= high
        for a, b, c, d in boxes[i + 1 :]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y


def test_what_a_name_holds_is_text(spec):
    name = 'P<b>&"'
    plcs = {name if known == "PLC2" else known: plc for known, plc in spec.plcs.items()}
    odd = replace(spec, wiring=replace(spec.wiring, plcs=plcs))
    root = ET.fromstring(draw(odd, process_of(odd)).svg)
    assert name in [element.text for element in root.iter("text")]
    assert not list(root.iter("b"))


def test_values_are_marked_and_never_blank_or_nought(spec, drawing):
    values, history = Values(spec, drawing), History(spec.tag_names)
    now = values.of(nothing_yet(len(spec.tags)), history, [])
    for part, of in ((drawing.ids[of], of) for of in drawing.ids if of.startswith("tag:")):
        assert now[part]["text"] == "no value", of
        assert "bad" in now[part]["class"]
    old = snapshot(spec, L_T1=3.2)
    quality = old.quality.copy()
    quality[spec.tag_names.index("L_T1")] = Quality.STALE
    assert shown(spec, old, "L_T1") == "3.20 m"
    assert shown(spec, replace(old, quality=quality), "L_T1") == "old 3.20 m"


def test_a_pump_says_whether_it_runs_and_by_whom(spec, drawing):
    values, history = Values(spec, drawing), History(spec.tag_names)
    holds = PlcView({}, frozenset(), {}, {"PU1": 1.0, "PU2": np.nan}, True, 0.0)
    now = replace(snapshot(spec, S_PU1=1.0, S_PU2=0.0), plcs={"PLC1": holds})
    parts = values.of(now, history, [])
    assert parts[drawing.ids["state:PU1"]]["text"] == "running, hand"
    assert parts[drawing.ids["state:PU2"]]["text"] == "stopped"
    assert parts[drawing.ids["device:PU3"]]["class"] == "device unknown"


def test_an_alarm_marks_its_tank_by_shape_number_and_novelty(spec, drawing):
    alarms = AlarmList()
    values, history = Values(spec, drawing), History(spec.tag_names)
    before = values.of(snapshot(spec, L_T1=6.45), history, alarms.standing())
    alarms.see(0.0, {Key("L_T1", "level.HH"): ""})
    now = values.of(snapshot(spec, L_T1=6.45), history, alarms.standing())
    mark = drawing.ids["alarm:T1"]
    assert changed(before, now)[mark] == {"class": "mark p1 new"}
    assert now[f"{mark}t"] == {"text": "1"}
    assert now[drawing.ids["alarm:T2"]] == {"class": "mark none"}


def test_history_keeps_the_latest_and_thins_out(spec):
    history = History(("a",))
    for at in range(10_000):
        history.append(float(at), np.array([0.0]), np.array([float(at)]), np.array([0], np.int8))
    past = history.of("a", 0.0, most=100)
    assert len(past.times) == 100
    assert past.values[-1] == 9999.0
    assert (np.diff(past.times) > 0).all()
    assert list(history.of("a", 9998.0, truth=True).values) == [0.0, 0.0]
