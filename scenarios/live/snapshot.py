"""What the plant, its PLCs and SCADA hold at one instant, read once and then never changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.tags import Frame, Quality, Values
from twin.testbed import Testbed


@dataclass(frozen=True, slots=True)
class PlcView:
    """What one PLC holds.

    Attributes
    ----------
    inputs : dict of str to float
        What it believes of each tag that it measures or receives, in the tag's unit; NaN for a
        value that never came.
    bad : frozenset of str
        Those that their instruments marked as bad.
    coils : dict of str to float
        What it commands, as in `Rule.command`; empty where that was not recorded.
    orders : dict of str to float
        What SCADA or somebody else wrote to it: manual commands, NaN for automatic, and setpoints.
    running : bool
    answered : float
        When its last answer reached SCADA [s]; -inf before the first.
    """

    inputs: Mapping[str, float]
    bad: frozenset[str]
    coils: Mapping[str, float]
    orders: Mapping[str, float]
    running: bool
    answered: float


@dataclass(frozen=True, slots=True)
class EntryView:
    """An attack or fault: its name, where it acts, and when it was active [s]."""

    name: str
    label: str
    on: str
    kind: str
    active: bool
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The plant at one time.

    Attributes
    ----------
    number : int
        Another one whenever something else than the time has changed.
    time : float
        Seconds since the scenario's start; negative in the warm-up.
    truth, seen : ndarray of shape (tags,)
        True values, and what SCADA shows, each in its tag's unit; NaN for what never came.
    quality : ndarray of shape (tags,)
    frame : float
        When SCADA last showed a frame [s].
    plcs : dict of str to PlcView
    ordered : dict of str to float
        What SCADA tells PLCs; NaN for an actuator left to its PLC.
    limits : dict of (str, str) to (float, float)
        Limits that SCADA's own alarms say are passed, by tag and limit: value then, and bound.
    entries : tuple of EntryView
    status, reason : str
        As of a `Session`.
    published : float
        The machine's monotonic clock when it was published [s].
    """

    number: int
    time: float
    truth: Values
    seen: Values
    quality: NDArray[np.int8]
    frame: float = -math.inf
    plcs: Mapping[str, PlcView] = field(default_factory=dict)
    ordered: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    entries: tuple[EntryView, ...] = ()
    status: str = "running"
    reason: str = ""
    published: float = 0.0


def held(now: Snapshot, plc: str, name: str) -> float:
    """Return what a PLC holds of an order: NaN for an actuator left to it."""
    known = now.plcs.get(plc)
    return known.orders.get(name, math.nan) if known else math.nan


def nothing_yet(tags: int) -> Snapshot:
    """Return the snapshot before anything was simulated, of a plant with so many tags."""
    unknown = np.full(tags, np.nan)
    return Snapshot(0, 0.0, unknown, unknown, np.full(tags, Quality.BAD, dtype=np.int8))


def plcs_of(bed: Testbed) -> dict[str, PlcView]:
    """Return what each PLC holds now."""
    answered = {
        link.name.removeprefix("link:").partition("->")[0]: link.tags for link in bed.scada.answers
    }
    register = bed.scada.register
    views = {}
    for name, plc in bed.plcs.items():
        memory = plc.memory
        arrived = [float(register.arrived[register.index[tag]]) for tag in answered.get(name, ())]
        views[name] = PlcView(
            inputs=dict(zip(memory.tags, memory.values.tolist(), strict=True)),
            bad=frozenset(t for t, bad in zip(memory.tags, memory.bad, strict=True) if bad),
            coils=dict(plc.coils),
            orders=plc.present_orders(),
            running=plc.running,
            answered=max(arrived, default=-math.inf),
        )
    return views


def limits_of(bed: Testbed) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the limits that are passed now, as far as SCADA's alarms say so."""
    return {
        (alarm.tag, alarm.limit): (alarm.value, alarm.bound)
        for alarm in bed.scada.limits.alarms
        if alarm.cleared is None
    }


def at_frame(frame: Frame) -> tuple[Values, NDArray[np.int8]]:
    """Return copies of a frame's values and qualities."""
    return frame.values.copy(), np.array(frame.quality, dtype=np.int8)
