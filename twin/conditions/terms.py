"""What conditions are made of: numbers, and what holds or not, each ready to be asked."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from twin.conditions.ranges import (
    Narrow,
    Range,
    Ranges,
    anywhere,
    everywhere,
    may_compare,
    narrowed,
    of_function,
    worked,
)

Names = Mapping[str, float]
Value = Callable[[Names], float]
Test = Callable[[Names], bool]

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": lambda a, b: a < b or a > b,
}
OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
"""Of each sign: the one that holds where it does not, and the one with its sides exchanged."""
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,
}
FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "min": lambda values: math.nan if any(map(math.isnan, values)) else min(values),
    "max": lambda values: math.nan if any(map(math.isnan, values)) else max(values),
    "abs": lambda values: abs(values[0]),
}


class Comparison(NamedTuple):
    """A name, a sign and the number it is compared with, as they must stand for it to hold."""

    name: str
    sign: str
    number: float

    def holds(self, value: float) -> bool:
        """Return whether it holds for a value of the name."""
        return COMPARE[self.sign](value, self.number)


class Number(NamedTuple):
    """A part of a condition that is a number: what it is now, or always, or the name it is.

    `range` is what it can be, where what it names has certain ranges.
    """

    value: Value
    range: Callable[[Ranges], Range]
    at: int
    constant: float | None = None
    name: str | None = None


class Truth(NamedTuple):
    """A part that holds or not: how to ask, how to ask for its negation, what it compares.

    `may` and `may_not` say where within certain ranges it, and its negation, can hold.
    """

    yes: Test
    no: Test
    at: int
    comparisons: tuple[Comparison, ...]
    may: Narrow
    may_not: Narrow


def constant_of(number: float, at: int) -> Number:
    """Return a number that is always the same."""
    return Number(lambda _: number, lambda _: (number, number), at, constant=number)


def named(name: str, at: int) -> Number:
    """Return the number that has a name."""
    return Number(lambda v: v[name], lambda ranges: ranges[name], at, name=name)


def function_of(function: str, terms: Sequence[Number], at: int) -> Number:
    """Return one of `FUNCTIONS` of some numbers."""
    work, values, ranges = FUNCTIONS[function], [t.value for t in terms], [t.range for t in terms]
    return Number(
        lambda v: work([value(v) for value in values]),
        lambda r: of_function(function, [one(r) for one in ranges]),
        at,
    )


def calculated(left: Number, sign: str, right: Number) -> Number:
    """Return the sum, difference, product or quotient of two numbers."""
    work, a, b = _ARITHMETIC[sign], left.value, right.value
    if left.constant is not None and right.constant is not None:
        return constant_of(work(left.constant, right.constant), left.at)
    return Number(
        lambda v: work(a(v), b(v)), lambda r: worked(left.range(r), sign, right.range(r)), left.at
    )


def compared(left: Number, sign: str, right: Number) -> Truth:
    """Return whether two numbers stand to each other as a sign of `COMPARE` says."""
    comparisons: tuple[Comparison, ...] = ()
    if left.name is not None and right.constant is not None:
        comparisons = (Comparison(left.name, sign, right.constant),)
    elif right.name is not None and left.constant is not None:
        comparisons = (Comparison(right.name, MIRRORED[sign], left.constant),)
    yes, no = _test(left, sign, right), _test(left, OPPOSITE[sign], right)
    may, may_not = _may(left, sign, right), _may(left, OPPOSITE[sign], right)
    return Truth(yes, no, left.at, comparisons, may, may_not)


def _may(left: Number, sign: str, right: Number) -> Narrow:
    name, number = left.name, right.constant
    if name is not None and number is not None:
        return lambda r: narrowed(r, name, sign, number)
    if right.name is not None and left.constant is not None:
        return _may(right, MIRRORED[sign], left)
    return lambda r: r if may_compare(left.range(r), sign, right.range(r)) else None


def _test(left: Number, sign: str, right: Number) -> Test:
    test, a, b = COMPARE[sign], left.value, right.value
    name, number = left.name, right.constant
    if name is not None and number is not None:  # nearly all are, and PLCs ask often
        return lambda v: test(v[name], number)
    return lambda v: test(a(v), b(v))


def all_of(parts: Sequence[Truth]) -> Truth:
    """Return whether all parts hold."""
    comparisons = tuple(found for part in parts for found in part.comparisons)
    yes, no = _all([part.yes for part in parts]), _any([part.no for part in parts])
    may, may_not = everywhere([part.may for part in parts]), anywhere([p.may_not for p in parts])
    return Truth(yes, no, parts[0].at, comparisons, may, may_not)


def any_of(parts: Sequence[Truth]) -> Truth:
    """Return whether one of the parts holds."""
    return negated(all_of([negated(part) for part in parts]))


def negated(part: Truth) -> Truth:
    """Return whether a part does not hold, for what is known."""
    opposite = tuple(c._replace(sign=OPPOSITE[c.sign]) for c in part.comparisons)
    return Truth(part.no, part.yes, part.at, opposite, part.may_not, part.may)


def _all(tests: Sequence[Test]) -> Test:
    if len(tests) == 2:
        one, two = tests
        return lambda v: one(v) and two(v)
    return lambda v: all(test(v) for test in tests)


def _any(tests: Sequence[Test]) -> Test:
    if len(tests) == 2:
        one, two = tests
        return lambda v: one(v) or two(v)
    return lambda v: any(test(v) for test in tests)
