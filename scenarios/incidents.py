"""Incidents: attacks that belong together, when they were noticed, and what they broke."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from attacks.entry import Armed
from scenarios.impact import damage_time
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
    """

    name: str
    start_h: float | None
    end_h: float | None
    detected: bool | None
    delay_h: float | None
    damage_h: float | None
    before_damage: bool | None


def incidents(
    armed: list[Armed],
    truth: pd.DataFrame,
    paired: pd.DataFrame | None,
    alarms: pd.DataFrame | None,
) -> tuple[Incident, ...]:
    """Group entries into incidents and say what came of each.

    Parameters
    ----------
    armed : list of Armed
        After the run.
    truth, paired : DataFrame
        With and without the attacks, indexed by time [s]; without a pair no damage is known.
    alarms : DataFrame or None
        Alarm episodes by the time they were raised [s]; None without a detector.
    """
    groups: dict[str, list[Armed]] = {}
    for one in armed:
        groups.setdefault(one.entry.incident, []).append(one)
    found = []
    for name, members in groups.items():
        spans = [one.span for one in members if one.span is not None]
        if not spans:
            found.append(Incident(name, None, None, None, None, None, None))
            continue
        start, end = min(span[0] for span in spans), max(span[1] for span in spans)
        damage = None if paired is None else damage_time(truth, paired, start)
        detected, delay = None, None
        if alarms is not None:
            raised = alarms.index[(alarms.index >= start) & (alarms.index < end)]
            detected = len(raised) > 0
            delay = (float(raised[0]) - start) / HOUR if detected else None
        before = None
        if damage is not None and detected is not None:
            before = delay is not None and start + delay * HOUR <= damage
        found.append(
            Incident(
                name,
                start / HOUR,
                end / HOUR,
                detected,
                delay,
                None if damage is None else damage / HOUR,
                before,
            )
        )
    return tuple(found)


def false_episodes(alarms: pd.DataFrame, incidents: tuple[Incident, ...]) -> int:
    """Count the alarms raised neither in an incident nor in its aftermath."""
    spans = [
        (one.start_h * HOUR, one.end_h * HOUR + AFTERMATH)
        for one in incidents
        if one.start_h is not None and one.end_h is not None
    ]
    return sum(not any(start <= raised < end for start, end in spans) for raised in alarms.index)
