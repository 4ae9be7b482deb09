"""Attacks on a reading's value: a sensor or link shows another one.

The kinds are offset, constant, zero, scale, quantise, clip, noise, freeze, swap and dead.

Unless a kind says otherwise, a reading that is no number (NaN: nothing measured, or a command that
leaves an actuator to its PLC) passes as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from attacks.annotations import Unit
from attacks.attack import Attack
from attacks.registry import register
from twin.errors import InputError
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed

_SPOOF = "T0856 Spoof Reporting Message"
_VIEW = "T0832 Manipulation of View"


@register("offset")
@dataclass(frozen=True, kw_only=True)
class Offset(Attack):
    """Add a constant to a reading on its way."""

    by: Annotated[float, Unit("tag")]

    example = "{on: sensor:L_T1, do: {offset: {by: 1.0}}, when: {from: 30 h, for: 6 h}}"
    technique = _SPOOF

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading, shifted."""
        return reading.with_value(reading.value + self.by)


@register("constant")
@dataclass(frozen=True, kw_only=True)
class Constant(Attack):
    """Show one value, whatever the reading, and also where there is none."""

    value: Annotated[float, Unit("tag")]

    answers = True
    example = '{on: "link:T2->PLC3", do: {constant: {value: 5.6}}, when: {from: 10 h, to: 20 h}}'
    technique = _SPOOF

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading with the constant in its place."""
        return reading.with_value(self.value)


@register("zero")
@dataclass(frozen=True, kw_only=True)
class Zero(Attack):
    """Show 0, whatever the reading, and also where there is none: an instrument without power."""

    answers = True
    example = '{on: "link:T7->PLC9", do: {zero: {}}, when: {from: 10 h, for: 4 h}}'
    technique = _SPOOF

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading with 0 in its place."""
        return reading.with_value(0.0)


@register("scale")
@dataclass(frozen=True, kw_only=True)
class Scale(Attack):
    """Multiply a reading: an instrument that is calibrated wrongly."""

    factor: Annotated[float, Unit("")]

    example = "{on: sensor:L_T7, do: {scale: {factor: 0.8}}, when: {from: 12 h, for: 1 d}}"
    technique = _SPOOF

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading, multiplied."""
        return reading.with_value(reading.value * self.factor)


@register("quantise")
@dataclass(frozen=True, kw_only=True)
class Quantise(Attack):
    """Show a reading in whole steps only, the nearest one: detail is taken away."""

    resolution: Annotated[float, Field(gt=0.0), Unit("tag")]

    example = '{on: "link:*->SCADA", tags: [L_T1], do: {quantise: {resolution: 0.5}}}'
    technique = _VIEW

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading, rounded to a multiple of the resolution."""
        if math.isnan(reading.value):
            return reading
        return reading.with_value(round(reading.value / self.resolution) * self.resolution)


@register("clip")
@dataclass(frozen=True, kw_only=True)
class Clip(Attack):
    """Hide what lies above or below a limit: the limit is shown instead."""

    above: Annotated[float | None, Unit("tag")] = None
    below: Annotated[float | None, Unit("tag")] = None

    example = '{on: "link:PLC2->SCADA", do: {clip: {above: 5.0, below: 2.0}}}'
    technique = _VIEW

    def __post_init__(self) -> None:
        if self.above is None and self.below is None:
            raise InputError("clip needs above or below, or both")
        if self.above is not None and self.below is not None and self.below > self.above:
            raise InputError(f"below {self.below:g} lies above above {self.above:g}")

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading, or the limit that it exceeds."""
        value = reading.value
        if self.above is not None and value > self.above:
            value = self.above
        if self.below is not None and value < self.below:
            value = self.below
        return reading.with_value(value)


@register("noise")
@dataclass(frozen=True, kw_only=True)
class Noise(Attack):
    """Add normally distributed noise, drawn anew for each reading."""

    std: Annotated[float, Field(gt=0.0), Unit("tag")]

    example = "{on: sensor:L_T1, do: {noise: {std: 0.3}}, when: {from: 12 h, for: 1 d}}"
    technique = _SPOOF

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that draws from the entry's stream."""
        return _Noisy(self.std, rng)


class _Noisy(Attack):
    def __init__(self, std: float, rng: np.random.Generator):
        self._std, self._rng = std, rng

    def tamper(self, reading: Reading) -> Reading:
        return reading.with_value(reading.value + self._std * self._rng.standard_normal())


@register("freeze")
@dataclass(frozen=True, kw_only=True)
class Freeze(Attack):
    """Show the first reading that passes after the start, for ever: a stuck instrument.

    Where none comes any more, as from a dead PLC, it shows the last that came.
    """

    answers = True
    example = "{on: sensor:L_T1, do: {freeze: {}}, when: {from: 12 h, for: 1 d}}"
    technique = _VIEW

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that holds no reading yet."""
        return _Frozen()


class _Frozen(Attack):
    def __init__(self) -> None:
        self._held: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def begin(self, testbed: Testbed, target: str) -> None:
        self._held.clear()

    hears = 0.0  # the last value is all it needs

    def watch(self, reading: Reading) -> None:
        self._last[reading.tag] = reading.value

    def tamper(self, reading: Reading) -> Reading:
        value = self._last.get(reading.tag, reading.value)
        if reading.tag not in self._held and math.isnan(value):
            return reading
        return reading.with_value(self._held.setdefault(reading.tag, value))


@register("swap")
@dataclass(frozen=True, kw_only=True)
class Swap(Attack):
    """Exchange two tags, named by the entry's `tags:`: each shows what the other last did there."""

    example = '{on: "link:PLC3->SCADA", tags: [F_PU4, F_PU6], do: {swap: {}}, when: {from: 12 h}}'
    technique = _SPOOF

    def check_tags(self, tags: Sequence[str]) -> None:
        """Raise InputError unless there are two."""
        if len(tags) != 2:
            raise InputError(f"swap exchanges two tags: name them under `tags:`, not {len(tags)}")

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that remembers what it saw."""
        return _Swapping()


class _Swapping(Attack):
    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    hears = 0.0  # the last value is all it needs

    def watch(self, reading: Reading) -> None:
        self._seen[reading.tag] = reading.value

    def tamper(self, reading: Reading) -> Reading | None:
        others = [value for tag, value in self._seen.items() if tag != reading.tag]
        return reading.with_value(others[0]) if others else None


@register("dead")
@dataclass(frozen=True, kw_only=True)
class Dead(Attack):
    """Let an instrument show nothing: NaN in its PLC, where it satisfies no rule, and bad quality.

    Unlike `drop`, with which the last value stays.
    """

    ports = ("sensor",)
    example = "{on: sensor:L_T3, do: {dead: {}}, when: {from: 30 h, for: 12 h}}"

    def tamper(self, reading: Reading) -> Reading:
        """Return the reading without a value."""
        return reading.with_value(math.nan)
