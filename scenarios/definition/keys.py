"""The keys of a scenario file: what may stand there, checked, and the values it comes to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    WithJsonSchema,
)

from attacks.annotations import WRITES, Seconds, Unit
from attacks.build import build
from attacks.discovery import kinds
from attacks.entries.entry import Entry
from attacks.fields import fields as fields_of
from attacks.mistakes import explain, main_errors
from scenarios.definition.plugins import load_plugin
from scenarios.definition.when import STRICT, Condition, WrittenArrivals, WrittenWhen, read_when
from twin.control.orders import Answer, Order, order
from twin.errors import InputError, noting, together, under
from twin.files import flow, plain, shown
from twin.testbed import START
from twin.units import DAY, HOUR, spoken

DETECTOR = "physics"
SHORTEST, LONGEST = HOUR, 3650 * DAY
GRID = 300
"""Of how many seconds a run's duration is a multiple."""
REQUIRED = (0.1, 1000.0)
"""Between which a required pressure lies [m]."""
_NOBODY = ("none", "no", "off", "nobody")
_UNWATCHED = f"to let nobody watch, write `detector: null`; without the line it is {DETECTOR}"
_LONGEST_PATH = 250  # bytes; file systems take 255 for a name


def _path(value: str) -> str:
    if len(value.encode()) > _LONGEST_PATH:
        raise ValueError(f"no file or folder has a name of {len(value)} characters")
    return value


_Path = Annotated[str, AfterValidator(_path)]


class _Strict(BaseModel):
    model_config = STRICT


class _Entry(_Strict):
    name: str | None = None
    incident: str | None = None
    on: str
    tags: list[str] = []
    do: dict[str, Any]
    since: Seconds = 0.0
    when: WrittenWhen = Field(default_factory=lambda: WrittenWhen.model_validate({}))


class _Order(_Strict):
    at: Seconds | None = None
    by: str = ""
    when: Condition | None = None
    delay: Seconds = 0.0
    write: Annotated[dict[str, float | str], WithJsonSchema(WRITES)]


def _start(value: object) -> object:
    """Return a date as a file has it; raise ValueError, with the mend, for what is none."""
    if isinstance(value, date):
        return value
    form = "is a date like 2026-01-05 or 2026-01-05 08:00"
    if not isinstance(value, str):
        raise ValueError(f"{form}, not {shown(value)}")
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        pass
    raise ValueError(f"{form} (year, month, day), not {value!r}{_iso(value.strip())}")


_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%d.%m.%Y %H:%M")
"""How dates are often written; 05/01/2026 is not among them, which may be May or January."""


def _iso(text: str) -> str:
    """Return how a date is to be written that was written in another way, to end a message."""
    for form in _DATES:
        with suppress(ValueError):
            return f": write {datetime.strptime(text, form):%Y-%m-%d %H:%M}"
    return ""


def _watcher(value: object) -> object:
    if value is False:
        raise ValueError(_UNWATCHED)
    return value


class File(_Strict):
    """The keys of a scenario file, as they are written."""

    name: _Path
    description: str = ""
    plant: _Path = "ctown"
    start: Annotated[datetime, BeforeValidator(_start)] = START
    duration: Seconds = 7 * DAY
    warmup: Seconds = 7 * DAY
    seed: int = Field(0, ge=0, lt=2**63, strict=True)
    demand_model: Literal["demand-driven", "pressure-driven"] = "demand-driven"
    required_pressure: Annotated[float | None, Unit("m")] = Field(
        None, ge=REQUIRED[0], le=REQUIRED[1]
    )
    overflow: Literal["spill", "close"] = "spill"
    initial_levels: dict[str, float] = {}
    demands: _Path = "profile"
    control: dict[str, Any] = {}
    operator: list[_Order] = []
    attacks: list[_Entry] = []
    faults: list[_Entry] = []
    detector: Annotated[_Path | None, BeforeValidator(_watcher)] = DETECTOR
    plugins: list[_Path] = []


_MODELS: dict[str, type[BaseModel]] = {
    "attacks": _Entry,
    "faults": _Entry,
    "when": WrittenWhen,
    "random": WrittenArrivals,
    "operator": _Order,
}


def check_duration(seconds: float) -> None:
    """Raise InputError if a run cannot be that long [s]."""
    if not SHORTEST <= seconds <= LONGEST or seconds % GRID:
        raise InputError(f"a run lasts 1 h to 10 years, in steps of 5 min, not {spoken(seconds)}")


def values_of(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the values of a `Scenario` that a file's keys give it.

    Parameters
    ----------
    data : mapping
        What the file says, as nested dicts and lists.
    folder : Path
        Where relative paths start.

    Raises
    ------
    InputError
        With the keys of what is wrong.
    """
    try:
        file = File.model_validate(data)
    except ValidationError as error:
        raise together([_explain(error, one) for one in main_errors(error)]) from None
    with under("duration"):
        check_duration(file.duration)
    if file.warmup % HOUR or file.warmup > LONGEST:
        raise InputError("warmup must be whole hours, at most 10 years", keys=["warmup"])
    if file.demand_model == "demand-driven" and "required_pressure" in file.model_fields_set:
        message = "required_pressure belongs to `demand_model: pressure-driven`"
        raise InputError(message, keys=["required_pressure"])
    if not re.fullmatch(r"\w[\w .+-]*", file.name):
        message = f"name {file.name!r}: letters, digits, blanks and . + - _ only; it names a folder"
        raise InputError(message, keys=["name"])
    if file.start.tzinfo is not None or file.start.minute or file.start.second:
        message = f"start must be a date or a full hour, without zone, not {file.start}"
        raise InputError(message, keys=["start"])
    if file.detector is not None and file.detector.casefold() in _NOBODY:
        raise InputError(_UNWATCHED, keys=["detector"])
    for i, plugin in enumerate(file.plugins):
        with under("plugins", i):
            load_plugin(folder / plugin)
    lists: dict[str, list[Entry]] = {"attacks": [], "faults": []}
    names: set[str] = set()
    wrong: list[InputError] = []
    for key, entries in lists.items():
        for i, written in enumerate(getattr(file, key)):
            with noting(wrong, key, i):
                entry = _entry(written, i, key.removesuffix("s"), folder)
                if entry.name in names:
                    raise InputError(f"two entries are called {entry.name!r}", keys=["name"])
                names.add(entry.name)
                entries.append(entry)
    if wrong:
        raise together(wrong)
    orders, answers = _operator(file.operator)
    values = dict(file)  # of its fields, by name
    values |= {key: tuple(entries) for key, entries in lists.items()}
    values |= {"operator": orders, "answers": answers, "plugins": tuple(file.plugins)}
    return values | {"description": file.description.strip(), "folder": folder}


def _operator(written: Sequence[_Order]) -> tuple[tuple[Order, ...], tuple[Answer, ...]]:
    """Return what the operator writes by the clock, and once SCADA shows something."""
    orders, answers = [], []
    for i, one in enumerate(written):
        with under("operator", i):
            if (one.at is None) == (one.when is None):
                raise InputError("give either at, a time, or when, a condition on what SCADA shows")
            if one.when is None and one.delay:
                raise InputError("delay belongs to a `when:`", keys=["delay"])
            with under("write"):
                values = {name: _order(name, value) for name, value in one.write.items()}
        if one.when is not None:
            answers.append(Answer(one.when, values, one.delay))
        elif one.at is not None:
            orders.append(Order(one.at, values, one.by))
    return tuple(orders), tuple(answers)


def _order(name: str, written: float | str) -> float:
    try:
        return order(name, written)
    except ValueError as error:
        raise InputError(str(error), keys=[name]) from None


def _entry(written: _Entry, place: int, label: str, folder: Path) -> Entry:
    name = written.name or f"{label}-{place + 1}"
    with under("do"):
        for kind, fields in written.do.items():
            _check_times(kind, fields)
        do = build(written.do, folder, label)
    with under("when"):
        when = read_when(written.when)
    return Entry(
        name=name,
        on=written.on,
        do=do,
        when=when,
        tags=tuple(written.tags),
        incident=written.incident or name,
        label=label,
        since=written.since,
    )


def _check_times(kind: str, fields: object) -> None:
    """Raise InputError for a key of the entry, or of `when`, among the fields of a kind.

    Only where the kind has no field of its name.
    """
    known = {field.name for field in fields_of(kinds()[kind])} if kind in kinds() else None
    if known is None or not isinstance(fields, Mapping):
        return
    for name in ("from", "for", "start", "end", "every"):
        if name in fields and name not in known:
            message = f"{name} belongs to `when`, beside `do`: when: {{{name}: …}}"
            raise InputError(message, keys=[kind, name])
    for name in ("tags", "on", "incident"):
        if name in fields and name not in known:
            like = f"tags: {flow(plain(fields[name]))}" if name == "tags" else f"{name}: …"
            message = f"{name} belongs to the entry, beside `do`, not under {kind}: {like}"
            raise InputError(message, keys=[kind, name])


def _explain(error: ValidationError, main: Any) -> InputError:
    keys = main["loc"]
    model: type[BaseModel] = File
    for key in keys[:-1]:
        model = _MODELS.get(str(key), model)
    units = {
        f.alias or name: next((one.name for one in f.metadata if isinstance(one, Unit)), "")
        for name, f in model.model_fields.items()
    }
    reason = explain(error, units, main)
    name = str(keys[-1]) if keys else ""
    if name not in units and (there := _misplaced(name)):
        return InputError(f"unknown field {name!r}: {there}", keys=reason.keys)
    return reason


_HOMES: tuple[tuple[type[BaseModel], str], ...] = (
    (WrittenWhen, "it stands in the `when` of an entry, like when: {{{}: …}}"),
    (_Entry, "it belongs to an entry: indent it under one of attacks or faults"),
    (File, "it stands at the top level: begin its line in column 1"),
)
"""The parts of a scenario file, and what is said of a key that stands elsewhere."""


def _misplaced(name: str) -> str:
    """Say where a field belongs that is known elsewhere in a scenario file; empty if it is not."""
    for model, words in _HOMES:
        if name in {field.alias or own for own, field in model.model_fields.items()}:
            return words.format(name)
    return ""
