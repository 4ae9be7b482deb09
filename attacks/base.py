"""What an attack is, how a kind is registered, and how its fields are read and explained.

A new kind is a frozen dataclass with `tamper` (for readings and commands) or `begin` and `end`
(for a PLC's logic, or the water itself), under `@register("name")`; see `attacks/readings.py` for
the shortest.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import pkgutil
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from attacks.annotations import File as File
from attacks.annotations import Seconds as Seconds
from attacks.annotations import Shift as Shift
from attacks.annotations import Unit as Unit
from attacks.annotations import as_written
from attacks.fields import fields as fields_of
from twin.errors import InputError, nearest
from twin.files import flow
from twin.link import Late
from twin.tags import Reading
from twin.units import readable

if TYPE_CHECKING:
    from twin.testbed import Testbed


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
    inputs_too: ClassVar[bool] = False
    """Whether, besides what leaves a PLC, it tampers with what enters its memory."""
    at_end: ClassVar[str] = "true readings pass again"
    """What happens when it ends."""
    technique: ClassVar[str] = ""
    """Of MITRE ATT&CK for ICS: its number and name; at other ports see `attacks.techniques`."""
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

    def check_tags(self, tags: Sequence[str]) -> None:
        """Raise InputError if it makes no sense for these tags, those that it will see pass."""

    def touched(self, tags: Sequence[str]) -> Sequence[str]:
        """Return, of the tags that it will see pass, those that it may change; by default all."""
        return tags

    @property
    def watches_raw(self) -> bool:
        """Whether it watches what comes in at its port, before any other entry has changed it."""
        return False

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
                yield from passed if isinstance(passed, Iterable) else [passed]

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
        If another class has that name, or a field that of one of an attack's own methods.
    """

    def known(cls: type[_A]) -> type[_A]:
        if kind in _KINDS:
            raise ValueError(f"attack {kind!r} is already {_KINDS[kind].__qualname__}")
        for field in dataclasses.fields(cls):
            if hasattr(Attack, field.name):
                raise ValueError(f"a field {field.name!r} would hide what every attack has: rename")
        cls.kind = kind
        _KINDS[kind] = cls
        return cls

    return known


def forget(kind: str) -> None:
    """Make a registered kind unknown again."""
    del _KINDS[kind]


def kinds() -> dict[str, type[Attack]]:
    """Return every registered kind, by name: ours, and those of plug-ins loaded so far."""
    _load_own()
    importlib.import_module("attacks.plugins").load_installed()
    return dict(sorted(_KINDS.items()))


@functools.cache
def _load_own() -> None:
    package = importlib.import_module("attacks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"attacks.{module.name}")


def build(do: Mapping[str, Any], folder: Path | None = None, label: str = "attack") -> Attack:
    """Build an attack from the `do:` of a scenario file, like `{offset: {by: 1.0}}`.

    Parameters
    ----------
    do : mapping
    folder : Path, optional
        Where relative paths start; by default the current one.
    label : {"attack", "fault"}
        What it is called where it is wrong.

    Raises
    ------
    InputError
        With the keys of what is wrong, for the reader of the file to find the line.
    """
    known = kinds()
    if len(do) != 1:
        raise InputError(
            f"`do` names one kind of {label}, not {len(do)}: {', '.join(map(str, do))}"
        )
    ((kind, fields),) = do.items()
    if kind not in known:
        hint = f"{nearest(str(kind), known)} (hydrotwin attacks list)"
        raise InputError(f"unknown {label} {kind!r}: {hint}", keys=[str(kind)])
    if not isinstance(fields, Mapping):
        given = f"nothing: {kind}: {{}} where none is given" if fields is None else repr(fields)
        message = f"the fields of {kind} are `name: value` pairs in braces, not {given}"
        raise InputError(message, keys=[kind])
    cls = known[kind]
    try:
        return TypeAdapter(cls).validate_python(dict(fields), context={"folder": folder})
    except ValidationError as error:
        units = {field.name: field.unit for field in fields_of(cls)}
        found = explained(error, units)
        like = _like(cls, str(found.keys[0])) if found.keys else ""
        raise InputError(found.message + like, keys=(kind, *found.keys)) from None
    except Exception as error:
        where = importlib.import_module("attacks.plugins").fault(error, cls)
        if where is None:
            raise
        raise InputError(f"{kind} broke at {where}", keys=[kind]) from error


def _like(cls: type[Attack], name: str) -> str:
    """Show how a field is written that is a list, a mapping or a file."""
    examples = [field.example for field in fields_of(cls) if field.name == name]
    return f" (like {flow(examples[0])})" if examples and examples[0] is not None else ""


def telling(errors: ValidationError) -> Any:
    """Return the most telling of what pydantic found: a field nobody knows, or else the first."""
    found = errors.errors()
    return next((error for error in found if error["type"] in _UNKNOWN), found[0])


def explained(errors: ValidationError, units: Mapping[str, str]) -> InputError:
    """Return the most telling of what pydantic found, in words.

    Parameters
    ----------
    errors : ValidationError
    units : mapping of str to str
        The fields there could have been, each with its unit.
    """
    first = telling(errors)
    message = _in_words(first, units)
    if first["type"] in _UNKNOWN:
        beside = [e["loc"] for e in errors.errors() if e["type"].startswith("missing")]
        missing = [str(loc[-1]) for loc in beside if loc[:-1] == first["loc"][:-1]]
        missing = [name for name in missing if not message.endswith(f"mean {name}?")]
        message += f"; missing: {', '.join(missing)}" if missing else ""
    return InputError(message, keys=[k for k in first["loc"] if k != "[key]"])


_PAIRS = {
    "do": "{drop: {}}",
    "when": "{from: 10 h, for: 2 h}",
    "random": "{gap: {exponential: 36 h}, for: 2 h}",
}
_BOUNDS = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than": "below",
    "less_than_equal": "at most",
}
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


_UNSAID = {"tag": "in the tag's unit", "setting": "", "s": "", "": ""}
"""What is said of a number for a unit that does not stand behind it."""


def _in_words(error: Any, units: Mapping[str, str]) -> str:
    where = str(next((part for part in reversed(error["loc"]) if isinstance(part, str)), ""))
    unit = units.get(where, "")
    given = "nothing" if error["input"] is None else repr(error["input"])
    if error["type"] in ("dict_type", "model_type"):
        hint = f" (like {_PAIRS[where]})" if where in _PAIRS else ""
        return f"{where} is written as `key: value` pairs in braces{hint}, not {given}"
    if error["type"] in ("list_type", "tuple_type"):
        return f"{where} is a list in brackets, not {given}"
    if error["type"] in _BOUNDS:
        (limit,) = error["ctx"].values()
        bound = f"{limit:g} {_UNSAID.get(unit, unit)}".rstrip()
        bound = readable(limit) if unit == "s" else bound
        return f"{where} is {_BOUNDS[error['type']]} {bound}, not {given}"
    if error["type"] == "float_parsing":
        of = "that of the tag" if unit == "tag" else unit
        return f"{where}: a number without {f'its unit ({of})' if of else 'a unit'}, not {given}"
    if error["type"] in _UNKNOWN:
        return f"unknown field {where!r}: {nearest(where, units)}"
    if error["type"].startswith("missing") and error["loc"] and error["loc"][-1] == where:
        return f"field {where!r} is missing"
    if error["type"].startswith("missing"):
        return f"{where}: a part is missing in {error['input']!r}"
    if error["type"] == "string_type":
        return f"{where} is text, not {given}"
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"].startswith("date"):
        return f"{where} is a date like 2026-01-05 or 2026-01-05 08:00: {reason.casefold()}"
    if error["type"] == "value_error":
        return f"{where}: {reason}" if where else reason
    return f"{where}: {reason[0].lower()}{reason[1:]}, not {given}"


def as_data(attack: Attack) -> dict[str, Any]:
    """Return an attack's fields as a scenario file writes them, without those left at default."""
    hints = typing.get_type_hints(type(attack), include_extras=True)
    values = {field: getattr(attack, field.name) for field in dataclasses.fields(attack)}
    return {
        field.name: as_written(value, hints[field.name])
        for field, value in values.items()
        if value != field.default
    }
