"""A sweep read from its file, or made in Python, and checked field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from attacks.mistakes import explain
from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import LIBRARY, load
from scenarios.definition.vary import written
from scenarios.sweeps.cases import base_files
from scenarios.sweeps.sweep import Sweep
from scenarios.sweeps.table import as_text
from scenarios.sweeps.values import check_once, read_values
from twin.errors import InputError, nearest, under
from twin.files import place_of, plain, read_yaml


class SweepFile(BaseModel):
    """The keys of a sweep file, as they are written."""

    model_config = ConfigDict(extra="forbid")
    base: str | list[str]
    set: dict[str, Any] = {}
    over: dict[str, Any] = {}
    seed: int = Field(0, ge=0, strict=True)
    detectors: list[str] | None = None
    include: list[dict[str, Any]] = []
    exclude: list[dict[str, Any]] = []


def sweep(
    base: Scenario | str | Path | Sequence[Scenario | str | Path],
    over: Mapping[str, Any] | None = None,
    *,
    set: Mapping[str, Any] | None = None,
    detectors: Sequence[str] | None = None,
    include: Sequence[Mapping[str, Any]] = (),
    exclude: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
) -> Sweep:
    """Return a sweep of one scenario, or several, over fields of theirs.

    Parameters
    ----------
    base : Scenario, str or Path, or several
        Scenarios, names of shipped ones, or files.
    over : mapping, optional
        By the path of a field, like `seed` or `attacks.spoof.do.offset.by`, its values: a list, a
        range, an array, or a form like `{"uniform": ["24 h", "72 h"], "n": 20}`.
    set : mapping, optional
        Values that all runs have, by the path of their field.
    detectors : sequence of str, optional
        Kinds or checkpoints; by default each scenario's own.
    include, exclude : sequence of mapping
        Runs besides, and combinations left out: values by field.
    seed : int
        Of what is drawn where a distribution names none.

    Raises
    ------
    InputError
        If one of them cannot be used.

    Examples
    --------
    >>> len(sweep("t2-starved", {"seed": range(20), "duration": ["2 d", "3 d"]}))
    40
    """
    several = [base] if isinstance(base, Scenario | str | Path) else list(base)
    values: dict[str, Any] = {"set": dict(set or {}), "over": dict(over or {}), "seed": seed}
    values |= {"include": list(include), "exclude": list(exclude)}
    values["detectors"] = None if detectors is None else list(detectors)
    bases = [each if isinstance(each, Scenario) else load(each) for each in several]
    return _sweep(bases, values, Path.cwd(), None)


STUDIES = LIBRARY / "studies"


def studies() -> list[str]:
    """Return the names of the shipped sweep files."""
    return sorted(path.stem for path in STUDIES.glob("*.yaml"))


def read_sweep(path: Path) -> Sweep:
    """Read a sweep file, or a shipped one by its name.

    Raises
    ------
    InputError
        With file, line and column, for anything in it that is wrong.
    """
    path = STUDIES / f"{path}.yaml" if str(path) in studies() else path
    if not path.is_file():
        hint = nearest(str(path), [*studies(), *map(str, path.parent.glob("*.yaml"))])
        raise InputError(f"no sweep file {path}, and no shipped study: {hint}")
    data = read_yaml(path)
    try:
        try:
            SweepFile.model_validate(plain(data))
        except ValidationError as error:
            raise explain(error, dict.fromkeys(SweepFile.model_fields, "")) from None
        bases = []
        for place, name in enumerate(base_files(path, data)):
            with under("base", *([place] if not isinstance(data["base"], str) else [])):
                bases.append(load(name))
        return _sweep(bases, written(plain(data)), path.parent, (path, data))
    except InputError as error:
        if error.line is not None:
            raise
        line, column = place_of(data, error.keys)
        raise InputError(error.message, path, line, column=column) from None


def _sweep(
    bases: Sequence[Scenario], values: dict[str, Any], folder: Path, source: tuple[Path, Any] | None
) -> Sweep:
    if not bases:
        raise InputError("a sweep needs a scenario to vary", keys=["base"])
    made = []
    for base in bases:
        changed = base
        for name, value in values.get("set", {}).items():
            if name in values.get("over", {}):
                message = f"{name} is set here and swept in `over`: leave one of them out"
                raise InputError(message, keys=["set", name])
            try:
                changed = changed.vary(name, value)
            except InputError as error:
                raise InputError(error.message, keys=["set", name]) from None
        made.append(changed)
    over: dict[str, list[Any]] = {}
    for name, spec in values.get("over", {}).items():
        with under("over", name):
            if name in ("scenario", "run", "status", "error"):
                raise InputError(f"{name} is a column of the results, and no field of a scenario")
            over[name] = read_values(spec, name, values.get("seed", 0))
            check_once(over[name], spec, name)
    exclude = [written(each) for each in values.get("exclude", ())]
    for place, each in enumerate(exclude):
        for name, value in each.items():
            if name not in over:
                message = f"{name!r} is not swept: {nearest(name, over)}"
                raise InputError(message, keys=["exclude", place, name])
            if value not in over[name]:
                options = [str(as_text(known)) for known in over[name]]
                message = f"{name} is never {value!r}: {nearest(str(value), options)}"
                raise InputError(message, keys=["exclude", place, name])
    include = [written(each) for each in values.get("include", ())]
    detectors = values.get("detectors")
    if detectors is not None:
        paths = [folder / name for name in detectors]
        detectors = tuple(
            str(path.resolve()) if path.is_file() else name
            for path, name in zip(paths, detectors, strict=True)
        )
    swept = Sweep(
        bases=tuple(made),
        over=over,
        include=tuple(include),
        exclude=tuple(exclude),
        detectors=detectors,
        folder=folder,
        source=source,
    )
    if not len(swept):
        raise InputError("every run is excluded", keys=["exclude"])
    return swept
