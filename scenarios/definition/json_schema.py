"""The JSON Schema of scenario files: what an editor completes and checks them by."""

from __future__ import annotations

import json
import re
from inspect import cleandoc
from typing import Any

from pydantic import TypeAdapter

from attacks.attack import Attack
from attacks.discovery import kinds
from attacks.entries.entry import Entry
from attacks.entries.trigger import When
from scenarios.definition.keys import File
from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import LIBRARY
from twin.control.ports import FAMILIES
from twin.plants.schema import Control

PATH = LIBRARY / "scenario.schema.json"

_YES_NO = "^(yes|no|on|off|true|false)$"
_DIALECT = "http://json-schema.org/draft-07/schema#"
_DOCUMENTED: dict[str, tuple[type, dict[str, str]]] = {
    "": (Scenario, {}),
    "_Entry": (Entry, {}),
    "WrittenWhen": (When, {"begins": "from", "ends": "to", "lasts": "for"}),
}
"""The class whose attributes explain the keys of each mapping, and keys called otherwise there."""


def schema() -> dict[str, Any]:
    """Return the schema of scenario files, with every kind of attack there is."""
    whole = File.model_json_schema(by_alias=True)
    whole = {"$schema": _DIALECT, "title": "hydrotwin scenario"} | whole
    for name, (cls, aliases) in _DOCUMENTED.items():
        part = whole["$defs"][name] if name else whole
        for key, words in _attributes(cls).items():
            keys = part["properties"]
            if aliases.get(key, key) in keys:
                for own, written in aliases.items():
                    words = words.replace(f"`{own}`", f"`{written}`")
                keys[aliases.get(key, key)]["description"] = words
    whole["properties"]["start"] |= {"type": "string"}
    del whole["properties"]["start"]["format"]  # a date alone is enough
    entry = whole["$defs"]["_Entry"]["properties"]
    families = "|".join(family for family in FAMILIES if family != "scada")
    entry["on"]["pattern"] = rf"^(({families}):.+|scada)$"
    entry["do"] = {
        "description": "what is done: one kind of attack and its fields",
        "type": "object",
        "properties": {name: _kind(cls, whole["$defs"]) for name, cls in kinds().items()},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    control = Control.model_json_schema()
    whole["$defs"] |= control.pop("$defs")
    whole["properties"]["control"] |= control | {"type": "object"}
    cleaned: dict[str, Any] = _draft7(whole)
    return cleaned


def text() -> str:
    """Return the schema as its file holds it."""
    return json.dumps(schema(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _kind(cls: type[Attack], shared: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a kind's fields, with what it does as an editor shows it."""
    part = TypeAdapter(cls).json_schema(ref_template="#/$defs/{model}")
    shared |= part.pop("$defs", {})
    ports = ", ".join(cls.ports)
    words = f"{cleandoc(cls.__doc__ or '')}\n\nOn: {ports}. In the end: {cls.at_end}."
    return part | {"title": cls.kind, "description": words}


def _attributes(cls: type) -> dict[str, str]:
    """Return what a NumPy docstring says of each attribute, in one line."""
    text = cleandoc(cls.__doc__ or "").partition("Attributes\n----------\n")[2]
    found: dict[str, str] = {}
    for names, words in re.findall(r"^(\w[\w, ]*) : .*\n((?:    .*\n?)*)", text + "\n", re.M):
        for name in names.split(", "):
            found[name] = " ".join(words.split())
    return {name: words for name, words in found.items() if words}


def _draft7(part: Any) -> Any:
    """Return a part of a schema in draft 7, with booleans that may be words like `yes`.

    Defaults are left out that no file can hold: seconds as numbers, dates as objects.
    """
    if isinstance(part, list):
        return [_draft7(item) for item in part]
    if not isinstance(part, dict):
        return part
    converted = {
        "items" if key == "prefixItems" else key: _draft7(value)
        for key, value in part.items()
        if key != "default" or isinstance(value, str | bool)
    }
    if converted.get("type") == "boolean":
        converted["type"], converted["pattern"] = ["boolean", "string"], _YES_NO
    return converted
