"""What values can be, and so whether a condition on them can ever hold.

A range is (lowest, highest), both included. What is worked out is never too narrow: a condition
that is said not to hold can hold for no values within the ranges.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

Range = tuple[float, float]
Ranges = Mapping[str, Range]
Narrow = Callable[[Ranges], Ranges | None]
"""Takes the ranges of what a condition names; returns them where it may hold, None if nowhere."""

ANY: Range = (-math.inf, math.inf)
UNKNOWN: Range = (math.nan, math.nan)
"""Of what is never known, like `x / 0`: it compares with nothing."""


def worked(one: Range, sign: str, other: Range) -> Range:
    """Return the range of a sum, difference, product or quotient."""
    (a, b), (c, d) = one, other
    if _unknown(one, other) or (sign == "/" and c == d == 0.0):
        return UNKNOWN
    if sign == "+":
        return _known([a + c, b + d])
    if sign == "-":
        return _known([a - d, b - c])
    if sign == "*":
        return _known([a * c, a * d, b * c, b * d])
    if c <= 0.0 <= d:
        return ANY  # not known where the divisor is 0, and huge beside it
    return _known([a / c, a / d, b / c, b / d])


def _unknown(*parts: Range) -> bool:
    return any(math.isnan(low) for low, _ in parts)


def _known(ends: Sequence[float]) -> Range:
    return ANY if any(map(math.isnan, ends)) else (min(ends), max(ends))


def of_function(name: str, parts: Sequence[Range]) -> Range:
    """Return the range of `min`, `max` or `abs` of what has these ranges."""
    if _unknown(*parts):
        return UNKNOWN
    if name == "abs":
        ((low, high),) = parts
        ends = (abs(low), abs(high))
        return (0.0 if low <= 0.0 <= high else min(ends), max(ends))
    least = min if name == "min" else max
    return least(low for low, _ in parts), least(high for _, high in parts)


def may_compare(one: Range, sign: str, other: Range) -> bool:
    """Return whether values of two ranges can stand to each other as a sign says."""
    (a, b), (c, d) = one, other
    if _unknown(one, other):
        return False
    if sign == "!=":
        return not a == b == c == d
    if sign in (">", ">="):
        return may_compare(other, "<" if sign == ">" else "<=", one)
    if sign == "==":
        return a <= d and c <= b
    return a < d if sign == "<" else a <= d


def narrowed(ranges: Ranges, name: str, sign: str, number: float) -> Ranges | None:
    """Return ranges where a name stands to a number as a sign says; None if it nowhere does."""
    low, high = ranges[name]
    if not may_compare((low, high), sign, (number, number)):
        return None
    if sign in (">", ">=", "=="):
        low = max(low, math.nextafter(number, math.inf) if sign == ">" else number)
    if sign in ("<", "<=", "=="):
        high = min(high, math.nextafter(number, -math.inf) if sign == "<" else number)
    return {**ranges, name: (low, high)} if low <= high else None


def everywhere(parts: Sequence[Narrow]) -> Narrow:
    """Return where all parts may hold; what one leaves is looked at again by those before it."""

    def narrow(ranges: Ranges) -> Ranges | None:
        left: Ranges | None = ranges
        for part in (*parts, *parts):
            left = None if left is None else part(left)
        return left

    return narrow


def anywhere(parts: Sequence[Narrow]) -> Narrow:
    """Return where one of the parts may hold."""

    def narrow(ranges: Ranges) -> Ranges | None:
        found = [left for part in parts if (left := part(ranges)) is not None]
        if len(found) < 2:
            return found[0] if found else None
        return {
            name: (min(one[name][0] for one in found), max(one[name][1] for one in found))
            for name in ranges
        }

    return narrow
