"""Durations as people write them: `36 h`, `15 min`, `7 d`, `200 ms`; the time of day."""

from __future__ import annotations

import math
import re
from datetime import datetime, time, timedelta

SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
HOUR = 3600.0
DAY = 86400.0
LENGTH = rf"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*({'|'.join(SECONDS)})\s*$"
"""How a duration without a sign ends, as a pattern of JSON Schema."""
DURATION = {"type": "string", "pattern": rf"^\s*\+?{LENGTH}"}
"""A duration in JSON Schema."""


def duration(text: str) -> float:
    """Read a duration.

    Parameters
    ----------
    text : str
        A number and a unit: ms, s, min, h, d or w.

    Returns
    -------
    float
        Seconds, never negative.

    Raises
    ------
    ValueError
        If it is not a number and a known unit, or is negative or not finite.

    Examples
    --------
    >>> duration("1.5 h")
    5400.0
    """
    match = re.fullmatch(r"\s*([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([A-Za-zµ]+)\s*", str(text))
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration: write a number and a unit ({', '.join(SECONDS)}), "
            f"{_meant(str(text).strip())}"
        )
    number, unit = match.groups()
    if unit not in SECONDS:
        known = _SPELLED.get(unit.casefold().removesuffix("s"))
        mend = f"write {number} {known}" if known else f"one of {', '.join(SECONDS)}"
        raise ValueError(f"unknown unit {unit!r} in {text!r}: {mend}")
    try:
        seconds = float(number) * SECONDS[unit]
    except ValueError:
        raise ValueError(f"{number!r} in {text!r} is not a number") from None
    if seconds < 0 or not math.isfinite(seconds):
        raise ValueError(f"a duration cannot be negative or endless: {text!r}")
    return seconds


_SPELLED = {
    **dict.fromkeys(("ms", "msec", "millisecond"), "ms"),
    **dict.fromkeys(("", "sec", "second"), "s"),
    **dict.fromkeys(("m", "min", "minute"), "min"),
    **dict.fromkeys(("h", "hr", "hour"), "h"),
    **dict.fromkeys(("d", "day"), "d"),
    **dict.fromkeys(("w", "wk", "week"), "w"),
}
"""How units are often written, in small letters and without a plural's s, and what they are."""


def _meant(text: str) -> str:
    """Return how a duration is written that was written in another way, as the end of a message."""
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text) and len(text) < 9:
        return f"like {text} h or {text} min"
    if re.match(r"\d{4}-\d", text):
        return "like 36 h: it counts from the start of the run"
    if clock := re.fullmatch(r"(\d{1,3}):(\d\d)(?::(\d\d))?", text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return f"like {readable(hours * HOUR + minutes * 60.0 + seconds)}: it is no time of day"
    plain = re.sub(r"(\d),(\d)", r"\1.\2", text).rstrip(",;. ")
    parts = re.findall(r"(\d+\.?\d*)\s*([a-z]+)(?:\s+|,\s*|and\b)*", plain.casefold())
    units = [_SPELLED.get(unit if unit == "s" else unit.removesuffix("s")) for _, unit in parts]
    rest = re.sub(r"(\d+\.?\d*)\s*([a-z]+)(?:\s+|,\s*|and\b)*", "", plain.casefold())
    if parts and all(units) and not rest:
        pairs = zip(parts, units, strict=True)
        if len(parts) == 1:
            return f"here {parts[0][0]} {units[0]}"
        total = sum(float(number) * SECONDS[unit or "s"] for (number, _), unit in pairs)
        return f"here {readable(total)}"
    return "like 36 h or 15 min"


_ROUGH = 1e15  # seconds from which on a duration is written as a power of ten


def readable(seconds: float) -> str:
    """Write a duration the way `duration` reads it, in the largest unit that divides it.

    Examples
    --------
    >>> readable(5400.0)
    '90 min'
    """
    if seconds >= _ROUGH:
        return f"{seconds / DAY:.3g} d"
    for unit in ("d", "h", "min", "s"):
        if seconds >= SECONDS[unit] and seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:.0f} {unit}"
    return f"{str(seconds).removesuffix('.0')} s"


_LONG = 120  # of a unit, from which on the next larger one is used where two decimals do


def spoken(seconds: float) -> str:
    """Write a duration for people, in the unit in which it is short.

    Examples
    --------
    >>> spoken(3696 * 60.0), spoken(5400.0), spoken(36 * 3600.0), spoken(5410.0)
    ('61.6 h', '90 min', '36 h', '5410 s')
    """
    written = readable(seconds)
    for unit, larger in (("s", "min"), ("min", "h")):
        number, _, own = written.partition(" ")
        in_larger = round(seconds / SECONDS[larger], 2)
        whole = abs(in_larger * SECONDS[larger] - seconds) < 1e-6
        if own == unit and float(number) >= _LONG and whole:
            written = f"{in_larger:g} {larger}" if in_larger < 1e6 else written
    return written


_VAST = 1e9  # from which on a number is written as a power of ten


def rounded(value: float, decimals: int) -> str:
    """Write a number for people: rounded, thousands apart, no minus zero; a vast one by its power.

    Examples
    --------
    >>> rounded(12345.678, 1), rounded(-0.004, 2), rounded(1.23e300, 2)
    ('12,345.7', '0.00', '1.23e+300')
    """
    if not math.isfinite(value) or abs(value) >= _VAST:
        return f"{value:.3g}"
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def counted(number: float, noun: str, plural: str = "") -> str:
    """Write how many there are of something.

    Examples
    --------
    >>> counted(1, "day"), counted(2, "day"), counted(1.5, "day"), counted(0, "entry", "entries")
    ('1 day', '2 days', '1.5 days', '0 entries')
    """
    return f"{number:g} {noun if number == 1 else plural or f'{noun}s'}"


def time_of_day(instant: datetime) -> float:
    """Return the seconds since midnight.

    Examples
    --------
    >>> time_of_day(datetime(2026, 1, 5, 8, 30))
    30600.0
    """
    return (instant - datetime.combine(instant, time.min)) / timedelta(seconds=1)
