"""A plant as an attack's author needs it: who measures, hears, drives and decides what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.control.ports import Port
from twin.errors import listed, natural
from twin.plants.logic import PlcSpec
from twin.plants.spec import PlantSpec

_LITRES = 1000.0


@dataclass(frozen=True)
class PlcLayout:
    """A PLC.

    Attributes
    ----------
    measures, drives : list of str
        Tags wired to it; pumps and valves.
    hears : dict of str to str
        Tag → the PLC that tells it.
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
class TankLayout:
    """A tank: its lowest and highest level [m], and its district (or '')."""

    lowest_m: float
    highest_m: float
    district: str


@dataclass(frozen=True)
class DistrictLayout:
    """A district: its base demand [L/s], how many junctions draw it, and its tanks."""

    base_l_s: float
    junctions: int
    tanks: list[str]


@dataclass(frozen=True)
class Layout:
    """A plant.

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
    plcs: dict[str, PlcLayout]
    tanks: dict[str, TankLayout]
    districts: dict[str, DistrictLayout]
    links: list[str]
    elements: dict[str, list[str]]


def layout(spec: PlantSpec) -> Layout:
    """Return what there is to name in scenarios of a plant."""
    model = spec.model
    tanks = {name: _tank(spec, name) for name in sorted(model.tank_name_list, key=natural)}
    districts = {}
    for name, junctions in spec.dmas.items():
        base = [_base(model.get_node(junction)) for junction in junctions]
        own = [tank for tank, found in tanks.items() if found.district == name]
        districts[name] = DistrictLayout(round(sum(base), 2), sum(b != 0.0 for b in base), own)
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
        links += [f"link:{one}->{name}" for one in sorted(wired, key=natural)]
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
    made_of = {kind: sorted(names, key=natural) for kind, names in elements.items() if names}
    return Layout(spec.name, tags, plcs, tanks, districts, links, made_of)


def _plc(plc: PlcSpec, spec: PlantSpec) -> PlcLayout:
    rules = [
        f"{rule.when.text}: {rule.actuator} {spec.command(rule.actuator, rule.command)}"
        for rule in plc.rules
    ]
    return PlcLayout(
        list(plc.sensors), dict(plc.receives), list(plc.actuators), rules, list(plc.orders)
    )


def _base(junction: Any) -> float:
    return _LITRES * float(sum(one.base_value for one in junction.demand_timeseries_list))


def _tank(spec: PlantSpec, name: str) -> TankLayout:
    model = spec.model
    tank = model.get_node(name)
    links = [model.get_link(link) for link in model.get_links_for_node(name)]
    ends = {end for link in links for end in (link.start_node_name, link.end_node_name)}
    found = [dma for dma, members in spec.dmas.items() if ends & set(members)]
    return TankLayout(float(tank.min_level), float(tank.max_level), found[0] if found else "")


def in_words(found: Layout) -> list[str]:
    """Write a plant as lines for a terminal."""
    lines = [found.plant, "", "tags"]
    lines += [f"  {of:15} {listed(tags)}" for of, tags in found.tags.items()]
    for name, plc in found.plcs.items():
        heard = [f"{tag} from {sender}" for tag, sender in plc.hears.items()]
        rows = {
            "measures": listed(plc.measures),
            "hears": ", ".join(heard),
            "drives": listed(plc.drives),
            "decides": "; ".join(plc.rules),
            "takes": listed(plc.orders),
        }
        lines += ["", name, *(f"  {key:9}{words}" for key, words in rows.items() if words)]
    lines += ["", "tanks"]
    for name, tank in found.tanks.items():
        place = f", in {tank.district}" if tank.district else ""
        lines.append(f"  {name:9}{tank.lowest_m:g} to {tank.highest_m:g} m{place}")
    lines += ["", "districts"]
    for name, one in found.districts.items():
        own = f", tanks {listed(one.tanks)}" if one.tanks else ""
        lines.append(f"  {name:9}{one.base_l_s:g} L/s by {one.junctions} junctions{own}")
    sent: dict[str, list[str]] = {}
    for link in found.links:
        port = Port.parse(link)
        sent.setdefault(port.receiver, []).append(port.sender)
    lines += ["", "links"]
    lines += [f"  to {receiver:6} from {listed(senders)}" for receiver, senders in sent.items()]
    lines += ["", "elements, each a plant:NAME (all names: --json)"]
    lines += [f"  {kind:11}{listed(some)}" for kind, some in found.elements.items()]
    return lines
