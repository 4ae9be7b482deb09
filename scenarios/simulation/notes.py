"""What is to be known of a run's water: pumps that stood still, and what EPANET warned of."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from scenarios.definition.words import clock
from twin.errors import listed
from twin.plants.equipment import VACUUM
from twin.records.historian import Event
from twin.units import HOUR, counted
from twin.water.engine import WARNINGS

if TYPE_CHECKING:
    from twin.testbed import Testbed

_TOLD = 6  # groups of pumps are told one by one


def cautions(testbed: Testbed) -> list[str]:
    """Say after a run which pumps stood still for want of water, and what EPANET warned of.

    Where EPANET's pressures are none of this world, that is said too.
    """
    meters = testbed.plant.meters
    notes = list(trips(testbed.historian.events, testbed.env.now / HOUR))
    notes += [
        f"EPANET warned {counted(n, 'time')}: {what}" for what, n in sorted(meters.warnings.items())
    ]
    lost = meters.warnings[WARNINGS[1]]
    if lost:
        notes.append(
            f"{lost} solutions were not found, in the warm-up or after it: do not trust what the "
            "water does around them. What a scenario's `control` says holds in the warm-up too"
        )
    vanished = -meters.total("invented_m3")
    if vanished >= 1.0:
        notes.append(
            f"{vanished:,.0f} m³ that negative demands put in found no place, for tanks were full: "
            "`drawn` counts them as put in, `invented` takes them away again"
        )
    lowest = meters.lowest
    if lowest is not None and lowest.pressure < VACUUM:
        at = (lowest.time - testbed.warmup) / HOUR
        when = f"at h {at:.1f}" if at >= 0 else "in the warm-up"
        notes.append(
            f"pressure at {lowest.junction} fell below {VACUUM:g} m {when}, as no water's does: "
            "demands are demand-driven here, so that EPANET delivers what it cannot. "
            "`demand_model: pressure-driven` in the scenario delivers less instead"
        )
    return notes


def trips(events: Iterable[Event], end: float) -> Iterator[str]:
    """Say which pumps their dry-run protection stopped, from when, and how long they stood [h]."""
    changes: dict[str, list[float]] = {}  # a pump trips, is reset, trips …
    for event in events:
        if event.kind in ("trip", "reset"):
            changes.setdefault(event.subject, []).append(event.time / HOUR)
    alike: dict[str, list[str]] = {}
    for pump, times in changes.items():
        inside = [max(at, 0.0) for at in (*times, end)]
        stood = sum(map(operator.sub, inside[1::2], inside[::2]))
        since = "the warm-up" if times[0] < 0 else clock(times[0])
        how = f"from {since} on, for {stood:.1f} h of the run" if stood else "in the warm-up only"
        alike.setdefault(how, []).append(pump)
    if alike:
        groups = [f"{listed(pumps)} {how}" for how, pumps in alike.items()]
        told = groups[:_TOLD] + [f"{n} more" for n in [len(groups) - _TOLD] if n > 0]
        early = any(times[0] < 0 for times in changes.values())
        mend = (
            ". Nothing acts in the warm-up: if they should run as EPANET lets them, write "
            "`dry_run_protection: false` in plcs.yaml or in a scenario's `control`"
        )
        yield (
            "too little water reached pumps, and their dry-run protection stopped them: "
            f"{'; '.join(told)}{mend if early else ''}"
        )
