"""The types of fields: each with its unit, and how a file writes it."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from twin.control.orders import ORDERS, SETPOINT
from twin.files import shown
from twin.plants.logic import HIGHEST, setting
from twin.units import DURATION, LENGTH, duration, readable

WRITES = {
    "type": "object",
    "patternProperties": {SETPOINT: {"type": "number", "minimum": -HIGHEST, "maximum": HIGHEST}},
    "additionalProperties": setting(ORDERS),
}
"""What is written to PLCs, in JSON Schema."""


@dataclass(frozen=True)
class Unit:
    """The unit of a field: `s`, `m`, `tag` (that of the tag it changes), `setting` (0 to 1)."""

    name: str

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Return how a field of this unit is written, for an editor that completes and checks."""
        plain: dict[str, Any] = handler(core)
        if self.name == "s":
            return dict(DURATION)
        words = {"": {}, "setting": {}, "tag": {"description": "in the tag's unit"}}
        return plain | words.get(self.name, {"description": f"in {self.name}"})


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"one duration is expected, like 36 h or 15 min, not {shown(value)}")
    return duration(str(value))


Seconds = Annotated[float, BeforeValidator(_seconds), Unit("s")]
"""A duration field: `36 h` in a file, seconds as a float in Python."""


def _shift(value: object) -> float:
    text = str(value).strip()
    return -duration(text[1:]) if text.startswith("-") else duration(text)


Shift = Annotated[
    float,
    BeforeValidator(_shift),
    Unit("s"),
    WithJsonSchema({"type": "string", "pattern": rf"^\s*(-\s*)?\+?{LENGTH}"}),
]
"""A duration that may be negative, like `-1 h`."""

TABLES = Path(__file__).parent / "tables"


def _path(value: object, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder") or Path.cwd()
    shipped = TABLES / str(value)
    path: Path = (folder / str(value)).resolve()
    return shipped if shipped.is_file() and not path.exists() else path


File = Annotated[Path, BeforeValidator(_path)]
"""A file's path: relative to the scenario's folder in a file, or the name of a shipped table."""


def as_written(value: Any, hint: Any) -> Any:
    """Return a field's value, or what is nested in it, as a file writes it."""
    if isinstance(value, tuple):
        while typing.get_origin(hint) is Annotated:
            hint = typing.get_args(hint)[0]
        inner = typing.get_args(hint)
        each = inner if Ellipsis not in inner else inner[:1] * len(value)
        return [as_written(one, of) for one, of in zip(value, each, strict=True)]
    if isinstance(value, Path):
        return value.name if value.parent == TABLES else str(value)
    if unit_of(hint) == "s":
        return "-" + readable(-value) if value < 0 else readable(value)
    return value


def unit_of(hint: Any) -> str:
    """Return the unit a field's type names, if it names one; not those within a list or mapping."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        own = [part.name for part in parts[1:] if isinstance(part, Unit)]
        return own[0] if own else unit_of(parts[0])
    if origin in (UnionType, typing.Union):
        return next((unit for unit in map(unit_of, parts) if unit), "")
    return ""
