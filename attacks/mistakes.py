"""What is wrong with an entry, in words: pydantic's errors, and those of a plug-in's attack."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twin.errors import InputError, RunError, nearest
from twin.units import readable


def main_error(errors: ValidationError) -> Any:
    """Return which of pydantic's errors to report: an unknown field's, or else the first."""
    listed = errors.errors()
    return next((error for error in listed if error["type"] in _UNKNOWN), listed[0])


def explain(errors: ValidationError, units: Mapping[str, str]) -> InputError:
    """Return the main one of pydantic's errors as an InputError, in words.

    Parameters
    ----------
    errors : ValidationError
    units : mapping of str to str
        The fields there could have been, each with its unit.
    """
    first = main_error(errors)
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


class PluginError(RunError):
    """An attack of a plug-in raised an error."""


def plugin_place(error: Exception, cls: type) -> str | None:
    """Say at which line of a plug-in's file an error came up, and what it is.

    None where it did not come from the file of `cls`, or is a RunError, which says so itself.
    """
    if isinstance(error, RunError):
        return None
    files = {getattr(sys.modules[base.__module__], "__file__", None) for base in cls.__mro__}
    files = {file for file in files if file and Path(__file__).parent not in Path(file).parents}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    if not frames:
        return None
    return f"{frames[-1].filename}:{frames[-1].lineno}: {type(error).__name__}: {error}"
