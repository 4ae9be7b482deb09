"""A live plant without a browser: commands, audit, the same run again; a record played."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

import scenarios
from attacks.discovery import kinds
from scenarios.live.audit import AUDIT, VERIFIED, Write, audit_csv
from scenarios.live.by_hand import entry_of, example
from scenarios.live.pages.teacher import stopped_words
from scenarios.live.plant import LivePlant
from scenarios.live.recording import Recording
from scenarios.live.servers import servers
from scenarios.live.users import Door
from scenarios.simulation.pace import Pace
from scenarios.simulation.session import Session
from tests.scenarios.live.browser import PORTS, free_offset
from twin.errors import InputError
from twin.units import DAY, HOUR

SCENARIO = replace(
    scenarios.load("normal"), duration=12 * HOUR, warmup=DAY, detector=None, name="short"
)
PATIENCE = 120.0


def until(holds, what):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.01)


@pytest.fixture
def plant():
    """Return a plant that goes on fast, and stands two hours after its start."""
    with Session.open(SCENARIO, pair=False, pace=Pace()) as session:
        live = LivePlant(session, Pace(200_000.0))
        live.start()
        until(lambda: live.snapshot.time >= 2 * HOUR, "it does not go on")
        live.pace.paused = True
        yield live
        live.stop(PATIENCE)


def test_what_is_done_by_hand_is_audited_verified_and_the_same_run_again(plant):
    plant.operate({"PU1": 0.0}, "ann").result(PATIENCE)
    plant.write("PLC3", {"V2": 0.0}, "127.0.0.1:50000", "modbus")
    entry = entry_of("on: link:PLC2->SCADA\ndo: {constant: {value: 6.45}}", SCENARIO.folder)
    plant.launch(entry, "teacher").result(PATIENCE)
    plant.pace.paused = False
    until(lambda: plant.snapshot.status == "done", "it does not end")
    writes = {w.tag: w for w in plant.audit.writes()}
    assert (writes["PU1"].who, writes["PU1"].protocol) == ("ann", "room")
    assert (writes["PU1"].old, writes["PU1"].new) == ("auto", "closed")
    assert (writes["V2"].who, writes["V2"].protocol) == ("127.0.0.1:50000", "modbus")
    assert writes["PU1"].result == writes["V2"].result == VERIFIED
    assert writes[entry.name].protocol == "attack"
    place = plant.spec.tag_names.index
    now = plant.snapshot
    assert now.truth[place("S_PU1")] == now.truth[place("S_V2")] == 0.0
    assert now.seen[place("L_T1")] == 6.45
    raised = {line.key for line in plant.alarms.lines() if line.what == "raised"}
    assert ("L_T1", "level.HH") in raised
    assert plant.stop(PATIENCE)
    made = plant.session.conclude()
    again = scenarios.run(plant.session.as_scenario(), watch=False, pair=False)
    for table in ("truth", "plc", "scada", "quality", "events"):
        assert getattr(made, table).equals(getattr(again, table)), table


def test_a_paused_plant_obeys_and_does_not_go_on(plant):
    stands = plant.snapshot.time
    plant.operate({"PU2": 1.0}, "ann").result(PATIENCE)
    time.sleep(0.3)
    assert plant.session.now - stands <= plant.pace.grain()


def test_a_program_outside_is_stopped_and_what_it_wrote_is_told(plant):
    plant.write("PLC3", {"PU4": 1.0}, "mallory @ 127.0.0.1:50000", "opcua")
    plant.pace.paused = False
    until(lambda: plant.snapshot.plcs["PLC3"].orders["PU4"] == 1.0, "PLC3 does not take it")
    (entry,) = plant.snapshot.entries
    plant.end(entry.name, "teacher").result(PATIENCE)
    words = stopped_words(plant, entry)
    assert words.startswith("external-1 is stopped; then: nothing")
    assert words.endswith("PLC3 still holds by hand: PU4 is open")
    (client,) = plant.session.as_scenario().attacks
    assert client.do.peer == "mallory @ 127.0.0.1"


def test_what_no_plc_takes_is_refused_and_told(plant):
    with pytest.raises(InputError, match="PU99"):
        plant.operate({"PU99": 1.0}, "ann").result(PATIENCE)
    plant.write("PLC2", {"PU1": 1.0}, "127.0.0.1:50000", "modbus")
    until(lambda: plant.audit.writes(), "the refusal is not in the log")
    (write,) = plant.audit.writes()
    assert write.result.startswith("refused")
    assert plant.snapshot.status == "running"


def test_after_its_end_nothing_can_be_commanded(plant):
    assert plant.stop(PATIENCE)
    with pytest.raises(InputError, match="over"):
        plant.operate({"PU1": 1.0}, "ann").result(PATIENCE)
    with pytest.raises(InputError, match="over"):
        plant.write("PLC1", {"PU1": 1.0}, "127.0.0.1:50000", "modbus")
    (write,) = plant.audit.writes()
    assert (write.who, write.result.partition(":")[0]) == ("127.0.0.1:50000", "refused")


def test_a_flood_of_what_is_refused_takes_no_writes_place(plant):
    audit, held = plant.audit, plant.snapshot.plcs
    audit.add(0.0, "ann", "room", {"PU1": 1.0}, held)
    for at in range(5000):
        audit.refuse(at * 60.0, f"127.0.0.1:{at}", "modbus", "PLC1", f"coil {at}", "1", "no")
    for at in (400_000.0, 400_001.0):
        audit.refuse(at, f"127.0.0.1:{at:g}", "modbus", "PLC1", "PU1", "9", "no")
    writes = audit.writes()
    assert (writes[0].who, writes[-1].result) == ("ann", "refused: no (2 times)")
    assert len(writes) == 1001
    assert [w.time for w in writes] == sorted(w.time for w in writes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("on: [", "line"),
        ("just words", "an entry has"),
        ("on: sensor:L_T1\ndo: {freez: {}}", "freeze"),
        ("on: sensor:L_T1", "do"),
    ],
)
def test_a_mistake_in_an_attack_is_told(text, words):
    with pytest.raises(InputError, match=words):
        entry_of(text, SCENARIO.folder)


def test_every_example_of_the_catalogue_can_be_launched():
    for kind in [name for name, cls in kinds().items() if cls.example]:
        entry = entry_of(example(kind), SCENARIO.folder, ["drop-by-hand"])
        assert entry.do.kind == kind
        assert entry.name != "drop-by-hand"


@pytest.fixture(scope="module")
def recorded():
    base = scenarios.load("t2-starved")
    return scenarios.run(replace(base, duration=DAY, warmup=DAY, detector=None), pair=False)


def test_a_record_is_shown_at_any_time_as_it_was(recorded, tmp_path):
    writes = [
        Write(hours * HOUR, "ann", "room", "PLC1", "PU1", "auto", "open", VERIFIED)
        for hours in (2, 8, 15)
    ]
    (tmp_path / AUDIT).write_text(audit_csv(writes))
    record = Recording(replace(recorded, folder=tmp_path), Pace(1e-3))
    record.start()
    for at in (10 * HOUR, 20 * HOUR, 5 * HOUR):
        record.seek(at)
        until(lambda at=at: record.snapshot.time == at, "it is not there")
        until(lambda at=at: record.history.of("L_T1", 0.0).times[-1] == at, "its history is not")
        now = record.snapshot
        assert (now.seen == recorded.scada.loc[at].to_numpy()).all()
        tags = list(record.spec.tag_names)
        assert (now.truth == recorded.truth.loc[at, tags].to_numpy()).all()
        assert now.plcs["PLC1"].inputs["L_T1"] == recorded.plc.loc[at, "PLC1.L_T1"]
        assert all(event.time <= at for event in record.events())
        assert record.audit.writes() == [write for write in writes if write.time <= at]
        open_limits = recorded.limits[
            (recorded.limits.index <= at) & ~(recorded.limits["cleared"] <= at)
        ]
        assert len(now.limits) == len(open_limits)
    assert record.stop(PATIENCE)


def test_a_record_says_since_when_a_detector_alarms_and_what_spills(recorded):
    hours = [0.0, 9 * HOUR, 10 * HOUR, 12 * HOUR]
    scores = pd.DataFrame(
        {"detector": "d", "score": 1.0, "threshold": 1.0, "alarm": [False, False, True, False],
         "cause": ""}, index=hours,
    )  # fmt: skip
    alarms = pd.DataFrame(
        {"detector": "d", "last": 11 * HOUR, "score": 2.0, "peak": 2.0, "tags": [["L_T1"]],
         "plc": "PLC2", "why": ""}, index=[10 * HOUR],
    )  # fmt: skip
    truth = recorded.truth.copy()
    truth["overflow_T1_m3"] = (truth.index >= 10 * HOUR) * 7.0
    record = Recording(replace(recorded, scores=scores, alarms=alarms, truth=truth), Pace(1e-3))
    record.start()
    for at, since in ((9.5, None), (11.0, 10 * HOUR), (13.0, None), (10.0, 10 * HOUR)):
        record.seek(at * HOUR)
        until(lambda at=at: record.snapshot.time == at * HOUR, "it is not there")
        assert record.detecting() == since
        spilled = [(spill.tank, spill.volume) for spill in record.spills.all]
        assert spilled == ([("T1", 7.0)] if at >= 10 else [])
    assert record.stop(PATIENCE)


def test_a_plant_says_since_when_a_detector_alarms(plant, monkeypatch):
    assert plant.detecting() is None
    alarm, score = SimpleNamespace(time=3600.0), SimpleNamespace(alarm=True)
    watcher = SimpleNamespace(alarms=[alarm], scores=[score])
    monkeypatch.setattr(plant.session, "watchers", (watcher,))
    assert plant.detecting() == 3600.0
    score.alarm = False
    assert plant.detecting() is None


def test_a_wire_that_leads_nowhere_loses_readings_and_says_nothing_of_others(tmp_path):
    offset = free_offset()
    table = tmp_path / "wire.csv"
    table.write_text(f"link,host,port\nPLC2->PLC1,127.0.0.1,{PORTS[0] + offset}\n")
    with Session.open(SCENARIO, pair=False, pace=Pace()) as session:
        live = LivePlant(session, Pace(20_000.0))
        with servers(live, Door(), "127.0.0.1", offset, True, table) as served:
            assert len(served) == len(live.spec.plcs) + 1
            live.start()
            until(lambda: live.snapshot.time >= 2 * HOUR, "it does not go on")
            now = live.snapshot
            assert live.stop(PATIENCE)
    place = live.spec.tag_names.index
    assert now.seen[place("L_T1")] == now.plcs["PLC2"].inputs["L_T1"]
    assert now.plcs["PLC1"].inputs["L_T1"] != now.plcs["PLC2"].inputs["L_T1"]
    assert now.plcs["PLC3"].inputs["L_T3"] == now.plcs["PLC4"].inputs["L_T3"]
    assert not live.audit.writes()
