"""Attacks on commands: to an actuator (force, block, invert, chatter) and to a PLC (spoof)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from attacks.annotations import WRITES, Seconds, Unit
from attacks.attack import Attack
from attacks.registry import register
from twin.control.orders import order
from twin.control.ports import Port
from twin.errors import InputError, nearest
from twin.plants.logic import STATES, setting
from twin.tags import Reading
from twin.units import spoken

if TYPE_CHECKING:
    from twin.testbed import Testbed

_CLOSED, _OPEN = STATES["closed"], STATES["open"]
_WORDS = {**STATES, "off": _CLOSED, "on": _OPEN}


def _setting(value: object) -> object:
    if isinstance(value, str) and value not in _WORDS:
        raise ValueError(f"open, closed, on, off or a relative pump speed, not {value!r}")
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _orders(written: Mapping[str, float | str]) -> Mapping[str, float | str]:
    for name, value in written.items():
        order(name, value)
    return written


@register("force")
@dataclass(frozen=True, kw_only=True)
class Force(Attack):
    """Command a pump or valve, whatever its PLC says: `open`, `closed`, or a relative speed."""

    to: Annotated[
        float,
        BeforeValidator(_setting),
        Field(ge=0.0, le=1.5, strict=True),
        Unit("setting"),
        WithJsonSchema(setting(_WORDS, 1.5)),
    ]

    answers = True
    ports = ("actuator",)
    technique = "T0855 Unauthorized Command Message"
    example = "{on: actuator:PU3, do: {force: {to: open}}, when: {from: 30 h, for: 6 h}}"
    at_end = "the PLC's own command holds again at once"

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if a speed is given for a valve."""
        if self.to not in STATES.values() and target not in testbed.spec.model.pump_name_list:
            raise InputError(f"{target} is a valve: open or closed, not a speed", keys=["to"])

    def tamper(self, reading: Reading) -> Reading:
        """Return the forced command."""
        return reading.with_value(self.to)


@register("block")
@dataclass(frozen=True, kw_only=True)
class Block(Attack):
    """Let no command reach a pump or valve: it stays as it is, whatever its PLC says."""

    ports = ("actuator",)
    technique = "T0803 Block Command Message"
    example = "{on: actuator:PU2, do: {block: {}}, when: {from: 30 h, for: 12 h}}"
    at_end = "the PLC's present command reaches the drive at once"

    def tamper(self, reading: Reading) -> None:
        """Return nothing."""
        return None


@register("invert")
@dataclass(frozen=True, kw_only=True)
class Invert(Attack):
    """Command the opposite: what its PLC closes is opened, and what it opens is closed."""

    ports = ("actuator",)
    technique = "T0831 Manipulation of Control"
    example = "{on: actuator:PU10, do: {invert: {}}, when: {from: 30 h, for: 12 h}}"
    at_end = "the PLC's own command holds again at once"

    def tamper(self, reading: Reading) -> Reading:
        """Return open for closed, and closed for open or a speed."""
        return reading.with_value(_CLOSED if reading.value > _CLOSED else _OPEN)


@register("chatter")
@dataclass(frozen=True, kw_only=True)
class Chatter(Attack):
    """Switch a pump or valve on and off, whatever its PLC says, to wear it out.

    It is open for the first `duty` of each `period` since the attack began, closed for the rest.
    """

    period: Seconds
    duty: Annotated[float, Field(gt=0.0, lt=1.0, description="share of the period")] = 0.5

    answers = True
    ports = ("actuator",)
    technique = "T0806 Brute Force I/O"
    example = "{on: actuator:PU1, do: {chatter: {period: 10 min}}, when: {from: 30 h, for: 6 h}}"
    at_end = "the PLC's own command holds again at once"

    def __post_init__(self) -> None:
        if min(self.duty, 1.0 - self.duty) * self.period < 10.0:
            words = f"of {spoken(self.period)} and duty {self.duty:g}"
            raise InputError(f"a period {words} leaves less than 10 s open or closed")

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that remembers when it began."""
        return _Chattering(period=self.period, duty=self.duty)


@dataclass(frozen=True, kw_only=True)
class _Chattering(Chatter):
    _began: list[float] = field(default_factory=list)

    def begin(self, testbed: Testbed, target: str) -> None:
        self._began[:] = [testbed.env.now]

    def step(self, testbed: Testbed, target: str, now: float) -> None:
        """Have the water stop at the next switch, which may come between two steps."""
        into = (now - self._began[0]) % self.period
        opened = self.duty * self.period
        testbed.wake(now + (opened if into < opened else self.period) - into)

    def tamper(self, reading: Reading) -> Reading:
        into = (reading.time - self._began[0]) % self.period
        return reading.with_value(_OPEN if into < self.duty * self.period else _CLOSED)


@register("spoof")
@dataclass(frozen=True, kw_only=True)
class Spoof(Attack):
    """Write to a PLC in SCADA's name: manual commands and setpoints the operator never gave.

    `write` is as in a scenario's `operator:`; an actuator is `open`, `closed`, `auto` or a speed,
    and a setpoint like `SP_PU10_open` a number in its tag's unit. The PLC takes them at its next
    scan, and keeps a setpoint until it hears another. They are sent whenever SCADA polls, also
    where an entry before this one drops what SCADA sends; one after it drops them too.
    """

    write: Annotated[
        Mapping[str, float | str],
        AfterValidator(_orders),
        Field(
            description="actuators and setpoints the PLC takes from SCADA",
            examples=[{"SP_PU10_open": 3.0, "PU9": "open"}],
        ),
        WithJsonSchema(WRITES),
    ]

    ports = ("link",)
    technique = "T0855 Unauthorized Command Message"
    example = (
        '{on: "link:SCADA->PLC5", do: {spoof: {write: {SP_PU10_open: 3.0, PU9: open}}}, '
        "when: {from: 30 h, for: 12 h}}"
    )
    at_end = (
        "what SCADA itself orders reaches the PLC again with the next poll; an actuator without "
        "rules stays as it is"
    )

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if no order passes there, or none of that name."""
        points = testbed.points(f"link:{target}")
        if not all(Port.parse(point.name).sender == "SCADA" for point in points):
            raise InputError(f"SCADA gives no orders on link:{target}, only on link:SCADA->…")
        known = {tag for point in points for tag in point.tags}
        for name in self.write:
            if name not in known:
                message = f"no order called {name!r} passes there: {nearest(name, known)}"
                raise InputError(message, keys=["write", name])

    def touched(self, tags: Sequence[str]) -> Sequence[str]:
        """Return what it writes."""
        return [tag for tag in tags if tag in self.write]

    @property
    def watches_raw(self) -> bool:
        """Whether its orders go out with SCADA's own, even where another entry drops those."""
        return True

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return a sender."""
        return _Spoofing({name: order(name, said) for name, said in self.write.items()})


class _Spoofing(Attack):
    def __init__(self, write: Mapping[str, float]):
        self._write = write
        self._due: list[Reading] = []

    def begin(self, testbed: Testbed, target: str) -> None:
        self._due.clear()

    hears = 0.0  # what it heard before it begins it forgets

    def watch(self, reading: Reading) -> None:
        if reading.tag in self._write:
            self._due.append(reading)

    def tamper_packet(self, packet: Sequence[Reading]) -> list[Reading]:
        passing = [reading for reading in packet if reading.tag not in self._write]
        sent = [reading.with_value(self._write[reading.tag]) for reading in self._due]
        self._due.clear()
        return [*passing, *sent]
