"""The values a sweep gives to one field: listed, spaced evenly, or drawn from a distribution."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scenarios.definition.vary import written
from twin.errors import InputError, nearest
from twin.seeds import generator
from twin.units import HOUR, duration, readable

_MOST = 1_000_000  # values of one field

_Draw = Callable[[np.random.Generator, Sequence[float], int], Any]
DISTRIBUTIONS: dict[str, tuple[str, _Draw]] = {
    "uniform": ("lowest, highest", lambda rng, p, n: rng.uniform(p[0], p[1], n)),
    "loguniform": (
        "lowest, highest",
        lambda rng, p, n: np.exp(rng.uniform(math.log(p[0]), math.log(p[1]), n)),
    ),
    "normal": ("mean, standard deviation", lambda rng, p, n: rng.normal(p[0], p[1], n)),
}
"""By name: what its two parameters are, and how `n` values are drawn."""
FORMS = ("range", "linspace", *DISTRIBUTIONS, "choice")


def read_values(spec: Any, field: str, seed: int = 0) -> list[Any]:
    """Return the values that a field takes, in order, as a scenario file writes them.

    Parameters
    ----------
    spec : list or mapping
        The values themselves, or one of `{range: [first, end, step]}` (without the end, as in
        Python), `{linspace: [first, last, n]}` (with it), `{uniform: [lowest, highest], n: 20,
        seed: 1}`, `loguniform` (the same), `{normal: [mean, sd], n: 20}`, and
        `{choice: [a, b, c], n: 2}`, none of them twice as long as there are enough. Numbers may be
        durations like `24 h`, all or none.
    field : str
        The path of the field; values are drawn from a stream of its own.
    seed : int
        Where a distribution names none.

    Raises
    ------
    InputError
        With the keys of what is wrong.
    """
    if isinstance(spec, Mapping):
        values = _formed(spec, field, seed)
    else:
        values = written(spec)
        if not isinstance(values, list):
            form = "a list, or one of {range: …}, {linspace: …}, {uniform: …, n: …}"
            raise InputError(f"{field} takes {form}, not {values!r}")
    if not values:
        raise InputError(f"{field} takes no value: the list is empty")
    if len(values) > _MOST:
        raise InputError(f"{field} takes {len(values):,} values, more than {_MOST:,}")
    return values


def _formed(spec: Mapping[str, Any], field: str, seed: int) -> list[Any]:
    forms = [str(key) for key in spec if key not in ("n", "seed")]
    if len(forms) != 1 or forms[0] not in FORMS:
        wrong = next((form for form in forms if form not in FORMS), "")
        hint = nearest(wrong, (*FORMS, "n", "seed")) if wrong else f"one of {', '.join(FORMS)}"
        raise InputError(
            f"{field}: values are named by one form ({hint})", keys=[wrong] * bool(wrong)
        )
    form = forms[0]
    parts = written(spec[form])
    if not isinstance(parts, list) or not parts:
        raise InputError(f"{form} takes a list in brackets, not {parts!r}", keys=[form])
    if form in ("range", "linspace"):
        extra = [key for key in spec if key != form]
        if extra:
            raise InputError(f"{form} takes no {extra[0]}", keys=[extra[0]])
        return _range(parts) if form == "range" else _linspace(parts)
    number, rng = _count(spec.get("n"), form), generator(_seed(spec, seed), f"sweep:{field}")
    if form == "choice":
        chosen = rng.choice(len(parts), size=number, replace=number > len(parts))
        return [parts[place] for place in chosen]
    meaning, draw = DISTRIBUTIONS[form]
    if len(parts) != 2:
        raise InputError(f"{form} takes [{meaning}], not {parts!r}", keys=[form])
    numbers, lasts = _numbers(parts, form)
    if form == "normal" and numbers[1] < 0:
        raise InputError(f"a standard deviation is not negative: {parts[1]!r}", keys=[form, 1])
    if form != "normal" and numbers[0] > numbers[1]:
        raise InputError(f"lowest {parts[0]!r} lies above highest {parts[1]!r}", keys=[form])
    if form == "loguniform" and numbers[0] <= 0:
        raise InputError(f"lowest must be above 0, not {parts[0]!r}", keys=[form, 0])
    return _texts([float(f"{x:.6g}") for x in draw(rng, numbers, number)], lasts)


def _seed(spec: Mapping[str, Any], default: int) -> int:
    seed = spec.get("seed", default)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed is a whole number from 0 on, not {seed!r}", keys=["seed"])
    return int(seed)


def _count(n: Any, form: str) -> int:
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= _MOST:
        given = "it is missing" if n is None else f"not {n!r}"
        raise InputError(
            f"n, how many values are drawn, is a whole number from 1 on, {given}",
            keys=[form if n is None else "n"],
        )
    return int(n)


def _range(parts: list[Any]) -> list[Any]:
    if len(parts) not in (1, 2, 3):
        raise InputError("range takes [end], [first, end] or [first, end, step]", keys=["range"])
    numbers, lasts = _numbers(parts, "range")
    if len(parts) == 1:
        numbers = [0, *numbers]
    if lasts and len(parts) < 3:
        raise InputError("a range of durations needs its step: [24 h, 96 h, 12 h]", keys=["range"])
    first, end, step = (*numbers, 1)[:3]
    if step == 0:
        raise InputError("a range's step is not 0", keys=["range", 2])
    count = max(math.ceil(round((end - first) / step, 9)), 0)
    if count > _MOST:
        raise InputError(f"{count:,} values are more than {_MOST:,}", keys=["range"])
    values = [first + place * step for place in range(count)]
    whole = all(isinstance(number, int) for number in numbers)
    return _texts(values if whole else [float(f"{x:.12g}") for x in values], lasts)


def _linspace(parts: list[Any]) -> list[Any]:
    if len(parts) != 3:
        raise InputError("linspace takes [first, last, n]", keys=["linspace"])
    number = _count(parts[2], "linspace")
    numbers, lasts = _numbers(parts[:2], "linspace")
    return _texts([float(f"{x:.12g}") for x in np.linspace(numbers[0], numbers[1], number)], lasts)


def _numbers(parts: list[Any], form: str) -> tuple[list[float], bool]:
    """Return numbers, durations in seconds, and whether they are durations."""
    numbers: list[float] = []
    for place, part in enumerate(parts):
        number = part if isinstance(part, int | float) and not isinstance(part, bool) else None
        number = seconds(part) if isinstance(part, str) else number
        if number is None or not math.isfinite(number):
            message = f"a number or a duration like 24 h, not {part!r}"
            raise InputError(message, keys=[form, place])
        numbers.append(number)
    if len({isinstance(part, str) for part in parts}) > 1:
        raise InputError("either all are durations with a unit, or none", keys=[form])
    return numbers, isinstance(parts[0], str)


def seconds(text: str) -> float | None:
    """Return a duration, which may be negative [s]; None where the text is none."""
    text = text.strip()
    try:
        return -duration(text[1:]) if text.startswith("-") else duration(text)
    except ValueError:
        return None


def _texts(values: list[Any], lasts: bool) -> list[Any]:
    """Return durations [s] as a file writes them: of hours to the minute, of minutes to the second,
    shorter ones to the millisecond.
    """
    if not lasts:
        return values
    longest = max(map(abs, values), default=0)
    grain = 60.0 if longest >= HOUR else 1.0 if longest >= 60 else 0.001
    rounded = [round(round(value / grain) * grain, 3) for value in values]
    return [f"-{readable(-value)}" if value < 0 else readable(value) for value in rounded]


def check_once(values: Sequence[Any], spec: Any, field: str) -> None:
    """Raise InputError where a value stands twice: its runs would be the same, counted as two.

    Durations are compared by their length, numbers by their value.
    """
    met: dict[str, Any] = {}
    for place, value in enumerate(values):
        same = repr(_same(value))
        if same not in met:
            met[same] = value
            continue
        alike = "" if met[same] == value else f", as {met[same]}"
        message = f"{value} stands twice in {field}{alike}: its runs would be the same"
        if not isinstance(spec, Mapping):
            raise InputError(message, keys=[place])
        (form,) = (key for key in spec if key not in ("n", "seed"))
        most = f"; {form} has {len(spec[form])} values to draw from" if form == "choice" else ""
        raise InputError(f"{message}{most}", keys=[form])


def _same(value: Any) -> Any:
    """Return what is equal for values that mean the same."""
    if isinstance(value, str):
        length = seconds(value)
        return value if length is None else (length, "s")
    if isinstance(value, Mapping):
        return sorted((key, _same(each)) for key, each in value.items())
    if isinstance(value, list):
        return [_same(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def product_at(over: Mapping[str, Sequence[Any]], place: int) -> dict[str, Any]:
    """Return one combination of the values of several fields; the last field varies fastest."""
    chosen: dict[str, Any] = {}
    for field in reversed(list(over)):
        place, index = divmod(place, len(over[field]))
        chosen[field] = over[field][index]
    return {field: chosen[field] for field in over}


def combinations(over: Mapping[str, Sequence[Any]]) -> int:
    """Return how many combinations there are."""
    return math.prod(map(len, over.values()))


def one_by_one(over: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the first combination, and those that differ from it in one field."""
    first = {field: values[0] for field, values in over.items()}
    others = ([first | {field: value} for value in values[1:]] for field, values in over.items())
    return [first, *itertools.chain(*others)]
