"""Incidents: attacks that belong together, when they were noticed, and what they broke."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from attacks.entry import Armed
from scenarios.impact import damaging
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
        Whether an alarm was raised while it was active; None without a detector. One raised
        before, and still on, tells the operator nothing new.
    delay_h : float or None
        From its start to that alarm.
    damage_h : float or None
        When the water first came to harm.
    before_damage : bool or None
        Whether it was detected before that; None where there was no harm, or no detection.
    never_began : dict of str to str
        The entries that were never active, and why.
    spans_h : tuple of (float, float)
        The intervals in which some entry was active, merged where they touch.
    """

    name: str
    start_h: float | None
    end_h: float | None
    detected: bool | None
    delay_h: float | None
    damage_h: float | None
    before_damage: bool | None
    never_began: dict[str, str]
    spans_h: tuple[tuple[float, float], ...]


def incidents(
    armed: Sequence[Armed],
    truth: pd.DataFrame,
    paired: pd.DataFrame | None,
    alarms: pd.DataFrame | None,
    end: float,
) -> tuple[Incident, ...]:
    """Group attacks into incidents and say what came of each.

    Parameters
    ----------
    armed : list of Armed
        After the run.
    truth, paired : DataFrame
        With and without the attacks, indexed by time [s]; without a pair no damage is known.
    alarms : DataFrame or None
        Alarm episodes by the time they were raised [s]; None without a detector.
    end : float
        Of the run [s].
    """
    harmed = None if paired is None else damaging(truth, paired).any(axis=1)
    groups: dict[str, list[Armed]] = {}
    for one in of_kind(armed, "attack"):
        groups.setdefault(one.entry.incident, []).append(one)
    return tuple(_incident(name, members, harmed, alarms, end) for name, members in groups.items())


def of_kind(armed: Sequence[Armed], label: str) -> list[Armed]:
    """Return the entries that bear a label, `attack` or `fault`."""
    return [one for one in armed if one.entry.label == label]


def _incident(
    name: str,
    members: Sequence[Armed],
    harmed: pd.Series[bool] | None,
    alarms: pd.DataFrame | None,
    end: float,
) -> Incident:
    spans = [(begin, min(until, end)) for begin, until in spans_of(members)]
    never = {one.entry.name: why for one in members if (why := one.why_not(end)) is not None}
    start = spans[0][0] if spans else None
    damage, detected, delay, before = None, None, None, None
    if start is not None and harmed is not None:
        damage = next((at for at in harmed.index[harmed] if at >= start), None)
    if start is not None and alarms is not None:
        raised = [at for at in alarms.index if _within(at, spans)]
        detected = len(raised) > 0
        delay = raised[0] - start if detected else None
        if damage is not None:
            before = delay is not None and start + delay <= damage
    return Incident(
        name=name,
        start_h=_hours(start),
        end_h=_hours(spans[-1][1] if spans else None),
        detected=detected,
        delay_h=_hours(delay),
        damage_h=_hours(damage),
        before_damage=before,
        never_began=never,
        spans_h=tuple((begin / HOUR, until / HOUR) for begin, until in spans),
    )


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else float(seconds) / HOUR


def spans_of(armed: Sequence[Armed]) -> list[tuple[float, float]]:
    """Return the intervals [s] in which some of the entries was active, merged and in order."""
    return merged(span for one in armed for span in one.spans)


def merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return intervals in order, those that touch or overlap as one."""
    found: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _within(at: float, spans: Sequence[tuple[float, float]], after: float = 0.0) -> bool:
    """Return whether a time [s] lies in one of the intervals, or so long after it."""
    return any(begin <= at < end + after for begin, end in spans)


def stray_episodes(armed: Sequence[Armed], alarms: pd.DataFrame) -> tuple[int, int]:
    """Count the alarms that no attack explains.

    Parameters
    ----------
    armed : list of Armed
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
