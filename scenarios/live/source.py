"""What the control room shows: a plant that is simulated now, or the record of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

from scenarios.definition.scenario import Scenario
from scenarios.live.alarms import AlarmList
from scenarios.live.audit import Audit
from scenarios.live.conditions import holding
from scenarios.live.history import History
from scenarios.live.snapshot import Snapshot, nothing_yet
from scenarios.live.spills import Spills
from scenarios.simulation.pace import Pace
from twin.plants.spec import PlantSpec
from twin.records.historian import Event

NAP = 0.05
"""How soon a command, a change of speed or a pause is obeyed [s]."""


@dataclass(frozen=True, slots=True)
class ScoreView:
    """One score of a detector: its time [s], value, threshold, and what explains it most."""

    time: float
    value: float
    threshold: float
    alarm: bool
    cause: str


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """An alarm of a detector: from when to when [s], how high, and what explains it."""

    start: float
    end: float
    peak: float
    tags: tuple[str, ...]
    plc: str


@dataclass(frozen=True, slots=True)
class DetectorView:
    """What a detector has said so far.

    Attributes
    ----------
    causes : tuple of (str, float, str)
        What explains its last score: name, share, and words where it has them.
    """

    name: str
    scores: tuple[ScoreView, ...]
    episodes: tuple[EpisodeView, ...]
    causes: tuple[tuple[str, float, str], ...] = field(default=())


class Source(ABC):
    """What all pages read.

    Attributes
    ----------
    scenario : Scenario
    spec : PlantSpec
    snapshot : Snapshot
        The last one; replaced as a whole.
    history : History
    alarms : AlarmList
    audit : Audit
    spills : Spills
    pace : Pace
        Its speed and pause may be changed at any time.
    """

    live: bool
    """Whether it can be commanded."""

    def __init__(self, scenario: Scenario, spec: PlantSpec, pace: Pace):
        self.scenario, self.spec, self.pace = scenario, spec, pace
        self.snapshot: Snapshot = nothing_yet(len(spec.tags))
        self.history = History(spec.tag_names)
        self.alarms, self.audit = AlarmList(), Audit(spec)
        self.spills = Spills()

    def _watch(self, snapshot: Snapshot) -> None:
        """Tell the alarm list and the audit log what a new frame shows."""
        self.alarms.see(snapshot.frame, holding(self.spec, snapshot))
        self.audit.verify(snapshot.time, snapshot.plcs)

    @abstractmethod
    def detectors(self) -> list[DetectorView]:
        """Return what each detector has said up to now."""

    @abstractmethod
    def detecting(self) -> float | None:
        """Return since when [s] a detector says that something is wrong; None where none does."""

    @abstractmethod
    def events(self) -> Sequence[Event]:
        """Return what happened up to now, in order."""

    @abstractmethod
    def start(self) -> None:
        """Begin to move, in a thread of its own."""

    @abstractmethod
    def stop(self, patience: float) -> bool:
        """Stop moving; return whether that was done within `patience` [s]."""
