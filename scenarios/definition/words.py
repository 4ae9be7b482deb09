"""Entries of a scenario, what its operator writes, and what they broke, in words with units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attacks.build import as_data
from attacks.entries.entry import Entry
from attacks.fields import fields
from scenarios.definition.when import when_in_words
from twin.control.orders import Order, order
from twin.plants.logic import state
from twin.plants.spec import PlantSpec

if TYPE_CHECKING:
    from scenarios.definition.scenario import Scenario


def clock(hours: float) -> str:
    """Write an hour of the run as day and time: 61.5 → `day 3, 13:30 (h 61.5)`."""
    minutes = round(hours * 60)
    day, rest = divmod(minutes, 24 * 60)
    return f"day {day + 1}, {rest // 60:02d}:{rest % 60:02d} (h {hours:.1f})"


def blamed(scenario: Scenario) -> str:
    """Name what a scenario's pair is without: `attack`, `attacks`, `fault` or `faults`."""
    what, some = ("attack", scenario.attacks) if scenario.attacks else ("fault", scenario.faults)
    return what if len({entry.incident for entry in some}) == 1 else f"{what}s"


def joined(parts: Sequence[str]) -> str:
    """Join words: `a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), *parts[-1:]])


def order_in_words(written: Order, spec: PlantSpec) -> str:
    """Say what the operator writes."""
    return ", ".join(f"{k} {spec.command(k, v)}" for k, v in written.values.items())


def entries_in_words(entries: Sequence[Entry], spec: PlantSpec) -> list[str]:
    """Say of each entry what it does, where and when."""
    return [f"{e.name}: {entry_in_words(e, spec, f' on {e.on}')}" for e in entries]


def entry_in_words(entry: Entry, spec: PlantSpec, port: str = "") -> str:
    """Say what an entry does and when; `port` is put between."""
    tags = f" [{', '.join(entry.tags)}]" if entry.tags else ""
    given = fields_in_words(entry, spec)
    settings = f" ({given})" if given else ""
    return f"{entry.do.kind}{settings}{port}{tags}, {when_in_words(entry.when)}"


def fields_in_words(entry: Entry, spec: PlantSpec) -> str:
    """Say what the fields of an entry's kind are set to, each with its unit."""
    units = {field.name: field.unit for field in fields(type(entry.do))}
    speaker = _Speaker(entry, spec)
    said = as_data(entry.do).items()
    return ", ".join(f"{k.replace('_', ' ')} {speaker.say(v, units[k])}" for k, v in said)


class _Speaker:
    """Says the values of one entry's fields."""

    def __init__(self, entry: Entry, spec: PlantSpec):
        self._network = spec
        self._target = entry.on.rpartition(":")[2]
        names = _touched(entry, spec)
        statuses = {tag.name for tag in spec.tags if tag.quantity == "status"}
        self._statuses = bool(names) and statuses.issuperset(names)
        units = {spec.unit(name) for name in names}
        self._unit = units.pop() if len(units) == 1 else "in each one's unit"

    def say(self, value: object, unit: str) -> str:
        """Say a value as a scenario file writes it, nested or not, that has this unit."""
        if isinstance(value, dict):
            when = f" when {value['when']}" if "when" in value else ""
            orders = [f"{k} {self._order(k, v)}" for k, v in value.items() if k != "when"]
            return ", ".join(orders) + when
        if isinstance(value, list | tuple):
            if len(value) == 2 and isinstance(value[0], str) and not isinstance(value[1], str):
                return f"{self.say(value[1], 'tag')} after {value[0]}"  # a point of a course
            return joined([self.say(one, unit) for one in value])
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value).casefold() if isinstance(value, bool) else str(value)
        if unit == "setting":
            return self._network.command(self._target, value)
        if unit == "tag" and self._statuses:
            return state(value)
        per = unit.removeprefix("tag's unit") if unit.startswith("tag's unit") else ""
        named = self._unit + per if unit == "tag" or per else unit
        return f"{value:g} {named}".rstrip()

    def _order(self, name: str, value: object) -> str:
        if isinstance(value, str | int | float):
            return self._network.command(name, order(name, value))
        return str(value)


def _touched(entry: Entry, spec: PlantSpec) -> Sequence[str]:
    """Return the tags that an entry can change, as far as its port tells; none where many pass."""
    family, _, rest = entry.on.partition(":")
    if entry.tags or family not in ("sensor", "link"):
        return entry.tags
    if family == "sensor":
        return [tag for tag in spec.tag_names if tag == rest]
    source, _, reader = rest.partition("->")
    if source not in spec.plcs:
        return [tag.name for tag in spec.tags if tag.element == source and tag.plc == reader]
    if reader not in spec.plcs:
        return spec.plcs[source].sensors
    return [tag for tag, sender in spec.plcs[reader].receives.items() if sender == source]
