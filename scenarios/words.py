"""Entries of a scenario, and what its operator writes, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attacks.base
from attacks.entry import Entry
from scenarios import when as when_of
from twin.plc import STATES
from twin.scada import Order


def order_in_words(order: Order) -> str:
    """Say what the operator writes."""
    words = {value: name for name, value in STATES.items()}
    said = {k: "auto" if math.isnan(v) else words.get(v, f"{v:g}") for k, v in order.values.items()}
    return ", ".join(f"{name} {value}" for name, value in said.items())


def entries_in_words(entries: Sequence[Entry]) -> list[str]:
    """Say of each entry what it does, where and when."""
    return [f"{entry.name}: {entry_in_words(entry, f' on {entry.on}')}" for entry in entries]


def entry_in_words(entry: Entry, port: str = "") -> str:
    """Say what an entry does and when; `port` is put between."""
    tags = f" [{', '.join(entry.tags)}]" if entry.tags else ""
    given = fields_in_words(entry)
    fields = f" ({given})" if given else ""
    return f"{entry.do.kind}{fields}{port}{tags}, {when_of.words(entry.when)}"


def fields_in_words(entry: Entry) -> str:
    """Say what the fields of an entry's kind are set to."""
    fields = attacks.base.as_data(entry.do)
    return ", ".join(f"{key} {_worded(value)}" for key, value in fields.items())


def _worded(value: object) -> str:
    if isinstance(value, list | tuple):
        return " and ".join(_worded(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
