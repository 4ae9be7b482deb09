"""Tap points: the places that readings pass, where an attacker may see or change them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from twin.tags import Reading


@dataclass(frozen=True, slots=True)
class Late:
    """A reading that a tap lets through only after a while.

    Attributes
    ----------
    reading : Reading
    by : float
        Seconds it arrives later than it would have.
    """

    reading: Reading
    by: float


Tap = Callable[[Sequence[Reading]], "Iterable[Reading | Late]"]
"""Given the readings that reach a tap point together, returns those that pass on instead: the same,
changed, late, fewer or more."""


class Place(IntEnum):
    """Where on its way past a tap point a reading meets a tap: nearer its sender, or later."""

    SENDER = 0
    RAW = 1
    WAY = 2
    RECEIVER = 3


class Attached(NamedTuple):
    """A tap where it sits, and the tags it is given; see `TapPoint.attach`."""

    tags: frozenset[str]
    tap: Tap
    place: Place
    answer: Tap | None


class TapPoint:
    """A place that readings pass and where taps may see or change them.

    Parameters
    ----------
    name : str
        As a scenario names it: `link:PLC2->PLC1`, `sensor:L_T1`, `actuator:PU1`.
    tags : iterable of str
        What passes here.

    Attributes
    ----------
    taps : list of Attached
        What sits here, in the order in which readings pass them. Changed by `attach` and `detach`
        only.
    on_change : callable
        Called after either: whoever moves readings past here as arrays must take these out.
    """

    def __init__(self, name: str, tags: Iterable[str]):
        self.name, self.tags = name, tuple(tags)
        self.taps: list[Attached] = []
        self.on_change: Callable[[], None] = lambda: None

    def attach(
        self, tap: Tap, tags: Iterable[str], place: Place = Place.WAY, answer: Tap | None = None
    ) -> None:
        """Give `tap` every reading of `tags` that passes from now on, until it is detached.

        Also while a run goes on.

        Parameters
        ----------
        tap : Tap
        tags : iterable of str
        place : Place
            It stands after those already attached at the same place.
        answer : Tap, optional
            Given, as readings without a value, those of the tags that were due and did not come;
            returns what passes on in their place.
        """
        self.taps.append(Attached(frozenset(tags), tap, place, answer))
        self.taps.sort(key=lambda attached: attached.place)
        self.on_change()

    def detach(self, tap: Tap) -> None:
        """Take a tap away again; what it has held back still arrives.

        Raises
        ------
        ValueError
            If it is not attached here.
        """
        left = [attached for attached in self.taps if attached.tap != tap]
        if len(left) == len(self.taps):
            raise ValueError(f"no such tap on {self.name}")
        self.taps = left
        self.on_change()

    def tamper(self, packet: Sequence[Reading], now: float) -> list[Late]:
        """Pass readings that travel together at `now` [s] through the taps, in order.

        Every one of `tags` is due then, whether it is in the packet or not.

        Returns
        -------
        list of Late
            What arrives, and how much later.
        """
        passing = [Late(reading, 0.0) for reading in packet]
        for tags, tap, _, answer in self.taps:
            mine = [late for late in passing if late.reading.tag in tags]
            passing = [late for late in passing if late.reading.tag not in tags]
            # Where nothing is left, a tap is asked too: it may send something of its own.
            for behind in dict.fromkeys(late.by for late in mine) or (0.0,):
                for passed in tap([late.reading for late in mine if late.by == behind]):
                    late = passed if isinstance(passed, Late) else Late(passed, 0.0)
                    passing.append(Late(late.reading, late.by + behind))
            if answer is not None and (missing := tags - {late.reading.tag for late in mine}):
                due = [Reading(now, tag, math.nan) for tag in self.tags if tag in missing]
                passing += [p if isinstance(p, Late) else Late(p, 0.0) for p in answer(due)]
        return passing
