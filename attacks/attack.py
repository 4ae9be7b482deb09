"""The base class of every kind of attack.

A new kind is a frozen dataclass with `tamper` (for readings and commands) or `begin` and `end`
(for a PLC's logic, or the water itself), under `@register("name")`; see
`attacks/kinds/readings.py` for the shortest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import ConfigDict

from twin.control.taps import Late
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What is done to what passes at a port while the attack is active.

    The fields are its configuration and never change; what a run has to remember lives in the
    object that `fresh` returns.
    """

    kind: ClassVar[str]
    ports: ClassVar[tuple[str, ...]] = ("sensor", "link", "plc", "scada")
    """Families of ports it works on: sensor, link, plc, scada, actuator, plant."""
    outputs: ClassVar[bool] = False
    """Whether on a PLC it tampers with what leaves it, instead of what enters its memory."""
    inputs_too: ClassVar[bool] = False
    """Whether, besides what leaves a PLC, it tampers with what enters its memory."""
    answers: ClassVar[bool] = False
    """Whether it also shows something in the place of a reading that was due and did not come, as
    where a PLC is dead: `tamper` is then given the reading without a value (NaN)."""
    at_end: ClassVar[str] = "true readings pass again"
    """What happens when it ends, in words."""
    technique: ClassVar[str] = ""
    """Of MITRE ATT&CK for ICS: its number and name; at other ports see `attacks.techniques`."""
    example: ClassVar[str] = ""
    """An entry of a scenario's `attacks:` that runs on C-Town."""
    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return what acts in one run: this object, or one with state of its own.

        Parameters
        ----------
        rng : Generator
            The entry's own random stream, which disturbs no other.
        """
        return self

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if it makes no sense on what its port names: `PLC5` of `plc:PLC5`."""

    def select(self, tags: Sequence[str]) -> None:
        """Take, before the run, the tags its entry names, or all that pass at its port.

        Only a kind that changes no reading that passes, and yet acts on tags, has it.
        """

    def check_tags(self, tags: Sequence[str]) -> None:
        """Raise InputError if it makes no sense for these tags, those that it will see pass."""

    def touched(self, tags: Sequence[str]) -> Sequence[str]:
        """Return, of the tags that it will see pass, those that it may change; by default all."""
        return tags

    @property
    def watches_raw(self) -> bool:
        """Whether it watches what comes in at its port, before any other entry has changed it."""
        return False

    @property
    def hears(self) -> float:
        """How long before it begins it must have watched what passes [s]; the last value apart.

        A run is begun shortly before its attacks can act, if what they need to have seen is not
        older. Whoever has a `watch` of his own and says nothing here has seen everything.
        """
        return 0.0 if type(self).watch is Attack.watch else math.inf

    def watch(self, reading: Reading) -> None:
        """See a reading that passes, active or not, before it is tampered with."""

    def tamper(self, reading: Reading) -> Reading | Late | Sequence[Reading | Late] | None:
        """Return what passes instead of `reading` while active; None drops it."""
        return reading

    def tamper_packet(self, packet: Sequence[Reading]) -> Iterable[Reading | Late]:
        """Return what passes instead of readings that travel together; by default one by one."""
        for reading in packet:
            passed = self.tamper(reading)
            if isinstance(passed, Reading | Late):
                yield passed
            elif passed is not None:
                yield from passed if isinstance(passed, Iterable) else [passed]

    def begin(self, testbed: Testbed, target: str) -> None:
        """Act when the attack starts; a PLC is `testbed.plcs[target]`."""

    def step(self, testbed: Testbed, target: str, now: float) -> None:
        """Act at an instant [s] at which it is active, the first one too."""

    def end(self, testbed: Testbed, target: str) -> None:
        """Undo it when the attack ends."""
