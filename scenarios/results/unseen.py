"""Limits that the water passed unseen: SCADA's alarms were suppressed, or it was deceived."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scenarios.results.tables import Tables
from scenarios.results.views import measured
from twin.control.alarms import LimitWatch


@dataclass(frozen=True)
class UnseenLimit:
    """A limit that a tag's instrument passed while SCADA had no alarm of it.

    Attributes
    ----------
    tag, limit : str
        The limit is `LL`, `L`, `H` or `HH`.
    time : float
        When it was passed [s].
    until : float or None
        When the value came back [s]; None if it never did.
    seen : float or None
        When SCADA raised an alarm of it after all [s]; None if it never did.
    value, bound : float
        What the instrument showed then, and the limit, in the tag's unit.
    """

    tag: str
    limit: str
    time: float
    until: float | None
    seen: float | None
    value: float
    bound: float


def unseen_limits(run: Tables) -> list[UnseenLimit]:
    """Return the limits that were passed in a run for two polls or longer without an alarm."""
    polling = {tag: plc.polling for plc in run.spec.plcs.values() for tag in plc.sensors}
    watch = LimitWatch(run.spec.tag_names, run.spec.wiring.limits)
    shown = measured(run.truth, run.scenario, run.spec)[list(run.spec.tag_names)]
    for time, values in zip(shown.index.tolist(), shown.to_numpy(), strict=True):
        if time % run.spec.polling == 0:
            watch.see(time, values)
    unseen = []
    for alarm in watch.alarms:
        patience = 2 * polling[alarm.tag]
        end = math.inf if alarm.cleared is None else alarm.cleared
        same = run.limits[(run.limits["tag"] == alarm.tag) & (run.limits["limit"] == alarm.limit)]
        cleared = same["cleared"].fillna(math.inf)
        covering = same[(same.index <= end + patience) & (cleared >= alarm.time)]
        seen = float(covering.index[0]) if len(covering) else None
        late = math.inf if seen is None else seen - alarm.time
        if late > patience and end - alarm.time >= patience:
            unseen.append(
                UnseenLimit(
                    alarm.tag,
                    alarm.limit,
                    alarm.time,
                    alarm.cleared,
                    seen,
                    alarm.value,
                    alarm.bound,
                )
            )
    return unseen
