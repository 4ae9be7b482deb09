"""A stretch of a record run through again: its demands, what it hides, and runs that follow it."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from attacks.entries.entry import Entry, arm
from scenarios.definition.scenario import Scenario
from scenarios.validation.hidden_readings import Revealer, bounds
from scenarios.validation.particle_filter import Ensemble, blurred
from twin.errors import InputError, under
from twin.plants.spec import PlantSpec
from twin.records.batadal import Record
from twin.tags import Frame, Values
from twin.testbed import Testbed
from twin.units import HOUR
from twin.water.demand import Hours, Playback

LEAD = 72
"""Rows before the scenario's start that are run through first, for replays to have a tape."""
_BEGINNINGS, _BEST = 24, 8


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

    def compared(self, spec: PlantSpec, values: Values) -> pd.DataFrame:
        """Return `values`, shaped as the rows, from the start on, by hours since then."""
        return pd.DataFrame(values[self.lead :], columns=list(spec.tag_names))


@dataclass(frozen=True)
class Known:
    """What is known of a stretch.

    Attributes
    ----------
    rows : ndarray of shape (rows, tags)
        Its rows, but for what they hide.
    demands : ndarray of shape (rows, DMAs)
        The demands behind them.
    quiet : int
        Rows before the first at which an attack acts.
    """

    rows: Values
    demands: Values
    quiet: int


class _Bed:
    """A testbed that is put back, at some rows of a stretch, to what is known of them."""

    def __init__(self, spec: PlantSpec, scenario: Scenario, stretch: Stretch):
        self.spec, self.stretch = spec, stretch
        lead = stretch.lead * HOUR
        self.bed = Testbed(spec, seed=scenario.seed, start=scenario.start, warmup=lead)
        with under("attacks"):
            self.armed = arm(scenario.attacks, self.bed)
        self._statuses = [
            (place, tag.element) for place, tag in enumerate(spec.tags) if tag.quantity == "status"
        ]

    def settings(self) -> Values:
        """Return the true values, with what pumps and valves are set to in place of statuses."""
        plant = self.bed.plant
        values, told = np.array(plant.values), plant.settings
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
                np.copyto(view[place], frame.values)
                np.copyto(truth[place], self.bed.plant.values)

        with self.bed as bed:
            bed.demand = demands
            bed.actors.append(watch)
            bed.scada.subscribers.append(keep)
            for _ in bed.run((len(rows) - lead) * HOUR):
                pass
        return view, truth


def find_known(spec: PlantSpec, scenario: Scenario, stretch: Stretch) -> Known:
    """Find the demands behind every row, and what its forged tags hide.

    Where a level or status is hidden, an hour's forecast from the row before helps to find it; and
    many of them, where only a level is and its row does not tell it.
    """
    follower = _Bed(spec, scenario, stretch)
    count = len(stretch.rows)
    known = Known(stretch.rows.copy(), np.empty((count, len(spec.profiled))), count)
    lies = [
        np.array([name in obscured(spec, one.entry) for name in spec.tag_names])
        for one in follower.armed
    ]

    hidden, acting = np.zeros(stretch.rows.shape, dtype=bool), np.zeros(count, dtype=bool)
    levels = np.array([tag.quantity == "level" for tag in spec.tags])
    with Revealer(spec) as revealer:

        def reveal(place: int) -> None:
            for one, lie in zip(follower.armed, lies, strict=True):
                hidden[place] |= lie & one.active
                acting[place] |= one.active
            known.rows[place], known.demands[place] = revealer.reveal(
                stretch.rows[place], hidden[place], follower.settings()
            )
            follower.bed.impose(known.rows[place])
            follower.bed.plant.set_demands(known.demands[place])

        follower.run(_Nothing(len(spec.profiled)), reveal)
        first = int(np.argmax(hidden.any(axis=1)))
        places = np.flatnonzero(hidden[first])
        only_levels = places.size > 0 and not (hidden & ~levels).any()
        if only_levels and not revealer.tells(known.rows[first], places):
            _follow_untold(spec, scenario, stretch, known, hidden)
    return replace(known, quiet=int(np.argmax(acting))) if acting.any() else known


def _follow_untold(
    spec: PlantSpec,
    scenario: Scenario,
    stretch: Stretch,
    known: Known,
    hidden: NDArray[np.bool_],
) -> None:
    """Find levels that no row tells by what they do in the hours after; put them in `known`."""
    last = int(np.flatnonzero(hidden.any(axis=1))[-1])
    with Ensemble(spec, scenario, len(stretch.rows) - stretch.lead) as ensemble:
        for place in range(stretch.lead, last + 1):
            if hidden[place].any():
                known.rows[place], known.demands[place] = ensemble.follow(
                    stretch.rows[place], hidden[place]
                )
            else:
                ensemble.go(known.rows[place], known.demands[place])


class _Nothing:
    """No demand at all, until a watcher sets one."""

    def __init__(self, count: int):
        self._none = np.zeros(count)

    def next_hour(self) -> Values:
        """Return zeros; shape (DMAs,)."""
        return self._none


def _follow(
    spec: PlantSpec,
    scenario: Scenario,
    stretch: Stretch,
    known: Known,
    restarts: NDArray[np.bool_],
) -> tuple[Values, Values]:
    """Return view and truth of a run under the known demands, put back at some rows."""
    follower = _Bed(spec, scenario, stretch)

    def restart(place: int) -> None:
        if restarts[place]:
            follower.bed.impose(known.rows[place])

    demands = np.vstack([known.demands, known.demands[-1:]])[: len(stretch.rows) + 1]
    return follower.run(Playback(demands), restart)


def free(
    spec: PlantSpec, scenario: Scenario, stretch: Stretch, known: Known
) -> tuple[Values, Values]:
    """Run on from the first row that is compared."""
    restarts = np.arange(len(stretch.rows)) <= stretch.lead
    return _follow(spec, scenario, stretch, known, restarts)


def beginnings(
    spec: PlantSpec, scenario: Scenario, stretch: Stretch, known: Known, unit: Values
) -> list[Known]:
    """Return several beginnings of a free run, within what the first row's rounding leaves open.

    A rule's instant is missed or not by half a second, and a level rounded to a centimetre says
    nothing of that: of some levels that round to the row's own, those are taken from which a run
    meets the rows before the attack best. Several of them, for after a day or two even the last
    bits of an inferred demand, which differ from one processor to the next, decide.

    Parameters
    ----------
    spec : PlantSpec
    scenario : Scenario
        Without attacks.
    stretch : Stretch
    known : Known
    unit : ndarray of shape (tags,)
        Of each tag's difference; infinite for what does not count.

    Returns
    -------
    list of Known
        The best first.
    """
    first = stretch.lead
    short = Stretch(stretch.start, stretch.rows[: known.quiet], first)
    rims = bounds(spec)[1]
    draws = np.random.default_rng(scenario.seed)
    tried: list[tuple[float, Known]] = []
    for trial in range(_BEGINNINGS):
        rows = known.rows.copy()
        if trial:
            rows[first] = blurred(known.rows[first], rims, draws)
        begin = replace(known, rows=rows)
        off = (free(spec, scenario, short, begin)[0] - short.rows)[first:] / unit
        tried.append((float(np.sum(off**2)), begin))
    tried.sort(key=lambda pair: pair[0])
    return [begin for _, begin in tried[:_BEST]]


def guided(
    spec: PlantSpec, scenario: Scenario, stretch: Stretch, known: Known
) -> tuple[Values, Values]:
    """Go an hour ahead from every row: two runs, put back at every other row each."""
    rows = np.arange(len(stretch.rows))
    even, odd = (
        _follow(spec, scenario, stretch, known, (rows < stretch.lead) | (rows % 2 == rest))
        for rest in (0, 1)
    )
    ahead = (rows % 2 == 0)[:, None]
    return np.where(ahead, odd[0], even[0]), np.where(ahead, odd[1], even[1])


def obscured(spec: PlantSpec, entry: Entry) -> frozenset[str]:
    """Return the tags whose truth SCADA's rows do not tell while an entry acts.

    Those forged on their way to it, and the status of a pump that may run at another speed.
    """
    port = entry.port
    family, target = port.family, port.target
    if family == "sensor":
        return frozenset([target])
    if family == "actuator":
        quantity = ("status",)
        return frozenset(
            t.name for t in spec.tags if t.element == target and t.quantity in quantity
        )
    if family == "link":
        ways = {t.name: (t.plc, "SCADA") for t in spec.tags}
        wires = {t.name: (t.element, t.plc) for t in spec.tags}
        passing = {
            name
            for every in (ways, wires)
            for name, (a, b) in every.items()
            if fnmatch.fnmatchcase(a, port.sender) and fnmatch.fnmatchcase(b, port.receiver)
        }
        return frozenset(passing & set(entry.tags) if entry.tags else passing)
    return frozenset()
