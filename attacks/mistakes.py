"""What is wrong with an entry, in words: pydantic's errors, and those of a plug-in's attack."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from twin.errors import InputError, RunError, nearest
from twin.files import shown
from twin.units import spoken


def main_errors(errors: ValidationError) -> list[Any]:
    """Return which of pydantic's errors to report: those of unknown fields first.

    A field is not missing that may be misspelt beside, and a value that is neither of two types is
    one error.
    """
    listed = errors.errors()
    unknown = [error for error in listed if error["type"] in _UNKNOWN]
    misspelt = {error["loc"][:-1] for error in unknown}
    found: dict[object, Any] = {}
    for error in (*unknown, *listed):
        place = error["loc"]
        if not (error["type"].startswith("missing") and place[:-1] in misspelt):
            found.setdefault(place[:-1] if place[-1:] in (("float",), ("str",)) else place, error)
    return list(found.values())


def explain(
    errors: ValidationError, units: Mapping[str, str], main: Any | None = None
) -> InputError:
    """Return one of pydantic's errors as an InputError, in words.

    Parameters
    ----------
    errors : ValidationError
    units : mapping of str to str
        The fields there could have been, each with its unit.
    main : dict, optional
        Of `main_errors`, by default the first.
    """
    first = main_errors(errors)[0] if main is None else main
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
_ENTRIES = ("attacks", "faults", "operator")
"""Lists of entries, each of which has keys."""
_TEXTS = {
    "on": "one port, like sensor:L_T1; each further port takes an entry of its own",
    "start": "a condition, like L_T1 > 4",
    "end": "a condition, like L_T1 < 2",
    "detector": "one kind or checkpoint",
}
_NUMBERS = {"float": "a number", "int": "a whole number", "finite_number": "a finite number"}
_BOUNDS = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than": "below",
    "less_than_equal": "at most",
}
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_SYNONYMS = {
    **dict.fromkeys(("until", "till", "stop", "finish"), "to"),
    **dict.fromkeys(("begin", "at", "after", "since"), "from"),
    **dict.fromkeys(("duration", "lasts", "length", "during"), "for"),
    **dict.fromkeys(("target", "port", "where", "element", "sensor", "link"), "on"),
    **dict.fromkeys(("type", "kind", "attack", "what", "action"), "do"),
    **dict.fromkeys(("trigger", "time", "condition"), "when"),
    **dict.fromkeys(("date", "begin"), "start"),
}
"""Names of fields that other tools or everyday words suggest."""
_UNSAID = {"tag": "in the tag's unit", "setting": "", "s": "", "": ""}
"""What is said of a number for a unit that does not stand behind it."""


def _in_words(error: Any, units: Mapping[str, str]) -> str:
    where = str(next((part for part in reversed(error["loc"]) if isinstance(part, str)), ""))
    unit = units.get(where, "")
    given = shown(error["input"])
    if error["type"] in ("dict_type", "model_type"):
        hint = f" (like {_PAIRS[where]})" if where in _PAIRS else ""
        entry = isinstance(error["loc"][-1], int) and where in _ENTRIES
        what = f"an entry of {where}" if entry else where
        return f"{what} is written as `key: value` pairs in braces{hint}, not {given}"
    if error["type"] in ("list_type", "tuple_type"):
        if where in _ENTRIES:
            return f"{where} is a list, of which each entry begins with `- `, not {given}"
        like = f" (like [{error['input']}])" if isinstance(error["input"], str) else ""
        return f"{where} is a list in brackets{like}, not {given}"
    if error["type"] in _BOUNDS:
        (limit,) = error["ctx"].values()
        bound = f"{limit:g} {_UNSAID.get(unit, unit)}".rstrip()
        bound = spoken(limit) if unit == "s" else bound
        return f"{where} is {_BOUNDS[error['type']]} {bound}, not {given}"
    if error["type"] == "float_parsing":
        of = "that of the tag" if unit == "tag" else unit
        return f"{where}: a number without {f'its unit ({of})' if of else 'a unit'}, not {given}"
    if error["type"] in _UNKNOWN:
        return f"unknown field {where!r}: {_field_meant(where, units)}"
    if "keys should be strings" in error["msg"].casefold():
        return f"{given} is no name of a field: {_POINT}"
    if error["type"].startswith("missing") and error["loc"] and error["loc"][-1] == where:
        return f"field {where!r} is missing"
    if error["type"].startswith("missing"):
        return f"{where}: a part is missing in {error['input']!r}"
    if error["type"] == "string_type":
        hint = f" ({_TEXTS[where]})" if where in _TEXTS else ""
        quoted = isinstance(error["input"], int | float | date)
        mend = f": put it in quotes, '{error['input']}'" if quoted else ""
        return f"{where} is text{hint}, not {given}{mend}"
    number = next((words for key, words in _NUMBERS.items() if error["type"].startswith(key)), "")
    if number:
        return f"{where} is {number}, not {given}"
    if error["type"] == "literal_error":
        return f"{where} is {error['ctx']['expected'].replace(chr(39), '')}, not {given}"
    reason = error["msg"].removeprefix("Value error, ")
    if error["type"].startswith("date"):
        return f"{where} is a date like 2026-01-05 or 2026-01-05 08:00, not {given}"
    if error["type"] == "value_error":
        joint = " " if reason.startswith("is ") else ": "
        return f"{where}{joint}{reason}" if where else reason
    return f"{where}: {reason[0].lower()}{reason[1:]}, not {given}"


_POINT = "in braces a comma begins the next field; a number has a point, like 0.5"


def _field_meant(name: str, options: Mapping[str, str]) -> str:
    """Say which field was meant by a name that none has."""
    key, sign, value = (part.strip() for part in re.match(r"([^:=]*)([:=]?)(.*)", name).groups())  # type: ignore[union-attr]
    if sign and value and key in options:
        return f"a key has a colon and a blank behind it, {key}: {value}"
    if name[:1].isdigit():
        return _POINT
    if (meant := _SYNONYMS.get(name.casefold())) in options:
        return f"did you mean {meant}?"
    return nearest(name, options)


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
