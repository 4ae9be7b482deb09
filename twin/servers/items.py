"""Items: what an OPC UA server shows of each PLC, by path, type, unit and range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from twin.plants.logic import HIGHEST, PlcSpec
from twin.plants.spec import PlantSpec
from twin.servers.image import HEARTBEAT, MODE, RUNNING
from twin.tags import Tag

_SHOWN = {"level": "Level", "flow": "Flow", "pressure": "Pressure", "status": "Running"}


@dataclass(frozen=True, slots=True)
class Item:
    """One value of one PLC.

    Attributes
    ----------
    plc : str
    name : str
        In a `PlcImage`.
    path : tuple of str
        From the PLC down: `("PLC2", "T1", "Level")`.
    type : str
        `Double`, `Boolean` or `UInt16`.
    unit : str
        Empty where there is none.
    low, high : float
        Its range; infinite where there is none.
    writable : bool
    description : str
    """

    plc: str
    name: str
    path: tuple[str, ...]
    type: str
    unit: str
    low: float
    high: float
    writable: bool
    description: str


def items(spec: PlantSpec) -> tuple[Item, ...]:
    """Return what a server shows of a plant's PLCs."""
    tags = {tag.name: tag for tag in spec.tags}
    found = [item for plc in spec.plcs.values() for item in _of_plc(spec, plc, tags)]
    taken: dict[tuple[str, ...], Item] = {}
    for item in found:
        if item.path in taken:  # two instruments of one kind at one place
            item = Item(item.plc, item.name, (*item.path[:-1], item.name), item.type, item.unit,
                        item.low, item.high, item.writable, item.description)  # fmt: skip
        taken[item.path] = item
    return tuple(taken.values())


def _of_plc(spec: PlantSpec, plc: PlcSpec, tags: dict[str, Tag]) -> Iterator[Item]:
    none = (-math.inf, math.inf)
    for name in (*plc.sensors, *plc.receives):
        tag, sender = tags[name], plc.receives.get(name)
        kind = "Boolean" if tag.quantity == "status" else "Double"
        what = f"{tag.quantity} {'received from ' + sender if sender else 'measured'}"
        yield Item(plc.name, name, (plc.name, tag.element, _SHOWN[tag.quantity]), kind, tag.unit,
                   *spec.wiring.ranges.get(name, none), False, what)  # fmt: skip
    for actuator in plc.actuators:
        yield Item(plc.name, actuator, (plc.name, actuator, "Command"), "Double", "", 0.0, HIGHEST,
                   True, "0 closed, 1 open, or a pump's relative speed or a valve's setting"
                   )  # fmt: skip
        yield Item(plc.name, f"{MODE}{actuator}", (plc.name, actuator, "Manual"), "Boolean", "",
                   *none, True, f"commanded by hand, not by {plc.name}")  # fmt: skip
    for name, place in plc.setpoints.items():
        rule = plc.rules[place]
        tag = tags[rule.when.names[0]]
        yield Item(plc.name, name, (plc.name, name), "Double", tag.unit,
                   *spec.wiring.ranges.get(tag.name, none), True, f"setpoint: {rule.when.text}"
                   )  # fmt: skip
    yield Item(plc.name, HEARTBEAT, (plc.name, "Heartbeat"), "UInt16", "", *none, False,
               f"scans of {plc.name}, counted")  # fmt: skip
    yield Item(plc.name, RUNNING, (plc.name, "Running"), "Boolean", "", *none, False,
               f"{plc.name} runs its logic")  # fmt: skip
