"""What an attack is, how a kind is registered, and how its fields are read and explained.

A new kind is a frozen dataclass with `tamper` (for readings and commands) or `begin` and `end`
(for a PLC's logic, or the water itself), under `@register("name")`; see `attacks/readings.py` for
the shortest.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import numpy as np
from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from twin.errors import InputError, nearest
from twin.link import Late
from twin.tags import Reading
from twin.units import duration, readable

if TYPE_CHECKING:
    from twin.testbed import Testbed


@dataclass(frozen=True)
class Unit:
    """The unit of a field: `s`, `m`, `tag` (that of the tag it changes), `setting` (0 to 1)."""

    name: str


def _seconds(value: object) -> float:
    return duration(str(value))


Seconds = Annotated[float, BeforeValidator(_seconds), Unit("s")]
"""A duration field: `36 h` in a file, seconds as a float in Python."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What is done to what passes at a port while the attack is active.

    The fields are its configuration and never change; what a run has to remember lives in the
    object that `fresh` returns.
    """

    kind: ClassVar[str]
    ports: ClassVar[tuple[str, ...]] = ("sensor", "link", "plc", "scada")
    """Families of ports it works on: sensor, link, plc, scada, actuator, plant."""
    outputs: ClassVar[bool] = False
    """Whether on a PLC it tampers with what leaves it, instead of what enters its memory."""
    at_end: ClassVar[str] = "true readings pass again"
    """What happens when it ends."""
    technique: ClassVar[str] = ""
    """Of MITRE ATT&CK for ICS: its number and name."""
    example: ClassVar[str] = ""
    """An entry of a scenario's `attacks:` that runs on C-Town."""
    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)

    def fresh(self, rng: np.random.Generator) -> Attack:
        """Return what acts in one run: this object, or one with state of its own.

        Parameters
        ----------
        rng : Generator
            The entry's own random stream, which disturbs no other.
        """
        return self

    def check(self, testbed: Testbed, target: str) -> None:
        """Raise InputError if it makes no sense on what its port names: `PLC5` of `plc:PLC5`."""

    def watch(self, reading: Reading) -> None:
        """See a reading that passes, active or not, before it is tampered with."""

    def tamper(self, reading: Reading) -> Reading | Late | Sequence[Reading | Late] | None:
        """Return what passes instead of `reading` while active; None drops it."""
        return reading

    def tamper_packet(self, packet: Sequence[Reading]) -> Iterable[Reading | Late]:
        """Return what passes instead of readings that travel together; by default one by one."""
        for reading in packet:
            passed = self.tamper(reading)
            if isinstance(passed, Reading | Late):
                yield passed
            elif passed is not None:
                yield from passed

    def begin(self, testbed: Testbed, target: str) -> None:
        """Act when the attack starts; a PLC is `testbed.plcs[target]`."""

    def step(self, testbed: Testbed, target: str, now: float) -> None:
        """Act at an instant [s] at which it is active, the first one too."""

    def end(self, testbed: Testbed, target: str) -> None:
        """Undo it when the attack ends."""


_KINDS: dict[str, type[Attack]] = {}
_A = TypeVar("_A", bound=Attack)


def register(kind: str) -> Callable[[type[_A]], type[_A]]:
    """Make a class known to scenario files as `do: {kind: …}`.

    Raises
    ------
    ValueError
        If another class has that name.
    """

    def known(cls: type[_A]) -> type[_A]:
        if kind in _KINDS:
            raise ValueError(f"attack {kind!r} is already {_KINDS[kind].__qualname__}")
        cls.kind = kind
        _KINDS[kind] = cls
        return cls

    return known


def kinds() -> dict[str, type[Attack]]:
    """Return every registered kind, by name."""
    package = importlib.import_module("attacks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"attacks.{module.name}")
    return dict(sorted(_KINDS.items()))


def build(do: Mapping[str, Any]) -> Attack:
    """Build an attack from the `do:` of a scenario file, like `{offset: {by: 1.0}}`.

    Raises
    ------
    InputError
        With the keys of what is wrong, for the reader of the file to find the line.
    """
    known = kinds()
    if len(do) != 1:
        raise InputError(f"`do` names one kind of attack, not {len(do)}: {', '.join(map(str, do))}")
    ((kind, fields),) = do.items()
    if kind not in known:
        raise InputError(f"unknown attack {kind!r}: {nearest(str(kind), known)}", keys=[str(kind)])
    if not isinstance(fields, Mapping):
        message = f"the fields of {kind} are `name: value` pairs in braces, not {fields!r}"
        raise InputError(message, keys=[kind])
    cls = known[kind]
    try:
        return TypeAdapter(cls).validate_python(dict(fields))
    except ValidationError as error:
        raise explained(error, [field.name for field in dataclasses.fields(cls)]).under(
            kind
        ) from None


def explained(errors: ValidationError, names: Collection[str]) -> InputError:
    """Return the most telling of what pydantic found, in words.

    Parameters
    ----------
    errors : ValidationError
    names : collection of str
        The fields there could have been.
    """
    found = errors.errors()
    first = next((error for error in found if error["type"] in _UNKNOWN), found[0])
    return InputError(_in_words(first, names), keys=[k for k in first["loc"] if k != "[key]"])


_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def _in_words(error: Any, names: Collection[str]) -> str:
    where = str(next((part for part in reversed(error["loc"]) if isinstance(part, str)), ""))
    if error["type"] in ("dict_type", "model_type"):
        hint = " (like {drop: {}})" if where == "do" else ""
        return f"{where} is written as `key: value` pairs in braces{hint}, not {error['input']!r}"
    if error["type"] == "float_parsing":
        return f"{where} is a number without a unit, not {error['input']!r}"
    if error["type"] in _UNKNOWN:
        return f"unknown field {where!r}: {nearest(where, names)}"
    if error["type"].startswith("missing"):
        return f"field {where!r} is missing"
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"] == "value_error":
        return f"{where}: {reason}" if where else reason
    return f"{where}: {reason[0].lower()}{reason[1:]}, not {error['input']!r}"


def as_data(attack: Attack) -> dict[str, Any]:
    """Return an attack's fields as a scenario file writes them, without those left at default."""
    data = {}
    for field, (_, written, _, _) in zip(
        dataclasses.fields(attack), fields(type(attack)), strict=True
    ):
        value = getattr(attack, field.name)
        if value != field.default:
            value = readable(value) if written == "duration" else value
            data[field.name] = list(value) if isinstance(value, tuple) else value
    return data


def fields(cls: type[Attack]) -> list[tuple[str, str, str, str]]:
    """Return (name, type, unit, default) of each field of a kind, for people to read."""
    hints = typing.get_type_hints(cls, include_extras=True)
    rows = []
    plain = typing.get_type_hints(cls)
    words = {float: "number", int: "whole number", str: "text", bool: "true or false"}
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        parts = [a for option in (hint, *typing.get_args(hint)) for a in typing.get_args(option)]
        unit = next((part.name for part in parts if isinstance(part, Unit)), "")
        listed = typing.get_origin(plain[field.name]) is tuple
        written = "list" if listed else words.get(plain[field.name], str(plain[field.name]))
        if unit == "s":
            written = "duration"
        default = "required" if field.default is dataclasses.MISSING else str(field.default)
        rows.append((field.name, written, unit, default))
    return rows
