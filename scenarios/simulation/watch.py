"""The detector's seat in the control room: a frame in, a score, and perhaps an alarm."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

import detector
from detector import DataError, Detector, Episodes, OnlineDetector, Score
from detector.checkpoint import shipped_intervals
from scenarios.definition.scenario import Scenario
from twin.control.alarms import Alarm
from twin.control.scada import Scada
from twin.errors import InputError
from twin.plants.spec import PLANTS, PlantSpec
from twin.tags import Frame

_TAGS_SHOWN = 3


@dataclass
class Watcher:
    """Scores every frame that is due and raises an alarm when an episode begins.

    Frames of the warm-up fill the detector's window; nothing is recorded or raised for them.

    Attributes
    ----------
    detector : Detector
    spec : PlantSpec
    scada : Scada
        Whose frames it sees and to whose operator it raises alarms.
    on_alarm : callable, optional
        Told of each alarm as it is raised.
    scores : list of Score
    episodes : Episodes
    """

    detector: Detector
    spec: PlantSpec
    scada: Scada
    on_alarm: Callable[[Alarm], None] | None = None
    scores: list[Score] = field(default_factory=list)
    episodes: Episodes = field(default_factory=Episodes)

    def __post_init__(self) -> None:
        self._online = OnlineDetector(self.detector)
        self._plc = {tag.name: tag.plc for tag in self.spec.tags}
        self._raised: list[Alarm] = []
        self.scada.subscribers.append(self.see)

    def see(self, frame: Frame) -> None:
        """Take a frame; those between the detector's intervals pass unscored."""
        if frame.time % self.detector.interval_s:
            return
        score = self._online.update(frame.time, frame.values)
        if frame.time < 0:
            return
        self.scores.append(score)
        episode = self.episodes.update(score)
        if episode is not None:
            shares: dict[str, float] = {}
            for cause in episode.causes:
                plc = self._plc[cause.tag]
                shares[plc] = shares.get(plc, 0.0) + cause.share
            tags = tuple(cause.tag for cause in episode.causes[:_TAGS_SHOWN])
            plc = max(shares, key=lambda name: shares[name])
            alarm = Alarm(score.time, score.value, score.threshold, tags, plc)
            self._raised.append(alarm)
            self.scada.raise_alarm(alarm)
            if self.on_alarm is not None:
                self.on_alarm(alarm)

    def score_table(self) -> pd.DataFrame:
        """Return every score: value, threshold, alarm and the tag that explains it most."""
        rows = [(s.time, s.value, s.threshold, s.alarm, _first(s)) for s in self.scores]
        columns = ["time", "score", "threshold", "alarm", "cause"]
        return pd.DataFrame(rows, columns=columns).set_index("time")

    def alarm_table(self) -> pd.DataFrame:
        """Return the operator's alarm list with the end and peak each episode came to have.

        An alarm that is not this detector's has no episode: it ends as it is raised.
        """
        own = {id(alarm): place for place, alarm in enumerate(self._raised)}
        rows = []
        for alarm in self.scada.alarms:
            last, peak = alarm.time, alarm.score
            if id(alarm) in own:
                episode = self.episodes.all[own[id(alarm)]]
                last, peak = episode.end, episode.peak
            rows.append((alarm.time, last, alarm.score, peak, list(alarm.tags), alarm.plc))
        columns = ["time", "last", "score", "peak", "tags", "plc"]
        return pd.DataFrame(rows, columns=columns).set_index("time")


def _first(score: Score) -> str:
    return score.causes[0].tag if score.alarm and score.causes else ""


def detector_of(scenario: Scenario, spec: PlantSpec) -> tuple[Detector | None, list[str]]:
    """Return the detector that a scenario names, or None and why nobody watches.

    Raises
    ------
    InputError
        If it cannot be read, or is not for this plant.
    """
    if scenario.detector is None:
        return None, ["the scenario names no detector: nobody watches"]
    name, path = scenario.detector, scenario.folder / scenario.detector
    try:
        # A folder of one's own may bear a shipped plant's name, and have other tags.
        trained = spec.folder.parent == PLANTS and shipped_intervals(name, spec.name)
        if name in detector.kinds() and not trained:
            return None, [
                f"no trained {name} for plant {spec.name}: nobody watches. "
                "`hydrotwin train` makes one from a normal run"
            ]
        changed = path.stat().st_mtime_ns if path.is_file() else 0
        known = str(path) if path.exists() else name
        return _load(known, spec.name, spec.tag_names, changed), []
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None


@functools.lru_cache(maxsize=8)
def _load(known: str, plant: str, tags: tuple[str, ...], changed: int) -> Detector:
    """Load a detector once a process and state of its file; scoring changes nothing in it."""
    return detector.load(known, plant, tags, None)
