"""The `when:` of a scenario file: its fields as they are written, read and written back."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from attacks.arrivals import Arrivals, Draw
from attacks.base import Seconds
from attacks.trigger import FOREVER, When
from twin.units import readable


def _condition(value: object) -> object:
    return str(value) if isinstance(value, int | float) else value


_Condition = Annotated[str, BeforeValidator(_condition)]
_Draw = Annotated[Draw, BeforeValidator(Draw.read)]

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True)
"""Of every part of a scenario file: no unknown keys, no infinite numbers."""


class WrittenArrivals(BaseModel):
    """`random:` as a file has it."""

    model_config = STRICT
    gap: _Draw
    lasts: _Draw = Field(alias="for")


class WrittenWhen(BaseModel):
    """`when:` as a file has it."""

    model_config = STRICT
    begins: Seconds = Field(0.0, alias="from")
    ends: Seconds = Field(FOREVER, alias="to")
    lasts: Seconds = Field(FOREVER, alias="for")
    start: _Condition | None = None
    end: _Condition | None = None
    not_before: Seconds = 0.0
    delay: Seconds = 0.0
    follow: bool = False
    once: bool = True
    every: Seconds | None = None
    random: WrittenArrivals | None = None


def read(written: WrittenWhen) -> When:
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


def data(when: When) -> dict[str, Any]:
    """Return a `when:` as a file has it, without what is left at its default."""
    found: dict[str, Any] = {}
    for name, field in WrittenWhen.model_fields.items():
        value = getattr(when, name)
        if value == field.default:
            continue
        if isinstance(value, Arrivals):
            value = {"gap": value.gap.written(), "for": value.lasts.written()}
        elif isinstance(value, float):
            value = readable(value)
        found[field.alias or name] = value
    return found


def words(when: When) -> str:
    """Say when, on one line."""
    parts = (f"{key} {phrase(value)}" for key, value in data(when).items())
    return ", ".join(parts) or "the whole run"


def phrase(value: object) -> str:
    """Write a value without YAML's braces and quotes."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {phrase(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " to ".join(map(phrase, value))
    return str(value).casefold() if isinstance(value, bool) else str(value)
