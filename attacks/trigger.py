"""When an attack is active: written once, for all attacks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from twin.condition import Condition, Names, parse
from twin.errors import InputError, under

FOREVER = float("inf")


@dataclass(frozen=True, kw_only=True)
class When:
    """The interval [start, end) in which an attack acts. Times are seconds since the start.

    Attributes
    ----------
    begins, ends : float
        It acts from `begins`, and never at or after `ends`.
    lasts : float
        It acts at most that long.
    start, end : str, optional
        Conditions on the true values: it starts with the first instant at which `start` holds,
        and is over for good with the first at which `end` does.
    not_before : float
        `start` is looked at from then on.
    delay : float
        It acts that long after `start` held.
    follow : bool
        It acts exactly while `start` holds, instead of staying once it held.
    """

    begins: float = 0.0
    ends: float = FOREVER
    lasts: float = FOREVER
    start: str | None = None
    end: str | None = None
    not_before: float = 0.0
    delay: float = 0.0
    follow: bool = False

    def __post_init__(self) -> None:
        first = self.begins if self.start is None else self.not_before
        if self.ends <= first:
            raise InputError(
                f"it ends ({self.ends / 3600:g} h) before it starts ({first / 3600:g} h)",
                keys=["to"],
            )
        if self.lasts <= 0:
            raise InputError("it lasts no time at all", keys=["for"])
        if self.start is None and (self.not_before or self.delay or self.follow):
            raise InputError("not_before, delay and follow belong to a `start:` condition")
        if self.follow and self.end is not None:
            raise InputError("follow ends when start no longer holds: leave end out", keys=["end"])
        if self.start is None and FOREVER not in (self.ends, self.lasts):
            raise InputError("give either to or for", keys=["for"])
        if self.start is not None and self.begins:
            raise InputError("give either from or start; not_before bounds a start", keys=["from"])


class Trigger:
    """A `When` at work in one run.

    Parameters
    ----------
    when : When
    names : collection of str
        What conditions may name.
    """

    def __init__(self, when: When, names: Collection[str]):
        self.when = when
        self._start = self._parse(when.start, names, "start")
        self._end = self._parse(when.end, names, "end")
        self._held: float | None = None if self._start else when.begins - when.delay
        self._over = False

    @staticmethod
    def _parse(text: str | None, names: Collection[str], key: str) -> Condition | None:
        with under(key):
            return None if text is None else parse(text, names)

    def update(self, now: float, present: Names) -> bool:
        """Return whether it acts at `now` [s], given the present true values and `t` [h]."""
        when = self.when
        if self._over or now < 0:
            return False
        if self._start and (self._held is None or when.follow):
            holds = now >= when.not_before and self._start(present)
            if holds and self._held is None:
                self._held = now
            if not holds and when.follow:
                self._held = None
        if self._held is None:
            self._over = now >= when.ends
            return False
        begun = self._held + when.delay
        if now < begun:
            return False
        self._over = (
            now >= when.ends
            or now >= begun + when.lasts
            or (self._end is not None and self._end(present))
        )
        return not self._over
