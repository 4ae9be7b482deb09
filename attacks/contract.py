"""The promises every kind of attack keeps, each tried in a short run of a plant.

The suite runs these over all registered kinds, and `hydrotwin attacks check` over a user's own.
"""

from __future__ import annotations

import math
import re
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from attacks.attack import Attack
from attacks.build import as_data, build
from attacks.entries.armed import arm
from attacks.entries.entry import Entry
from attacks.entries.trigger import When
from attacks.fields import fields, is_nested
from attacks.scorer import hand_in
from twin.control.ports import FAMILIES, Port
from twin.control.taps import Late
from twin.errors import InputError
from twin.plants.logic import Rule
from twin.plants.spec import PlantSpec, load_plant
from twin.seeds import generator
from twin.tags import Frame, Reading, Values
from twin.testbed import Testbed
from twin.units import HOUR

_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})? \S.*")
_TABLES = ("truth", "plc", "scada", "quality")
_LENGTH = 12 * HOUR
_NO_NUMBERS: tuple[object, ...] = (math.nan, math.inf, "a lot", [1], {})
_READINGS = ("sensor", "link", "plc", "scada")


class BrokenError(AssertionError):
    """A kind breaks a promise; the message says how."""


@dataclass(frozen=True)
class Bench:
    """The plant that kinds are tried on, and a run of it without any.

    Attributes
    ----------
    plant : PlantSpec
        By default C-Town.
    seed : int
    """

    plant: PlantSpec = field(default_factory=lambda: load_plant("ctown"))
    seed: int = 0

    @cached_property
    def baseline(self) -> _Run:
        """The run without any attack."""
        return _run(self)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An attack on a port of the bench's plant, for a while.

    Attributes
    ----------
    attack : Attack
    on : str
    tags : tuple of str
    begins, lasts : float
        When it acts [s]; a run lasts 12 h.
    bench : Bench
    """

    attack: Attack
    on: str
    tags: tuple[str, ...] = ()
    begins: float = 4 * HOUR
    lasts: float = 2 * HOUR
    bench: Bench

    @property
    def entry(self) -> Entry:
        """The trial as an entry of a scenario."""
        when = When(begins=self.begins, lasts=self.lasts)
        return Entry(
            name="trial", on=self.on, do=self.attack, when=when, tags=self.tags, incident="trial"
        )

    @cached_property
    def run(self) -> _Run:
        """The run with the attack."""
        return _run(self.bench, self.entry)


@dataclass(frozen=True)
class _Run:
    """The records of one short run, and the state in which it ended."""

    tables: dict[str, pd.DataFrame]
    demands: list[Any]
    settings: dict[str, float]
    coils: dict[str, float]
    rules_own: bool
    passing: list[tuple[str, ...]]  # the tags at each tap point of the port


@dataclass(frozen=True)
class Finding:
    """Whether a promise is kept; `why` says how it was broken."""

    promise: str
    kept: bool
    why: str = ""


def example(cls: type[Attack], bench: Bench) -> Trial:
    """Return the trial that a kind's own example names.

    Raises
    ------
    BrokenError
        If it has none, or it is no entry of this kind.
    """
    try:
        written = YAML(typ="safe").load(cls.example)
        do, on, tags = written["do"], written["on"], written.get("tags", ())
    except (YAMLError, TypeError, KeyError, AttributeError):
        raise BrokenError(
            f"`example` is no entry like {{on: …, do: {{…}}}}: {cls.example!r}"
        ) from None
    if list(do) != [cls.kind]:
        raise BrokenError(f"`example` does not show {cls.kind}: {cls.example!r}")
    try:
        attack = build(do)
    except InputError as error:
        raise BrokenError(f"`example` cannot be built: {error}") from None
    return Trial(attack=attack, on=on, tags=tuple(tags), bench=bench)


def check(cls: type[Attack], bench: Bench | None = None) -> list[Finding]:
    """Try every promise on a kind, with the fields and port of its example.

    Parameters
    ----------
    cls : type of Attack
    bench : Bench, optional
        What its example is for; by default C-Town.
    """
    findings = [_finding("explains itself", partial(explains_itself, cls))]
    trials: list[Trial] = []
    findings.append(
        _finding("has an example", lambda: trials.append(example(cls, bench or Bench())))
    )
    for trial in trials:  # one, or none without an example
        findings += [_finding(words, partial(promise, trial)) for words, promise in PROMISES]
    return findings


def _finding(words: str, promise: Callable[[], object]) -> Finding:
    try:
        promise()
    except BrokenError as why:
        return Finding(words, False, str(why))
    except Exception as error:
        return Finding(words, False, f"{type(error).__name__}: {error}")
    return Finding(words, True)


def explains_itself(cls: type[Attack]) -> None:
    """Expect that it says what it does, where, its end, and the unit of every number."""
    if not (cls.__doc__ or "").strip() or (cls.__doc__ or "").startswith(f"{cls.__name__}("):
        raise BrokenError("the class has no docstring: its first line is what `attacks list` shows")
    if not cls.at_end:
        raise BrokenError("`at_end` is empty: say what happens when it ends")
    if not cls.ports or not set(cls.ports) <= set(FAMILIES):
        raise BrokenError(f"`ports` are some of {', '.join(FAMILIES)}, not {cls.ports!r}")
    if cls.technique and not _TECHNIQUE.fullmatch(cls.technique):
        raise BrokenError(
            f"`technique` is a number and a name (T0856 Spoof …), not {cls.technique!r}"
        )
    examples = {field.name: field.example for field in fields(cls)}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if is_nested(hint) and examples.get(name, ()) is None:
            message = f"field `{name}` is a list or mapping without an example"
            raise BrokenError(f"{message}: Annotated[…, Field(examples=[…])]")
        if hint in (float, float | None) and not name.startswith("_"):
            message = f'field `{name}` has neither a unit nor bounds: Annotated[float, Unit("m")]'
            raise BrokenError(f'{message}, or Unit("") for a mere factor')


def reads_back(trial: Trial) -> None:
    """Expect its fields, written to a file and read again, to be the same."""
    written = {trial.attack.kind: as_data(trial.attack)}
    if build(written) != trial.attack:
        raise BrokenError(
            f"{trial.attack} is written as {written}, which reads as {build(written)}"
        )


def refuses_nonsense(trial: Trial) -> None:
    """Expect unknown fields, wrong types, no numbers and wrong units to be refused."""
    kind = trial.attack.kind
    good = as_data(trial.attack)
    bad: list[tuple[str, object]] = [("no-such-field", 1)]
    for field_words in fields(type(trial.attack)):
        if field_words.type == "duration":
            bad += [(field_words.name, wrong) for wrong in ("1 parsec", 3600, "soon")]
        if field_words.type == "number":
            bad += [(field_words.name, wrong) for wrong in _NO_NUMBERS]
    for name, nonsense in bad:
        try:
            build({kind: good | {name: nonsense}})
        except InputError:
            continue
        raise BrokenError(f"{name}: {nonsense!r} was accepted")


def passes_what_is_missing(trial: Trial) -> None:
    """Expect that NaN, and a packet with nothing in it, do it no harm."""
    target = Port.parse(trial.on).target
    with Testbed(trial.bench.plant, seed=trial.bench.seed, warmup=0.0) as bed:
        acting = trial.attack.fresh(generator(trial.bench.seed, "trial"))
        know_detector(trial.attack, bed)
        acting.begin(bed, target)
        acting.step(bed, target, 0.0)
        for tags in trial.run.passing[:2]:
            names = [tag for tag in tags if not trial.tags or tag in trial.tags]
            packets: list[list[Reading]] = [[Reading(0.0, tag, math.nan) for tag in names], []]
            for packet in packets:
                for reading in packet:
                    acting.watch(reading)
                for passed in acting.tamper_packet(packet):
                    _expect_known(passed, names)


def _expect_known(passed: object, names: Sequence[str]) -> None:
    if not isinstance(passed, Reading | Late):
        raise BrokenError(f"it lets {passed!r} through, which is neither a Reading nor Late")
    tag = (passed.reading if isinstance(passed, Late) else passed).tag
    if tag not in names:
        raise BrokenError(f"it lets a reading of {tag} through where only {', '.join(names)} pass")


def acts_only_in_its_time(trial: Trial) -> None:
    """Expect every bit as it was before it begins, and every other random stream for ever."""
    baseline, run = trial.bench.baseline, trial.run
    for name in _TABLES:
        before = run.tables[name][run.tables[name].index < trial.begins]
        _expect_same(before, baseline.tables[name], f"before it began, {_WHOSE[name]}")
    if run.demands != baseline.demands:
        raise BrokenError(
            "the demands drawn differ: it takes from a random stream that is not its own"
        )


def touches_only_what_it_names(trial: Trial) -> None:
    """Expect that at first only readings of its tags at its port differ, and not the water."""
    baseline, run = trial.bench.baseline, trial.run
    levels = [tag.name for tag in trial.bench.plant.tags if tag.quantity == "level"]
    first = run.tables["truth"].index[run.tables["truth"].index >= trial.begins][:1]
    _expect_same(run.tables["truth"].loc[first, levels], baseline.tables["truth"],
                 "at its first instant, the water")  # fmt: skip
    port = Port.parse(trial.on)
    if port.family not in _READINGS:
        return
    if port.receiver == "SCADA" or port.family == "scada":
        mine = [c for c in run.tables["truth"].columns if c in trial.bench.plant.tag_names]
        if port.family == "link":  # what only the operator reads moves nothing
            _expect_same(run.tables["truth"][mine], baseline.tables["truth"], "the water")
            _expect_same(run.tables["plc"], baseline.tables["plc"], "a PLC's memory")
    tags = set(trial.tags) or {tag for some in run.passing for tag in some}
    if port.family == "plc" and not trial.attack.outputs:
        tags |= set(trial.bench.plant.plcs[port.target].sensors)
    for name in ("plc", "scada"):
        table = run.tables[name]
        others = [c for c in map(str, table) if c.rpartition(".")[2] in set(levels) - tags]
        _expect_same(table.loc[first, others], baseline.tables[name],
                     f"at its first instant, of tags it does not name, {_WHOSE[name]}")  # fmt: skip


def repeats_itself(trial: Trial) -> None:
    """Expect the same bytes of the same seed."""
    once, again = trial.run, _run(trial.bench, trial.entry)
    for name in _TABLES:
        _expect_same(once.tables[name], again.tables[name], f"run twice, {_WHOSE[name]}")


def ends_as_it_says(trial: Trial) -> None:
    """Expect true readings, obedient actuators and a PLC's own rules hours after its end."""
    run = trial.run
    family = Port.parse(trial.on).family
    if family in _READINGS and "restore" not in as_data(trial.attack):
        tags = list(trial.bench.plant.tag_names)
        truth, scada = run.tables["truth"][tags].iloc[-1], run.tables["scada"][tags].iloc[-1]
        levels = [tag.name for tag in trial.bench.plant.tags if tag.quantity == "level"]
        for tag in levels:
            if truth[tag] != scada[tag]:
                shown = f"SCADA shows {tag} {scada[tag]:g}, not the true {truth[tag]:g}"
                raise BrokenError(f"hours after its end {shown}")
        if not run.rules_own:
            raise BrokenError("hours after its end a PLC's rules are not its own again")
    if family == "actuator" and run.settings != run.coils:
        raise BrokenError("hours after its end an actuator does not do what its PLC commands")


PROMISES: list[tuple[str, Callable[[Trial], None]]] = [
    ("reads back what is written", reads_back),
    ("refuses fields that make no sense", refuses_nonsense),
    ("lets NaN and missing readings pass", passes_what_is_missing),
    ("changes nothing before its time", acts_only_in_its_time),
    ("touches only what it names", touches_only_what_it_names),
    ("ends as it says", ends_as_it_says),
    ("same seed, same bytes", repeats_itself),
]
"""Every promise of a trial, in words, and what tries it: it raises `BrokenError`."""

_WHOSE = {"truth": "the water", "plc": "a PLC's memory", "scada": "SCADA's view",
          "quality": "SCADA's quality marks"}  # fmt: skip


def _run(bench: Bench, entry: Entry | None = None) -> _Run:
    with Testbed(bench.plant, seed=bench.seed, warmup=0.0) as bed:
        drawn: list[Any] = []
        passing: list[tuple[str, ...]] = []
        if bed.demand is not None:
            bed.demand = _RecordedDemand(bed.demand, drawn)
        if entry is not None:
            know_detector(entry.do, bed)
            (armed,) = arm([entry], bed)
            passing = [tuple(point.tags) for point in armed.points]
        for _ in bed.run(_LENGTH):
            pass
        history = bed.historian
        settings = {name: actuator.setting for name, actuator in bed.actuators.items()}
        coils = {name: value for plc in bed.plcs.values() for name, value in plc.coils.items()}
        own = all(_contents(plc.rules) == _contents(plc.spec.rules) for plc in bed.plcs.values())
        tables = {name: getattr(history, name).frame() for name in _TABLES}
        return _Run(tables, drawn, settings, coils, own, passing)


def know_detector(attack: Attack, testbed: Testbed) -> None:
    """Hand in something for the detector that an attack hides from, if it names one."""
    name = getattr(attack, "detector", None)
    if isinstance(name, str):
        hand_in(testbed, name, _Steadiness(testbed))


class _Steadiness:
    """Stands for the detector that an attack hides from: every change is an alarm."""

    interval_s, threshold = 300.0, 0.0

    def __init__(self, testbed: Testbed):
        self._last = np.zeros(len(testbed.spec.tags))
        testbed.scada.subscribers.append(self.see)

    def see(self, frame: Frame) -> None:
        """Take a frame that is shown."""
        _, _, self._last, _ = frame

    def ask(self, time: float, frames: Values) -> Values:
        """Return how far each frame is from the last one."""
        return np.asarray(np.nansum(np.abs(frames - self._last), axis=1))

    def slope(self, time: float, frame: Values) -> Values | None:
        """Return on which side of the last frame each tag is."""
        return np.nan_to_num(np.sign(frame - self._last))


def _contents(rules: Sequence[Rule]) -> list[tuple[object, ...]]:
    return [(r.actuator, r.command, r.when.names, r.when.thresholds) for r in rules]


@dataclass
class _RecordedDemand:
    """A demand model that keeps a copy of what it draws."""

    own: Any
    drawn: list[Any]

    def next_hour(self) -> Any:
        values = self.own.next_hour()
        self.drawn.append(values.tolist())
        return values


def _expect_same(part: pd.DataFrame, table: pd.DataFrame, where: str) -> None:
    """Compare rows and columns with the same of another table, bit for bit."""
    other = table.loc[part.index, part.columns]
    for row, column in zip(*np.nonzero(_bits(part) != _bits(other)), strict=True):
        values = [float(t.to_numpy()[row, column]) for t in (part, other)]
        at, name = float(part.index.to_numpy()[row]) / HOUR, list(part.columns.astype(str))[column]
        raise BrokenError(
            f"{where} differs: {name} at h {at:g} is {values[0]:g} instead of {values[1]:g}"
        )


def _bits(table: pd.DataFrame) -> Any:
    values = table.to_numpy()
    return values.view(np.int64) if values.dtype == np.float64 else values
