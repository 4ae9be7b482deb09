"""What an operator could do against damage: order what, by the rules, fills a tank or drains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scenarios.results.damage import DAMAGE, Damage
from scenarios.results.run import Run
from twin.plants.spec import PlantSpec


@dataclass(frozen=True)
class Remedy:
    """An order of the operator's that acts against damage.

    Attributes
    ----------
    plc : str
        Which takes it.
    actuators : tuple of str
    order : str
        `open` or `closed`, or `held` as they are.
    against : str
        What it acts against, in words.
    """

    plc: str
    actuators: tuple[str, ...]
    order: str
    against: str


def remedies(run: Run, damage: Damage) -> list[Remedy]:
    """Return the orders that act against damage, as far as the control rules tell.

    A rule that switches a pump or valve by a tank's level says that it fills the tank: closed, it
    stops a spill, and open, it ends an empty tank. Nothing that a PLC drives stops a leak.

    Parameters
    ----------
    run : Run
        With its pair.
    damage : mapping
        What came to the water; see `scenarios.results.damage`.
    """
    if run.paired is None:
        return []
    found: list[Remedy] = []
    if "overflow_m3" in damage:
        for tank in _tanks(run, "overflow_", "_m3", DAMAGE["overflow_m3"]):
            found += _ruled(run.spec, tank, "closed", f"the spill of {tank}")
    if "empty_tank_h" in damage:
        for tank in _tanks(run, "empty_", "_h", DAMAGE["empty_tank_h"]):
            found += _ruled(run.spec, tank, "open", f"the emptying of {tank}")
    if "pump_starts" in damage:
        found += _restless(run)
    return found


def _tanks(run: Run, head: str, tail: str, least: float) -> list[str]:
    """Return the tanks of which a counter grew by more than in the paired run, the first first."""
    assert run.paired is not None
    since: dict[str, float] = {}
    for tank in run.spec.model.tank_name_list:
        column = f"{head}{tank}{tail}"
        more = run.truth[column] - run.paired[column]
        if (more > least).any():
            since[tank] = float(str((more > least).idxmax()))
    return sorted(since, key=lambda tank: since[tank])


def _ruled(spec: PlantSpec, tank: str, order: str, against: str) -> Iterator[Remedy]:
    """Yield, by PLC, the actuators whose rules name a tank's level."""
    levels = {tag.name for tag in spec.tags if tag.element == tank and tag.quantity == "level"}
    for plc in spec.plcs.values():
        drives = dict.fromkeys(
            rule.actuator for rule in plc.rules if levels.intersection(rule.when.names)
        )
        if drives:
            yield Remedy(plc.name, tuple(drives), order, against)


def _restless(run: Run) -> Iterator[Remedy]:
    """Yield the pump that started most oftener than in the paired run."""
    assert run.paired is not None
    extra: dict[str, int] = {}
    for tag in run.spec.tags:
        if tag.quantity == "status" and tag.element in run.spec.model.pump_name_list:
            starts = [int((table[tag.name].diff() > 0).sum()) for table in (run.truth, run.paired)]
            extra[tag.element] = starts[0] - starts[1]
    pump = max(extra, key=lambda name: extra[name], default="")
    for plc in run.spec.plcs.values():
        if pump in plc.actuators:
            yield Remedy(plc.name, (pump,), "held", f"the starts of {pump}")
