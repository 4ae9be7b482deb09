"""A scenario tried out without running it: everything that would stop a run is found here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import detector
from attacks.entries.entry import ArmedEntry, arm
from attacks.entries.forecast import Forecast, forecasts
from attacks.kinds.replay import Replay
from detector import DataError
from scenarios.definition.scenario import Scenario
from scenarios.definition.scenario import testbed as testbed_of
from scenarios.definition.schema import load, located, path_of
from twin.errors import InputError
from twin.files import read_yaml
from twin.plants.logic import Rule
from twin.plants.spec import PlantSpec
from twin.testbed import Testbed
from twin.units import duration, readable


@dataclass(frozen=True)
class Notice:
    """Something in a scenario that is no mistake in form, and does nothing.

    Attributes
    ----------
    message : str
    keys : tuple
        Where in the file it stands.
    """

    message: str
    keys: tuple[str | int, ...]


@contextmanager
def armed(
    scenario: Scenario, spec: PlantSpec | None = None
) -> Iterator[tuple[Testbed, list[ArmedEntry]]]:
    """Give the testbed of a scenario and its attacks and faults on it, before anything runs.

    Parameters
    ----------
    scenario : Scenario
    spec : PlantSpec, optional
        The scenario's plant where it has been read already.

    Raises
    ------
    InputError
        For a port, tag or condition that the plant lacks, and a detector that cannot be used;
        with the keys of what is wrong.
    """
    with testbed_of(scenario, spec or scenario.plant_spec()) as bed:
        if scenario.detector not in (None, *detector.kinds()):
            _check_detector(scenario, bed)
        yield bed, arm(scenario.entries, bed)


def notices(scenario: Scenario, bed: Testbed, entries: Sequence[ArmedEntry]) -> list[Notice]:
    """Say what in a scenario can never do anything, as far as that is certain before it runs."""
    found = []
    ahead = forecasts(entries, bed, scenario.duration)
    places = {id(e): i for some in (scenario.faults, scenario.attacks) for i, e in enumerate(some)}
    for one, forecast in zip(entries, ahead, strict=True):
        entry = one.entry
        place = (f"{entry.label}s", places[id(entry)])
        if forecast.why:
            how = "never acts" if forecast.never else "hardly acts"
            found.append(Notice(f"{entry.name} {how}: {forecast.why}", place + forecast.keys))
        if one.tampers and not one.touched:
            of = "tags leaves out all it would change" if entry.tags else f"at {entry.on}"
            words = f"{entry.name} changes nothing that passes: {of}"
            found.append(Notice(words, (*place, "tags" if entry.tags else "on")))
        found += [replace(n, keys=place + n.keys) for n in _tape(one, forecast, scenario)]
    for order, name, words in doubts(scenario, bed.spec):
        found.append(Notice(words, ("operator", order, "write", name)))
    return [*found, *_too_late(scenario)]


def _tape(one: ArmedEntry, forecast: Forecast, scenario: Scenario) -> Iterator[Notice]:
    """Say of a replay that it cannot have recorded, when it begins first, all it is to show."""
    do, when = one.entry.do, one.entry.when
    if not isinstance(do, Replay) or forecast.never:
        return
    latest = forecast.begins if when.start is None else min(scenario.duration, when.ends)
    recorded = scenario.warmup + latest
    key, length = ("shift", do.shift) if do.shift is not None else ("window", do.window)
    if length is not None and length > recorded:
        words = (
            f"{one.entry.name} replays {readable(length)}, and has recorded {readable(recorded)} "
            "at most when it first begins, the warm-up included: what is missing is dropped"
        )
        yield Notice(words, ("do", do.kind, key))


def _too_late(scenario: Scenario) -> Iterator[Notice]:
    """Say which orders and outages come after the run."""
    run = f"the run ends at {readable(scenario.duration)}"
    for i, order in enumerate(scenario.operator):
        if order.at >= scenario.duration:
            words = f"what the operator writes at {readable(order.at)} is never written: {run}"
            yield Notice(words, ("operator", i, "at"))
    for link, medium in (scenario.control.get("links") or {}).items():
        for i, outage in enumerate((medium or {}).get("outages") or ()):
            if (begins := duration(outage["from"])) >= scenario.duration:
                words = f"the outage of {link} from {readable(begins)} on never comes: {run}"
                yield Notice(words, ("control", "links", link, "outages", i, "from"))


def check(name: str) -> tuple[Scenario, list[InputError]]:
    """Return the scenario of a shipped name or a path, once nothing is wrong with it.

    Returns
    -------
    Scenario
    list of InputError
        What in it can never do anything, with file, line and column; a run of it is no error.

    Raises
    ------
    InputError
        With file, line and column.
    """
    scenario, path = load(name), path_of(name)
    try:
        with armed(scenario) as (bed, entries):
            found = notices(scenario, bed, entries)
    except InputError as error:
        raise located(error, path) from None
    data = read_yaml(path)
    found += _empty(data)
    errors = [InputError(one.message, keys=one.keys) for one in found]
    return scenario, sorted((located(e, path, data) for e in errors), key=_place)


def _place(error: InputError) -> tuple[int, int]:
    return error.line or 0, error.column or 0


def _empty(data: Any) -> list[Notice]:
    """Say where `tags:` names none: that is all of them, which may not be what is meant."""
    return [
        Notice("tags names none, which means all that pass: leave it out, or name some",
               (key, i, "tags"))
        for key in ("faults", "attacks")
        for i, entry in enumerate(data.get(key) or ())
        if entry.get("tags") == []
    ]  # fmt: skip


def _check_detector(scenario: Scenario, bed: Testbed) -> None:
    assert scenario.detector is not None
    path = scenario.folder / scenario.detector
    known = path if path.exists() else scenario.detector
    try:
        detector.load(known, bed.spec.name, bed.spec.tag_names)
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None


_SIDES = {"<": -1, "<=": -1, ">": 1, ">=": 1}
"""On which side of its threshold a rule holds, by the sign of its condition."""


def doubts(scenario: Scenario, spec: PlantSpec) -> Iterator[tuple[int, str, str]]:
    """Say which of the operator's setpoints can hardly be meant.

    Yields
    ------
    tuple
        Which of the scenario's orders it stands in, the setpoint's name, and what is wrong.
    """
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
            said = f"{name} is set to {spec.command(name, value)}"
            tag = tags[rules[name].when.names[0]]
            if tag.quantity == "level":
                tank = spec.model.get_node(tag.element)
                if not tank.min_level <= value <= tank.max_level:
                    high = value > tank.max_level
                    edge = f"rim, {tank.max_level:g} m" if high else f"bottom, {tank.min_level:g} m"
                    where = "above" if high else "below"
                    yield place, name, f"{said}, {where} the {edge}, of {tag.element}"
            for other in _crossed(name, rules, now):
                if other not in written or name < other:
                    beyond = "above" if value > now[other] else "below"
                    limit = f"{other}, {spec.command(other, now[other])}"
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
