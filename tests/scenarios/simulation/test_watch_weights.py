"""Which weights watch a run, and a detector's alarms among others."""

from types import SimpleNamespace

import numpy as np
import pytest

import detector
from detector import Cause, Detector, Score, Stream, Training, checkpoint
from scenarios.definition.schema import from_data
from scenarios.simulation import watch
from scenarios.simulation.watch import Watcher, detector_of
from tests.detector.conftest import make_days
from twin.control.alarms import Alarm
from twin.plants.spec import load_plant
from twin.tags import Frame


class _Loud(Stream):
    """Alarms at the hours 2, 3 and 20."""

    def score_one(self, time, values):
        alarm = time / 3600.0 in (2, 3, 20)
        return Score(time, 1.0 + time / 3600.0, 0.5, alarm, (Cause("L_T1", 1.0),))


@pytest.fixture
def watcher():
    spec = load_plant("ctown")
    scada = SimpleNamespace(subscribers=[], alarms=[], detecting=set())
    scada.raise_alarm = scada.alarms.append
    loud = SimpleNamespace(
        kind="loud",
        columns_wanted="tags",
        interval_s=3600.0,
        tags=spec.tag_names,
        stream=_Loud,
        explain=lambda score: f"too loud: {score.value:g}",
    )
    return Watcher(loud, spec, scada)


def see(watcher, hours):
    values = np.zeros(len(watcher.spec.tags))
    for hour in hours:
        frame = Frame(hour * 3600.0, watcher.spec.tag_names, values, values.astype(np.int8))
        for subscriber in watcher.scada.subscribers:
            subscriber(frame)


def test_each_alarm_keeps_its_own_episode(watcher):
    see(watcher, range(3))
    by_hand = Alarm(2.5 * 3600.0, 9.0, 0.5, ("L_T2",), "PLC3")
    watcher.scada.raise_alarm(by_hand)
    see(watcher, range(3, 21))
    table = watcher.alarm_table()
    hours = table.reset_index()[["time", "last"]].to_numpy() / 3600.0
    assert hours.tolist() == [[2, 3], [20, 20]]  # an alarm raised by hand is not the detector's
    assert table["peak"].tolist() == [4.0, 21.0]
    assert table["why"].tolist() == ["too loud: 3", "too loud: 21"]


def test_two_detectors_share_the_operators_list(watcher):
    second = Watcher(watcher.detector, watcher.spec, watcher.scada)
    see(watcher, range(21))
    for each in (watcher, second):
        table = each.alarm_table()
        assert len(table) == 2
        assert (table["last"] > table.index).sum() == 1
    assert len(watcher.scada.alarms) == 4


def test_weights_of_any_interval_are_found_by_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    spec = load_plant("ctown")
    scenario = from_data({"name": "x", "duration": "1 h", "detector": "pca"})
    assert detector_of(scenario, spec)[0] is None
    rows = make_days(40)
    columns = {name: rows.iloc[:, place % 5] for place, name in enumerate(spec.tag_names)}
    fitted: Detector = detector.create("pca", spec.tag_names, 900.0)
    fitted.fit(rows.assign(**columns)[list(spec.tag_names)], Training(seed=1))
    fitted.save(checkpoint.shipped_path("pca", "ctown", 900.0))
    found, notes = watch.detector_of(scenario, spec)
    assert found is not None
    assert found.interval_s == 900.0
    assert notes == []
