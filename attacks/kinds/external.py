"""Writes from outside to a PLC's registers, by whoever can reach its server: external."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, Field, WithJsonSchema

from attacks.annotations import WRITES
from attacks.attack import Attack
from attacks.registry import register
from twin.control.orders import order, word
from twin.errors import under
from twin.units import DURATION, duration, readable

if TYPE_CHECKING:
    from twin.testbed import Testbed

Writes = Mapping[str, Mapping[str, float | str]]


def _writes(written: Writes) -> Writes:
    for at, orders in written.items():
        duration(at)
        for name, value in orders.items():
            order(name, value)
    return written


@register("external")
@dataclass(frozen=True, kw_only=True)
class External(Attack):
    """Write to a PLC's registers from outside, as a client that speaks Modbus or OPC UA does.

    `writes` has, by time since the scenario's start, actuators and setpoints as in a scenario's
    `operator:`. The PLC takes them at its next scan, and they stand until SCADA writes the same
    order anew, or the PLC starts cold. SCADA itself wrote nothing, and shows its own orders.
    """

    writes: Annotated[
        Writes,
        AfterValidator(_writes),
        Field(
            min_length=1,
            description="what is written, by time since the scenario's start",
            examples=[{"30 h": {"PU3": "open"}, "36 h": {"PU3": "auto"}}],
        ),
        WithJsonSchema(
            {"type": "object", "propertyNames": DURATION, "additionalProperties": WRITES}
        ),
    ]
    peer: str = ""
    protocol: str = "modbus"

    ports = ("plc",)
    technique = "T0855 Unauthorized Command Message"
    example = (
        "{on: plc:PLC1, do: {external: {writes: {30 h: {PU3: open}, 36 h: {PU3: auto}}}}, "
        "when: {from: 30 h}}"
    )
    at_end = "nothing: what was written stands until SCADA writes the same order"

    @property
    def write(self) -> dict[str, float | str]:
        """The last value written to each order."""
        return {name: value for orders in self.writes.values() for name, value in orders.items()}

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if the PLC takes no order of a name."""
        for at, orders in self.writes.items():
            with under("writes", at):
                testbed.plcs[target].check(orders)

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return a client, which may be given more to write while the run goes on."""
        client = Client(writes=self.writes, peer=self.peer, protocol=self.protocol)
        for at, orders in self.writes.items():
            client.add(duration(at), {name: order(name, said) for name, said in orders.items()})
        return client


@dataclass(frozen=True, kw_only=True)
class Client(External):
    """A client at work."""

    _pending: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    _all: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def add(self, at: float, orders: dict[str, float]) -> None:
        """Write orders at a time [s], or at the next instant if that has passed."""
        for writes in (self._pending, self._all):
            writes.append((at, orders))
            writes.sort(key=lambda write: write[0])

    def step(self, testbed: Testbed, target: str, now: float) -> None:
        """Write what is due."""
        while self._pending and self._pending[0][0] <= now:
            _, orders = self._pending.pop(0)
            testbed.plcs[target].write(now, orders)
            for name, value in orders.items():
                said = testbed.spec.command(name, value)
                what = f"{name} of {target} set to {said} by {self.protocol}"
                source = f"external {self.peer}".strip()
                testbed.log(now, "external", source, name, what)

    def as_written(self) -> External:
        """Return the attack that writes all that it wrote."""
        writes: dict[str, dict[str, float | str]] = {}
        for at, orders in self._all:
            said = {name: word(value) for name, value in orders.items()}
            writes.setdefault(readable(at), {}).update(said)
        return External(writes=writes, peer=self.peer, protocol=self.protocol)
