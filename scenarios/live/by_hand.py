"""An attack that is written and launched by hand: an entry of a scenario file, read and checked."""

from __future__ import annotations

import re
from collections.abc import Collection
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from attacks.discovery import kinds
from attacks.entries.entry import Entry
from scenarios.definition.schema import from_data
from twin.errors import InputError

_NAME = "by-hand"


def example(kind: str) -> str:
    """Return the example of a kind as an entry that begins when it is launched."""
    written: dict[str, Any] = YAML(typ="safe").load(kinds()[kind].example)
    when = {k: v for k, v in (written.pop("when", None) or {}).items() if k == "for"}
    out = StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.dump({**written, **({"when": when} if when else {})}, out)
    return out.getvalue()


def entry_of(text: str, folder: Path, taken: Collection[str] = ()) -> Entry:
    """Read an entry.

    Parameters
    ----------
    text : str
        As it stands in a scenario file, without the dash.
    folder : Path
        Where its relative paths start.
    taken : collection of str
        Names of entries there already: one without a name gets another.

    Raises
    ------
    InputError
        If it cannot be read, or is no entry.
    """
    try:
        written = YAML(typ="safe").load(text)
    except YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where else ""
        raise InputError(f"{line}{getattr(error, 'problem', error)}") from None
    if isinstance(written, list) and len(written) == 1:
        (written,) = written
    if not isinstance(written, dict):
        raise InputError("an entry has on: and do:, like {on: sensor:L_T1, do: {freeze: {}}}")
    kind = next(iter(written.get("do") or {"attack": None}))
    written.setdefault("name", _free(f"{kind}-{_NAME}", taken))
    try:
        scenario = from_data({"name": _NAME, "attacks": [written]}, folder)
    except InputError as error:
        keys = ".".join(str(key) for key in error.keys if key not in ("attacks", 0))
        raise InputError(f"{keys}: {error.message}" if keys else error.message) from None
    (entry,) = scenario.attacks
    return entry


def _free(name: str, taken: Collection[str]) -> str:
    stem, number = re.sub(r"[^\w.+-]", "-", name), 1
    while (free := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return free
