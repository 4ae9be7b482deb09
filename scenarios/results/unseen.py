"""Limits that were passed without an alarm: SCADA was deceived, or its alarms were suppressed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from attacks.kinds.scada import SuppressAlarms
from scenarios.results.tables import Tables
from scenarios.results.views import measured
from twin.control.alarms import LimitAlarm, LimitWatch


@dataclass(frozen=True)
class UnseenLimit:
    """A limit that a tag's instrument, or what SCADA was shown of it, passed without an alarm.

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
        What the instrument, or SCADA, showed then, and the limit, in the tag's unit.
    true : bool
        Whether the instrument passed it; or only what SCADA was shown.
    shown : bool
        Whether what SCADA was shown passed it, so that only suppression kept the alarm back.
    hidden_by : tuple of str
        The entries that suppressed the alarm, or, where it was not `shown`, altered the tag.
    """

    tag: str
    limit: str
    time: float
    until: float | None
    seen: float | None
    value: float
    bound: float
    true: bool
    shown: bool
    hidden_by: tuple[str, ...]


def unseen_limits(run: Tables) -> list[UnseenLimit]:
    """Return the limits that were passed in a run for two polls or longer without an alarm."""
    true = _passed(run, measured(run.truth, run.scenario, run.spec))
    shown = _passed(run, run.scada)
    raised = [
        LimitAlarm(time, row["tag"], row["limit"], row["value"], row["bound"], row["cleared"])
        for time, row in zip(run.limits.index, run.limits.to_dict("records"), strict=True)
    ]
    polling = {tag: 2 * plc.polling for plc in run.spec.plcs.values() for tag in plc.sensors}
    passed = [(alarm, True, _same(alarm, shown, polling[alarm.tag]) is not None) for alarm in true]
    passed += [(a, False, True) for a in shown if _same(a, true, polling[a.tag]) is None]
    unseen = []
    for alarm, is_true, is_shown in sorted(passed, key=lambda one: one[0].time):
        patience = polling[alarm.tag]
        found = _same(alarm, raised, patience)
        seen = None if found is None else found.time
        late = math.inf if seen is None else seen - alarm.time
        if late > patience and _end(alarm) - alarm.time >= patience:
            hiders = _suppressing(run, alarm, seen) if is_shown else _altering(run, alarm, seen)
            unseen.append(
                UnseenLimit(
                    alarm.tag,
                    alarm.limit,
                    alarm.time,
                    alarm.cleared,
                    seen,
                    alarm.value,
                    alarm.bound,
                    is_true,
                    is_shown,
                    tuple(hiders),
                )
            )
    return unseen


def _passed(run: Tables, values: pd.DataFrame) -> list[LimitAlarm]:
    """Return the alarms that a watch of some values would raise."""
    watch = LimitWatch(run.spec.tag_names, run.spec.wiring.limits)
    table = values[list(run.spec.tag_names)]
    for time, row in zip(table.index.tolist(), table.to_numpy(), strict=True):
        if time % run.spec.polling == 0:
            watch.see(time, row)
    return watch.alarms


def _end(alarm: LimitAlarm) -> float:
    cleared = math.nan if alarm.cleared is None else alarm.cleared
    return math.inf if math.isnan(cleared) else cleared


def _same(alarm: LimitAlarm, among: Iterable[LimitAlarm], patience: float) -> LimitAlarm | None:
    """Return the first of some alarms that is of the same limit and stands at the same time."""
    return next(
        (
            other
            for other in among
            if (other.tag, other.limit) == (alarm.tag, alarm.limit)
            and other.time <= _end(alarm) + patience
            and _end(other) >= alarm.time
        ),
        None,
    )


def _suppressing(run: Tables, alarm: LimitAlarm, seen: float | None) -> Iterator[str]:
    rows = _meanwhile(run, alarm, seen)
    active = set(rows.loc[rows["active"].astype(bool), "entry"])
    for entry in run.scenario.entries:
        of_it = not entry.tags or alarm.tag in entry.tags
        if isinstance(entry.do, SuppressAlarms) and of_it and entry.name in active:
            yield entry.name


def _altering(run: Tables, alarm: LimitAlarm, seen: float | None) -> Sequence[str]:
    rows = _meanwhile(run, alarm, seen)
    altered = [alarm.tag in tags for tags in rows["altered"]]
    return list(dict.fromkeys(rows.loc[altered, "entry"]))


def _meanwhile(run: Tables, alarm: LimitAlarm, seen: float | None) -> pd.DataFrame:
    """Return the labels from when a limit was passed to when that was over, or seen."""
    until = min(_end(alarm), math.inf if seen is None else seen)
    return run.labels[run.labels["time"].between(alarm.time, until, inclusive="left")]
