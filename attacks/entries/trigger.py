"""When an attack is active: written once, for all attacks."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, takewhile

import numpy as np

from attacks.entries.arrivals import Arrivals
from twin.conditions.condition import Condition, Tables
from twin.conditions.parser import parse
from twin.conditions.terms import Comparison, Names, Number
from twin.errors import InputError, under
from twin.units import HOUR, spoken

FOREVER = float("inf")
ACTIVE, ENDED = ".active", ".ended"
"""What conditions may ask of another entry, behind its name: 0 or 1."""
SEEN = "seen."
"""Before a tag: what passed last at the entry's own port."""


@dataclass(frozen=True, kw_only=True)
class When:
    """When an attack acts. Without anything: the whole run. Every interval is [start, end).

    Times count from the start of the run, after its warm-up; an attack begins and ends at the
    first instant the plant is solved at that is not before them, so to within one step.

    Attributes
    ----------
    begins, ends : float
        `from`, `to` [s]: it acts from then, and never at or after that.
    lasts : float
        `for` [s]: it acts at most that long (each time).
    start, end : str, optional
        Conditions: it starts with the first instant at which `start` holds, and stays active
        until the first at which `end` does, or until `for` or `to` have passed.

        They compare, with `and`, `or`, `not`, `+ - * /`, `min`, `max` and `abs`: tags, meaning the
        truth (levels of now, flows, pressures and statuses of the step before); `seen.L_T1`, what
        came last to the attack's own port; `t`, hours since the start; `hour` (0 to 24) and
        `weekday` (Monday 0); a tank's `max_level(T1)` and `min_level(T1)` [m]; and of another
        entry `NAME.active` and `NAME.ended` (it was active and is not now), which may stand
        alone. Entries are looked at in file order at each instant, faults before attacks, so one
        sees those before it as they are now and those after it as they were an instant ago. What
        is not known yet, like `seen.L_T1` before anything passed, lets no comparison hold.
    not_before : float
        `start` is looked at from then on [s].
    delay : float
        It acts that long [s] after `start` held.
    follow : bool
        It acts exactly while `start` holds, instead of staying active once it held. With a
        `delay`, once `start` has held that long.
    once : bool
        False: after its end `start` is looked at again, from the next instant on.
    every : float, optional
        It acts `for` so long from `from` on, and again every so many seconds, until `to`.
    random : Arrivals, optional
        It acts at random times between `from` and `to`: `{gap: {exponential: 36 h}, for: 2 h}`
        waits for a gap, acts, and waits again. Both are drawn each time: always the same (`2 h`),
        `{exponential: MEAN}` or `{uniform: [FROM, TO]}`. The same seed gives the same times,
        whatever else is in the scenario.
    """

    begins: float = 0.0
    ends: float = FOREVER
    lasts: float = FOREVER
    start: str | None = None
    end: str | None = None
    not_before: float = 0.0
    delay: float = 0.0
    follow: bool = False
    once: bool = True
    every: float | None = None
    random: Arrivals | None = None

    def __post_init__(self) -> None:
        first = self.begins if self.start is None else self.not_before
        if self.ends <= first:
            message = f"it ends ({spoken(self.ends)}) before it starts ({spoken(first)})"
            raise InputError(message, keys=["to"])
        if self.lasts <= 0:
            raise InputError("it lasts no time at all", keys=["for"])
        for key, message, conflicts in _CONFLICTS:
            if conflicts(self):
                raise InputError(message, keys=[key])


_CONFLICTS: list[tuple[str, str, Callable[[When], object]]] = [
    (
        "from",
        "give either from or start; not_before bounds a start",
        lambda w: w.start and w.begins,
    ),
    ("not_before", "not_before belongs to a `start:`", lambda w: not w.start and w.not_before),
    ("delay", "delay belongs to a `start:`", lambda w: not w.start and w.delay),
    ("follow", "follow belongs to a `start:`", lambda w: not w.start and w.follow),
    ("once", "once: false belongs to a `start:`", lambda w: not w.start and not w.once),
    ("end", "follow ends when start no longer holds: leave end out", lambda w: w.follow and w.end),
    (
        "for",
        "follow ends when start no longer holds: leave for out",
        lambda w: w.follow and w.lasts < FOREVER,
    ),
    ("once", "follow comes back by itself: leave once out", lambda w: w.follow and not w.once),
    (
        "once",
        "once: false needs an end to come back from: give for or end, or, to act just while start "
        "holds, follow: true instead",
        lambda w: not w.once and not w.end and w.lasts == FOREVER,
    ),
    (
        "random",
        "random draws its own times, between from and to: leave start, every and for out",
        lambda w: w.random and (w.start or w.every is not None or w.lasts < FOREVER),
    ),
    (
        "every",
        "every repeats a from; a start comes back with once: false",
        lambda w: w.start and w.every is not None,
    ),
    (
        "every",
        "every needs a for that is shorter than it",
        lambda w: w.every is not None and w.lasts >= w.every,
    ),
    (
        "for",
        "give either to or for",
        lambda w: not w.start and w.every is None and max(w.ends, w.lasts) < FOREVER,
    ),
]
"""Fields that exclude or need each other: the key to blame, the message, and when it applies."""


class Trigger:
    """Decides at each instant of a run whether an attack acts, as its `When` says.

    Parameters
    ----------
    when : When
    names : collection of str
        What conditions may name; those that end in `.active` or `.ended` are 0 or 1, and may
        stand alone.
    rng : Generator
        Random arrivals are drawn from it, and from nothing else.
    tables : mapping, optional
        Constants by name and key, like a tank's `max_level(T1)`.
    refused : mapping, optional
        Names that make no sense here, and why.
    units : mapping, optional
        Of names that have one.

    Attributes
    ----------
    names : tuple of str
        What its conditions do name: all that `update` has to be given.

    Raises
    ------
    InputError
        For a condition that cannot be used, with a caret under what is wrong.
    """

    def __init__(
        self,
        when: When,
        names: Collection[str],
        rng: np.random.Generator,
        *,
        tables: Tables | None = None,
        refused: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
    ):
        self.when = when
        flags = [name for name in names if name.endswith((ACTIVE, ENDED))]

        def read(key: str, text: str | None) -> Condition | None:
            with under(key):
                if text is None:
                    return None
                return parse(text, names, flags=flags, tables=tables, refused=refused)

        self._start, self._end = read("start", when.start), read("end", when.end)
        asked = [name for c in (self._start, self._end) if c is not None for name in c.names]
        self.names = tuple(dict.fromkeys(asked))
        parts = self._start.comparisons if self._start else ()
        of = units or {}
        self._near = [_Closest(p, of.get(p.name, "")) for p in parts if p.name not in flags]
        divisors = self._start.divisors if self._start else ()
        self._divisions = [_ZeroDivisions(*divisor) for divisor in divisors]
        self._rng = copy.deepcopy(rng)
        self._spans = _spans(when, rng)
        self._span = next(self._spans, NEVER)
        self._first = self._span[0]
        self._over = False

    @property
    def conditions(self) -> tuple[Condition | None, Condition | None]:
        """Its `start` and its `end`."""
        return self._start, self._end

    def planned(self, before: float) -> Iterator[tuple[float, float]]:
        """Yield the intervals [s] it acts in by the clock alone, of those that begin `before`.

        Where a condition starts it there is none. Nothing that `update` draws is disturbed.
        """
        spans = _spans(self.when, copy.deepcopy(self._rng))
        return takewhile(lambda span: span[0] < before, spans)

    @property
    def first(self) -> float:
        """When it begins first [s], as far as is known."""
        return self._first

    @property
    def soonest(self) -> float:
        """When it can begin at the soonest by the clock [s]."""
        return self._first if self._start is None else self.when.not_before + self.when.delay

    def update(self, now: float, values: Names) -> bool:
        """Return whether it acts at `now` [s], given the current values of `names`.

        Instants are given in order. Before the run, in its warm-up, nothing acts.
        """
        if self._over or now < 0:
            return False
        if now >= self.when.ends:
            self._over = True
            return False
        if self._start is not None and not self._started(now, values, self._start):
            return False
        while now >= self._span[1] and self._start is None:
            self._span = next(self._spans, NEVER)
        begin, end = self._span
        if now < begin:
            return False
        if now < end and (self._end is None or not self._end(values)):
            return True
        self._span = next(self._spans, NEVER)
        self._over = self._start is not None and self.when.once
        return False

    def _started(self, now: float, values: Names, start: Condition) -> bool:
        when = self.when
        waits = self._span is NEVER
        if waits or when.follow:
            if now < when.not_before:
                return False
            if not start(values):
                self._span = NEVER
                for near in self._near:
                    near.update(now, values)
                for divisions in self._divisions:
                    divisions.update(values)
                return False
            if waits:
                begin = now + when.delay
                self._span = (begin, begin + when.lasts)
                self._first = min(self._first, begin)
        return True

    def why_not(self, end: float) -> str:
        """Say why it never acted in a run that ended at `end` [s]."""
        when, first = self.when, self._first
        limit = min(end, when.ends)
        over = f"{'the run ended at' if limit == end else 'to is'} h {limit / HOUR:g}"
        begin = f"h {first / HOUR:g}"
        if when.start is not None and first == FOREVER:
            if when.not_before >= end:
                return f"its start was to be looked at from h {when.not_before / HOUR:g} on; {over}"
            zero = "".join(one.words() for one in self._divisions)
            return f"{when.start} never held before h {limit / HOUR:g}{self._nearest()}{zero}"
        if first >= limit and when.start is not None:
            return (
                f"its start held at h {(first - when.delay) / HOUR:g}, its delay lasted on; {over}"
            )
        if first >= limit:
            return f"{'it was drawn' if when.random else 'it was set'} for {begin}; {over}"
        if when.end is not None:
            return f"it was to begin at {begin}, but {when.end} held already"
        return f"it was to begin at {begin}, but was over before the plant's next step"

    def _nearest(self) -> str:
        """Say how near its start came to holding, as far as it compares names with numbers."""
        assert self._start is not None
        if len(self._start.names) == len(self._near) == 1:
            return f": {self._near[0].words()}"
        words = [
            f"{near.part.name} {near.part.sign} {near.part.number:g}: {near.words()}"
            for near in self._near
        ]
        return f" ({'; '.join(words)})" if words else ""


NEVER = (FOREVER, FOREVER)


def _spans(when: When, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
    """Yield the intervals [s] that are known by the clock alone."""
    if when.random is not None:
        yield from when.random.spans(when.begins, rng)
    elif when.start is None:
        for i in count() if when.every is not None else (0,):
            begin = when.begins + i * (when.every or 0.0)
            yield begin, begin + when.lasts


class _Closest:
    """How near to holding a comparison of a start condition has come, and when."""

    def __init__(self, part: Comparison, unit: str):
        self.part, self._unit = part, f" {unit}" if unit else ""
        self.best, self.at = math.nan, math.nan
        self._name, self._number = part.name, part.number
        self._rise, self._gap, self._called = _DISTANCE[part.sign]
        self._least = math.inf

    def update(self, now: float, values: Names) -> None:
        """Take the value of an instant [s]."""
        value = values[self._name]
        far = self._rise * value + self._gap * abs(value - self._number)
        if far < self._least:
            self._least, self.best, self.at = far, value, now

    def words(self) -> str:
        if math.isnan(self.best):
            return "never known"
        found = (
            "held" if self.part.holds(self.best) else f"{self._called} {self.best:.5g}{self._unit}"
        )
        return f"{found} at h {self.at / HOUR:.1f}"


class _ZeroDivisions:
    """How often a divisor in a start condition was 0."""

    def __init__(self, text: str, divisor: Number):
        self._text, self._value = text, divisor.value
        self._zero = self._seen = 0

    def update(self, values: Names) -> None:
        """Take the value of an instant."""
        self._zero += self._value(values) == 0.0
        self._seen += 1

    def words(self) -> str:
        if not self._zero:
            return ""
        share = self._zero / self._seen
        often = "all the time" if share == 1.0 else f"{share:.1%} of the time"
        return f"; it divided by zero {often}: {self._text}"


_DISTANCE = {
    ">": (-1.0, 0.0, "highest"),
    ">=": (-1.0, 0.0, "highest"),
    "<": (1.0, 0.0, "lowest"),
    "<=": (1.0, 0.0, "lowest"),
    "==": (0.0, 1.0, "nearest"),
    "!=": (0.0, -1.0, "always"),
}
"""By sign: how far from holding a value is, as factors of itself and of its distance from the
number; and what the least far is called."""
