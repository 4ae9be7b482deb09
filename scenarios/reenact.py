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
from scenarios.schema import Scenario
from twin.demand import Playback, cells, profile
from twin.errors import InputError, under
from twin.inference import explain_all
from twin.network import Network
from twin.record import DECIMALS, Record
from twin.tags import Frame, Values
from twin.testbed import Testbed
from twin.units import HOUR

LEAD = 72
"""Rows before the scenario's start that are run through first, for replays to have a tape."""
_PASSES = 2  # demands, the run under them, what is hidden from the record, demands again
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
    demands, hidden = _demands(network, scenario, stretch)
    on_share(0.4)
    shown = {}
    for played, acts in ((scenario, True), (calm, False)):
        shown["free", acts] = _free(network, played, stretch, demands, hidden)
        shown["guided", acts] = _guided(network, played, stretch, demands, hidden)
        on_share(0.6 if acts else 0.8)
    recorded = stretch.compared(network, stretch.rows)
    views = {key: stretch.compared(network, one.view) for key, one in shown.items()}
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
        truths={g: stretch.compared(network, shown[g, True].truth) for g in apart},
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


@dataclass
class _Followed:
    """What a run showed and was at every row, and of which tags the rows do not tell the truth.

    `settings` has, for each status, what the pump or valve was set to.
    """

    view: Values
    truth: Values
    settings: Values
    hidden: NDArray[np.bool_]


def _follow(
    network: Network,
    scenario: Scenario,
    stretch: Stretch,
    demands: Values,
    restarts: NDArray[np.bool_],
    hidden: NDArray[np.bool_] | None = None,
) -> _Followed:
    """Run through a stretch, put back at some rows to what they show, but for what is hidden.

    Parameters
    ----------
    restarts : ndarray of shape (rows,)
    hidden : ndarray of shape (rows, tags), optional
        By default what the scenario's own attacks forge, or set otherwise than a status can tell.
    """
    rows, lead = stretch.rows, stretch.lead
    done = _Followed(*(np.full(rows.shape, np.nan) for _ in range(3)), np.zeros(rows.shape, bool))
    places = [(i, tag) for i, tag in enumerate(network.tags) if tag.quantity == "status"]
    with Testbed(network, seed=scenario.seed, start=scenario.start, warmup=lead * HOUR) as bed:
        bed.demand = Playback(np.vstack([demands, demands[-1:]]))
        with under("attacks"):
            armed = arm(scenario.attacks, bed)
        lies = [[name in _obscured(network, one.entry) for name in network.tag_names] for one in armed]

        def settings(values: Values) -> Values:
            for i, tag in places:
                values[i] = bed.plant.settings.get(tag.element, values[i])
            return values

        def restart(now: float, truth: Values) -> None:
            row, late = divmod(now, HOUR)
            at = int(row) + lead
            if late or at >= len(rows):
                return
            if hidden is not None:
                done.hidden[at] = hidden[at]
            for one, lie in zip(armed, lies, strict=True):
                if hidden is None and one.active:
                    done.hidden[at] |= lie
            if restarts[at]:
                bed.impose(np.where(done.hidden[at], settings(truth.copy()), rows[at]))

        def keep(frame: Frame) -> None:
            row, late = divmod(frame.time, HOUR)
            at = int(row) + lead
            if not late and at < len(rows):
                done.view[at] = frame.values
                done.truth[at] = bed.plant.values
                done.settings[at] = settings(bed.plant.values.copy())

        bed.watchers.append(restart)
        bed.scada.subscribers.append(keep)
        for _ in bed.run((len(rows) - lead) * HOUR):
            pass
    return done


def _free(network, played, stretch, demands, hidden):
    restarts = np.arange(len(stretch.rows)) <= stretch.lead
    return _follow(network, played, stretch, demands, restarts, hidden)


def _guided(network, played, stretch, demands, hidden):
    """An hour ahead of the row before, at every row: two runs, put back at every other row each."""
    rows = np.arange(len(stretch.rows))
    runs = []
    for parity in (0, 1):
        restarts = (rows < stretch.lead) | (rows % 2 == parity)
        runs.append(_follow(network, played, stretch, demands, restarts, hidden))
    even = (rows % 2 == 0)[:, None]
    view, truth = (
        np.where(even, getattr(runs[1], what), getattr(runs[0], what)) for what in ("view", "truth")
    )
    return replace(runs[0], view=view, truth=truth)


def _demands(network: Network, scenario: Scenario, stretch: Stretch):
    """Find the demands behind every row, and what of it is hidden.

    Where a level or status is hidden, a run under a first guess tells what it was.
    """
    rows = stretch.rows
    start = stretch.start - timedelta(hours=stretch.lead)
    kinds, hours = cells(start, len(rows))
    mean = profile(network).mean[:, kinds, hours].T
    demands = np.broadcast_to(mean, (len(rows), len(network.profiled))).copy()
    always = np.ones(len(rows), bool)
    seen = np.array([tag.quantity in ("flow", "pressure") for tag in network.tags])
    hidden = np.zeros(rows.shape, bool)
    if scenario.attacks:
        hidden = _follow(network, scenario, stretch, demands, always).hidden
    murky = hidden.any(axis=1)
    demands[~murky], _ = explain_all(network, rows[~murky])
    for _ in range(_PASSES if murky.any() else 0):
        run = _follow(network, scenario, stretch, demands, always, hidden)
        known = np.where(hidden, np.where(seen, np.nan, run.settings), rows)
        demands[murky], _ = explain_all(network, known[murky])
    return demands, hidden


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
    demands, hidden = _demands(network, week, stretch)
    view = stretch.compared(network, _guided(network, week, stretch, demands, hidden).view)
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
