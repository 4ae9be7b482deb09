"""What in a scenario can never do anything, or is hardly meant: warnings, not errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from attacks.entries.entry import ArmedEntry
from attacks.entries.forecast import Forecast, forecasts
from attacks.fields import fields
from attacks.kinds.commands import Spoof
from attacks.kinds.logic import Setpoint
from attacks.kinds.plc import Crash
from attacks.kinds.replay import Replay
from attacks.kinds.trends import Polyline, Table, read_table
from scenarios.definition.scenario import Scenario
from twin.conditions.ranges import ANY
from twin.plants.logic import Rule, without_dead_band
from twin.plants.spec import PlantSpec
from twin.testbed import Testbed
from twin.units import DAY, HOUR, duration, spoken


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
        doubtful = _doubtful_values(armed, bed.spec)
        found += [replace(notice, keys=place + notice.keys) for notice in doubtful]
        silenced = _silenced(armed, entries, forecast, ahead, bed.spec)
        found += [replace(notice, keys=place + notice.keys) for notice in silenced]
        recording = _missing_recording(armed, forecast, scenario)
        found += [replace(notice, keys=place + notice.keys) for notice in recording]
    found += _without_dead_band(bed.spec)
    found += _out_of_range(scenario, bed.spec)
    orders = _doubtful_setpoints(scenario, bed.spec)
    return [*found, *orders, *_too_late(scenario)]


def _without_dead_band(spec: PlantSpec) -> Iterator[Notice]:
    """Say what the plant's rules switch at every scan."""
    for plc in spec.plcs.values():
        for (actuator, tag), number in without_dead_band(plc.rules).items():
            words = (
                f"{plc.name} has no dead band for {actuator}, which it switches on either side of "
                f"{tag} {number:g}: it may do so at every scan"
            )
            yield Notice(words, ("plant",))


def _out_of_range(scenario: Scenario, spec: PlantSpec) -> Iterator[Notice]:
    """Say which rules can never act, since an instrument they read shows no such value."""
    known = {"t": ANY, "hour": (0.0, DAY / HOUR), **spec.wiring.ranges}
    written = [
        pattern
        for pattern, sensor in (scenario.control.get("sensors") or {}).items()
        if "range" in (sensor or {})
    ]
    for plc in spec.plcs.values():
        for rule in plc.rules:
            when = rule.when
            if when.may({name: known.get(name, ANY) for name in when.names}) is not None:
                continue
            shown = [
                f"{tag} shows {low:.4g} to {high:.4g} {spec.unit(tag)}"
                for tag, (low, high) in spec.wiring.ranges.items()
                if tag in when.names
            ]
            narrow = [key for key in written if any(fnmatchcase(tag, key) for tag in when.names)]
            words = (
                f"{plc.name}'s rule for {rule.actuator}, `{when.text}`, can never act: the "
                f"instrument of {' and of '.join(shown)} only"
            )
            keys = ("control", "sensors", narrow[-1], "range") if narrow else ("plant",)
            yield Notice(words, keys)


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


def _silenced(
    armed: ArmedEntry,
    entries: Sequence[ArmedEntry],
    forecast: Forecast,
    ahead: Sequence[Forecast],
    spec: PlantSpec,
) -> Iterator[Notice]:
    """Say of an entry that nothing comes to it, or nobody reads it, while a PLC is down.

    Only where the clock alone decides when both act.
    """
    entry = armed.entry
    if not armed.tampers or entry.do.outputs or forecast.never:
        return
    plcs = {tag.name: tag.plc for tag in spec.tags}
    reader = plcs[entry.port.target] if entry.port.family == "sensor" else entry.port.receiver
    sender = "" if entry.do.answers else entry.port.sender
    for other, crash in zip(entries, ahead, strict=True):
        do, when, crashed = other.entry.do, entry.when, other.entry.when
        target = other.entry.port.target
        if not isinstance(do, Crash) or target not in (sender, reader) or crash.never:
            continue
        plain = not any(w.start or w.random or w.every for w in (when, crashed))
        begin, end = (when.begins, min(when.ends, when.begins + when.lasts))
        down, up = (crashed.begins, min(crashed.ends, crashed.begins + crashed.lasts))
        if plain and down <= begin and end <= up:
            how = f"{other.entry.name} keeps {target} down all the while"
            words = f"{entry.name} changes what passes, and nothing does: {how}"
            if target == reader:
                words = f"{entry.name} changes what {target} reads, and it reads nothing: {how}"
            yield Notice(words, ("on",))


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


_SHOWN = ("value", "to")
"""Fields of kinds that are shown in a reading's place."""


def _doubtful_values(armed: ArmedEntry, spec: PlantSpec) -> Iterator[Notice]:
    """Say which values an entry shows or writes that no instrument shows and no tank holds."""
    do, name = armed.entry.do, armed.entry.name
    units = {field.name: field.unit for field in fields(type(do))}
    for field, unit in units.items():
        value = getattr(do, field, None)
        if unit != "tag" or not isinstance(value, int | float) or not armed.tampers:
            continue
        check = _beyond if field in _SHOWN else _too_much
        reasons = [why for tag in armed.touched if (why := check(tag, float(value), spec))]
        if reasons:
            yield _doubtful(f"{name} has {field} {value:g}", reasons, ("do", do.kind, field))
    if isinstance(do, Table):
        for column, points in read_table(do.file).items():
            tags = armed.touched if column == "value" else [column]
            ends = {min(value for _, value in points), max(value for _, value in points)}
            reasons = [why for tag in tags for value in ends if (why := _beyond(tag, value, spec))]
            if reasons:
                words = f"{name} shows what {do.file.name} has under {column}"
                yield _doubtful(words, reasons, ("do", do.kind, "file"))
    if isinstance(do, Polyline):
        most = max((offset for _, offset in do.points), key=abs)
        reasons = [why for tag in armed.touched if (why := _too_much(tag, most, spec))]
        if reasons:
            yield _doubtful(f"{name} has a point of {most:g}", reasons, ("do", do.kind, "points"))
    if isinstance(do, Spoof):
        written = {n: v for n, v in do.write.items() if isinstance(v, int | float)}
        for setpoint, value in written.items():
            if edge := _outside_tank(setpoint, float(value), spec):
                setting = f"{setpoint} is set to {spec.command(setpoint, float(value))}"
                yield Notice(f"{setting}, {edge}", ("do", do.kind, "write", setpoint))
    if isinstance(do, Setpoint):
        plc = spec.plcs[armed.entry.port.target]
        for field in ("opens_below", "closes_above"):
            for setpoint, place in plc.setpoints.items():
                rule, value = plc.rules[place], float(getattr(do, field))
                below = rule.when.comparisons[0].sign in ("<", "<=")
                if rule.actuator not in do.actuators or below != (field == "opens_below"):
                    continue
                if edge := _outside_tank(setpoint, value, spec):
                    words = f"{field} of {rule.actuator} is {value:g} m, {edge}"
                    yield Notice(words, ("do", do.kind, field))


def _doubtful(head: str, reasons: Sequence[str], keys: tuple[str | int, ...]) -> Notice:
    more = f", and so on for {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return Notice(f"{head}: {reasons[0]}{more}", keys)


def _beyond(name: str, value: float, spec: PlantSpec) -> str:
    """Say why a tag's instrument, or a setpoint's rule, can hardly have a value; "" if it can."""
    if any(name in plc.setpoints for plc in spec.plcs.values()):
        return _outside_tank(name, value, spec)
    tag = next((tag for tag in spec.tags if tag.name == name), None)
    if tag is None:
        return ""
    if tag.quantity == "status":
        return "" if value in (0.0, 1.0) else f"{name} is a status, 0 or 1"
    low, high = spec.wiring.ranges[name]
    if low <= value <= high:
        return ""
    return f"the instrument of {name} shows {low:.4g} to {high:.4g} {tag.unit} only"


def _too_much(name: str, value: float, spec: PlantSpec) -> str:
    """Say why a difference in a tag, or a bound of it, is more than its instrument's range."""
    if name not in spec.wiring.ranges:
        return ""
    low, high = spec.wiring.ranges[name]
    if abs(value) <= max(high - low, abs(low), abs(high)):
        return ""
    return f"the instrument of {name} shows {low:.4g} to {high:.4g} {spec.unit(name)} only"


def _outside_tank(setpoint: str, value: float, spec: PlantSpec) -> str:
    """Say on which side of its tank a setpoint [m] lies; "" if within, or if it is of no level."""
    tags = {tag.name: tag for tag in spec.tags}
    for plc in spec.plcs.values():
        if setpoint not in plc.setpoints:
            continue
        tag = tags.get(plc.rules[plc.setpoints[setpoint]].when.names[0])
        if tag is None or tag.quantity != "level":
            return ""
        tank = spec.model.get_node(tag.element)
        if value > tank.max_level:
            return f"above the rim, {tank.max_level:g} m, of {tag.element}"
        if value < tank.min_level:
            return f"below the bottom, {tank.min_level:g} m, of {tag.element}"
    return ""


_SIDES = {"<": -1, "<=": -1, ">": 1, ">=": 1}
"""On which side of its threshold a rule holds, by the sign of its condition."""


def _doubtful_setpoints(scenario: Scenario, spec: PlantSpec) -> Iterator[Notice]:
    """Say which setpoints the operator writes lie outside the tank, or cross another one."""
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
            if edge := _outside_tank(name, value, spec):
                yield Notice(f"{setting}, {edge}", keys)
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
