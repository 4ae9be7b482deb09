"""The values that conditions name, at an instant: looked up once for all entries of a run."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from attacks.entries.trigger import ACTIVE, ENDED, SEEN, Trigger, When
from twin.control.taps import TapPoint
from twin.errors import listed
from twin.seeds import generator
from twin.tags import Reading, Values
from twin.units import DAY, HOUR, time_of_day

if TYPE_CHECKING:
    from twin.testbed import Testbed

CLOCK = ("t", "hour", "weekday")


def passing_there(tags: Collection[str]) -> str:
    """Say which tags pass at a port."""
    return f"{listed(tags) or 'nothing'} {'pass' if len(tags) > 1 else 'passes'} there"


class Listener:
    """The last values that came to an entry's port, of the tags its conditions name with `seen.`.

    Attributes
    ----------
    heard : dict of str to float
        By name, like `seen.L_T1`: the last value [the tag's unit], NaN before the first.
    """

    def __init__(self, trigger: Trigger):
        self.heard = {name: math.nan for name in trigger.names if name.startswith(SEEN)}

    def attach(self, point: TapPoint) -> None:
        """Listen at a tap point from now on, if a condition names one of its tags."""
        tags = [tag for tag in point.tags if SEEN + tag in self.heard]
        if tags:
            point.attach(self._listen, tags)

    def _listen(self, packet: Sequence[Reading]) -> Sequence[Reading]:
        for reading in packet:
            self.heard[SEEN + reading.tag] = reading.value
        return packet


class Facts:
    """The current values of all names in the conditions of a run's entries.

    Parameters
    ----------
    testbed : Testbed
    entries : sequence of str
        Names of all entries of the run.

    Attributes
    ----------
    values : dict of str to float
        By name: tags (the truth, each in its unit), the time, and of each entry whether it is
        active and whether it has ended (0 or 1). Names that begin with `seen.` are those of the
        entry whose turn it is.
    """

    def __init__(self, testbed: Testbed, entries: Sequence[str]):
        self._bed = testbed
        self._asked: list[tuple[str, int]] = []
        self._clock = time_of_day(testbed.start)
        self._day = testbed.start.weekday()
        tanks = [tank for _, tank in testbed.spec.model.tanks()]
        self._tables: dict[str, Mapping[str, float]] = {
            "max_level": {tank.name: tank.max_level for tank in tanks},
            "min_level": {tank.name: tank.min_level for tank in tanks},
        }
        self.values: dict[str, float] = {}
        self._entries: list[str] = []
        for name in entries:
            self.add(name)

    def add(self, entry: str) -> None:
        """Take one more entry, which conditions of those after it may name."""
        self._entries.append(entry)
        self.values |= {entry + ACTIVE: 0.0, entry + ENDED: 0.0}

    def trigger(self, entry: str, when: When, passing: Collection[str]) -> Trigger:
        """Return the trigger of one entry, at whose port the tags `passing` pass.

        Raises
        ------
        InputError
            For a condition that names what there is not.
        """
        bed = self._bed
        others = [name for name in self._entries if name != entry]
        names = [*bed.spec.tag_names, *CLOCK, *(SEEN + tag for tag in passing)]
        names += [name + state for name in others for state in (ACTIVE, ENDED)]
        itself = f"{entry} cannot wait for itself"
        refused = {entry + state: itself for state in (ACTIVE, ENDED)}
        for tag in bed.spec.tag_names:
            if tag not in passing:
                refused[SEEN + tag] = (
                    f"{tag} never passes at the entry's own port: {passing_there(passing)}"
                )
        rng = generator(bed.seed, f"when:{entry}")
        units = {at + tag.name: tag.unit for tag in bed.spec.tags for at in ("", SEEN)}
        trigger = Trigger(when, names, rng, tables=self._tables, refused=refused, units=units)
        known = {tag: i for i, tag in enumerate(bed.spec.tag_names)}
        asked = {name: known[name] for name in trigger.names if name in known}
        self._asked = list((dict(self._asked) | asked).items())
        return trigger

    def update(self, now: float, truth: Values) -> None:
        """Take the time [s] and the true values of an instant."""
        values = self.values
        for name, place in self._asked:
            values[name] = float(truth[place])
        clock = self._clock + now
        values["t"] = now / HOUR
        values["hour"] = clock % DAY / HOUR
        values["weekday"] = (self._day + clock // DAY) % 7

    def set_active(self, entry: str, active: bool) -> None:
        """Note that an entry has begun, or has ended."""
        self.values[entry + ACTIVE] = float(active)
        self.values[entry + ENDED] = float(not active)
