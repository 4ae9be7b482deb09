"""Scenario files: read, checked line by line, and written back."""

from __future__ import annotations

import copyreg
import dataclasses
import io
import re
from collections.abc import Collection, Mapping, Sequence
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
from ruamel.yaml import YAML

import detector
from attacks.annotations import WRITES, Seconds, Unit
from attacks.build import as_data, build
from attacks.discovery import kinds
from attacks.entries.entry import Entry
from attacks.fields import fields as fields_of
from attacks.mistakes import explain, main_errors
from scenarios.definition.plugins import load_plugin
from scenarios.definition.scenario import DEMANDS, DETECTOR, LONGEST, REQUIRED, Scenario
from scenarios.definition.vary import assign
from scenarios.definition.when import (
    STRICT,
    Condition,
    WrittenArrivals,
    WrittenWhen,
    read_when,
    when_data,
)
from twin.control.orders import Answer, Order, order, word
from twin.errors import InputError, nearest, noting, together, under
from twin.files import flow, place_of, plain, read_text, read_yaml, shown
from twin.plants.spec import plants
from twin.testbed import START
from twin.units import DAY, HOUR, readable, spoken
from twin.yaml_mistakes import odd_character

LIBRARY = Path(__file__).parents[1] / "library"
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
    if not HOUR <= seconds <= LONGEST or seconds % 300:
        raise InputError(f"a run lasts 1 h to 10 years, in steps of 5 min, not {spoken(seconds)}")


def library() -> list[str]:
    """Return the names of the shipped scenarios."""
    return sorted(path.stem for path in LIBRARY.glob("*.yaml"))


def path_of(scenario: str) -> Path:
    """Return the file of a shipped scenario's name, or of a path.

    Raises
    ------
    InputError
        If it is neither.
    """
    if scenario in library():
        return LIBRARY / f"{scenario}.yaml"
    path = Path(scenario)
    if path.is_file():
        return path
    if path.is_dir():
        raise InputError(f"{scenario} is a folder, not a scenario file")
    hint = nearest(scenario, [*library(), *map(str, path.parent.glob("*.yaml"))])
    raise InputError(f"unknown scenario {scenario!r}: no such file, and no shipped one ({hint})")


def load(scenario: str | Path) -> Scenario:
    """Read a scenario by a shipped name or a path.

    Raises
    ------
    InputError
        With file and line, for anything in it that is wrong.
    """
    path = path_of(str(scenario))
    data = read_yaml(path)
    try:
        return from_data(data, path.parent)
    except InputError as error:
        raise located(error, path, data) from None


def located(error: InputError, path: Path, data: Any = None) -> InputError:
    """Return an error with its place in a file: that of the keys it names, if it names any.

    Where another file cannot be used at all, the place is that of its name in this one.
    """
    if error.line is not None or (data is None and not error.keys):
        return error
    line, column = place_of(read_yaml(path) if data is None else data, error.keys)
    message = error.message if error.file is None else f"{error.file}: {error.message}"
    if "\n" not in message:  # a condition is shown itself
        written = read_text(path).splitlines()[line - 1 : line]
        odd = odd_character(written[0].partition(" #")[0]) if written else None
        message += f"; {odd}" if odd else ""
    own = InputError(message, path, line, column=column)
    found = [own, *(located(other, path, data) for other in error.beside)]
    first, *others = sorted(found, key=lambda one: (one.line or 0, one.column or 0))
    message = first.message + "".join(f"\nalso {other}" for other in others)
    return InputError(message, first.file, first.line, column=first.column)


def from_data(data: Mapping[str, Any], folder: Path | None = None) -> Scenario:
    """Build a scenario from what a scenario file says, as nested dicts and lists.

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
            load_plugin((folder or Path.cwd()) / plugin)
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
    values = {
        f.name: getattr(file, f.name)
        for f in dataclasses.fields(Scenario)
        if f.name not in ("folder", "answers")
    }
    values |= {key: tuple(entries) for key, entries in lists.items()}
    values |= {"operator": orders, "answers": answers, "plugins": tuple(file.plugins)}
    values |= {"description": file.description.strip()}
    return Scenario(**values, folder=folder or Path.cwd())


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


def _entry(written: _Entry, place: int, label: str, folder: Path | None) -> Entry:
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


def to_yaml(scenario: Scenario) -> str:
    """Return a scenario as a file that `load` reads back as the same scenario."""
    out = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    yaml.dump(scenario_data(scenario), out)
    return out.getvalue()


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as nested dicts and lists that `from_data` reads, its paths absolute."""
    data: dict[str, Any] = {
        "name": scenario.name,
        "description": scenario.description,
        "plant": _absolute(scenario.plant, plants(), scenario.folder),
        "start": scenario.start.isoformat(sep=" "),
        "duration": readable(scenario.duration),
        "warmup": readable(scenario.warmup),
        "seed": scenario.seed,
        "demand_model": scenario.demand_model,
        "required_pressure": scenario.required_pressure,
        "overflow": scenario.overflow,
        "initial_levels": dict(scenario.initial_levels),
        "demands": _absolute(scenario.demands, DEMANDS, scenario.folder),
        "control": plain(scenario.control),
        "operator": [*map(order_data, scenario.operator), *map(answer_data, scenario.answers)],
        "attacks": [entry_data(entry) for entry in scenario.attacks],
        "faults": [entry_data(entry) for entry in scenario.faults],
        "detector": _absolute(scenario.detector, detector.kinds(), scenario.folder),
        "plugins": [_absolute(plugin, (), scenario.folder) for plugin in scenario.plugins],
    }
    defaults: dict[str, Any] = {"initial_levels": {}, "demands": "profile", "control": {}}
    defaults |= {"required_pressure": None, "overflow": "spill"}
    defaults |= {"operator": [], "faults": [], "plugins": []}
    return {key: value for key, value in data.items() if value != defaults.get(key, data)}


def order_data(order: Order) -> dict[str, Any]:
    """Return an order as a scenario file writes it."""
    data: dict[str, Any] = {"at": readable(order.at)}
    return data | ({"by": order.by} if order.by else {}) | _write_data(order.values)


def answer_data(answer: Answer) -> dict[str, Any]:
    """Return an operator's answer as a scenario file writes it."""
    delay = {"delay": readable(answer.delay)} if answer.delay else {}
    return {"when": answer.when} | delay | _write_data(answer.values)


def _write_data(values: Mapping[str, float]) -> dict[str, Any]:
    return {"write": {name: word(value) for name, value in values.items()}}


def _absolute(name: str | None, known: Collection[str], folder: Path) -> str | None:
    """Return a known name as it is, and a path so that it holds wherever the file is put."""
    return name if name is None or name in known else str((folder / name).resolve())


def entry_data(entry: Entry) -> dict[str, Any]:
    """Return an entry as a scenario file writes it."""
    when = when_data(entry.when)
    data: dict[str, Any] = {"name": entry.name, "incident": entry.incident, "on": entry.on}
    if entry.tags:
        data["tags"] = list(entry.tags)
    data["do"] = {entry.do.kind: as_data(entry.do)}
    if entry.since:
        data["since"] = readable(entry.since)
    if when:
        data["when"] = when
    return data


def _from_yaml(text: str, folder: Path) -> Scenario:
    return from_data(YAML().load(text), folder)


def _vary(scenario: Scenario, path: str, value: object) -> Scenario:
    data = scenario_data(scenario)
    keys = assign(data, path, value)
    try:
        return from_data(data, scenario.folder)
    except InputError as error:
        raise InputError(f"{path}: {error.message}", keys=error.keys or keys) from None


Scenario.vary = _vary

# A scenario pickles as its file, so that a process that never saw its plug-ins loads them.
copyreg.pickle(Scenario, lambda scenario: (_from_yaml, (to_yaml(scenario), scenario.folder)))
