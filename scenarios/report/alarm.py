"""The alarm that noticed an incident: how long, why, and what the operator could do with it."""

from __future__ import annotations

import numpy as np

from scenarios.definition.words import joined
from scenarios.results.incidents import Incident
from scenarios.results.remedy import Remedy, remedies
from scenarios.results.run import Run
from twin.units import HOUR, rounded

_SAME_H = 1e-6  # h; two times that are as close are the same
_CLOSE = 0.8, 1.25
"""Between these shares of the threshold, an incident's highest score is close to it."""


def length(hours: float | None) -> str:
    """Say how long an alarm stood: from its first alarmed frame to its last."""
    if not hours:
        return "a single frame"
    return f"{rounded(hours * 60, 0)} min" if hours < 1.0 else f"{rounded(hours, 1)} h"


def alarm_in_words(run: Run, incident: Incident) -> list[str]:
    """Say how long the alarm stood, why, and what would act; and whether it was a close call.

    Parameters
    ----------
    run : Run
    incident : Incident
        One of the run's, as its first detector noticed it.
    """
    if incident.start_h is None:
        return []
    if incident.delay_h is None:
        return [] if incident.alarm_since_h is not None else _close(run, incident)
    raised = incident.start_h + incident.delay_h
    alarm = next((row for at, row in run.alarms.iterrows()
                  if row["detector"] == run.detectors[0].detector
                  and abs(float(str(at)) / HOUR - raised) < _SAME_H), None)  # fmt: skip
    watched = run.scores_of(0).index
    stands = alarm is not None and len(watched) and alarm["last"] >= watched[-1]
    end = ", and stood at the end of the run" if stands else ""
    lines = [f"The alarm lasted {length(incident.stood_h)}{end}.", *_close(run, incident)]
    if alarm is not None and alarm["why"]:
        also = [tag for tag in alarm["tags"] if tag not in alarm["why"]]
        lines.append(f"Why: {alarm['why']}." + (f" Also off: {joined(also)}." if also else ""))
    if incident.damage_h is None or not incident.damage:
        return lines
    acts = [_order(remedy) for remedy in remedies(run, incident.damage)]
    what = joined(acts) if acts else "nothing that a PLC drives acts against this damage"
    lead = incident.damage_h - raised
    if lead <= 0.0:
        when = f"the damage had begun {rounded(-lead, 1)} h before"
    else:
        when = f"{rounded(lead, 1)} h were left before the damage"
    if not acts:
        lines.append(f"What to do: {what}; {when}.")
    else:
        lines.append(f"What to do: order {what}, as far as orders are obeyed; {when}.")
    return lines


def _close(run: Run, incident: Incident) -> list[str]:
    """Say that a score hardly reached the threshold, or hardly missed it."""
    scores = run.scores_of(0)
    hours = scores.index.to_numpy() / HOUR
    during = np.zeros(len(scores), dtype=bool)
    for begin, end in incident.spans_h:
        during |= (hours >= begin) & (hours <= end)
    if not during.any():
        return []
    peak = float((scores["score"] / scores["threshold"])[during].max())
    if not _CLOSE[0] <= peak <= _CLOSE[1]:
        return []
    return [
        f"Its highest score meanwhile was {peak:.2f} of the threshold: "
        "another seed may decide otherwise."
    ]


def _order(remedy: Remedy) -> str:
    return f"{joined(remedy.actuators)} {remedy.order} ({remedy.plc}), against {remedy.against}"
