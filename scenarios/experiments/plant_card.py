"""A plant's control rules and tags as plain data, for a detector's card."""

from __future__ import annotations

from typing import Any

from twin.plants.spec import PlantSpec


def plant_card(spec: PlantSpec) -> dict[str, Any]:
    """Return a plant as `detector.methods.physics_plant.Plant` takes it.

    Of rules, only those that compare one tag with one number: `L_T1 < 4.0`.

    Parameters
    ----------
    spec : PlantSpec

    Returns
    -------
    dict
        `points`, `controls` and `rims`, of plain values.
    """
    districts = _districts(spec)
    model = spec.model
    points = {
        tag.name: {
            "element": tag.element,
            "unit": tag.unit,
            "plc": tag.plc,
            "district": districts.get(_place(model, tag.element), ""),
        }
        for tag in spec.tags
    }
    rims = {
        tag.name: float(model.get_node(tag.element).max_level)
        for tag in spec.tags
        if tag.quantity == "level" and not model.get_node(tag.element).overflow
    }
    return {"points": points, "controls": _controls(spec), "rims": rims}


def _districts(spec: PlantSpec) -> dict[str, str]:
    """Return the district of each junction, and of each tank beside one."""
    found = {name: dma for dma, members in spec.dmas.items() for name in members}
    for tank in spec.model.tank_name_list:
        for link in map(spec.model.get_link, spec.model.get_links_for_node(tank)):
            for end in (link.start_node_name, link.end_node_name):
                if end in found and tank not in found and link.link_type != "Pump":
                    found[tank] = found[end]
    return found


def _place(model: Any, element: str) -> str:
    """Return the node a tag is measured at; of a pump, valve or pipe, that where it leads to."""
    if element in model.link_name_list:
        return str(model.get_link(element).end_node_name)
    return element


def _controls(spec: PlantSpec) -> list[dict[str, Any]]:
    controls = []
    for plc in spec.plcs.values():
        for actuator in plc.actuators:
            shown = {tag.quantity: tag.name for tag in spec.tags if tag.element == actuator}
            control: dict[str, Any] = {
                "actuator": actuator,
                "plc": plc.name,
                "status": shown.get("status"),
                "flow": shown.get("flow"),
            }
            rules = [rule for rule in plc.rules if rule.actuator == actuator]
            for rule in rules:
                if len(rule.when.comparisons) != 1 or len(rule.when.names) != 1:
                    continue
                (part,) = rule.when.comparisons
                known = control.get("level", part.name) == part.name
                if not known or part.name not in spec.tag_names:
                    continue
                if part.sign in ("<", "<=") and rule.command > 0.0:
                    control |= {"level": part.name, "opens_below": float(part.number)}
                elif part.sign in (">", ">=") and rule.command == 0.0:
                    control |= {"level": part.name, "closes_above": float(part.number)}
            if not rules or "level" in control:
                controls.append(control)
    return controls
