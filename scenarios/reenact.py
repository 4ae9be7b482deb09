"""A recorded attack re-enacted: the scenario from the record's own levels and demands, and apart.

Hour by hour a free run leaves any record (half a second decides when a pump switches), so it is
compared twice: *free*, from the first row to the last, and *guided*, an hour ahead at a time, from
the levels and statuses of the row before. What the attack forges is never believed: there the
twin goes on from where it is.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attacks.entry import Armed, Entry, arm
from detector.batadal import ATTACKS
from scenarios.hidden import Revealer
from scenarios.schema import Scenario
from twin.demand import Hours, Playback
from twin.errors import InputError, under
from twin.network import Network
from twin.record import DECIMALS, Record
from twin.tags import Frame, Values
from twin.testbed import Testbed
from twin.units import HOUR

LEAD = 72
"""Rows before the scenario's start that are run through first, for replays to have a tape."""
_WEEK = 168
_SETTLED = 48  # h after an attack that do not count as normal


@dataclass(frozen=True)
class Apart:
    """How far SCADA's view lies from the rows: each tag's RMSE over its standard deviation.

    Attributes
    ----------
    tags : dict of str to float
        Without those that stand still both in normal operation and in this comparison.
    attacked, attacked_without : float
        Median over the attacked tags; and the same of a run without the attack.
    """

    tags: dict[str, float]
    attacked: float
    attacked_without: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures, ready for JSON; median and max are over all tags compared."""
        values = np.array(list(self.tags.values()))
        return {
            "attacked": round(self.attacked, 4),
            "attacked_without": round(self.attacked_without, 4),
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
    network : Network
    record : DataFrame of shape (T, tags)
        The rows compared, indexed by hours since the scenario's start.
    free, guided : Apart
    normal : Apart or None
        `guided` over the nearest week without any published attack, of the scenario without
        attacks; None where the record has none.
    views, truths : dict of str to DataFrame
        By `free` and `guided`: what SCADA showed and what was, shaped as `record`.
    attacked : tuple of str
    """

    scenario: Scenario
    network: Network
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
    network = scenario.network()
    attacked = attacked_tags(network, scenario.attacks)
    if spread is None:
        spread = record.table.std(ddof=0)
    calm = replace(scenario, attacks=())
    stretch = Stretch.of(record, scenario.start, int(scenario.duration / HOUR))
    known = _known(network, scenario, stretch)
    on_share(0.4)
    shown = {}
    for played, acts in ((scenario, True), (calm, False)):
        shown["free", acts] = _free(network, played, stretch, known)
        shown["guided", acts] = _guided(network, played, stretch, known)
        on_share(0.6 if acts else 0.8)
    recorded = stretch.compared(network, stretch.rows)
    views = {key: stretch.compared(network, view) for key, (view, _) in shown.items()}
    apart = {
        guide: _apart(recorded, views[guide, True], views[guide, False], spread, attacked)
        for guide in ("free", "guided")
    }
    normal = _normal(calm, network, record, spread, attacked)
    on_share(1.0)
    return Reenactment(
        scenario=scenario,
        network=network,
        record=recorded,
        free=apart["free"],
        guided=apart["guided"],
        normal=normal,
        views={guide: views[guide, True] for guide in apart},
        truths={g: stretch.compared(network, shown[g, True][1]) for g in apart},
        attacked=attacked,
    )


@dataclass(frozen=True)
class Stretch:
    """Rows of a record: those before a start, and those from it on.

    Attributes
    ----------
    start : datetime
    rows : ndarray of shape (lead + hours, tags)
    lead : int
        How many come before the start.
    """

    start: datetime
    rows: Values
    lead: int

    @classmethod
    def of(cls, record: Record, start: datetime, hours: int) -> Stretch:
        """Cut it out of a record.

        Raises
        ------
        InputError
            If the record does not hold all hours, and one before them, or lacks a value there.
        """
        index = pd.DatetimeIndex(record.table.index)
        first = int((start - record.start) / timedelta(hours=1))
        if first < 1 or first + hours > len(index):
            raise InputError(
                f"it holds {index[0]:%Y-%m-%d %H} h to {index[-1]:%Y-%m-%d %H} h, and not the "
                f"{hours} h from {start:%Y-%m-%d %H} h on and an hour before them",
                record.path,
            )
        lead = min(LEAD, first)
        rows = record.rows[first - lead : first + hours]
        if not np.isfinite(rows).all():
            empty = first - lead + int(np.argmin(np.isfinite(rows).all(axis=1)))
            raise InputError("a value is missing", record.path, empty + 2)
        return cls(start, rows, lead)

    def compared(self, network: Network, values: Values) -> pd.DataFrame:
        """Return `values`, shaped as the rows, from the start on, by hours since then."""
        return pd.DataFrame(values[self.lead :], columns=list(network.tag_names))


@dataclass(frozen=True)
class _Known:
    """What is known of a stretch: its rows but for what they hide, and the demands behind them."""

    rows: Values
    demands: Values


class _Bed:
    """A testbed that is put back, at some rows of a stretch, to what is known of them."""

    def __init__(self, network: Network, scenario: Scenario, stretch: Stretch):
        self.network, self.stretch = network, stretch
        lead = stretch.lead * HOUR
        self.bed = Testbed(network, seed=scenario.seed, start=scenario.start, warmup=lead)
        with under("attacks"):
            self.armed = arm(scenario.attacks, self.bed)
        self._statuses = [
            (place, tag.element)
            for place, tag in enumerate(network.tags)
            if tag.quantity == "status"
        ]

    def settings(self) -> Values:
        """Return the true values, with what pumps and valves are set to in place of statuses."""
        values, told = self.bed.plant.values.copy(), self.bed.plant.settings
        for place, element in self._statuses:
            values[place] = told.get(element, values[place])
        return values

    def run(self, demands: Hours, on_row: Callable[[int], None]) -> tuple[Values, Values]:
        """Run through the stretch.

        Parameters
        ----------
        demands : Hours
        on_row : callable
            Called with a row's place at its hour, before PLCs scan.

        Returns
        -------
        view, truth : ndarray of shape (rows, tags)
        """
        rows, lead = self.stretch.rows, self.stretch.lead
        view, truth = np.full(rows.shape, np.nan), np.full(rows.shape, np.nan)

        def at(time: float) -> int | None:
            row, late = divmod(time, HOUR)
            place = int(row) + lead
            return place if not late and place < len(rows) else None

        def watch(now: float, _: Values) -> None:
            place = at(now)
            if place is not None:
                on_row(place)

        def keep(frame: Frame) -> None:
            place = at(frame.time)
            if place is not None:
                view[place], truth[place] = frame.values, self.bed.plant.values

        with self.bed as bed:
            bed.demand = demands
            bed.watchers.append(watch)
            bed.scada.subscribers.append(keep)
            for _ in bed.run((len(rows) - lead) * HOUR):
                pass
        return view, truth


def _known(network: Network, scenario: Scenario, stretch: Stretch) -> _Known:
    """Find the demands behind every row, and what its forged tags hide.

    Where a level or status is hidden, an hour's forecast from the row before helps to find it.
    """
    follower = _Bed(network, scenario, stretch)
    known = _Known(stretch.rows.copy(), np.empty((len(stretch.rows), len(network.profiled))))
    lies = [
        np.array([name in _obscured(network, one.entry) for name in network.tag_names])
        for one in follower.armed
    ]

    with Revealer(network) as revealer:

        def reveal(place: int) -> None:
            hidden = np.zeros(len(network.tags), dtype=bool)
            for one, lie in zip(follower.armed, lies, strict=True):
                hidden |= lie & one.active
            known.rows[place], known.demands[place] = revealer.reveal(
                stretch.rows[place], hidden, follower.settings()
            )
            follower.bed.impose(known.rows[place])
            follower.bed.plant.set_demands(known.demands[place])

        follower.run(_Nothing(len(network.profiled)), reveal)
    return known


class _Nothing:
    """No demand at all, until a watcher sets one."""

    def __init__(self, count: int):
        self._none = np.zeros(count)

    def next_hour(self) -> Values:
        """Return zeros; shape (DMAs,)."""
        return self._none


def _follow(
    network: Network,
    scenario: Scenario,
    stretch: Stretch,
    known: _Known,
    restarts: NDArray[np.bool_],
) -> tuple[Values, Values]:
    """Return view and truth of a run under the known demands, put back at some rows."""
    follower = _Bed(network, scenario, stretch)

    def restart(place: int) -> None:
        if restarts[place]:
            follower.bed.impose(known.rows[place])

    demands = np.vstack([known.demands, known.demands[-1:]])
    return follower.run(Playback(demands), restart)


def _free(
    network: Network, scenario: Scenario, stretch: Stretch, known: _Known
) -> tuple[Values, Values]:
    """Run on from the first row that is compared."""
    restarts = np.arange(len(stretch.rows)) <= stretch.lead
    return _follow(network, scenario, stretch, known, restarts)


def _guided(
    network: Network, scenario: Scenario, stretch: Stretch, known: _Known
) -> tuple[Values, Values]:
    """Go an hour ahead from every row: two runs, put back at every other row each."""
    rows = np.arange(len(stretch.rows))
    even, odd = (
        _follow(network, scenario, stretch, known, (rows < stretch.lead) | (rows % 2 == rest))
        for rest in (0, 1)
    )
    ahead = (rows % 2 == 0)[:, None]
    return np.where(ahead, odd[0], even[0]), np.where(ahead, odd[1], even[1])


def _normal(
    calm: Scenario,
    network: Network,
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
    view, _ = _guided(network, week, stretch, _known(network, week, stretch))
    view = stretch.compared(network, view)
    return _apart(stretch.compared(network, stretch.rows), view, view, spread, attacked)


def _apart(
    record: pd.DataFrame,
    view: pd.DataFrame,
    without: pd.DataFrame,
    spread: pd.Series[float],
    attacked: tuple[str, ...],
) -> Apart:
    tags = {}
    others = {}
    for name in record:
        unit = spread[name] or max(record[name].std(ddof=0), view[name].std(ddof=0))
        if unit > 0:
            tags[name] = float(np.sqrt(np.mean((view[name] - record[name]) ** 2)) / unit)
            others[name] = float(np.sqrt(np.mean((without[name] - record[name]) ** 2)) / unit)
    about = [name for name in attacked if name in tags]
    return Apart(
        tags=tags,
        attacked=float(np.median([tags[name] for name in about])),
        attacked_without=float(np.median([others[name] for name in about])),
    )


def attacked_tags(network: Network, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the tags that attacks are about, in the plant's order.

    They are the tags named, those of the pumps and valves that are forced, whose setpoints change
    or that are switched by a reading that is altered, and the levels that these follow.
    """
    rules = [rule for plc in network.plcs.values() for rule in plc.rules]
    named: set[str] = set()
    driven: set[str] = set()
    for entry in entries:
        family, _, target = entry.on.partition(":")
        tags = set(entry.tags) or _obscured(network, entry)
        driven |= set(getattr(entry.do, "actuators", ()))
        if family == "actuator":
            driven.add(target)
        receiver = network.plcs.get(target.partition("->")[2])
        if family == "link" and receiver is not None:
            driven |= {rule.actuator for rule in receiver.rules if tags & set(rule.when.names)}
            ordered = receiver.setpoints
            driven |= {receiver.rules[ordered[tag]].actuator for tag in tags if tag in ordered}
        named |= tags
    levels = {
        name for rule in rules if rule.actuator in driven for name in rule.when.names
    }
    named |= {tag.name for tag in network.tags if tag.element in driven}
    return tuple(name for name in network.tag_names if name in named | levels)


def _obscured(network: Network, entry: Entry) -> frozenset[str]:
    """Return the tags whose truth SCADA's rows do not tell while an entry acts.

    Those forged on their way to it, and the status of a pump that may run at another speed.
    """
    family, _, target = entry.on.partition(":")
    if family == "sensor":
        return frozenset([target])
    if family == "actuator":
        quantity = ("status",)
        return frozenset(
            t.name for t in network.tags if t.element == target and t.quantity in quantity
        )
    source, _, receiver = target.partition("->")
    if family == "link":
        ways = {t.name: (t.plc, "SCADA") for t in network.tags}
        wires = {t.name: (t.element, t.plc) for t in network.tags}
        passing = {
            name
            for every in (ways, wires)
            for name, (a, b) in every.items()
            if fnmatch.fnmatchcase(a, source) and fnmatch.fnmatchcase(b, receiver)
        }
        return frozenset(passing & set(entry.tags) if entry.tags else passing)
    return frozenset()
