"""A teacher's own exercise: a folder with a reference, a starter, a sheet and a rubric.

A student's scenario and the teacher's reference are run on the same seed, and compared: the rubric
says in what they are to be alike.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from scenarios.definition.schema import located
from scenarios.definition.words import joined
from scenarios.labs.lab import Criterion, Draws, Lab, Verdict, Verdicts
from scenarios.labs.scenario_file import on_seed, read
from scenarios.results.compare import Side, compare
from scenarios.results.impact import COUNTERS
from scenarios.results.run import Run
from twin.errors import InputError
from twin.files import plain, read_yaml
from twin.units import counted

RUBRIC = "rubric.yaml"
REFERENCE, STARTER, SHEET = "reference.yaml", "starter.yaml", "sheet.md"
HANDED_IN = "attack.yaml"
NAME = "[a-z][a-z0-9-]*"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=f"^{NAME}$")
    points: int = Field(gt=0)
    asks: str


class Impact(_Strict):
    """A counter of `Run.impact` gets at least a share of what the reference does to it."""

    impact: str
    at_least: float = Field(gt=0.0, le=1.0)


class Shown(_Strict):
    """SCADA shows these tags as in the reference, but for so many hours."""

    shown: list[str] = Field(min_length=1)
    apart_h: float = Field(ge=0.0)


class Limits(_Strict):
    """SCADA raises so many limit alarms more than in the reference."""

    more_limit_alarms: int = Field(ge=0)


def _measure(criterion: object) -> str | None:
    """Return the measure that a criterion names: which fields it may have follows from it."""
    named = criterion if isinstance(criterion, dict) else ()
    return next((name for name in _MEASURES if name in named), None)


_MEASURES = ("impact", "shown", "more_limit_alarms")
_Criterion = Annotated[
    Annotated[Impact, Tag("impact")]
    | Annotated[Shown, Tag("shown")]
    | Annotated[Limits, Tag("more_limit_alarms")],
    Discriminator(
        _measure,
        custom_error_type="measure",
        custom_error_message=f"it has no measure: one of {joined(_MEASURES)}",
    ),
]


class Rubric(BaseModel):
    """What `rubric.yaml` holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=f"^{NAME}$")
    title: str
    minutes: int = Field(gt=0)
    technique: str
    allowed: list[Literal["link", "sensor", "plc", "actuator", "scada", "plant"]]
    criteria: list[_Criterion] = Field(min_length=1)


def own_lab(folder: Path) -> Lab:
    """Return the exercise of a folder.

    Raises
    ------
    InputError
        If a file is missing, the rubric is none, or nothing in it asks for an impact: an empty
        week would pass.
    """
    for name in (RUBRIC, REFERENCE, STARTER, SHEET):
        if not (folder / name).is_file():
            raise InputError(f"no {name} in {folder}: start from `hydrotwin labs new NAME`")
    data = read_yaml(folder / RUBRIC)
    try:
        rubric = Rubric.model_validate(plain(data))
    except ValidationError as error:
        first = error.errors()[0]
        keys = list(first["loc"])
        if keys[:1] == ["criteria"]:
            del keys[2:3]  # the measure, which is no level of the file
        where = ".".join(map(str, keys))
        said = InputError(f"{where}: {first['msg']}", keys=keys)
        raise located(said, folder / RUBRIC, data) from None
    if not any(isinstance(criterion, Impact) for criterion in rubric.criteria):
        message = "no criterion has an `impact`: a scenario without an attack would pass"
        raise InputError(message, folder / RUBRIC)

    def examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
        return _examine(rubric, folder, hand_in / HANDED_IN, seed)

    return Lab(
        number=0,
        name=rubric.name,
        title=rubric.title,
        minutes=rubric.minutes,
        hands_in=(HANDED_IN,),
        technique=rubric.technique,
        criteria=tuple(Criterion(each.name, each.points, each.asks) for each in rubric.criteria),
        draw=lambda rng: {},
        start=lambda draws, out: _copy(folder / STARTER, out),
        solve=lambda draws, out: _copy(folder / REFERENCE, out),
        examine=examine,
        limit_s=240.0,
        own=folder.resolve(),
    )


def _copy(scenario: Path, out: Path) -> None:
    shutil.copy(scenario, out / HANDED_IN)


def _examine(rubric: Rubric, folder: Path, hand_in: Path, seed: int) -> Verdicts:
    given = read(hand_in)
    for entry in given.attacks:
        if entry.port.family not in rubric.allowed:
            allowed = joined([f"{family}:" for family in rubric.allowed])
            raise InputError(f"{entry.name}: {entry.on} is out of reach: {allowed} only")
    reference = read(folder / REFERENCE)
    run = on_seed(given, seed, duration=reference.duration)
    model = on_seed(reference, seed, duration=reference.duration)
    verdicts = {
        each.name: _did(each, run, model) for each in rubric.criteria if isinstance(each, Impact)
    }
    if all(verdict.share == 1.0 for verdict in verdicts.values()):
        for each in rubric.criteria:
            if isinstance(each, Shown):
                verdicts[each.name] = _shows(each, run, model)
            elif isinstance(each, Limits):
                verdicts[each.name] = _limits(each, run, model)
    none = Verdict(0.0, "counts once the impact is reached")
    return {each.name: verdicts.get(each.name, none) for each in rubric.criteria}


def _did(asked: Impact, run: Run, model: Run) -> Verdict:
    try:
        done, wanted = (float(each.impact["difference"][asked.impact]) for each in (run, model))
    except KeyError:
        names = ", ".join([*COUNTERS, *run.impact.index.difference(list(COUNTERS))])
        raise InputError(f"no impact {asked.impact!r}: one of {names}") from None
    if abs(wanted) < 1.0:
        raise InputError(f"the reference does nothing to {asked.impact} ({wanted:.2g}): mend it")
    share = done / wanted
    said = f"{asked.impact}: {done:,.0f}, the reference {wanted:,.0f} more than without the attack"
    return Verdict(float(np.clip(share / asked.at_least, 0.0, 1.0)), said)


def _shows(asked: Shown, run: Run, model: Run) -> Verdict:
    found = {each.tag: each.shown_h for each in compare(_side(run), _side(model)).differences}
    apart = {tag: found.get(tag, 0.0) for tag in asked.shown}
    worst = max(apart, key=apart.__getitem__)
    said = f"SCADA shows {worst} otherwise than the reference for {apart[worst]:.1f} h"
    return Verdict(float(apart[worst] <= asked.apart_h), f"{said}, {asked.apart_h:g} h allowed")


def _limits(asked: Limits, run: Run, model: Run) -> Verdict:
    more = len(run.limits.loc[0.0:]) - len(model.limits.loc[0.0:])
    said = f"{counted(max(more, 0), 'limit alarm')} more than the reference"
    return Verdict(float(more <= asked.more_limit_alarms), said)


def _side(run: Run) -> Side:
    totals = {name: float(run.impact["run"][name]) for name in COUNTERS}
    scenario = run.scenario
    return Side(scenario.name, run.spec, scenario.start, run.truth, run.scada, totals, ())


_TEXTS = {
    RUBRIC: """\
name: {name}
title: {name}
minutes: 60
technique: T0831 Manipulation of Control
allowed: [link, sensor]            # of link, sensor, plc, actuator, scada, plant
criteria:                          # points, what is asked, and one measure each:
  - name: damage                   #   impact: of `hydrotwin run`'s impact table, and at least
    points: 60                     #     which share of what reference.yaml does to it
    asks: tank T4 spills at least half of what the reference spills
    impact: overflow_T4_m3
    at_least: 0.5
  - name: silence                  #   more_limit_alarms: than with reference.yaml
    points: 40                     #   shown: [L_T4] and apart_h: tags that SCADA shows as there
    asks: SCADA raises no more limit alarms than with the reference
    more_limit_alarms: 0
""",
    REFERENCE: """\
name: {name}-reference
duration: 3 d
detector: null
attacks:
  - name: overfill
    incident: overflow
    on: link:PLC6->PLC3
    tags: [L_T4]
    do: {{constant: {{value: 0.2}}}}
    when: {{from: 24 h, for: 12 h}}
""",
    STARTER: """\
name: {name}
duration: 3 d
detector: null
attacks:
  - name: attack
    on: link:PLC6->PLC3
    tags: [L_T4]
    do: {{offset: {{by: -0.01}}}}
    when: {{from: 24 h, for: 12 h}}
""",
    SHEET: """\
# {name}

What you will be able to do afterwards; the background, with a picture; numbered tasks, with a
prediction before each measurement. Hand in `attack.yaml`. Words: [GLOSSARY.md](GLOSSARY.md).

{{rubric}}

Only attack systems that are yours, or whose owner has agreed in writing.
""",
}


def draft(name: str, out: Path) -> Path:
    """Write the folder of a new exercise, which passes `labs check-lab` as it stands.

    Raises
    ------
    InputError
        If it cannot be called so, or is there already.
    """
    folder = out / name
    if folder.exists():
        raise InputError(f"{folder} is there already")
    if not re.fullmatch(NAME, name):
        message = f"an exercise cannot be called {name!r}: small letters, digits and - only"
        raise InputError(message)
    folder.mkdir(parents=True)
    for file, text in _TEXTS.items():
        (folder / file).write_text(text.format(name=name), encoding="utf-8")
    return folder
