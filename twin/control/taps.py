"""Tap points: the places that readings pass, where an attacker may see or change them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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
    taps : list of (frozenset of str, Tap)
        What sits here and the tags it is given, in the order in which readings pass them. Changed
        by `attach` and `detach` only.
    on_change : callable
        Called after either: whoever moves readings past here as arrays must take these out.
    """

    def __init__(self, name: str, tags: Iterable[str]):
        self.name, self.tags = name, tuple(tags)
        self.taps: list[tuple[frozenset[str], Tap]] = []
        self.on_change: Callable[[], None] = lambda: None

    def attach(self, tap: Tap, tags: Iterable[str], first: bool = False) -> None:
        """Give `tap` every reading of `tags` that passes from now on, until it is detached.

        It stands after (or before) those already attached. Also while a run goes on.
        """
        self.taps.insert(0 if first else len(self.taps), (frozenset(tags), tap))
        self.on_change()

    def detach(self, tap: Tap) -> None:
        """Take a tap away again; what it has held back still arrives.

        Raises
        ------
        ValueError
            If it is not attached here.
        """
        left = [(tags, other) for tags, other in self.taps if other != tap]
        if len(left) == len(self.taps):
            raise ValueError(f"no such tap on {self.name}")
        self.taps = left
        self.on_change()

    def tamper(self, packet: Sequence[Reading]) -> list[Late]:
        """Pass readings that travel together through the taps, in order.

        Returns
        -------
        list of Late
            What arrives, and how much later.
        """
        passing = [Late(reading, 0.0) for reading in packet]
        for tags, tap in self.taps:
            mine = [late for late in passing if late.reading.tag in tags]
            passing = [late for late in passing if late.reading.tag not in tags]
            # Where nothing is left, a tap is asked too: it may send something of its own.
            for behind in dict.fromkeys(late.by for late in mine) or (0.0,):
                for passed in tap([late.reading for late in mine if late.by == behind]):
                    late = passed if isinstance(passed, Late) else Late(passed, 0.0)
                    passing.append(Late(late.reading, late.by + behind))
        return passing
