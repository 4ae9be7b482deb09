"""What an attacker who knows a detector knows: it follows SCADA's frames and can be asked."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np

from attacks.kinds.evasion import Evade
from attacks.scorer import hand_in
from detector import Detector, OnlineDetector
from scenarios.definition.scenario import Scenario
from scenarios.simulation.watch import FrameExtender, detector_of, extender, shadow_of
from twin.closeable import Closing
from twin.errors import InputError, under
from twin.plants.spec import PlantSpec
from twin.tags import Frame, Values
from twin.testbed import Testbed


class AskedDetector(Closing):
    """A detector that sees what SCADA shows, and tells what it would say of a frame to come.

    Where a frame counts from the next one on only, as in `cnn-lstm`, it is asked of that one.

    Parameters
    ----------
    detector : Detector
    scenario : Scenario
    spec : PlantSpec
    """

    def __init__(self, detector: Detector, scenario: Scenario, spec: PlantSpec):
        self.interval_s, self.threshold = detector.interval_s, detector.threshold
        self._detector, self._spec = detector, spec
        self._online = OnlineDetector(detector)
        self._shadow = extender(detector, spec, shadow_of(scenario))
        self._late = not getattr(detector, "includes_row", True)

    def close(self) -> None:
        """Give the shadow twin's engine back."""
        if self._shadow is not None:
            self._shadow.close()

    def see(self, frame: Frame) -> None:
        """Take a frame that is shown."""
        if frame.time % self.interval_s == 0:
            self._online.update(frame.time, self._columns(self._shadow, frame.time, frame.values))

    def ask(self, time: float, frames: Values) -> Values:
        """Return the score of each frame if it were shown next."""
        return np.array([self._score(time, frame) for frame in frames])

    def _score(self, time: float, frame: Values) -> float:
        online, shadow = self._copies()
        columns = self._columns(shadow, time, frame)
        value = online.update(time, columns).value
        if self._late:
            value = online.update(time + self.interval_s, columns).value
        return value

    def _copies(self) -> tuple[OnlineDetector, FrameExtender | None]:
        """Return the detector and its shadow twin as they stand, to be led on and thrown away.

        What no frame changes is not copied: what the detector was fitted to, and the plant.
        """
        kept = [self._detector, self._spec, *vars(self._detector).values()]
        return copy.deepcopy((self._online, self._shadow), {id(each): each for each in kept})

    def slope(self, time: float, frame: Values) -> Values | None:
        """Return how the score rises with each tag of a frame, if the detector can tell."""
        columns = self._columns(self._copies()[1], time, frame)
        slope = self._online.slope(columns)
        return None if slope is None else slope[: len(frame)]

    def _columns(self, shadow: FrameExtender | None, time: float, values: Values) -> Values:
        return values if shadow is None else np.append(values, shadow.extend(time, values))


def hand_in_scorers(scenario: Scenario, spec: PlantSpec, bed: Testbed) -> None:
    """Hand the detectors that a scenario's attacks hide from to those on its testbed.

    Raises
    ------
    InputError
        If one cannot be used.
    """
    for label in ("faults", "attacks"):
        for place, entry in enumerate(getattr(scenario, label)):
            if isinstance(entry.do, Evade):
                with under(label, place, "do", entry.do.kind):
                    asked = _asked(entry.do.detector, scenario, spec)
                bed.close_with(asked)
                bed.scada.subscribers.append(asked.see)
                hand_in(bed, entry.do.detector, asked)


def _asked(name: str, scenario: Scenario, spec: PlantSpec) -> AskedDetector:
    try:
        found, notes = detector_of(replace(scenario, detector=name), spec)
    except InputError as error:
        raise InputError(error.message, keys=["detector"]) from None
    if found is None:
        raise InputError(f"nothing to hide from: {' '.join(notes)}", keys=["detector"])
    return AskedDetector(found, scenario, spec)
