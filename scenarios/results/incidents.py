"""Incidents: attacks that belong together, when they were noticed, and what they broke.

The damage of an incident is what would not have happened without it: the run is set against one in
which only its entries are left out. So what two incidents do only together counts for both, and
what either would have done alone for neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from attacks.entries.entry import ArmedEntry
from scenarios.results.damage import Damage, first
from twin.units import DAY, HOUR

AFTERMATH = DAY
"""An episode that begins this soon after an incident's end [s] is its aftermath, not false: the
detector's window still holds attacked hours."""


@dataclass(frozen=True)
class Incident:
    """An attack, with the entries that belong to it, and what came of it.

    Attributes
    ----------
    name : str
    start_h, end_h : float or None
        First and last hour at which an entry was active; None where none ever was.
    detected : bool or None
        Whether an alarm was raised while it was active, or between two of its bursts that are no
        further apart than `AFTERMATH`; None without a detector. One raised before, and still on,
        tells the operator nothing new.
    delay_h : float or None
        From its start to that alarm.
    stood_h : float or None
        How long that alarm stood: from its first alarmed frame to its last.
    alarm_since_h : float or None
        Since when an alarm was already on as it began, or began again.
    damage : dict of str to Harm, or None
        Its own, by counter; None where it is not known. See `scenarios.results.damage`.
    damage_h : float or None
        When the first of it came.
    before_damage : bool or None
        Whether it was detected before that; None where there was no damage, or no detector.
    never_began : dict of str to str
        The entries that were never active, and why.
    spans_h : tuple of (float, float)
        The intervals in which some entry was active, merged where they touch.
    idle : dict of str to str
        The entries that were active and changed nothing that passed, and why.
    """

    name: str
    start_h: float | None
    end_h: float | None
    detected: bool | None
    delay_h: float | None
    alarm_since_h: float | None
    damage: Damage | None
    damage_h: float | None
    before_damage: bool | None
    never_began: dict[str, str]
    spans_h: tuple[tuple[float, float], ...]
    idle: dict[str, str] = field(default_factory=dict)
    stood_h: float | None = None


def incidents(
    armed: Sequence[ArmedEntry],
    damages: Mapping[str, Damage],
    alarms: pd.DataFrame | None,
    end: float,
) -> tuple[Incident, ...]:
    """Group attacks into incidents and say what came of each.

    Parameters
    ----------
    armed : list of ArmedEntry
        After the run.
    damages : mapping
        By incident, as far as they are known.
    alarms : DataFrame or None
        Alarm episodes by the time they were raised [s], with the time of their `last` alarmed
        frame [s]; None without a detector.
    end : float
        Of the run [s].
    """
    groups = grouped(armed)
    return tuple(
        _incident(name, members, damages.get(name), alarms, end) for name, members in groups.items()
    )


def grouped(armed: Sequence[ArmedEntry]) -> dict[str, list[ArmedEntry]]:
    """Return the attacks by incident, in the order in which they are written."""
    groups: dict[str, list[ArmedEntry]] = {}
    for one in of_kind(armed, "attack"):
        groups.setdefault(one.entry.incident, []).append(one)
    return groups


def of_kind(armed: Sequence[ArmedEntry], label: str) -> list[ArmedEntry]:
    """Return the entries that bear a label, `attack` or `fault`."""
    return [one for one in armed if one.entry.label == label]


def _incident(
    name: str,
    members: Sequence[ArmedEntry],
    damage: Damage | None,
    alarms: pd.DataFrame | None,
    end: float,
) -> Incident:
    spans = [(begin, min(until, end)) for begin, until in spans_of(members)]
    never = {one.entry.name: why for one in members if (why := one.why_not(end)) is not None}
    start = spans[0][0] if spans else None
    detected, delay, stood, since, before = None, None, None, None, None
    harmed = None if damage is None else first(damage)
    if start is not None and alarms is not None:
        lasts = merged(spans, AFTERMATH)
        episodes = [*zip(alarms.index, alarms["last"], strict=True)]
        raised = [(at, last) for at, last in episodes if _within(at, lasts)]
        detected = len(raised) > 0
        if detected:
            delay, stood = _hours(raised[0][0] - start), _hours(raised[0][1] - raised[0][0])
        since = next(
            (
                at
                for at, last in episodes
                if not _within(at, lasts) and any(at < begin <= last for begin, _ in lasts)
            ),
            None,
        )
        if harmed is not None:
            before = delay is not None and start / HOUR + delay <= harmed
    return Incident(
        name=name,
        start_h=_hours(start),
        end_h=_hours(spans[-1][1] if spans else None),
        detected=detected,
        delay_h=delay,
        alarm_since_h=_hours(since),
        damage=damage,
        damage_h=harmed,
        before_damage=before,
        never_began=never,
        idle={one.entry.name: why for one in members if (why := one.idle) is not None},
        spans_h=tuple((begin / HOUR, until / HOUR) for begin, until in spans),
        stood_h=stood,
    )


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else float(seconds) / HOUR


def spans_of(armed: Sequence[ArmedEntry]) -> list[tuple[float, float]]:
    """Return the intervals [s] in which some of the entries was active, merged and in order."""
    return merged(span for one in armed for span in one.spans)


def merged(spans: Iterable[tuple[float, float]], apart: float = 0.0) -> list[tuple[float, float]]:
    """Return intervals in order, as one those that overlap or are at most `apart` [s] apart."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1] + apart:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


@dataclass(frozen=True)
class Verdict:
    """What one of a run's detectors noticed.

    Attributes
    ----------
    detector : str
    delays_h : dict of str to (float or None)
        By incident, from its start to the alarm that noticed it; None where none did.
    before_damage : dict of str to (bool or None)
        By incident, see `Incident`.
    stood_h : dict of str to (float or None)
        By incident, how long that alarm stood.
    false_episodes, fault_episodes : int
        See `stray_episodes`.
    """

    detector: str
    delays_h: dict[str, float | None]
    before_damage: dict[str, bool | None]
    stood_h: dict[str, float | None]
    false_episodes: int
    fault_episodes: int


def verdict(
    detector: str,
    alarms: pd.DataFrame,
    armed: Sequence[ArmedEntry],
    damages: Mapping[str, Damage],
    end: float,
) -> Verdict:
    """Return what a detector noticed; parameters as in `incidents`."""
    faults, false = stray_episodes(armed, alarms)
    found = [one for one in incidents(armed, damages, alarms, end) if one.start_h is not None]
    return Verdict(
        detector,
        {one.name: one.delay_h for one in found},
        {one.name: one.before_damage for one in found},
        {one.name: one.stood_h for one in found},
        false,
        faults,
    )


def _within(at: float, spans: Sequence[tuple[float, float]], after: float = 0.0) -> bool:
    """Return whether a time [s] lies in one of the intervals, or so long after it."""
    return any(begin <= at < end + after for begin, end in spans)


def stray_episodes(armed: Sequence[ArmedEntry], alarms: pd.DataFrame) -> tuple[int, int]:
    """Count the alarms that no attack explains.

    Parameters
    ----------
    armed : list of ArmedEntry
        After the run.
    alarms : DataFrame
        Alarm episodes by the time they were raised [s].

    Returns
    -------
    faults : int
        Raised during a fault or in its aftermath: a fault taken for an attack.
    false : int
        Raised in none of these, nor in an attack or its aftermath.
    """
    attacks, faults = spans_of(of_kind(armed, "attack")), spans_of(of_kind(armed, "fault"))
    left = [at for at in alarms.index if not _within(at, attacks, AFTERMATH)]
    mistaken = sum(_within(at, faults, AFTERMATH) for at in left)
    return mistaken, len(left) - mistaken
