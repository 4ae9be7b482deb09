"""What SCADA showed in a scenario, warm-up included, and what the water did."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace

import pandas as pd

from attacks.entries.armed import arm
from scenarios.definition.scenario import Scenario, scenario_data, testbed
from scenarios.definition.schema import from_data
from scenarios.results.incidents import spans_of
from scenarios.simulation.pair import with_end
from scenarios.simulation.scorers import hand_in_scorers
from scenarios.sweeps.job import plant_of
from twin.plants.spec import PlantSpec
from twin.tags import Frame, Values


@dataclass(frozen=True)
class Recording:
    """A run as its detectors see it, and as it truly was.

    Attributes
    ----------
    frames : DataFrame
        What SCADA showed, a column a tag, by time [s]; the warm-up before 0.
    truth : DataFrame
        As `Run.truth`, with one more row for the totals at the end.
    spans : list of (float, float)
        When some entry was active [s].
    """

    frames: pd.DataFrame
    truth: pd.DataFrame
    spans: list[tuple[float, float]]


def record(scenario: Scenario, spec: PlantSpec) -> Recording:
    """Simulate a scenario, unwatched."""
    times: list[float] = []
    shown: list[Values] = []

    def see(frame: Frame) -> None:
        times.append(frame.time)
        shown.append(frame.values)

    with testbed(scenario, spec) as bed:
        hand_in_scorers(scenario, spec, bed)
        bed.scada.subscribers.append(see)
        armed = arm(scenario.entries, bed)
        for _ in bed.run(scenario.duration):
            pass
        truth = with_end(bed.historian.truth.frame(), scenario.duration, bed.totals())
    frames = pd.DataFrame(shown, index=times, columns=list(spec.tag_names))
    return Recording(frames, truth, spans_of(armed))


def usual(scenario: Scenario) -> Recording:
    """Return the recording of the same scenario without attacks and faults."""
    plain = replace(scenario, name="usual", attacks=(), faults=(), detector=None)
    return _kept(json.dumps(scenario_data(plain)))


@functools.lru_cache(maxsize=4)
def _kept(text: str) -> Recording:
    scenario = from_data(json.loads(text))
    return record(scenario, plant_of(scenario))
