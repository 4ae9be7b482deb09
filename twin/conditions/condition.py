"""Conditions like `S_PU2 > 0 and L_T1 < 4`: a small language, read here and never run by Python.

Comparisons (`<`, `<=`, `>`, `>=`, `==`, `!=`, also chained) of names and numbers, with `+ - * /`,
`min(…)`, `max(…)`, `abs(…)`, `and`, `or`, `not` and parentheses. A caller may add constants of its
own, like `max_level(T1)`.

A value that is not known is NaN, and no comparison with it holds, nor does the negation of one:
`L_T1 < 4` and `not L_T1 < 4` both wait until L_T1 was heard. So a condition holds only where it
would whatever an unknown value turned out to be. `x / 0` is not known either.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from twin.conditions.ranges import Narrow
from twin.conditions.terms import (
    Comparison,
    Names,
    Number,
    Test,
    Truth,
    compared,
    constant_of,
    named,
)

Tables = Mapping[str, Mapping[str, float]]

_SIGN = re.compile("[<>]=?|[=!]=")
_NONE: Mapping[str, Number] = {}


@dataclass(frozen=True)
class Condition:
    """A condition, ready to be asked.

    Attributes
    ----------
    text : str
        As it was written.
    names : tuple of str
        What it names.
    comparisons : tuple of Comparison
        Its parts that compare a name with a number.
    divisors : tuple of (str, Number)
        What it divides by, as it was written; where one is 0, nothing is known.
    holds : callable
        Takes the present values by name, returns whether it holds.
    may, may_not : callable
        Take the ranges of what it names, return those where it, or its negation, can hold; None
        where it can nowhere.
    """

    text: str
    names: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    divisors: tuple[tuple[str, Number], ...]
    holds: Test
    may: Narrow
    may_not: Narrow

    @property
    def thresholds(self) -> tuple[tuple[str, float], ...]:
        """Name and number of each of its comparisons."""
        return tuple((part.name, part.number) for part in self.comparisons)

    @property
    def alone(self) -> Comparison | None:
        """The comparison of a name with a number that is all of it; None where it is not one."""
        single = len(self.names) == len(self.comparisons) == len(_SIGN.findall(self.text)) == 1
        return self.comparisons[0] if single else None

    def __call__(self, present: Names) -> bool:
        """Return whether it holds for the present values."""
        return self.holds(present)


def moved(condition: Condition, level: float) -> Condition:
    """Return a condition that compares one name with one number, with another number."""
    (part,) = condition.comparisons
    name = part.name
    truth = compared(named(name, 0), part.sign, constant_of(level, 0))
    return condition_of(f"{name} {part.sign} {level!r}", (name,), truth)


def condition_of(
    text: str, names: Collection[str], truth: Truth, divisors: Mapping[str, Number] = _NONE
) -> Condition:
    """Return the condition that a parsed text is, with the numbers it divides by."""
    return Condition(
        text,
        tuple(names),
        truth.comparisons,
        tuple(divisors.items()),
        truth.yes,
        truth.may,
        truth.may_not,
    )
