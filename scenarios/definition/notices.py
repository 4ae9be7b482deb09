"""What in a scenario can never do anything, or is hardly meant: warnings, not errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from attacks.entries.entry import ArmedEntry
from attacks.entries.forecast import Forecast, forecasts
from attacks.kinds.replay import Replay
from scenarios.definition.scenario import Scenario
from twin.plants.logic import Rule
from twin.plants.spec import PlantSpec
from twin.testbed import Testbed
from twin.units import duration, spoken


@dataclass(frozen=True)
class Notice:
    """A warning: something in a valid scenario that has no effect, or can hardly be meant.

    Attributes
    ----------
    message : str
    keys : tuple
        Where in the file it stands.
    """

    message: str
    keys: tuple[str | int, ...]


def notices(scenario: Scenario, bed: Testbed, entries: Sequence[ArmedEntry]) -> list[Notice]:
    """Say what in a scenario can never do anything, as far as that is certain before it runs."""
    found = []
    places = {id(e): i for some in (scenario.faults, scenario.attacks) for i, e in enumerate(some)}
    ahead = forecasts(entries, bed, scenario.duration)
    for armed, forecast in zip(entries, ahead, strict=True):
        entry = armed.entry
        place = (f"{entry.label}s", places[id(entry)])
        if forecast.why:
            how = "never acts" if forecast.never else "hardly acts"
            found.append(Notice(f"{entry.name} {how}: {forecast.why}", place + forecast.keys))
        if armed.tampers and not armed.touched:
            of = "tags leaves out all it would change" if entry.tags else f"at {entry.on}"
            words = f"{entry.name} changes nothing that passes: {of}"
            found.append(Notice(words, (*place, "tags" if entry.tags else "on")))
        recording = _missing_recording(armed, forecast, scenario)
        found += [replace(notice, keys=place + notice.keys) for notice in recording]
    return [*found, *_doubtful_setpoints(scenario, bed.spec), *_too_late(scenario)]


def _missing_recording(
    armed: ArmedEntry, forecast: Forecast, scenario: Scenario
) -> Iterator[Notice]:
    """Say of a replay that its recording is too short when it begins first."""
    do, when = armed.entry.do, armed.entry.when
    if not isinstance(do, Replay) or forecast.never:
        return
    latest = forecast.begins if when.start is None else min(scenario.duration, when.ends)
    recorded = scenario.warmup + latest
    key, length = ("shift", do.shift) if do.shift is not None else ("window", do.window)
    if length is not None and length > recorded:
        words = (
            f"{armed.entry.name} replays {spoken(length)}, and has recorded {spoken(recorded)} "
            "at most when it first begins, the warm-up included: what is missing is dropped"
        )
        yield Notice(words, ("do", do.kind, key))


def _too_late(scenario: Scenario) -> Iterator[Notice]:
    """Say which orders and outages come after the run."""
    run = f"the run ends at {spoken(scenario.duration)}"
    for i, order in enumerate(scenario.operator):
        if order.at >= scenario.duration:
            words = f"what the operator writes at {spoken(order.at)} is never written: {run}"
            yield Notice(words, ("operator", i, "at"))
    for link, medium in (scenario.control.get("links") or {}).items():
        for i, outage in enumerate((medium or {}).get("outages") or ()):
            if (begins := duration(outage["from"])) >= scenario.duration:
                words = f"the outage of {link} from {spoken(begins)} on never comes: {run}"
                yield Notice(words, ("control", "links", link, "outages", i, "from"))


_SIDES = {"<": -1, "<=": -1, ">": 1, ">=": 1}
"""On which side of its threshold a rule holds, by the sign of its condition."""


def _doubtful_setpoints(scenario: Scenario, spec: PlantSpec) -> Iterator[Notice]:
    """Say which setpoints the operator writes lie outside the tank, or cross another one."""
    tags = {tag.name: tag for tag in spec.tags}
    rules = {
        name: plc.rules[place]
        for plc in spec.plcs.values()
        for name, place in plc.setpoints.items()
    }
    now = {name: rule.when.comparisons[0].number for name, rule in rules.items()}
    for place, order in sorted(enumerate(scenario.operator), key=lambda pair: pair[1].at):
        if order.at >= scenario.duration:
            break
        written = {name: value for name, value in order.values.items() if name in rules}
        now |= written
        for name, value in written.items():
            keys = ("operator", place, "write", name)
            setting = f"{name} is set to {spec.command(name, value)}"
            tag = tags[rules[name].when.names[0]]
            if tag.quantity == "level":
                tank = spec.model.get_node(tag.element)
                if not tank.min_level <= value <= tank.max_level:
                    high = value > tank.max_level
                    edge = f"rim, {tank.max_level:g} m" if high else f"bottom, {tank.min_level:g} m"
                    where = "above" if high else "below"
                    yield Notice(f"{setting}, {where} the {edge}, of {tag.element}", keys)
            for other in _crossed(name, rules, now):
                if other not in written or name < other:
                    beyond = "above" if value > now[other] else "below"
                    limit = f"{other}, {spec.command(other, now[other])}"
                    why = "between them both rules hold, and the later one in plcs.yaml decides"
                    yield Notice(f"{setting}, {beyond} {limit}: {why}", keys)


def _crossed(name: str, rules: dict[str, Rule], now: dict[str, float]) -> Iterator[str]:
    """Yield the setpoints whose rule holds beside this one's, and commands something else."""
    own = rules[name]
    side = _SIDES.get(own.when.comparisons[0].sign, 0)
    for other, rule in rules.items():
        opposed = side * _SIDES.get(rule.when.comparisons[0].sign, 0) < 0
        same = (rule.actuator, rule.when.names) == (own.actuator, own.when.names)
        if same and opposed and rule.command != own.command and side * (now[other] - now[name]) > 0:
            yield other


def empty_tags(data: Any) -> list[Notice]:
    """Say where `tags:` names none: that is all of them, which may not be what is meant."""
    return [
        Notice("tags names none, which means all that pass: leave it out, or name some",
               (key, i, "tags"))
        for key in ("faults", "attacks")
        for i, entry in enumerate(data.get(key) or ())
        if entry.get("tags") == []
    ]  # fmt: skip
