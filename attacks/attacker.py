"""The attacker's own twin: the same plant, nothing done to it, run beside the real one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin.plants.spec import PlantSpec
from twin.tags import Reading, Values
from twin.units import DAY

if TYPE_CHECKING:
    from twin.testbed import Testbed

_SOON = 1e-3  # s; instants are whole seconds, and what happens in one is over by then
_LONG = 36500 * DAY


@dataclass(frozen=True, eq=False)
class AttackerModel(PlantSpec):
    """The attacker's model of a plant: the plant with errors in two of its parameters.

    Attributes
    ----------
    roughness : float
        Factor on each pipe's roughness coefficient.
    demand : float
        Factor on every demand.
    """

    roughness: float = 1.0
    demand: float = 1.0

    def read_model(self) -> Any:
        """Return a fresh model, with the errors."""
        model = super().read_model()
        for _, pipe in model.pipes():
            pipe.roughness *= self.roughness
        model.options.hydraulic.demand_multiplier *= self.demand
        return model


def attacker_model(spec: PlantSpec, roughness: float, demand: float) -> PlantSpec:
    """Return the attacker's model of a plant; the plant itself if it has no errors."""
    if roughness == 1.0 and demand == 1.0:
        return spec
    known = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    return AttackerModel(**known, roughness=roughness, demand=demand)


class AttackerTwin:
    """The attacker's own twin of the plant, and what passes there at one port.

    It first runs when it is first asked, from the warm-up to the real plant's time, and keeps up
    with the real plant from then on.

    Parameters
    ----------
    testbed : Testbed
        The real one; the attacker's is closed with it.
    target : str
        What follows the colon of the port; "" for `scada`.
    roughness, demand : float
        Errors of the attacker's knowledge; see `AttackerModel`.
    """

    def __init__(
        self, testbed: Testbed, target: str, *, roughness: float = 1.0, demand: float = 1.0
    ):
        self._real = testbed
        self._twin = testbed.without_attacks(attacker_model(testbed.spec, roughness, demand))
        self._twin.recording = False
        self._passed: dict[str, float] = {}
        for point in self._twin.points(_port(testbed, target)):
            point.attach(self._listen, point.tags)
        self._frame: tuple[float, Values] | None = None
        self._twin.actors.append(self._take_over)
        self._running = self._twin.run(_LONG, every=self._lag)

    def value(self, tag: str) -> float | None:
        """Return what last passed of a tag until now, None if nothing ever did."""
        if self._twin.env.now < self._real.env.now:
            next(self._running)
        return self._passed.get(tag)

    def synchronise(self) -> None:
        """Let the twin go on from the real plant's levels, pumps and valves of now."""
        self._frame = self._real.env.now, self._real.plant.values.copy()

    def _take_over(self, now: float, values: Values) -> None:
        if self._frame is not None and now >= self._frame[0]:
            self._twin.impose(self._frame[1])
            self._frame = None

    def _lag(self) -> float:
        """Return how long [s] it has to run to be as far as the real plant."""
        return float(self._real.env.now - self._twin.env.now + _SOON)

    def _listen(self, packet: Sequence[Reading]) -> Iterable[Reading]:
        for reading in packet:
            self._passed[reading.tag] = reading.value
        return packet


def _port(testbed: Testbed, target: str) -> str:
    """Return the port whose name ends in `target`."""
    if not target:
        return "scada"
    if "->" in target:
        return f"link:{target}"
    return f"plc:{target}" if target in testbed.plcs else f"sensor:{target}"
