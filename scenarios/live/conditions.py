"""Which alarm conditions hold in a snapshot: limits, devices, PLCs and instruments."""

from __future__ import annotations

import math

from scenarios.live.alarms import Key
from scenarios.live.process import tag_of
from scenarios.live.snapshot import Snapshot
from twin.plants.spec import PlantSpec
from twin.tags import Quality
from twin.units import rounded

_SILENT_POLLS = 2.5
"""A PLC that has not answered for so many polls has no communication."""


def holding(spec: PlantSpec, now: Snapshot) -> dict[Key, str]:
    """Return the alarm conditions that hold, each with its value in words.

    Parameters
    ----------
    spec : PlantSpec
    now : Snapshot
    """
    place = {tag.name: i for i, tag in enumerate(spec.tags)}
    quantity = {tag.name: tag.quantity for tag in spec.tags}
    found: dict[Key, str] = {}
    for (passed, limit), (value, bound) in now.limits.items():
        unit = spec.unit(passed)
        words = f"{rounded(value, 2)} {unit}, limit {rounded(bound, 2)} {unit}"
        found[Key(passed, f"{quantity[passed]}.{limit}")] = words
    silent = set()
    for name, plc in now.plcs.items():
        polled = spec.plcs[name].polling
        if plc.answered > -math.inf and now.frame - plc.answered > _SILENT_POLLS * polled:
            silent.add(name)
            found[Key(name, "communication")] = (
                f"silent for {rounded((now.frame - plc.answered) / 60, 0)} min"
            )
        if not plc.running:
            found[Key(name, "stopped")] = "its program stands"
        for actuator, command in plc.coils.items():
            status = tag_of(spec, actuator, "status")
            if not status or name in silent:
                continue
            feedback = float(now.seen[place[status]])
            if not math.isnan(feedback) and (feedback > 0) != (command > 0):
                words = f"commanded {_on(command)}, is {_on(feedback)}"
                found[Key(actuator, "mismatch")] = words
    for tag in spec.tags:
        if now.quality[place[tag.name]] == Quality.BAD and tag.plc not in silent:
            found[Key(tag.name, "bad")] = "its instrument or PLC says so"
    return found


def _on(setting: float) -> str:
    return "open" if setting > 0 else "closed"
