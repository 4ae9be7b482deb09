"""What is done to the plant itself: leaks, demands, failed devices, worn pumps.

The kinds are leak, demand, fail and wear; as faults they are benign disturbances.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import BeforeValidator, Field, WithJsonSchema

from attacks.annotations import Seconds, Unit
from attacks.attack import Attack
from attacks.registry import register
from twin.errors import InputError, nearest
from twin.plants.logic import HIGHEST, STATES, setting
from twin.water.disturbance import check_hold, check_wear, leak_points

if TYPE_CHECKING:
    from twin.testbed import Testbed

_STUCK = "stuck"


@register("leak")
@dataclass(frozen=True, kw_only=True)
class Leak(Attack):
    """Open a hole in a junction or a pipe (half of it at either end); a large one is a burst.

    It loses 0.75 · area · √(2 g pressure): 1 cm² at 50 m loses 2.3 L/s, 100 cm² 235 L/s.
    """

    area: Annotated[float, Field(gt=0.0, le=1.0), Unit("m²")]
    grows: Seconds = 0.0

    ports = ("plant",)
    at_end = "the leak is mended"
    technique = "T0879 Damage to Property"
    example = (
        "{on: plant:P310, do: {leak: {area: 0.001, grows: 6 h}}, when: {from: 10 h, for: 1 d}}"
    )

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that remembers since when it leaks."""
        return _Leaking(area=self.area, grows=self.grows)

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if nothing there can leak."""
        leak_points(testbed.spec.model, target)


@dataclass(frozen=True, kw_only=True)
class _Leaking(Leak):
    _since: list[float] = field(default_factory=list)

    def step(self, testbed: Testbed, target: str, now: float) -> None:
        if not self._since:
            self._since.append(now)
        elif now - self._since[0] > self.grows + testbed.spec.step:
            return  # it has its full size
        grown = min((now - self._since[0]) / self.grows, 1.0) if self.grows else 1.0
        testbed.plant.leak(target, self.area * grown, cause=id(self))

    def end(self, testbed: Testbed, target: str) -> None:
        self._since.clear()
        testbed.plant.leak(target, 0.0, cause=id(self))


@register("demand")
@dataclass(frozen=True, kw_only=True)
class Demand(Attack):
    """Let a junction, or a share of a district's junctions, draw more: surge, fire flow, botnet."""

    factor: Annotated[float, Field(ge=0.0, le=1000.0, description="of what each draws anyway")] = (
        1.0
    )
    extra: Annotated[
        float, Field(ge=0.0, le=1e5, description="that all together draw as well"), Unit("L/s")
    ] = 0.0
    share: Annotated[
        float, Field(gt=0.0, le=1.0, description="of a district's junctions that draw, by chance")
    ] = 1.0

    ports = ("plant",)
    at_end = "everybody draws as ever"
    technique = "T0826 Loss of Availability"
    example = (
        "{on: plant:DMA2, do: {demand: {factor: 3, share: 0.3}}, when: {from: 30 h, for: 4 h}}"
    )

    def __post_init__(self) -> None:
        if self.factor == 1.0 and self.extra == 0.0:
            raise InputError("demand needs a factor or an extra [L/s]")

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that draws its junctions."""
        return _Drawing(factor=self.factor, extra=self.extra, share=self.share, _rng=rng)

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if nobody draws water there."""
        spec = testbed.spec
        if target in spec.dmas:
            return
        junctions = spec.model.junction_name_list
        if target not in junctions:
            known = [*spec.dmas, *junctions]
            raise InputError(f"{target} is no junction and no district: {nearest(target, known)}")
        if self.share != 1.0:
            raise InputError(f"{target} is one junction, not a share of some", keys=["share"])
        if self.extra == 0.0 and not _draws(testbed, target):
            message = f"{target} has no demand to multiply: give it an extra [L/s]"
            raise InputError(message, keys=["factor"])


@dataclass(frozen=True, kw_only=True)
class _Drawing(Demand):
    _rng: np.random.Generator
    _nodes: list[str] = field(default_factory=list)

    def begin(self, testbed: Testbed, target: str) -> None:
        if not self._nodes:
            nodes = testbed.spec.dmas.get(target, (target,))
            users = [name for name in nodes if _draws(testbed, name)] or list(nodes)
            count = max(1, round(self.share * len(users)))
            self._nodes.extend(str(name) for name in self._rng.permutation(users)[:count])
        testbed.plant.demand(self._nodes, self.factor, self.extra, cause=id(self))

    def end(self, testbed: Testbed, target: str) -> None:
        testbed.plant.demand(self._nodes, 1.0, 0.0, cause=id(self))


def _draws(testbed: Testbed, junction: str) -> bool:
    """Return whether a junction has a demand of its own."""
    demands = testbed.spec.model.get_node(junction).demand_timeseries_list
    return any(demand.base_value for demand in demands)


def _state(value: object) -> object:
    if isinstance(value, str) and value not in STATES and value != _STUCK:
        raise ValueError(f"closed, open, stuck or a setting, not {value!r}")
    return STATES.get(value, value) if isinstance(value, str) else value


@register("fail")
@dataclass(frozen=True, kw_only=True)
class Fail(Attack):
    """Let a pump, valve or pipe itself be closed, open, at a setting, or stuck as it is.

    It obeys nobody meanwhile; `force` deceives its drive only. A pump that runs dry still stops.
    """

    to: Annotated[
        str | float,
        BeforeValidator(_state),
        Unit("setting"),
        WithJsonSchema(setting([*STATES, _STUCK])),
    ]

    ports = ("plant",)
    at_end = "it obeys again, and does what it was told last"
    technique = "T0879 Damage to Property"
    example = "{on: plant:V2, do: {fail: {to: closed}}, when: {from: 10 h, for: 12 h}}"

    def __post_init__(self) -> None:
        if not isinstance(self.to, str) and not 0.0 <= self.to <= HIGHEST:
            raise InputError(f"a setting cannot be {self.to:g}", keys=["to"])

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that the plant tells from any other."""
        return replace(self)

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if there is no such link, or none with such a setting."""
        check_hold(testbed.spec.model, target, 1.0 if self.to == _STUCK else float(self.to))

    def begin(self, testbed: Testbed, target: str) -> None:
        """Hold it."""
        plant = testbed.plant
        setting = plant.told(target) if self.to == _STUCK else float(self.to)
        plant.hold(target, setting, cause=id(self))

    def end(self, testbed: Testbed, target: str) -> None:
        """Let it go."""
        testbed.plant.release(target, cause=id(self))


@register("wear")
@dataclass(frozen=True, kw_only=True)
class Wear(Attack):
    """Let a pump turn at a share of the speed it is told."""

    speed: Annotated[
        float, Field(gt=0.0, le=1.5, description="of the speed it is told, 1 being all of it")
    ]

    ports = ("plant",)
    at_end = "the pump is mended"
    technique = "T0879 Damage to Property"
    example = "{on: plant:PU4, do: {wear: {speed: 0.9}}, when: {from: 10 h, for: 1 d}}"

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return one that the plant tells from any other."""
        return replace(self)

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if there is no such pump, or none that a lower speed slows."""
        check_wear(testbed.spec.model, target)

    def begin(self, testbed: Testbed, target: str) -> None:
        """Slow it."""
        testbed.plant.wear(target, self.speed, cause=id(self))

    def end(self, testbed: Testbed, target: str) -> None:
        """Mend it."""
        testbed.plant.wear(target, 1.0, cause=id(self))
