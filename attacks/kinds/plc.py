"""Attacks on a PLC as a device: crash, restart, overload, clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from attacks.annotations import Seconds
from attacks.attack import Attack
from attacks.registry import register
from twin.control.taps import Late
from twin.errors import InputError
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed


@register("crash")
@dataclass(frozen=True, kw_only=True)
class Crash(Attack):
    """Stop a PLC: it scans nothing and answers nobody, and its actuators stay as they are.

    Nor does it hear anything: its memory stands still until it restarts.
    """

    ports = ("plc",)
    outputs = inputs_too = True
    technique = "T0814 Denial of Service"
    example = "{on: plc:PLC3, do: {crash: {}}, when: {from: 30 h, for: 12 h}}"
    at_end = (
        "it starts cold: outputs off (or at their failsafe), inputs forgotten, its own rules; it "
        "scans at once"
    )

    def tamper(self, reading: Reading) -> None:
        """Return nothing."""
        return None

    def begin(self, testbed: Testbed, target: str) -> None:
        """Stop its scans."""
        testbed.plcs[target].running = False

    def end(self, testbed: Testbed, target: str) -> None:
        """Start it cold."""
        testbed.plcs[target].restart()


@register("restart")
@dataclass(frozen=True, kw_only=True)
class Restart(Attack):
    """Start a PLC cold, when the attack begins: its outputs fall, and it forgets what it was told.

    Its pumps stop and its valves close (or go to their `failsafe`), until a rule says otherwise:
    one that was filling a tank stays off until the level calls for it again. It scans at once.
    Rules and setpoints an attacker had left in it are gone; SCADA's orders hold.
    """

    ports = ("plc",)
    technique = "T0816 Device Restart/Shutdown"
    example = "{on: plc:PLC3, do: {restart: {}}, when: {start: S_PU4 == 1}}"
    at_end = "nothing: it has been running since its beginning"

    def begin(self, testbed: Testbed, target: str) -> None:
        """Start it cold."""
        testbed.plcs[target].restart()


@register("overload")
@dataclass(frozen=True, kw_only=True)
class Overload(Attack):
    """Keep a PLC busy: it scans every `scan` only, and answers `delay` late or not at all.

    `timeouts` is the probability that an answer to SCADA or another PLC does not come.
    """

    scan: Seconds
    delay: Seconds = 0.0
    timeouts: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0

    ports = ("plc",)
    outputs = True
    technique = "T0814 Denial of Service"
    example = (
        "{on: plc:PLC3, do: {overload: {scan: 2 h, delay: 30 s, timeouts: 0.5}}, "
        "when: {from: 30 h, for: 12 h}}"
    )
    at_end = "it scans and answers as before; answers under way still come late"

    def __post_init__(self) -> None:
        if self.scan < 1 or self.scan % 1:
            raise InputError("scan is a whole number of seconds", keys=["scan"])

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that draws from the entry's stream."""
        return _Overloaded(scan=self.scan, delay=self.delay, timeouts=self.timeouts, _rng=rng)


@dataclass(frozen=True, kw_only=True)
class _Overloaded(Overload):
    _rng: np.random.Generator

    def begin(self, testbed: Testbed, target: str) -> None:
        plc = testbed.plcs[target]
        plc.every, plc.crossing = int(self.scan), None

    def end(self, testbed: Testbed, target: str) -> None:
        plc = testbed.plcs[target]
        plc.every, plc.crossing = plc.spec.scan, plc.spec.crossing

    def tamper_packet(self, packet: Sequence[Reading]) -> Iterable[Reading | Late]:
        if self._rng.random() < self.timeouts:
            return []
        return [Late(reading, self.delay) for reading in packet] if self.delay else packet


@register("clock")
@dataclass(frozen=True, kw_only=True)
class Clock(Attack):
    """Set a PLC's clock ahead, or, with `back: true`, back.

    Its rules on `t` and `hour` go by it, and no others: C-Town's own name no time.
    """

    by: Seconds
    back: bool = False

    ports = ("plc",)
    technique = "T0831 Manipulation of Control"
    example = "{on: plc:PLC1, do: {clock: {by: 6 h}}, when: {from: 30 h, for: 12 h}}"
    at_end = "its clock is right again"

    def begin(self, testbed: Testbed, target: str) -> None:
        """Turn the clock."""
        testbed.plcs[target].skew += -self.by if self.back else self.by

    def end(self, testbed: Testbed, target: str) -> None:
        """Turn it back."""
        testbed.plcs[target].skew -= -self.by if self.back else self.by
