"""Setpoints that the operator writes and no level reaches, or that set two rules at odds."""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.schema import Scenario
from twin.network import Network
from twin.plc import Rule

_SIDES = {"<": -1, "<=": -1, ">": 1, ">=": 1}
"""On which side of its threshold a rule holds, by the sign of its condition."""


def doubts(scenario: Scenario, network: Network) -> Iterator[tuple[int, str, str]]:
    """Say which of the operator's setpoints can hardly be meant.

    Yields
    ------
    tuple
        Which of the scenario's orders it stands in, the setpoint's name, and what is wrong.
    """
    tags = {tag.name: tag for tag in network.tags}
    rules = {
        name: plc.rules[place]
        for plc in network.plcs.values()
        for name, place in plc.setpoints.items()
    }
    now = {name: rule.when.comparisons[0].number for name, rule in rules.items()}
    for place, order in sorted(enumerate(scenario.operator), key=lambda pair: pair[1].at):
        if order.at >= scenario.duration:
            break
        written = {name: value for name, value in order.values.items() if name in rules}
        now |= written
        for name, value in written.items():
            said = f"{name} is set to {network.command(name, value)}"
            tag = tags[rules[name].when.names[0]]
            if tag.quantity == "level":
                tank = network.model.get_node(tag.element)
                if not tank.min_level <= value <= tank.max_level:
                    high = value > tank.max_level
                    edge = f"rim, {tank.max_level:g} m" if high else f"bottom, {tank.min_level:g} m"
                    where = "above" if high else "below"
                    yield place, name, f"{said}, {where} the {edge}, of {tag.element}"
            for other in _crossed(name, rules, now):
                if other not in written or name < other:
                    beyond = "above" if value > now[other] else "below"
                    limit = f"{other}, {network.command(other, now[other])}"
                    why = "between them both rules hold, and the later one in plcs.yaml decides"
                    yield place, name, f"{said}, {beyond} {limit}: {why}"


def _crossed(name: str, rules: dict[str, Rule], now: dict[str, float]) -> Iterator[str]:
    """Yield the setpoints whose rule holds beside this one's, and commands something else."""
    one = rules[name]
    side = _SIDES.get(one.when.comparisons[0].sign, 0)
    for other, rule in rules.items():
        opposed = side * _SIDES.get(rule.when.comparisons[0].sign, 0) < 0
        same = (rule.actuator, rule.when.names) == (one.actuator, one.when.names)
        if same and opposed and rule.command != one.command and side * (now[other] - now[name]) > 0:
            yield other
