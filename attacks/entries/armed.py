"""The entries of one run, armed on its testbed and looked at at every instant."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from attacks.entries.entry import ArmedEntry, Entry
from attacks.entries.facts import Facts
from attacks.mistakes import plugin_place
from twin.errors import InputError, under
from twin.tags import Values
from twin.testbed import Testbed

Past = Iterable[tuple[float, Values]]


class ArmedEntries(Sequence[ArmedEntry]):
    """All entries of one run, in order; more may be launched while it goes on.

    Parameters
    ----------
    entries : sequence of Entry
    testbed : Testbed
        Not run yet.

    Raises
    ------
    InputError
        For a port, tag, PLC or condition that does not exist; its keys start with the list,
        `attacks` or `faults`, and the entry's place in it.
    """

    def __init__(self, entries: Sequence[Entry], testbed: Testbed):
        self._testbed = testbed
        self._facts = Facts(testbed, [entry.name for entry in entries])
        self._armed: list[ArmedEntry] = []
        self._waiting: list[ArmedEntry] = []
        for entry in entries:
            place = sum(one.entry.label == entry.label for one in self._armed)
            with under(f"{entry.label}s", place):
                self._arm(entry)
        if entries:
            testbed.actors.append(self._see)

    @overload
    def __getitem__(self, place: int) -> ArmedEntry: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[ArmedEntry]: ...

    def __getitem__(self, place: int | slice) -> ArmedEntry | Sequence[ArmedEntry]:
        return self._armed[place]

    def __len__(self) -> int:
        return len(self._armed)

    def __iter__(self) -> Iterator[ArmedEntry]:
        return iter(self._armed)

    def launch(self, entry: Entry) -> ArmedEntry:
        """Arm one more entry while the run goes on, between two instants.

        Raises
        ------
        InputError
            As for those that were there from the start, or if its name is taken.
        """
        if any(one.entry.name == entry.name for one in self._armed):
            raise InputError(f"an entry is called {entry.name!r} already", keys=["name"])
        self._facts.add(entry.name)
        armed = self._arm(entry)
        if self._see not in self._testbed.actors:
            self._testbed.actors.append(self._see)
        return armed

    def _arm(self, entry: Entry) -> ArmedEntry:
        try:
            armed = ArmedEntry(entry, self._testbed, self._facts)
        except InputError:
            raise
        except Exception as error:
            where = plugin_place(error, type(entry.do))
            if where is None:
                raise
            kind = entry.do.kind
            raise InputError(f"{kind} broke at {where}", keys=["do", kind]) from error
        self._armed.append(armed)
        if entry.since > 0:
            self._waiting.append(armed)
        else:
            armed.attach()
        return armed

    def _see(self, now: float, values: Values) -> None:
        if now < 0:  # nothing acts in the warm-up
            return
        for armed in [one for one in self._waiting if one.entry.since <= now]:
            self._waiting.remove(armed)
            armed.attach()
        self._facts.update(now, values)
        for armed in self._armed:
            armed.update(now)


def arm(entries: Sequence[Entry], testbed: Testbed) -> ArmedEntries:
    """Arm entries, in order, on a testbed that has not run yet; see `ArmedEntries`."""
    return ArmedEntries(entries, testbed)


def first_action(armed: Sequence[ArmedEntry], testbed: Testbed, past: Past) -> float:
    """Return when the first of some entries would act [s], if the water went on as in `past`.

    Parameters
    ----------
    armed : sequence of ArmedEntry
        None of whose conditions names what comes to its port.
    testbed : Testbed
        On which they are armed.
    past : iterable of (float, ndarray of shape (tags,))
        Time [s] and true values at each instant, as an actor is told them.

    Returns
    -------
    float
        Infinite if none would.
    """
    facts = Facts(testbed, [one.entry.name for one in armed])
    triggers = [facts.trigger(one.entry.name, one.entry.when, one.passing) for one in armed]
    for now, values in past:
        facts.update(now, values)
        if any(trigger.update(now, facts.values) for trigger in triggers):
            return now
    return math.inf
