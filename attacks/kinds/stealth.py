"""Attacks that stay below a detector's threshold: bias, surge, geometric, cusum.

A detector expects ŷ of a coming reading and looks at the residual r, what is shown minus ŷ. Each
kind here shows y' = ŷ + r; they differ in how r goes on. The attacker knows the detector, its
threshold τ and its `model`:

- `persistence`: ŷ is what was shown last;
- `ar1`: ŷ = a + φ · what was shown last; a and φ are fitted by least squares to what passed here
  while no attack was active, warm-up included, as a detector would be trained;
- `twin`: ŷ is what the same plant would show without any attack; he runs it himself, and knows
  what the kind `covert` says.

With the first two the detector is led away step by step, for it believes what it was shown: how
far, only `low` and `high` bound. With the twin, what is shown stays within τ of what is usual.
Every tag is judged by itself, each time it passes or was due; before it first passed, it is not
shown. The threshold is in the tags' unit: name the tags it is meant for.

Sources: Cárdenas et al. 2011, "Attacks against process control systems: risk assessment, detection,
and response" (surge, bias and geometric attacks, the CUSUM they evade); Urbina et al. 2016,
"Limiting the impact of stealthy attacks on industrial control systems" (the largest residual that
a stateless and a CUSUM detector miss).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from attacks.annotations import Seconds, Unit
from attacks.attack import Attack
from attacks.attacker import AttackerTwin
from attacks.registry import register
from twin.errors import InputError
from twin.tags import Reading

if TYPE_CHECKING:
    from twin.testbed import Testbed


@dataclass(frozen=True, kw_only=True)
class Stealthy(Attack):
    """The fields and the residual that all of them have."""

    threshold: Annotated[float, Field(gt=0.0), Unit("tag")]
    model: Literal["persistence", "ar1", "twin"] = "persistence"
    low: Annotated[float | None, Unit("tag")] = None
    high: Annotated[float | None, Unit("tag")] = None

    answers = True
    technique = "T0856 Spoof Reporting Message"

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(f"low {self.low:g} lies above high {self.high:g}")

    @abstractmethod
    def residual(self, expected: float, since: float, spent: float) -> float:
        """Return by how much more than `expected` it shows.

        Parameters
        ----------
        expected : float
            What the detector expects [tag's unit].
        since : float
            Seconds since the attack began.
        spent : float
            Where a CUSUM with `slack` stands, for this tag.
        """

    @property
    def limit(self) -> float:
        """The threshold, by a hair less, so that no rounding takes a residual beyond it."""
        return self.threshold * (1.0 - 1e-9)

    @property
    def slack(self) -> float:
        """The residual that adds nothing to the detector's CUSUM; 0 where it has none."""
        return 0.0

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that learns what to expect."""
        return _Stealth(self)


_UP = Literal["up", "down"]
_SIGN = {"up": 1.0, "down": -1.0}


@register("bias")
@dataclass(frozen=True, kw_only=True)
class Bias(Stealthy):
    """Show a reading that is off what the detector expects by its threshold: r = ±τ, always.

    It misses that if it alarms where |r| > τ. The models are those of every stealthy kind:
    `persistence` expects what was shown last, `ar1` a + φ times that, fitted before the attack,
    `twin` what the plant would show without any attack.
    """

    direction: _UP = "up"

    example = (
        '{on: "link:PLC2->PLC1", do: {bias: {threshold: 0.05, model: ar1, direction: down, '
        "low: 0.5}}, when: {from: 24 h, for: 12 h}}"
    )

    def residual(self, expected: float, since: float, spent: float) -> float:
        """Return the threshold."""
        return _SIGN[self.direction] * self.limit


@register("surge")
@dataclass(frozen=True, kw_only=True)
class Surge(Stealthy):
    """Go to a value as fast as the detector allows, and stay there: |r| ≤ τ.

    Shown is what lies nearest to `to` within the threshold of what is expected. The models are
    those of `bias`.
    """

    to: Annotated[float, Unit("tag")]

    example = (
        '{on: "link:PLC2->PLC1", do: {surge: {threshold: 0.2, to: 1.5}}, '
        "when: {from: 24 h, for: 12 h}}"
    )

    def residual(self, expected: float, since: float, spent: float) -> float:
        """Return what is missing to the value, or the threshold."""
        return min(max(self.to - expected, -self.limit), self.limit)


@register("geometric")
@dataclass(frozen=True, kw_only=True)
class Geometric(Stealthy):
    """Drift off slowly and ever faster: |r| = τ · growth^(t/over - 1) after a time t.

    It begins at τ/growth, is τ after `over`, and stays there. That is β·α^(n-k) of Cárdenas et al.
    2011 with β = τ and αⁿ = 1/growth. The models are those of `bias`.
    """

    over: Annotated[Seconds, Field(gt=0.0)]
    growth: Annotated[float, Field(gt=1.0)] = 100.0
    direction: _UP = "up"

    example = (
        '{on: "link:*->SCADA", tags: [L_T1], do: {geometric: {threshold: 0.5, model: twin, '
        "over: 1 d}}, when: {from: 12 h, for: 1 d}}"
    )

    def residual(self, expected: float, since: float, spent: float) -> float:
        """Return the threshold, or what has grown so far."""
        share = min(since / self.over, 1.0) - 1.0
        return float(_SIGN[self.direction] * self.limit * self.growth**share)


@register("cusum")
@dataclass(frozen=True, kw_only=True)
class Cusum(Stealthy):
    """Show the most that a CUSUM detector misses: first |r| = τ + b, then b for ever.

    The detector adds up S = max(0, S + |r| - b) and alarms where S > τ; b, the `drift` it forgives
    at each reading, keeps normal residuals from adding up. The models are those of `bias`.
    """

    drift: Annotated[float, Field(gt=0.0), Unit("tag")]
    direction: _UP = "up"

    example = (
        '{on: "link:PLC2->PLC1", do: {cusum: {threshold: 0.5, drift: 0.01, direction: down, '
        "low: 0.5}}, when: {from: 24 h, for: 12 h}}"
    )

    @property
    def slack(self) -> float:
        """The drift."""
        return self.drift

    def residual(self, expected: float, since: float, spent: float) -> float:
        """Return what is left of the threshold, and the drift."""
        return _SIGN[self.direction] * (self.limit + self.drift - spent)


class _Stealth(Attack):
    """One run's attack: what was shown last, the fit of each tag, the detector's CUSUM."""

    def __init__(self, kind: Stealthy):
        self._kind = kind
        self._began: float | None = None
        self._twin: AttackerTwin | None = None
        self._last: dict[str, tuple[float, float]] = {}
        self._fits: dict[str, _Fit] = defaultdict(_Fit)
        self._spent: dict[str, float] = defaultdict(float)

    def begin(self, testbed: Testbed, target: str) -> None:
        self._began = testbed.env.now
        self._spent.clear()
        if self._kind.model == "twin" and self._twin is None:
            self._twin = AttackerTwin(testbed, target)

    def end(self, testbed: Testbed, target: str) -> None:
        self._began = None

    @property
    def hears(self) -> float:
        """Everything where a model is fitted to it; else the last value."""
        return math.inf if self._kind.model == "ar1" else 0.0

    def watch(self, reading: Reading) -> None:
        if self._began is not None or math.isnan(reading.value):
            return
        time, before = self._last.get(reading.tag, (-math.inf, math.nan))
        if reading.time > time:
            if self._kind.model == "ar1" and not math.isnan(before):
                self._fits[reading.tag].add(before, reading.value)
            self._last[reading.tag] = (reading.time, reading.value)

    def tamper(self, reading: Reading) -> Reading:
        kind, tag = self._kind, reading.tag
        if math.isnan(reading.value) and tag not in self._last:
            return reading
        time, last = self._last.get(tag, (-math.inf, reading.value))
        if reading.time <= time:  # it passes on several ways at once
            return reading.with_value(last)
        assert self._began is not None
        expected = self._expected(tag, last)
        spent = self._spent[tag]
        shown = expected + kind.residual(expected, reading.time - self._began, spent)
        # What is expected beyond a bound is still shown: a jump to the bound would be noticed.
        if kind.low is not None:
            shown = max(shown, min(kind.low, expected))
        if kind.high is not None:
            shown = min(shown, max(kind.high, expected))
        self._spent[tag] = max(0.0, spent + abs(shown - expected) - kind.slack)
        self._last[tag] = (reading.time, shown)
        return reading.with_value(shown)

    def _expected(self, tag: str, last: float) -> float:
        if self._twin is not None:
            value = self._twin.value(tag)
            return last if value is None or math.isnan(value) else value
        return self._fits[tag].coming(last) if self._kind.model == "ar1" else last


class _Fit:
    """A first-order autoregression, fitted as readings pass.

    Sums are of differences from the first reading, for the sake of precision.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._sums = np.zeros(5)

    def add(self, before: float, value: float) -> None:
        """Learn that `value` came after `before`."""
        if self._first is None:
            self._first = before
        x, y = before - self._first, value - self._first
        self._sums += (1.0, x, y, x * x, x * y)

    def coming(self, last: float) -> float:
        """Return what is expected after `last`; `last` itself if nothing is known."""
        if self._first is None:
            return last
        n, x, y, xx, xy = self._sums.tolist()
        spread = xx - x * x / n
        slope = (xy - x * y / n) / spread if spread > 0.0 else 0.0
        return float(self._first + y / n + slope * (last - self._first - x / n))
