"""The `when:` of a scenario file: its fields as they are written, read and written back."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from attacks.annotations import Seconds
from attacks.entries.arrivals import Arrivals, RandomDuration
from attacks.entries.trigger import FOREVER, When
from twin.units import DURATION, duration, readable, spoken


def _condition(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value


_PAIR = {"type": "array", "items": DURATION, "minItems": 2, "maxItems": 2}
_RANDOM = [
    {
        "type": "object",
        "properties": {kind: values},
        "additionalProperties": False,
        "required": [kind],
    }
    for kind, values in (("exponential", DURATION), ("uniform", _PAIR))
]
Condition = Annotated[str, BeforeValidator(_condition)]
"""A condition, as a file has it."""
_Duration = Annotated[
    RandomDuration,
    BeforeValidator(RandomDuration.read),
    WithJsonSchema({"anyOf": [DURATION, *_RANDOM], "description": "as long each time, or drawn"}),
]

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
"""Of every part of a scenario file: no unknown keys, no infinite numbers."""


class WrittenArrivals(BaseModel):
    """`random:` as a file has it."""

    model_config = STRICT
    gap: _Duration
    lasts: _Duration = Field(alias="for")


class WrittenWhen(BaseModel):
    """`when:` as a file has it."""

    model_config = STRICT
    begins: Seconds = Field(0.0, alias="from")
    ends: Seconds = Field(FOREVER, alias="to")
    lasts: Seconds = Field(FOREVER, alias="for")
    start: Condition | None = None
    end: Condition | None = None
    not_before: Seconds = 0.0
    delay: Seconds = 0.0
    follow: bool = False
    once: bool = True
    every: Seconds | None = None
    random: WrittenArrivals | None = None


def read_when(written: WrittenWhen) -> When:
    """Return what a file's `when:` means.

    Raises
    ------
    InputError
        If its fields make no sense together.
    """
    values = {f.name: getattr(written, f.name) for f in dataclasses.fields(When)}
    if written.random is not None:
        values["random"] = Arrivals(gap=written.random.gap, lasts=written.random.lasts)
    return When(**values)


def when_data(when: When) -> dict[str, Any]:
    """Return a `when:` as a file has it, without what is left at its default."""
    data: dict[str, Any] = {}
    for name, field in WrittenWhen.model_fields.items():
        value = getattr(when, name)
        if value == field.default:
            continue
        if isinstance(value, Arrivals):
            value = {"gap": value.gap.written(), "for": value.lasts.written()}
        elif isinstance(value, float):
            value = readable(value)
        data[field.alias or name] = value
    return data


_WORDS = {
    "from": "from {} on",
    "start": "once `{}` holds",
    "not_before": "not before {}",
    "delay": "{} after that",
    "to": "until {}",
    "for": "for {}",
    "end": "until `{}` holds",
    "every": "again every {}",
    "random": "again and again at random: {}",
}
"""How each key of `when` is said, in this order; `follow` and `once` change how `start` is."""


def when_in_words(when: When) -> str:
    """Say when, on one line."""
    written = when_data(when)
    if not written:
        return "the whole run"
    known = [key for key in _WORDS if key in written]
    parts = [_WORDS[key].format(phrase(written[key])) for key in known]
    if when.follow:
        parts[known.index("start")] = f"whenever `{when.start}` holds"
    if not {"from", "start"} & set(written):
        parts.insert(0, "from the start on")
    if not when.once:
        parts.append("again as soon as it holds after that")
    return ", ".join(parts)


def phrase(value: object) -> str:
    """Write a value without YAML's braces and quotes, and `1695 min` as `28.25 h`."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {phrase(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " to ".join(map(phrase, value))
    if isinstance(value, bool):
        return str(value).casefold()
    try:
        return spoken(duration(str(value)))
    except ValueError:  # a condition
        return str(value)
