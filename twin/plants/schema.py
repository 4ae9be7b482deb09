"""The keys of plcs.yaml as they are written, each value checked, and their JSON Schema for editors.

A scenario's `control:` has the keys of `Control`; the file itself has those of `File`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import inf, nan
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from twin.errors import InputError, nearest
from twin.plants.logic import CROSSINGS, REOPEN, STATES, setting, setting_of
from twin.units import DURATION, duration, spoken

PATH = Path(__file__).parent / "plcs.schema.json"

_Model = TypeVar("_Model", bound="Section")


def _whole_seconds(value: Any) -> int:
    length = duration(value)
    if length < 1 or length % 1:
        raise ValueError(f"{value!r} is not a whole number of seconds, 1 s at least")
    return int(length)


def _crossings(value: object) -> str:
    if str(value) not in CROSSINGS:
        raise ValueError(f"unknown name {str(value)!r}: {nearest(str(value), CROSSINGS)}")
    return str(value)


def _flag(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, bool):
        raise ValueError(f"{info.field_name} is true or false, not {value!r}")
    return value


def _number(
    words: str = "a number", holds: Callable[[float], bool] = lambda number: True
) -> BeforeValidator:
    """Return a validator that takes only numbers for which `holds`; `words` say which these are."""

    def check(value: object, info: ValidationInfo) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            raise ValueError(f"{info.field_name} is a number, not {value!r}")
        if not holds(value):
            raise ValueError(f"{info.field_name} is {words}, not {value!r}")
        return value

    return BeforeValidator(check)


def _range(value: object) -> object:
    numbers = list(value) if isinstance(value, list | tuple) else []
    if len(numbers) != 2 or not all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in numbers
    ):
        raise ValueError(f"range is two numbers, [-10, 200], not {value!r}")
    if not -1e12 < numbers[0] < numbers[1] < 1e12:
        raise ValueError(f"range rises from its first number to its second, unlike {value!r}")
    return tuple(map(float, numbers))


class _OrNothing(BeforeValidator):
    """Lets nothing after a key stand for an empty mapping or list."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        written: dict[str, Any] = handler(core)
        return written | {"type": [written["type"], "null"]}


_MAPPING = _OrNothing(lambda value: {} if value is None else value)
_LIST = _OrNothing(lambda value: [] if value is None else value)

_Seconds = Annotated[float, BeforeValidator(duration), WithJsonSchema(DURATION)]
_WholeSeconds = Annotated[int, BeforeValidator(_whole_seconds), WithJsonSchema(DURATION)]
_NotNegative = Annotated[float, Field(ge=0.0), _number("0 or more", lambda number: number >= 0.0)]
_Number = Annotated[float, _number()]
_Range = Annotated[
    tuple[float, float],
    BeforeValidator(_range),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]
_Name = Annotated[str, BeforeValidator(str)]
_Setting = Annotated[float, BeforeValidator(setting_of), WithJsonSchema(setting(STATES))]
_Rule = Annotated[
    dict[Any, Any],
    _MAPPING,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"when": {"type": "string"}},
            "additionalProperties": setting((*STATES, REOPEN)),
            "required": ["when"],
            "minProperties": 2,
        }
    ),
]


class Section(BaseModel):
    """Keys of a mapping in the file, none of which has to be there; no others may."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    unknown: ClassVar[str] = "unknown name {!r}"

    @model_validator(mode="before")
    @classmethod
    def _known(cls, written: Any) -> Any:
        if written is None:
            return {}
        if isinstance(written, Mapping):
            keys = [field.alias or name for name, field in cls.model_fields.items()]
            for key in written:
                if key not in keys:
                    message = f"{cls.unknown.format(key)}: {nearest(str(key), keys)}"
                    raise InputError(message, keys=[key])
        return written

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        """Return the schema of such a mapping, or of nothing in its place."""
        written: dict[str, Any] = handler(core)
        mapping = handler.resolve_ref_schema(written)
        mapping["type"] = ["object", "null"]
        for field in mapping["properties"].values():
            field.pop("default", None)  # seconds as a number, which no file may have
        return written

    def said(self) -> dict[str, Any]:
        """Return the keys that are written, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Scan(Section):
    """When a PLC's logic runs."""

    every: _WholeSeconds = 900
    """The logic runs once in so long."""
    crossings: Annotated[
        str, BeforeValidator(_crossings), WithJsonSchema({"enum": list(CROSSINGS)})
    ] = "nearest"
    """Whether it also runs at the instants at which a threshold is reached, and how these are
    rounded to seconds."""


class Outage(Section):
    """A time without any connection: `from`, and either `for` or `to`."""

    model_config = ConfigDict(
        json_schema_extra={"required": ["from"], "minProperties": 2, "maxProperties": 2}
    )

    begins: _Seconds = Field(0.0, alias="from")
    """Since the scenario's start."""
    lasts: _Seconds = Field(0.0, alias="for")
    """How long it lasts."""
    ends: _Seconds = Field(0.0, alias="to")
    """When it ends, since the scenario's start."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.model_fields_set) != 2 or "begins" not in self.model_fields_set:
            message = "an outage has `from`, and either `for` or `to`: {from: 30 h, for: 2 h}"
            raise InputError(message)
        if self.interval[1] <= self.begins:
            message = f"an outage ends after it begins, at {spoken(self.begins)}"
            raise InputError(message, keys=["to" if "ends" in self.model_fields_set else "for"])
        return self

    @property
    def interval(self) -> tuple[float, float]:
        """When it begins and ends [s]."""
        return (
            self.begins,
            self.ends if "ends" in self.model_fields_set else self.begins + self.lasts,
        )


class Link(Section):
    """How well a link carries messages."""

    latency: _Seconds = 0.0
    """From sending to arrival."""
    jitter: _Seconds = 0.0
    """Mean of what is added to the latency at random."""
    timeout: _Seconds = 1.0
    """How long the sender waits for an answer before it sends again."""
    loss: Annotated[
        float, Field(ge=0.0, le=1.0), _number("a probability, 0 to 1", lambda p: 0.0 <= p <= 1.0)
    ] = 0.0
    """Probability that a message is lost."""
    bandwidth: Annotated[float, Field(gt=0.0), _number("above 0", lambda rate: rate > 0.0)] = inf
    """In bits a second."""
    retries: Annotated[
        int,
        Field(ge=0, le=100),
        _number("a whole number, 0 to 100", lambda n: 0 <= n <= 100 and n % 1 == 0),
    ] = 0
    """How often a lost message is sent again."""
    outages: Annotated[list[Outage], _LIST] = []
    """Times without any connection."""


class Sensor(Section):
    """How far an instrument's reading is from the truth, and its range, in its tag's unit."""

    noise: _NotNegative = 0.0
    """Standard deviation of an error drawn anew every step."""
    resolution: _NotNegative = 0.0
    """What it shows is a multiple of this; 0 for any number."""
    drift: _Number = 0.0
    """By how much its error grows in a day."""
    range: _Range | None = None
    """The lowest and the highest it can show; by default by what it measures."""


class Alarms(Section):
    """A tag's alarm limits, in its unit."""

    LL: _Number = nan
    """Low-low."""
    L: _Number = nan
    """Low."""
    H: _Number = nan
    """High."""
    HH: _Number = nan
    """High-high."""
    deadband: _NotNegative = 0.0
    """How far inside a limit the value must come back before its alarm clears."""


class ControlPlc(Section):
    """What a scenario may change of a PLC."""

    unknown: ClassVar[str] = "a scenario cannot change {!r} of a PLC"

    scan: Scan = Scan()
    """When its logic runs, where it is not as for all PLCs."""
    polling: _WholeSeconds = 0
    """SCADA asks it once in so long."""
    hold: _Seconds | None = None
    """An input older than this is bad, and satisfies no rule; null holds it for ever."""
    failsafe: Annotated[dict[_Name, _Setting], _MAPPING] = {}
    """What an actuator is set to while an input of its rules is bad."""


class Plc(ControlPlc):
    """A PLC: what it drives, what it is sent, and its rules."""

    unknown: ClassVar[str] = Section.unknown

    actuators: Annotated[list[_Name], _LIST] = []
    """Pumps, valves and pipes wired to its outputs."""
    receives: Annotated[dict[_Name, Any], _MAPPING] = {}
    """Tags that other PLCs send it, and which PLC does."""
    rules: Annotated[list[_Rule], _LIST] = []
    """Its logic, in order: a later rule overrules those before it."""


class _Plant(Section):
    step: _WholeSeconds = 300
    """Hydraulic and recording step."""
    polling: _WholeSeconds = 300
    """SCADA asks every PLC once in so long."""
    scan: Scan = Scan()
    """When a PLC's logic runs, unless the PLC says otherwise."""
    latency: _Seconds = 0.0
    """Of every link, unless `links` says otherwise."""
    links: Annotated[dict[_Name, Link], _MAPPING] = {}
    """By the links' names or patterns of them, `PLC2->PLC1` or `*->SCADA`; a later line
    overrules."""
    sensors: Annotated[dict[_Name, Sensor], _MAPPING] = {}
    """By tags or patterns of them; a later line overrules."""
    alarms: Annotated[dict[_Name, Alarms], _MAPPING] = {}
    """By tags or patterns of them; a later line overrules."""
    dry_run_protection: Annotated[
        bool, BeforeValidator(_flag), WithJsonSchema({"enum": [True, False]})
    ] = True
    """Whether pumps that too little water reaches are stopped."""


class Control(_Plant):
    """What a scenario may say instead of plcs.yaml, under `control`."""

    plcs: Annotated[dict[_Name, ControlPlc], _MAPPING] = {}
    """The PLCs that it changes, by name."""


class File(_Plant):
    """The keys of plcs.yaml."""

    plcs: Annotated[dict[_Name, Plc], _MAPPING] = {}
    """The PLCs, by name."""


def read(keys: type[_Model], written: Mapping[str, Any]) -> _Model:
    """Check what is written against the keys there may be.

    Raises
    ------
    InputError
        With the keys of the first that is wrong.
    """
    try:
        return keys.model_validate(written)
    except ValidationError as errors:
        first = errors.errors()[0]
    where, found = first["loc"], first["input"]
    if first["type"] == "list_type":
        error = InputError(f"expected a list under {where[-1]}, found {found!r}")
    elif first["type"] in ("dict_type", "model_type"):
        under = next(key for key in reversed(where) if isinstance(key, str))
        error = InputError(f"expected `key: value` lines under {under}, found {found!r}")
    else:
        reason = first["ctx"]["error"]
        error = reason if isinstance(reason, InputError) else InputError(str(reason))
    raise error.under(*where)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of plcs.yaml."""
    dialect = "http://json-schema.org/draft-07/schema#"
    return {"$schema": dialect} | File.model_json_schema() | {"title": "hydrotwin plant's PLCs"}


def text() -> str:
    """Return the schema as its file holds it."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
