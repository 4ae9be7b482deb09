"""When each entry can act at the earliest, and why one never can: found before anything runs.

Only what is certain is said: a tank's level stays between its bottom and its rim, a status is 0 or
1, `t`, `hour` and `weekday` are the clock's, and an entry that cannot act is never active.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from attacks.entries.entry import ArmedEntry
from attacks.entries.facts import CLOCK
from attacks.entries.trigger import ACTIVE, ENDED, FOREVER
from twin.conditions.condition import Condition
from twin.conditions.ranges import ANY, Range, Ranges
from twin.units import DAY, HOUR, spoken, time_of_day

if TYPE_CHECKING:
    from twin.testbed import Testbed

_MANY = 1000  # of more intervals than these, one is taken to be able to begin
_START = ("when", "start")
_ROUNDING = 1e-3  # [m] by which a level may be beyond a tank's bottom or rim in EPANET's arithmetic


@dataclass(frozen=True)
class Forecast:
    """What is certain about when an entry acts.

    Attributes
    ----------
    begins, ends : float
        When it begins, and is over, at the earliest [s], to within a step; infinite if it never is.
    wait : float
        How long [s] after `begins` the clock lets its start hold, within that step.
    why : str
        Why it never acts, or hardly.
    keys : tuple of str
        Where in the entry the reason stands.
    """

    begins: float = FOREVER
    ends: float = FOREVER
    wait: float = 0.0
    why: str = ""
    keys: tuple[str, ...] = ()

    @property
    def never(self) -> bool:
        """Whether it never acts."""
        return self.begins == FOREVER


def forecasts(armed: Sequence[ArmedEntry], testbed: Testbed, duration: float) -> list[Forecast]:
    """Return what is certain about every entry of a run that lasts `duration` [s].

    An entry that waits for another can begin once that one can: all begin as if they never did,
    and are looked at again until nothing new can begin any more.
    """
    forecaster = _Forecaster(testbed, duration)
    found = [Forecast() for _ in armed]
    while True:
        names = [entry.entry.name for entry in armed]
        forecaster.others = dict(zip(names, found, strict=True))
        before, found = found, [forecaster.forecast(entry) for entry in armed]
        if found == before:
            return found


class _Forecaster:
    """The values that names in conditions can have at each time of a run, and what follows."""

    def __init__(self, testbed: Testbed, duration: float):
        self._duration, self._step = duration, float(testbed.spec.step)
        self._start = testbed.start
        self.others: dict[str, Forecast] = {}
        heights = {t.name: (t.min_level, t.max_level) for _, t in testbed.spec.model.tanks()}
        self._known: dict[str, Range] = {}
        for tag in testbed.spec.tags:
            if tag.quantity == "level":
                self._known[tag.name] = heights[tag.element]
            elif tag.quantity == "status":
                self._known[tag.name] = (0.0, 1.0)
        self._levels = {tag.name for tag in testbed.spec.tags if tag.quantity == "level"}

    def forecast(self, armed: ArmedEntry) -> Forecast:
        """Return what is certain about one entry, if that about the others is so."""
        when, (start, end) = armed.entry.when, armed.trigger.conditions
        limit = min(self._duration, when.ends)
        over = f"{'the run' if limit == self._duration else 'to'} ends at {spoken(limit)}"
        if start is None:
            return self._by_clock(armed, end, limit, over)
        if when.not_before >= limit:
            words = f"its start is looked at from {spoken(when.not_before)} on, and {over}"
            return Forecast(why=words, keys=("when", "not_before"))
        first = self._first(start, when.not_before, limit)
        if first is None:
            return Forecast(why=self._why(start, when.not_before, limit), keys=_START)
        held, wait = first
        begin = held + when.delay
        if begin >= limit:
            words = f"its start holds at {spoken(held)} at the earliest, and {over}"
            return Forecast(why=f"{words}, before its delay has passed", keys=("when", "delay"))
        if end is not None and not when.delay and self._ends_at_once(start, end, held, limit):
            words = f"`{end.text}` holds whenever `{start.text}` does"
            return Forecast(why=words, keys=("when", "end"))
        done = _over(begin, begin if when.follow else begin + when.lasts, end, when.ends)
        if start.may(self._ranges(start.names, when.not_before, limit, False)) is None:
            words = self._why(start, when.not_before, limit, "only by rounding")
            return Forecast(begin, done, wait, words, _START)
        return Forecast(begin, done, wait)

    def _by_clock(
        self, armed: ArmedEntry, end: Condition | None, limit: float, over: str
    ) -> Forecast:
        when, trigger = armed.entry.when, armed.trigger
        if trigger.first >= limit:
            first = spoken(round(trigger.first))
            how = f"drawn for {first} with this seed" if when.random else f"set for {first}"
            key = "random" if when.random else "from"
            return Forecast(why=f"it is {how}, and {over}", keys=("when", key))
        for number, (begin, last) in enumerate(trigger.planned(limit)):
            if end is None or number == _MANY or not self._sure(end, begin):
                return Forecast(begin, _over(begin, last, end, when.ends))
        assert end is not None
        words = f"`{end.text}` holds already when it is to begin"
        return Forecast(why=words, keys=("when", "end"))

    def _boxes(self, begin: float, limit: float, length: float) -> Iterator[tuple[float, float]]:
        at = begin
        while at < limit:
            end = min((at // length + 1) * length, limit)
            yield at, end
            at = end

    def _parts(self, begin: float, end: float) -> Iterator[tuple[float, float]]:
        """Yield the steps from one time to another [s], cut where another entry begins or ends."""
        changes = {at for one in self.others.values() for at in (one.begins, one.ends)}
        cuts = {at for at, _ in self._boxes(begin, end, self._step)} | {begin, end}
        yield from pairwise(sorted(cuts | {at for at in changes if begin < at < end}))

    def _ranges(self, names: Sequence[str], begin: float, end: float, loose: bool) -> Ranges:
        """Return what each name can be at a time from `begin` on and before `end` [s]."""
        found: dict[str, Range] = {}
        for name in names:
            other, _, state = name.rpartition(".")
            if name in CLOCK:
                found[name] = self._clock(name, begin, end)
            elif other in self.others and f".{state}" in (ACTIVE, ENDED):
                forecast = self.others[other]
                since = forecast.begins if f".{state}" == ACTIVE else forecast.ends
                found[name] = (0.0, 1.0 if since < end else 0.0)
            else:
                low, high = self._known.get(name, ANY)
                more = _ROUNDING if loose and name in self._levels else 0.0
                found[name] = (low - more, high + more)
        return found

    def _clock(self, name: str, begin: float, end: float) -> Range:
        if name == "t":
            return begin / HOUR, math.nextafter(end / HOUR, 0.0)
        first = self._start + timedelta(seconds=begin)
        clock = time_of_day(first)
        until = clock + end - begin
        days = math.ceil(until / DAY) - 1
        if name == "weekday":
            day = first.weekday()
            return (float(day), float(day + days)) if day + days < 7 else (0.0, 6.0)
        whole = (0.0, math.nextafter(24.0, 0.0))
        return whole if days else (clock / HOUR, math.nextafter(until / HOUR, 0.0))

    def _first(self, start: Condition, begin: float, limit: float) -> tuple[float, float] | None:
        """Return in which step a condition can hold first, and how late in it [s]."""
        if start.may(self._ranges(start.names, begin, limit, True)) is None:
            return None
        timed = any(name in CLOCK or name.endswith((ACTIVE, ENDED)) for name in start.names)
        if not timed:
            return begin, 0.0
        for one, end in self._boxes(begin, limit, HOUR):
            if start.may(self._ranges(start.names, one, end, True)) is not None:
                for at, until in self._parts(one, end):
                    ranges = self._ranges(start.names, at, until, True)
                    held = start.may(ranges)
                    if held is not None:
                        return at, _wait(ranges, held, until - at)
        return None

    def _why(self, start: Condition, begin: float, limit: float, how: str = "never") -> str:
        """Say why a condition never holds, or hardly."""
        ranges = self._ranges(start.names, begin, limit, False)
        known = [
            f"{name} {_said(name, ranges[name])}" for name in start.names if ranges[name] != ANY
        ]
        known += [
            f"it divides by zero: {text}"
            for text, divisor in start.divisors
            if divisor.range(ranges) == (0.0, 0.0)
        ]
        return f"`{start.text}` {how} holds: {', '.join(known)}"

    def _sure(self, end: Condition, begin: float) -> bool:
        """Return whether an `end` surely holds at the first instant from `begin` [s] on."""
        if not self._always_known(end):
            return False
        instant = self._ranges(end.names, begin, begin + self._step, True)
        return end.may_not(instant) is None

    def _ends_at_once(self, start: Condition, end: Condition, begin: float, limit: float) -> bool:
        """Return whether `end` surely holds at every instant at which `start` does."""
        if not self._always_known(end):
            return False
        names = (*start.names, *end.names)
        for one, until in self._boxes(begin, limit, HOUR):
            held = start.may(self._ranges(names, one, until, True))
            if held is not None and end.may_not(held) is not None:
                return False
        return True

    def _always_known(self, condition: Condition) -> bool:
        return all(name in CLOCK or name in self._levels for name in condition.names)


def _wait(ranges: Ranges, held: Ranges, step: float) -> float:
    """Return how late [s] in a step so long the clock is where a condition can hold."""
    late = [(held[name][0] - ranges[name][0]) * HOUR for name in ("t", "hour") if name in ranges]
    wait = max(late, default=0.0)
    return wait if wait < step else 0.0


def _over(begin: float, last: float, end: Condition | None, to: float) -> float:
    """Return when what begins then is over at the earliest [s]."""
    return begin if end is not None else min(last, to)


def _said(name: str, of: Range) -> str:
    low, high = of
    if name.endswith((ACTIVE, ENDED)):
        return "may be 0 or 1" if high else "is always 0"
    if name == "weekday":
        return f"is {low:g} to {high:g}" if high > low else f"is {low:g}"
    unit = " and stays below it" if name in ("t", "hour") else ""
    return f"goes from {low:g} to {high:g}{unit}"
