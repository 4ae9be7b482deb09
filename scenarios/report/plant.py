"""A plant in words, for the author of an attack: who measures, hears, drives and decides what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from twin.control.ports import Port
from twin.errors import listed, natural
from twin.plants.equipment import LEVELS
from twin.plants.logic import REOPEN, PlcSpec
from twin.plants.spec import PlantSpec
from twin.units import counted

_LITRES = 1000.0


@dataclass(frozen=True)
class PlcSummary:
    """What a PLC measures, receives, drives and decides.

    Attributes
    ----------
    measures, drives : list of str
        Tags wired to it; pumps and valves.
    hears : dict of str to str
        Tag → the PLC that sends it.
    rules : list of str
        In order: a later one overrules those before it.
    orders : list of str
        What SCADA may write to it.
    """

    measures: list[str]
    hears: dict[str, str]
    drives: list[str]
    rules: list[str]
    orders: list[str]


@dataclass(frozen=True)
class TankSummary:
    """A tank as its levels are watched.

    Attributes
    ----------
    lowest_m, highest_m : float
        Its levels [m] above its bottom; at the highest it is full.
    diameter_m : float or None
        None where a volume curve gives its shape.
    limits_m : dict of str to float
        SCADA's alarm limits on its level [m], of LL, L, H and HH those it has.
    district : str
        Or ''.
    """

    lowest_m: float
    highest_m: float
    diameter_m: float | None
    limits_m: dict[str, float]
    district: str


@dataclass(frozen=True)
class DistrictSummary:
    """A district: its base demand [L/s], how many junctions draw it, and its tanks."""

    base_l_s: float
    junctions: int
    tanks: list[str]


@dataclass(frozen=True)
class PlantSummary:
    """What scenarios can name in a plant.

    Attributes
    ----------
    plant : str
    tags : dict of str to list of str
        By what they measure, with its unit.
    plcs, tanks, districts : dict
        By name.
    links : list of str
        The ports between PLCs and SCADA, and the wire from each element to its PLC.
    elements : dict of str to list of str
        By what they are: what the network is made of, each a `plant:NAME`.
    """

    plant: str
    tags: dict[str, list[str]]
    plcs: dict[str, PlcSummary]
    tanks: dict[str, TankSummary]
    districts: dict[str, DistrictSummary]
    links: list[str]
    elements: dict[str, list[str]]


def plant_summary(spec: PlantSpec) -> PlantSummary:
    """Return what scenarios can name in a plant."""
    model = spec.model
    tanks = {name: _tank(spec, name) for name in sorted(model.tank_name_list, key=natural)}
    districts = {}
    for name, junctions in spec.dmas.items():
        base = [_base(model.get_node(junction)) for junction in junctions]
        own = [tank for tank, summary in tanks.items() if summary.district == name]
        districts[name] = DistrictSummary(round(sum(base), 2), sum(b != 0.0 for b in base), own)
    plcs = {name: _plc(plc, spec) for name, plc in spec.plcs.items()}
    links = [
        f"link:{sender}->{name}"
        for name, plc in plcs.items()
        for sender in dict.fromkeys(plc.hears.values())
    ]
    links += [f"link:{name}->SCADA" for name in plcs]
    links += [f"link:SCADA->{name}" for name, plc in plcs.items() if plc.drives]
    element = {tag.name: tag.element for tag in spec.tags}
    for name, plc in plcs.items():
        wired = dict.fromkeys(element[tag] for tag in plc.measures)
        links += [f"link:{sender}->{name}" for sender in sorted(wired, key=natural)]
    tags: dict[str, list[str]] = {}
    for tag in spec.tags:
        unit = f"[{tag.unit}]" if tag.unit else "[0 or 1]"
        tags.setdefault(f"{tag.quantity} {unit}", []).append(tag.name)
    elements = {
        "junctions": model.junction_name_list,
        "reservoirs": model.reservoir_name_list,
        "pipes": model.pipe_name_list,
        "pumps": model.pump_name_list,
        "valves": model.valve_name_list,
    }
    named = {kind: sorted(names, key=natural) for kind, names in elements.items() if names}
    return PlantSummary(spec.name, tags, plcs, tanks, districts, links, named)


def _plc(plc: PlcSpec, spec: PlantSpec) -> PlcSummary:
    rules = [
        f"{rule.when.text}: {rule.actuator} "
        f"{REOPEN if rule.keeps else spec.command(rule.actuator, rule.command)}"
        for rule in plc.rules
    ]
    return PlcSummary(
        list(plc.sensors), dict(plc.receives), list(plc.actuators), rules, list(plc.orders)
    )


def _base(junction: Any) -> float:
    return _LITRES * float(sum(demand.base_value for demand in junction.demand_timeseries_list))


def _tank(spec: PlantSpec, name: str) -> TankSummary:
    model = spec.model
    tank = model.get_node(name)
    links = [model.get_link(link) for link in model.get_links_for_node(name)]
    ends = {end for link in links for end in (link.start_node_name, link.end_node_name)}
    district = next((dma for dma, members in spec.dmas.items() if ends & set(members)), "")
    own = [tag.name for tag in spec.tags if tag.element == name and tag.quantity == "level"]
    set_on = [spec.wiring.limits[tag] for tag in own if tag in spec.wiring.limits]
    bounds = {level: float(getattr(each, level)) for each in set_on for level in LEVELS}
    return TankSummary(
        float(tank.min_level),
        float(tank.max_level),
        None if tank.vol_curve_name else float(tank.diameter),
        {level: bound for level, bound in bounds.items() if not math.isnan(bound)},
        district,
    )


def _tank_row(name: str, tank: TankSummary) -> list[str]:
    shape = "curve" if tank.diameter_m is None else f"{tank.diameter_m:g}"
    limits = [f"{tank.limits_m[level]:g}" if level in tank.limits_m else "-" for level in LEVELS]
    return [name, f"{tank.lowest_m:g} to {tank.highest_m:g}", shape, *limits, tank.district]


def _columns(cells: list[str]) -> str:
    widths = (8, 14, 9, 7, 7, 7, 7, 0)
    return "  " + " ".join(map(str.ljust, cells, widths)).rstrip()


def plant_in_words(summary: PlantSummary) -> list[str]:
    """Write a plant as lines for a terminal."""
    lines = [summary.plant, "", "tags"]
    lines += [f"  {kind:15} {listed(tags)}" for kind, tags in summary.tags.items()]
    for name, plc in summary.plcs.items():
        heard = [f"{tag} from {sender}" for tag, sender in plc.hears.items()]
        rows = {
            "measures": listed(plc.measures),
            "hears": ", ".join(heard),
            "drives": listed(plc.drives),
            "decides": "; ".join(plc.rules),
            "takes": listed(plc.orders),
        }
        lines += ["", name, *(f"  {key:9}{words}" for key, words in rows.items() if words)]
    lines += ["", "tanks [m], with SCADA's limits on their levels"]
    tanks = [_tank_row(name, tank) for name, tank in summary.tanks.items()]
    heads = ["", "level", "diameter", *LEVELS, "district"]
    lines += [_columns(row) for row in [heads, *tanks]]
    lines += ["", "districts"]
    for name, district in summary.districts.items():
        own = f", tanks {listed(district.tanks)}" if district.tanks else ""
        lines.append(
            f"  {name:9}{district.base_l_s:g} L/s by {counted(district.junctions, 'junction')}{own}"
        )
    sent: dict[str, list[str]] = {}
    for link in summary.links:
        port = Port.parse(link)
        sent.setdefault(port.receiver, []).append(port.sender)
    lines += ["", "links"]
    lines += [f"  to {receiver:6} from {listed(senders)}" for receiver, senders in sent.items()]
    lines += ["", "elements, each a plant:NAME (all names: --json)"]
    lines += [f"  {kind:11}{listed(names)}" for kind, names in summary.elements.items()]
    return lines
