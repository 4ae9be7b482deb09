"""Scenario files: found, read, and written back."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from scenarios.definition.keys import values_of
from scenarios.definition.scenario import Scenario, scenario_data
from twin.errors import InputError, nearest
from twin.files import place_of, read_text, read_yaml
from twin.yaml_mistakes import odd_character

LIBRARY = Path(__file__).parents[1] / "library"


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
    return Scenario(**values_of(data, folder or Path.cwd()))


def to_yaml(scenario: Scenario) -> str:
    """Return a scenario as a file that `load` reads back as the same scenario."""
    out = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 100
    yaml.dump(scenario_data(scenario), out)
    return out.getvalue()
