"""Entries of a scenario, and what its operator writes, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attacks.base
from attacks.entry import Entry
from attacks.fields import fields
from scenarios import when as when_of
from twin.plc import STATES
from twin.scada import Order


def order_in_words(order: Order) -> str:
    """Say what the operator writes."""
    said = {
        k: f"{v:g}" if k.startswith("SP_") else setting_in_words(v) for k, v in order.values.items()
    }
    return ", ".join(f"{name} {value}" for name, value in said.items())


def setting_in_words(setting: float) -> str:
    """Say what an actuator is told: open, closed, auto, or a speed or setting."""
    words = {value: name for name, value in STATES.items()}
    return "auto" if math.isnan(setting) else words.get(setting, f"{setting:g}")


def entries_in_words(entries: Sequence[Entry]) -> list[str]:
    """Say of each entry what it does, where and when."""
    return [f"{entry.name}: {entry_in_words(entry, f' on {entry.on}')}" for entry in entries]


def entry_in_words(entry: Entry, port: str = "") -> str:
    """Say what an entry does and when; `port` is put between."""
    tags = f" [{', '.join(entry.tags)}]" if entry.tags else ""
    given = fields_in_words(entry)
    settings = f" ({given})" if given else ""
    return f"{entry.do.kind}{settings}{port}{tags}, {when_of.words(entry.when)}"


def fields_in_words(entry: Entry) -> str:
    """Say what the fields of an entry's kind are set to."""
    written = attacks.base.as_data(entry.do)
    units = {field.name: field.unit for field in fields(type(entry.do))}
    return ", ".join(f"{key} {_worded(value, units[key])}" for key, value in written.items())


def _worded(value: object, unit: str = "") -> str:
    if isinstance(value, list) and any(isinstance(one, list | Mapping) for one in value):
        parts = (one if isinstance(one, list) else [one] for one in value)
        return "; ".join(" ".join(map(_worded, part)) for part in parts)
    if isinstance(value, list | tuple):
        return " and ".join(_worded(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_worded(one)}" for key, one in value.items())
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, float) and unit == "setting":
        return setting_in_words(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
