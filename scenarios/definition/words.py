"""Entries of a scenario, what its operator writes, and what they broke, in words with units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attacks.build import as_data
from attacks.entries.entry import Entry
from attacks.entries.targets import touched
from attacks.fields import fields
from scenarios.definition.when import when_in_words
from twin.control.orders import Answer, Order, order
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
    """Join words as a sentence does: `a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(parts[:-1])] if parts[1:] else []), *parts[-1:]])


def order_in_words(written: Order | Answer, spec: PlantSpec) -> str:
    """Say what the operator writes."""
    return ", ".join(f"{k} {spec.command(k, v)}" for k, v in written.values.items())


def entries_in_words(entries: Sequence[Entry], spec: PlantSpec) -> list[str]:
    """Say of each entry what it does, where and when."""
    return [f"{e.name}: {entry_in_words(e, spec, f' on {e.on}')}" for e in entries]


def entry_in_words(entry: Entry, spec: PlantSpec, port: str = "") -> str:
    """Say what an entry does and when; `port` is put between."""
    tags = f" [{', '.join(entry.tags)}]" if entry.tags else ""
    settings = fields_in_words(entry, spec)
    settings = f" ({settings})" if settings else ""
    return f"{entry.do.kind}{settings}{port}{tags}, {when_in_words(entry.when)}"


def fields_in_words(entry: Entry, spec: PlantSpec) -> str:
    """Say what the fields of an entry's kind are set to, each with its unit."""
    units = {field.name: field.unit for field in fields(type(entry.do))}
    formatter = _ValueFormatter(entry, spec)
    values = as_data(entry.do).items()
    return ", ".join(f"{k.replace('_', ' ')} {formatter.text(v, units[k])}" for k, v in values)


class _ValueFormatter:
    """Formats the values of one entry's fields, with the unit of the tags it may change."""

    def __init__(self, entry: Entry, spec: PlantSpec):
        self._spec = spec
        self._target = entry.port.target
        # Where a port is many places, values are in each tag's own unit, unless tags are named.
        many = entry.port.family in ("plc", "scada") or not set("*?[").isdisjoint(entry.port.sender)
        names = entry.tags if many else touched(entry, spec)
        statuses = {tag.name for tag in spec.tags if tag.quantity == "status"}
        self._statuses = bool(names) and statuses.issuperset(names)
        units = {spec.unit(name) for name in names}
        self._unit = units.pop() if len(units) == 1 else "in each one's unit"

    def text(self, value: object, unit: str) -> str:
        """Return a value, as a scenario file has it, nested or not, with its unit."""
        if isinstance(value, dict) and all(isinstance(one, dict) for one in value.values()):
            return joined([f"{self.text(one, unit)} at {at}" for at, one in value.items()])
        if isinstance(value, dict):
            when = f" when {value['when']}" if "when" in value else ""
            orders = [f"{k} {self._order(k, v)}" for k, v in value.items() if k != "when"]
            return ", ".join(orders) + when
        if isinstance(value, list | tuple):
            if len(value) == 2 and isinstance(value[0], str) and not isinstance(value[1], str):
                return f"{self.text(value[1], 'tag')} after {value[0]}"  # a point of a course
            return joined([self.text(one, unit) for one in value])
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value).casefold() if isinstance(value, bool) else str(value)
        if unit == "setting":
            return self._spec.command(self._target, value)
        if unit == "tag" and self._statuses:
            return state(value)
        per = unit.removeprefix("tag's unit") if unit.startswith("tag's unit") else ""
        named = self._unit + per if unit == "tag" or per else unit
        return f"{value:g} {named}".rstrip()

    def _order(self, name: str, value: object) -> str:
        if isinstance(value, str | int | float):
            return self._spec.command(name, order(name, value))
        return str(value)
