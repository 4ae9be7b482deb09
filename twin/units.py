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
    match = re.fullmatch(r"\s*([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([A-Za-z]+)\s*", str(text))
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration: write a number and a unit ({', '.join(SECONDS)}), "
            "like 36 h or 15 min"
        )
    number, unit = match.groups()
    if unit not in SECONDS:
        raise ValueError(f"unknown unit {unit!r} in {text!r}: one of {', '.join(SECONDS)}")
    try:
        seconds = float(number) * SECONDS[unit]
    except ValueError:
        raise ValueError(f"{number!r} in {text!r} is not a number") from None
    if seconds < 0 or not math.isfinite(seconds):
        raise ValueError(f"a duration cannot be negative or endless: {text!r}")
    return seconds


def readable(seconds: float) -> str:
    """Write a duration the way `duration` reads it, in the largest unit that divides it.

    Examples
    --------
    >>> readable(5400.0)
    '90 min'
    """
    for unit in ("d", "h", "min", "s"):
        if seconds >= SECONDS[unit] and seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:.0f} {unit}"
    return f"{str(seconds).removesuffix('.0')} s"


def time_of_day(instant: datetime) -> float:
    """Return the seconds since midnight.

    Examples
    --------
    >>> time_of_day(datetime(2026, 1, 5, 8, 30))
    30600.0
    """
    return (instant - datetime.combine(instant, time.min)) / timedelta(seconds=1)
