"""A recorded attack re-enacted under the record's own levels and demands, and the deviation.

Any run leaves a record after a while (half a second decides when a pump switches), so the twin is
compared twice: in a *free* run from the first row to the last, several times from initial
conditions within that row's rounding; and *guided*, one step ahead: each hour from the levels and
statuses of the row before. Readings that the attack falsifies are not used: they are reconstructed
from the others, or, where those do not determine them, taken from the twin's forecast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from attacks.entries.entry import Entry
from detector.benchmark.batadal import ATTACKS
from detector.records.record import Record
from scenarios.definition.scenario import Scenario
from scenarios.validation.reconstruction import hidden_tags, reconstruct
from scenarios.validation.record_window import LEAD, RecordWindow
from scenarios.validation.rerun import free_run, initial_conditions, one_step_ahead
from twin.plants.logic import CROSSINGS
from twin.plants.spec import PlantSpec
from twin.units import HOUR

_WEEK = 168
_SETTLING = 48  # h before and after an attack that do not count as normal


@dataclass(frozen=True)
class Deviation:
    """How far SCADA's view lies from the record: each tag's RMSE over its standard deviation.

    Attributes
    ----------
    tags : dict of str to float
        The median over the runs; without those that stand still both in normal operation and in
        this comparison.
    attacked, attacked_without : float
        Median over the attacked tags; and the same of the runs without the attack.
    attacked_range : tuple of float
        The least and the greatest of single runs' medians over the attacked tags.
    """

    tags: dict[str, float]
    attacked: float
    attacked_without: float
    attacked_range: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, ready for JSON; median and max are over all tags compared."""
        values = np.array(list(self.tags.values()))
        return {
            "attacked": round(self.attacked, 4),
            "attacked_without": round(self.attacked_without, 4),
            "attacked_range": [round(value, 4) for value in self.attacked_range],
            "median": round(float(np.median(values)), 4),
            "max": round(float(values.max()), 4),
            "tags": {name: round(value, 4) for name, value in self.tags.items()},
        }


@dataclass(frozen=True)
class Reenactment:
    """A scenario compared with the record it is from.

    Attributes
    ----------
    scenario : Scenario
    spec : PlantSpec
    record : DataFrame of shape (T, tags)
        The rows compared, indexed by hours since the scenario's start.
    free, guided : Deviation
        Of the free runs, and one step ahead.
    normal : Deviation or None
        One step ahead over the nearest week without any published attack, of the scenario without
        attacks; None where the record has none.
    views, truths : dict of str to DataFrame
        By `free` and `guided`: what SCADA showed and what was, shaped as `record`; of the free
        runs, those of the one that met the rows before the attack best.
    attacked : tuple of str
    """

    scenario: Scenario
    spec: PlantSpec
    record: pd.DataFrame
    free: Deviation
    guided: Deviation
    normal: Deviation | None
    views: dict[str, pd.DataFrame]
    truths: dict[str, pd.DataFrame]
    attacked: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, ready for JSON."""
        normal = None if self.normal is None else self.normal.as_dict()
        if normal is not None:
            del normal["attacked_without"]
        return {
            "id": self.scenario.name,
            "attacked": list(self.attacked),
            "free": self.free.as_dict(),
            "guided": self.guided.as_dict(),
            "normal": normal,
        }


def reenact(
    scenario: Scenario,
    record: Record,
    spread: pd.Series[float] | None = None,
    on_share: Callable[[float], None] = lambda share: None,
) -> Reenactment:
    """Re-enact a scenario under the demands of the record it is from.

    Parameters
    ----------
    scenario : Scenario
        Its start and duration say which rows it is compared with.
    record : Record
    spread : Series, optional
        Standard deviation of each tag in normal operation; by default in the record.
    on_share : callable, optional
        Told which share is done.

    Raises
    ------
    InputError
        If the record does not hold the scenario's time, and an hour before it.
    """
    spec = _batadal_timing(scenario.plant_spec())
    attacked = attacked_tags(spec, scenario.attacks)
    if spread is None:
        spread = record.table.std(ddof=0)
    attack_free = replace(scenario, attacks=())
    window = RecordWindow.of(record, scenario.start, int(scenario.duration / HOUR))
    state = reconstruct(spec, scenario, window)
    on_share(0.3)
    unit = np.array([spread[name] or np.inf for name in spec.tag_names])
    initials = initial_conditions(spec, attack_free, window, state, unit)
    on_share(0.5)
    runs = {}
    for played, attacks in ((scenario, True), (attack_free, False)):
        runs["free", attacks] = [free_run(spec, played, window, initial) for initial in initials]
        runs["guided", attacks] = [one_step_ahead(spec, played, window, state)]
        on_share(0.7 if attacks else 0.9)
    rows = window.from_start(spec, window.rows)
    views = {
        key: [window.from_start(spec, view) for view, _ in pairs] for key, pairs in runs.items()
    }
    deviations = {
        mode: _deviation(rows, views[mode, True], views[mode, False], spread, attacked)
        for mode in ("free", "guided")
    }
    normal = _normal_deviation(attack_free, spec, record, spread, attacked)
    on_share(1.0)
    return Reenactment(
        scenario=scenario,
        spec=spec,
        record=rows,
        free=deviations["free"],
        guided=deviations["guided"],
        normal=normal,
        views={mode: views[mode, True][0] for mode in deviations},
        truths={mode: window.from_start(spec, runs[mode, True][0][1]) for mode in deviations},
        attacked=attacked,
    )


def _batadal_timing(spec: PlantSpec) -> PlantSpec:
    """Return a plant stepped as BATADAL was: by its PLCs' scans, and at its engine's instants.

    One step ahead an unrounded record is then met to some hundredths of a millimetre where no
    instant is missed, instead of to a millimetre (dataset03, median over a fortnight).
    """
    step = min(plc.scan for plc in spec.plcs.values())
    plcs = {
        name: replace(plc, crossing=CROSSINGS["engine"], by_engine=True, polling=step)
        for name, plc in spec.plcs.items()
    }
    return replace(spec, wiring=replace(spec.wiring, step=step, polling=step, plcs=plcs))


def _normal_deviation(
    attack_free: Scenario,
    spec: PlantSpec,
    record: Record,
    spread: pd.Series[float],
    attacked: tuple[str, ...],
) -> Deviation | None:
    """Compare the nearest week without any published attack, one step ahead."""
    hours = int((attack_free.start - record.start) / timedelta(hours=1))
    around = timedelta(hours=_SETTLING)

    def is_normal(first: int) -> bool:
        begin = record.start + timedelta(hours=first - LEAD)
        end = record.start + timedelta(hours=first + _WEEK)
        return not any(a.start - around < end and begin < a.end + around for a in ATTACKS)

    possible = range(LEAD, len(record.rows) - _WEEK)
    first = min(filter(is_normal, possible), key=lambda at: abs(at - hours), default=None)
    if first is None:
        return None
    week = replace(attack_free, start=record.start + timedelta(hours=first))
    window = RecordWindow.of(record, week.start, _WEEK)
    shown, _ = one_step_ahead(spec, week, window, reconstruct(spec, week, window))
    view = window.from_start(spec, shown)
    rows = window.from_start(spec, window.rows)
    return _deviation(rows, [view], [view], spread, attacked)


def _deviation(
    record: pd.DataFrame,
    views: Sequence[pd.DataFrame],
    without: Sequence[pd.DataFrame],
    spread: pd.Series[float],
    attacked: tuple[str, ...],
) -> Deviation:
    unit = spread.reindex(record.columns)
    still = ~(unit > 0)
    unit[still] = np.maximum(record.std(ddof=0), views[0].std(ddof=0))[still]
    counted = unit[unit > 0].index

    def rmse(runs: Sequence[pd.DataFrame]) -> pd.DataFrame:
        return pd.DataFrame([((run - record)[counted] ** 2).mean() ** 0.5 for run in runs]) / unit

    errors, errors_without = rmse(views), rmse(without)
    compared = [name for name in attacked if name in counted]
    by_run = errors[compared].median(axis=1)
    return Deviation(
        tags={str(name): float(value) for name, value in errors[counted].median().items()},
        attacked=float(errors[compared].median().median()),
        attacked_without=float(errors_without[compared].median().median()),
        attacked_range=(float(by_run.min()), float(by_run.max())),
    )


def attacked_tags(spec: PlantSpec, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the tags that attacks affect directly, in the plant's order.

    They are the tags named, those of the pumps and valves that are forced, whose setpoints change
    or that are switched by a reading that is altered, and the levels that these follow.
    """
    rules = [rule for plc in spec.plcs.values() for rule in plc.rules]
    named: set[str] = set()
    driven: set[str] = set()
    for entry in entries:
        port, tags = entry.port, set(entry.tags) or hidden_tags(spec, entry)
        driven |= set(getattr(entry.do, "actuators", ()))
        if port.family == "actuator":
            driven.add(port.target)
        receiver = spec.plcs.get(port.receiver)
        if port.family == "link" and receiver is not None:
            driven |= {rule.actuator for rule in receiver.rules if tags & set(rule.when.names)}
            ordered = receiver.setpoints
            driven |= {receiver.rules[ordered[tag]].actuator for tag in tags if tag in ordered}
        named |= tags
    levels = {name for rule in rules if rule.actuator in driven for name in rule.when.names}
    named |= {tag.name for tag in spec.tags if tag.element in driven}
    return tuple(name for name in spec.tag_names if name in named | levels)
