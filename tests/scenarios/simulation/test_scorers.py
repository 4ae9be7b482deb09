from dataclasses import replace

import numpy as np
import pytest

from detector import OnlineDetector
from scenarios.definition.scenario import Scenario
from scenarios.definition.scenario import testbed as bed_of
from scenarios.definition.schema import from_data
from scenarios.simulation.scorers import AskedDetector, hand_in_scorers
from scenarios.simulation.session import Session
from scenarios.simulation.watch import detector_of
from twin.errors import InputError

HOUR = 3600.0


@pytest.fixture(scope="module")
def seen():
    """Return a plant, and the frames that SCADA showed of it in two days."""
    scenario = Scenario(name="x", warmup=48 * HOUR, duration=HOUR, detector=None)
    spec = scenario.plant_spec()
    frames = []
    with bed_of(scenario, spec) as bed:
        bed.scada.subscribers.append(frames.append)
        for _ in bed.run(scenario.duration):
            pass
    return scenario, spec, frames


def asked_of(kind, seen):
    scenario, spec, frames = seen
    detector, _ = detector_of(replace(scenario, detector=kind), spec)
    asked = AskedDetector(detector, scenario, spec)
    *before, last = (frame for frame in frames if frame.time % detector.interval_s == 0)
    for frame in before:
        asked.see(frame)
    return asked, before, last


@pytest.mark.parametrize("kind", ["pca", "physics"])
def test_it_tells_what_the_detector_then_says(kind, seen):
    asked, _, last = asked_of(kind, seen)
    odd = last.values.copy()
    odd[0] += 1.0
    with asked:
        told = asked.ask(last.time, np.stack([odd, last.values, odd]))
        assert told[0] == told[2]  # nothing is remembered of a question
        assert told[0] > told[1]
        columns = asked._columns(asked._shadow, last.time, last.values)
        assert asked._online.update(last.time, columns).value == pytest.approx(told[1])


def test_of_a_detector_that_scores_a_frame_late_the_next_score_is_told(seen):
    asked, before, last = asked_of("cnn-lstm", seen)
    online = OnlineDetector(asked._detector)
    for frame in [*before, last]:
        online.update(frame.time, frame.values)
    then = online.update(last.time + HOUR, last.values).value
    assert asked.ask(last.time, last.values[None])[0] == pytest.approx(then)


def test_its_slope_is_that_of_the_score(seen):
    asked, _, last = asked_of("cnn-lstm", seen)
    slope = asked.slope(last.time, last.values)
    for place in (0, 1, 7):
        nudged = np.repeat(last.values[None], 2, axis=0)
        nudged[:, place] += (-1e-3, 1e-3)
        low, high = asked.ask(last.time, nudged)
        assert slope[place] == pytest.approx((high - low) / 2e-3, rel=1e-3, abs=1e-9)


def test_a_detector_that_tells_no_slope_has_none(seen):
    asked, _, last = asked_of("pca", seen)
    assert asked.slope(last.time, last.values) is None


def test_an_unknown_detector_is_named_with_its_place():
    entry = {"on": "scada", "do": {"evade": {"detector": "pcaa"}}}
    scenario = from_data({"name": "x", "attacks": [entry]})
    spec = scenario.plant_spec()
    with (
        bed_of(scenario, spec) as bed,
        pytest.raises(InputError, match="Did you mean") as error,
    ):
        hand_in_scorers(scenario, spec, bed)
    assert error.value.keys == ("attacks", 0, "do", "evade", "detector")


def test_a_run_hands_it_in_and_hides_from_it():
    force = {"on": "actuator:V2", "do": {"force": {"to": "closed"}},
             "when": {"from": "2 h"}, "incident": "a"}  # fmt: skip
    hide = {"on": "scada", "do": {"evade": {"detector": "pca"}}, "when": {"from": "2 h"},
            "incident": "a"}  # fmt: skip
    peaks = []
    for attacks in ([force], [force, hide]):
        data = {"name": "x", "duration": "20 h", "detector": "pca", "attacks": attacks}
        with Session.open(from_data(data), pair=False) as session:
            session.advance(20 * HOUR)
            peaks.append(session.conclude().scores["score"].max())
    assert peaks[1] < peaks[0]
