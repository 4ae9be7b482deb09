"""A recorded attack re-enacted: the scenario from the record's own levels and demands, and apart.

Hour by hour a free run leaves any record (half a second decides when a pump switches), so it is
compared twice: *free*, from the first row to the last, in several runs that begin within the row's
rounding, and *guided*, an hour ahead at a time, from the levels and statuses of the row before.
What the attack forges is never believed: it is found from what it does not forge, or where that
tells nothing the twin goes on from where it is.
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
from scenarios.definition.scenario import Scenario
from scenarios.validation.rerun import LEAD, Stretch, beginnings, find_known, free, guided, obscured
from twin.plants.logic import CROSSINGS
from twin.plants.spec import PlantSpec
from twin.records.batadal import Record
from twin.units import HOUR

_WEEK = 168
_SETTLED = 48  # h after an attack that do not count as normal


@dataclass(frozen=True)
class Apart:
    """How far SCADA's view lies from the rows: each tag's RMSE over its standard deviation.

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
    """A scenario set against the record it is from.

    Attributes
    ----------
    scenario : Scenario
    spec : PlantSpec
    record : DataFrame of shape (T, tags)
        The rows compared, indexed by hours since the scenario's start.
    free, guided : Apart
    normal : Apart or None
        `guided` over the nearest week without any published attack, of the scenario without
        attacks; None where the record has none.
    views, truths : dict of str to DataFrame
        By `free` and `guided`: what SCADA showed and what was, shaped as `record`; of the free
        runs, in the one that met the rows before the attack best.
    attacked : tuple of str
    """

    scenario: Scenario
    spec: PlantSpec
    record: pd.DataFrame
    free: Apart
    guided: Apart
    normal: Apart | None
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
    spec = _as_made(scenario.plant_spec())
    attacked = attacked_tags(spec, scenario.attacks)
    if spread is None:
        spread = record.table.std(ddof=0)
    calm = replace(scenario, attacks=())
    stretch = Stretch.of(record, scenario.start, int(scenario.duration / HOUR))
    known = find_known(spec, scenario, stretch)
    on_share(0.3)
    unit = np.array([spread[name] or np.inf for name in spec.tag_names])
    begins = beginnings(spec, calm, stretch, known, unit)
    on_share(0.5)
    shown = {}
    for played, acts in ((scenario, True), (calm, False)):
        shown["free", acts] = [free(spec, played, stretch, begin) for begin in begins]
        shown["guided", acts] = [guided(spec, played, stretch, known)]
        on_share(0.7 if acts else 0.9)
    recorded = stretch.compared(spec, stretch.rows)
    views = {key: [stretch.compared(spec, view) for view, _ in runs] for key, runs in shown.items()}
    apart = {
        guide: _apart(recorded, views[guide, True], views[guide, False], spread, attacked)
        for guide in ("free", "guided")
    }
    normal = _normal(calm, spec, record, spread, attacked)
    on_share(1.0)
    return Reenactment(
        scenario=scenario,
        spec=spec,
        record=recorded,
        free=apart["free"],
        guided=apart["guided"],
        normal=normal,
        views={guide: views[guide, True][0] for guide in apart},
        truths={guide: stretch.compared(spec, shown[guide, True][0][1]) for guide in apart},
        attacked=attacked,
    )


def _as_made(spec: PlantSpec) -> PlantSpec:
    """Return a network stepped as BATADAL was: by its PLCs' scans, and at its engine's instants.

    Hour by hour an unrounded record is then met to some hundredths of a millimetre where no
    instant is missed, instead of to a millimetre (dataset03, median over a fortnight).
    """
    step = min(plc.scan for plc in spec.plcs.values())
    plcs = {
        name: replace(plc, crossing=CROSSINGS["engine"], by_engine=True, polling=step)
        for name, plc in spec.plcs.items()
    }
    return replace(spec, wiring=replace(spec.wiring, step=step, polling=step, plcs=plcs))


def _normal(
    calm: Scenario,
    spec: PlantSpec,
    record: Record,
    spread: pd.Series[float],
    attacked: tuple[str, ...],
) -> Apart | None:
    """Compare the nearest week without any published attack, guided."""
    hours = int((calm.start - record.start) / timedelta(hours=1))
    around = timedelta(hours=_SETTLED)

    def is_calm(first: int) -> bool:
        begin = record.start + timedelta(hours=first - LEAD)
        end = record.start + timedelta(hours=first + _WEEK)
        return not any(a.start - around < end and begin < a.end + around for a in ATTACKS)

    possible = range(LEAD, len(record.rows) - _WEEK)
    first = min(filter(is_calm, possible), key=lambda at: abs(at - hours), default=None)
    if first is None:
        return None
    week = replace(calm, start=record.start + timedelta(hours=first))
    stretch = Stretch.of(record, week.start, _WEEK)
    shown, _ = guided(spec, week, stretch, find_known(spec, week, stretch))
    view = stretch.compared(spec, shown)
    return _apart(stretch.compared(spec, stretch.rows), [view], [view], spread, attacked)


def _apart(
    record: pd.DataFrame,
    views: Sequence[pd.DataFrame],
    without: Sequence[pd.DataFrame],
    spread: pd.Series[float],
    attacked: tuple[str, ...],
) -> Apart:
    unit = spread.reindex(record.columns)
    still = ~(unit > 0)
    unit[still] = np.maximum(record.std(ddof=0), views[0].std(ddof=0))[still]
    counted = unit[unit > 0].index

    def off(runs: Sequence[pd.DataFrame]) -> pd.DataFrame:
        return pd.DataFrame([((run - record)[counted] ** 2).mean() ** 0.5 for run in runs]) / unit

    ours, others = off(views), off(without)
    about = [name for name in attacked if name in counted]
    alone = ours[about].median(axis=1)
    return Apart(
        tags={str(name): float(value) for name, value in ours[counted].median().items()},
        attacked=float(ours[about].median().median()),
        attacked_without=float(others[about].median().median()),
        attacked_range=(float(alone.min()), float(alone.max())),
    )


def attacked_tags(spec: PlantSpec, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the tags that attacks are about, in the plant's order.

    They are the tags named, those of the pumps and valves that are forced, whose setpoints change
    or that are switched by a reading that is altered, and the levels that these follow.
    """
    rules = [rule for plc in spec.plcs.values() for rule in plc.rules]
    named: set[str] = set()
    driven: set[str] = set()
    for entry in entries:
        port = entry.port
        tags = set(entry.tags) or obscured(spec, entry)
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
