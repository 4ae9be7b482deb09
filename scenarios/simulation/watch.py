"""The detector's seat in the control room: a frame in, a score, and perhaps an alarm."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import detector
from detector import Cause, DataError, Detector, Episodes, OnlineDetector, Score
from detector.checkpoint import check_fits, shipped_intervals, shipped_path
from scenarios.definition.scenario import Scenario
from twin.control.alarms import Alarm
from twin.control.scada import Scada
from twin.errors import InputError
from twin.plants.spec import PLANTS, PlantSpec
from twin.shadow.perturbation import Perturbation
from twin.shadow.twin import ShadowTwin
from twin.tags import Frame, Values
from twin.units import DAY, readable

_TAGS_SHOWN = 3
LEAD = 3 * DAY
"""So much of the warm-up [s] a detector sees: `physics` remembers two days, windows are one."""


class FrameExtender(Protocol):
    """A shadow twin: says of each frame how far it is from what physics expects.

    Attributes
    ----------
    columns : tuple of str
        What it says, like `residual:F_PU1`: what stands behind the colon is a tag or a district.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""

    def extend(self, time_s: float, values: Values) -> Values:
        """Return its columns of the next frame, ``(columns,)``, from the tags' values."""

    def extend_table(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return its columns of all rows of a table, indexed by time [s], as of a new sequence."""

    def close(self) -> None:
        """Give its engine back."""


Shadow = Callable[[PlantSpec, float], FrameExtender]
"""Returns a shadow twin of a plant whose frames are so far apart [s]."""


def shadow_of(scenario: Scenario, perturb: Perturbation | None = None) -> Shadow:
    """Return the shadow twin that knows what a defender knows of a scenario.

    That is the plant, the date, and how its demands are modelled; not the seed, nor what is drawn
    by it, and no attack. With `perturb` he knows the plant with errors.
    """

    def shadow(spec: PlantSpec, interval_s: float) -> FrameExtender:
        return ShadowTwin(
            spec,
            interval_s=interval_s,
            start=scenario.start,
            pressure_driven=scenario.demand_model == "pressure-driven",
            required_pressure=scenario.required_pressure,
            perturb=perturb,
        )

    return shadow


@dataclass
class Watcher:
    """Scores every frame that is due and raises an alarm where an episode begins.

    Frames of the warm-up's last three days fill the detector's window; nothing is recorded or
    raised for them.

    Attributes
    ----------
    detector : Detector
    spec : PlantSpec
    scada : Scada
        Whose frames it sees and to whose operator it raises alarms.
    on_alarm : callable, optional
        Told of each alarm as it is raised.
    shadow : callable, optional
        Returns the shadow twin whose columns are joined to the frames, for a detector that wants
        them.
    name : str
        What tables and the account call it; by default the detector's kind.
    live : bool, default True
        Whether frames are scored as they come, or all together by `finish`, which is faster.
    alarms : list of Alarm
        Those it raised.
    scores : list of Score
    episodes : Episodes
    """

    detector: Detector
    spec: PlantSpec
    scada: Scada
    on_alarm: Callable[[Alarm], None] | None = None
    shadow: Shadow | None = None
    name: str = ""
    live: bool = True
    alarms: list[Alarm] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    episodes: Episodes = field(default_factory=Episodes)

    def __post_init__(self) -> None:
        self.name = self.name or self.detector.kind
        self._online = OnlineDetector(self.detector)
        self._frames: list[Frame] = []
        self._plc = {tag.name: tag.plc for tag in self.spec.tags}
        self._shadow = extender(self.detector, self.spec, self.shadow)
        self.scada.subscribers.append(self.see)

    def see(self, frame: Frame) -> None:
        """Take a frame; those between the detector's intervals pass unscored."""
        if frame.time % self.detector.interval_s or frame.time < -LEAD:
            return
        if not self.live:
            self._frames.append(frame)
            return
        score = self._online.update(frame.time, self._columns(frame))
        if frame.time >= 0:
            self._take(score)

    def finish(self) -> None:
        """Score the frames that were not scored as they came, and raise their alarms."""
        frames, self._frames = self._frames, []
        times = [frame.time for frame in frames]
        table = np.array([self._columns(frame) for frame in frames])
        with threadpool_limits(1):  # with more, the last bit depends on how many cores there are
            scores = self._online.update_all(times, table, 0.0) if frames else []
        for score in scores:
            self._take(score)

    def _take(self, score: Score) -> None:
        """Keep a score of the run, and raise an alarm where it begins an episode."""
        self.scores.append(score)
        (self.scada.detecting.add if score.alarm else self.scada.detecting.discard)(self.name)
        episode = self.episodes.update(score)
        if episode is not None:
            shares: dict[str, float] = {}
            for cause in episode.causes:
                plc = next((self._plc[tag] for tag in _tags_of(cause) if tag in self._plc), "")
                shares[plc] = shares.get(plc, 0.0) + cause.share
            found = dict.fromkeys(tag for cause in episode.causes for tag in _tags_of(cause))
            tags = tuple(found)[:_TAGS_SHOWN]
            plc = max(shares, key=lambda name: shares[name], default="")
            why = self.detector.explain(score)
            alarm = Alarm(score.time, score.value, score.threshold, tags, plc, self.name, why)
            self.alarms.append(alarm)
            self.scada.raise_alarm(alarm)
            if self.on_alarm is not None:
                self.on_alarm(alarm)

    def _columns(self, frame: Frame) -> Values:
        """Return a frame's values, and behind them those of the shadow twin if it is wanted."""
        time, _, shown, _ = frame
        return shown if self._shadow is None else np.append(shown, self._shadow.extend(time, shown))

    def close(self) -> None:
        """Give the shadow twin's engine back."""
        if self._shadow is not None:
            self._shadow.close()

    def score_table(self) -> pd.DataFrame:
        """Return every score: value, threshold, alarm and the tag that explains it most."""
        rows = [(s.time, self.name, s.value, s.threshold, s.alarm, _first(s)) for s in self.scores]
        columns = ["time", "detector", "score", "threshold", "alarm", "cause"]
        return pd.DataFrame(rows, columns=columns).set_index("time")

    def alarm_table(self) -> pd.DataFrame:
        """Return the operator's alarm list with the end and peak each episode came to have."""
        rows = [
            (
                alarm.time,
                self.name,
                episode.end,
                alarm.score,
                episode.peak,
                list(alarm.tags),
                alarm.plc,
                alarm.why,
            )
            for alarm, episode in zip(self.alarms, self.episodes.all, strict=True)
        ]
        columns = ["time", "detector", "last", "score", "peak", "tags", "plc", "why"]
        return pd.DataFrame(rows, columns=columns).set_index("time")


def _first(score: Score) -> str:
    return score.causes[0].name if score.alarm and score.causes else ""


def _tags_of(cause: Cause) -> tuple[str, ...]:
    """Return the tags that a cause is about: those it names, or that of its column."""
    return cause.tags or (cause.name.rpartition(":")[2],)


def extender(detector: Detector, spec: PlantSpec, shadow: Shadow | None) -> FrameExtender | None:
    """Return the shadow twin that a detector wants, new; None if it wants tags only.

    Raises
    ------
    InputError
        If it wants one and there is none, or it was fitted on other columns than that one has.
    """
    if detector.columns_wanted == "tags":
        return None
    if shadow is None:
        message = f"a {detector.kind} wants a shadow twin's columns, and there is none here"
        raise InputError(message, keys=["detector"])
    twin = shadow(spec, detector.interval_s)
    wanted = detector.tags[len(spec.tags) :]
    if wanted != tuple(twin.columns):
        odd = sorted({*wanted} ^ {*twin.columns}) or ["their order"]
        twin.close()
        message = f"fitted on other columns than the shadow twin of {spec.name} has: {odd[0]}"
        raise InputError(f"{message} differs; train it anew", keys=["detector"])
    return twin


def watchers(
    scenario: Scenario,
    spec: PlantSpec,
    given: Sequence[str | Detector] | None = None,
) -> tuple[dict[str, Detector], list[str]]:
    """Return the detectors that watch, by name, and why others do not.

    Parameters
    ----------
    scenario : Scenario
    spec : PlantSpec
    given : sequence of str or Detector, optional
        Instead of the scenario's detector: kinds, checkpoints, or fitted detectors.

    Raises
    ------
    InputError
        If one cannot be read, is not for this plant, or is given by a kind that is not trained.
    """
    asked = given is not None
    if given is None:
        given = [] if scenario.detector is None else [scenario.detector]
        if not given:
            return {}, ["the scenario names no detector: nobody watches"]
    found: dict[str, Detector] = {}
    notes: list[str] = []
    for each in given:
        if isinstance(each, str):
            path = scenario.folder / each if scenario.detector == each else Path(each).absolute()
            chosen = str(path) if path.is_file() else each
            if asked:
                loaded: Detector | None = needed_detector(chosen, scenario, spec)
            else:
                loaded, notes = detector_of(replace(scenario, detector=chosen), spec)
            name = called(chosen)
        else:
            loaded, name = each, each.kind
            check_loaded(each, name, spec)
        if loaded is not None:
            same = sum(known.partition(" ")[0] == name for known in found)
            found[f"{name} {same + 1}" if same else name] = loaded
    return found, notes


def called(detector: str) -> str:
    """Return what tables call a detector that is named by its kind, or by a checkpoint's path."""
    return Path(detector).stem if Path(detector).is_file() else detector


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
    # A folder of one's own may bear a shipped plant's name, and have other tags.
    shipped = shipped_intervals(name, spec.name) if spec.folder.parent == PLANTS else []
    try:
        if name in detector.kinds() and not shipped:
            return None, [_untrained(name, spec, ": nobody watches")]
        file = path if path.exists() or not shipped else shipped_path(name, spec.name, shipped[0])
        changed = file.stat().st_mtime_ns if file.is_file() else 0
        known = str(file) if file.exists() else name
        loaded = _load(known, spec.name, spec.tag_names, changed)
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None
    check_loaded(loaded, name, spec)
    return loaded, []


def needed_detector(name: str, scenario: Scenario, spec: PlantSpec) -> Detector:
    """Return the detector of a kind or checkpoint, read as the one of a scenario.

    Raises
    ------
    InputError
        If it cannot be read, is not for this plant, or is a kind that is not trained for it.
    """
    found, _ = detector_of(replace(scenario, detector=name), spec)
    if found is None:
        raise InputError(_untrained(name, spec), keys=["detector"])
    return found


def _untrained(name: str, spec: PlantSpec, so: str = "") -> str:
    made = "`hydrotwin train` makes one from a normal run"
    return f"no trained {name} for plant {spec.name}{so}. {made}"


def check_loaded(loaded: Detector, name: str, spec: PlantSpec) -> None:
    """Raise InputError where a detector is for other tags, or for frames that SCADA does not poll.

    Parameters
    ----------
    loaded : Detector
    name : str
        Of the detector, for the message.
    spec : PlantSpec
    """
    try:
        check_fits(name, loaded, spec.tag_names, None)
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None
    if loaded.interval_s % spec.polling:
        raise InputError(
            f"{name} was fitted on frames {readable(loaded.interval_s)} apart, and SCADA polls "
            f"every {readable(spec.polling)}: train it on this plant's frames",
            keys=["detector"],
        )


@functools.lru_cache(maxsize=8)
def _load(known: str, plant: str, tags: tuple[str, ...], changed: int) -> Detector:
    """Load a detector once a process and state of its file; scoring changes nothing in it."""
    return detector.load(known, plant, tags, None)
