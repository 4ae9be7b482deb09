"""epanetCPA's conditions, which are MATLAB expressions, as conditions of a scenario."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from twin.conditions.terms import COMPARE, MIRRORED, OPPOSITE
from twin.errors import InputError

_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>&&|\|\||==|~=|!=|<=|>=|[-+*/<>&|~!(),])"
)
_SIGNS = {"~=": "!=", **{sign: sign for sign in COMPARE}}
_NUMBERS = {"Inf": math.inf, "inf": math.inf, "pi": math.pi}
_DEEPEST = 20


class UntranslatableError(Exception):
    """What epanetCPA's file says is right, but a scenario cannot say it."""


class Expression(NamedTuple):
    """A part of a scenario's condition.

    Attributes
    ----------
    text : str
    truth : bool
        Whether its value is true or false; otherwise it is a number.
    level : int
        How tightly it binds: 0 or, 1 and, 2 not, 3 comparison, 4 sum, 5 product, 6 an atom.
    number : float or None
        Its value, where that is constant: 1 for true, 0 for false.
    """

    text: str
    truth: bool
    level: int
    number: float | None = None

    def within(self, level: int) -> str:
        """Return its text, in parentheses if it binds less tightly than `level`."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True)
class Translated:
    """A condition of a scenario.

    Attributes
    ----------
    text : str
    clock : tuple of (str, float) or None
        Sign and hours, where all it does is compare the time.
    always : bool or None
        True if it holds always, False if never; None where that depends on the run.
    """

    text: str
    clock: tuple[str, float] | None = None
    always: bool | None = None


def translate(text: str, resolve: Callable[[str], Expression]) -> Translated:
    """Translate a condition.

    Parameters
    ----------
    text : str
        Like `(TIME>50)&&(PU2>0)`.
    resolve : callable
        Takes a name of the condition, returns what it is in a scenario's.

    Raises
    ------
    InputError
        If it is no condition; with the column in `text`.
    UntranslatableError
        If a scenario's conditions cannot say it.
    """
    whole = _truth(_Parser(text, resolve).whole())
    always = None if whole.number is None else bool(whole.number)
    match = re.fullmatch(r"t (==|>|>=|<|<=) (-?[\d.e+]+)", whole.text)
    clock = (match[1], float(match[2])) if match else None
    if clock is not None and clock[1] < 0:
        always = clock[0] in (">", ">=")
    return Translated(whole.text, clock, always)


def value(text: str) -> float | None:
    """Return the number that an expression without names is, None for all else.

    Examples
    --------
    >>> value("-1/2"), value("Inf"), value("T1")
    (-0.5, inf, None)
    """

    def known(name: str) -> Expression:
        if name in _NUMBERS:
            return Expression(name, False, 6, _NUMBERS[name])
        raise InputError(f"{name} is no number")

    try:
        return _Parser(text, known).whole().number
    except (InputError, UntranslatableError):
        return None


class _Parser:
    """Recursive descent, with a method for each precedence of MATLAB's operators."""

    def __init__(self, text: str, resolve: Callable[[str], Expression]):
        self.text, self.resolve, self.depth = text, resolve, 0
        self.tokens: list[tuple[str, str, int]] = []
        place = 0
        while place < len(text):
            if text[place].isspace():
                place += 1
                continue
            match = _TOKEN.match(text, place)
            if match is None:
                raise self.wrong(f"{text[place]!r} is not part of a condition", place)
            self.tokens.append((str(match.lastgroup), match.group(), place))
            place = match.end()
        self.tokens.append(("end", "", len(text)))
        self.place = 0

    def wrong(self, message: str, at: int) -> InputError:
        return InputError(f"{message}\n    {self.text}\n    {' ' * at}^", column=at + 1)

    def take(self, *texts: str) -> str | None:
        kind, text, _ = self.tokens[self.place]
        if kind == "sign" and text in texts:
            self.place += 1
            return text
        return None

    def whole(self) -> Expression:
        expression = self.either()
        kind, text, at = self.tokens[self.place]
        if kind != "end":
            raise self.wrong(f"{text!r} is not expected here", at)
        return expression

    def either(self) -> Expression:
        return self.joined(
            ("||", "|"), "or", 0, lambda: self.joined(("&&", "&"), "and", 1, self.compared)
        )

    def joined(
        self, signs: tuple[str, ...], word: str, level: int, part: Callable[[], Expression]
    ) -> Expression:
        left = part()
        while self.take(*signs):
            left = _join(word, level, _truth(left), _truth(part()))
        return left

    def compared(self) -> Expression:
        left = self.added()
        while sign := self.take(*_SIGNS):
            left = _compare(left, _SIGNS[sign], self.added())
        return left

    def added(self) -> Expression:
        left = self.multiplied()
        while sign := self.take("+", "-"):
            left = _arithmetic(left, sign, self.multiplied(), 4)
        return left

    def multiplied(self) -> Expression:
        left = self.signed()
        while sign := self.take("*", "/"):
            left = _arithmetic(left, sign, self.signed(), 5)
        return left

    def signed(self) -> Expression:
        if self.take("~", "!"):
            return _negation(_truth(self.signed()))
        if self.take("+"):
            return self.signed()
        if self.take("-"):
            term = _number(self.signed())
            if term.number is not None:
                return _constant(-term.number)
            return Expression(f"-{term.within(6)}", False, 5)
        return self.atom()

    def atom(self) -> Expression:
        kind, text, at = self.tokens[self.place]
        if self.take("("):
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self.wrong(f"more than {_DEEPEST} parentheses within each other", at)
            inner = self.either()
            self.close()
            return inner
        self.place += 1
        if kind == "number":
            return _constant(float(text))
        if kind != "name":
            raise self.wrong(f"{text!r} is not expected here" if text else "it ends too soon", at)
        if text in ("true", "false"):
            return always(text == "true")
        if self.tokens[self.place][1] == "(":
            return self.called(text)
        try:
            return self.resolve(text)
        except InputError as error:
            raise self.wrong(error.message, at) from None

    def called(self, function: str) -> Expression:
        self.take("(")
        terms = [_number(self.either())]
        while self.take(","):
            terms.append(_number(self.either()))
        self.close()
        if function in ("abs", "min", "max"):
            return Expression(f"{function}({', '.join(term.text for term in terms)})", False, 6)
        if function == "mod" and len(terms) == 2 and terms[0].text == "t" and terms[1].number == 24:
            return Expression("hour", False, 6)
        raise UntranslatableError(f"{function}(…) has no words in a condition here")

    def close(self) -> None:
        if not self.take(")"):
            raise self.wrong("a closing parenthesis is missing", self.tokens[self.place][2])
        self.depth = max(self.depth - 1, 0)


def _constant(value: float) -> Expression:
    return Expression(f"{value:.10g}", False, 6, value)


def always(holds: bool) -> Expression:
    """Return what always holds, or never."""
    return Expression("true" if holds else "false", True, 6, float(holds))


def _truth(part: Expression) -> Expression:
    """Return an expression as true or false: of a number, MATLAB takes all but 0 for true."""
    if part.truth:
        return part
    if part.number is not None:
        return always(bool(part.number))
    return Expression(f"{part.within(4)} != 0", True, 3)


def _number(part: Expression) -> Expression:
    if part.truth and part.number is None:
        raise UntranslatableError(
            f"{part.text!r}, which holds or does not, cannot be reckoned with here"
        )
    return part


def _join(word: str, level: int, left: Expression, right: Expression) -> Expression:
    neutral = 1.0 if word == "and" else 0.0
    for side, other in ((left, right), (right, left)):
        if side.number is not None:
            return other if side.number == neutral else side
    return Expression(f"{left.within(level)} {word} {right.within(level + 1)}", True, level)


def _compare(left: Expression, sign: str, right: Expression) -> Expression:
    for side, other, way in ((left, right, sign), (right, left, MIRRORED[sign])):
        if side.truth and side.number is None and other.number is not None:
            # A truth is 1 or 0: which of the two makes the comparison true?
            holds = [COMPARE[way](value, other.number) for value in (0.0, 1.0)]
            if holds[0] == holds[1]:
                return always(holds[0])
            return side if holds[1] else _negation(side)
    left, right = _number(left), _number(right)
    if left.number is not None and right.number is not None:
        return always(COMPARE[sign](left.number, right.number))
    if left.number is not None:
        left, right, sign = right, left, MIRRORED[sign]
    return Expression(f"{left.within(4)} {sign} {right.within(4)}", True, 3)


def _negation(part: Expression) -> Expression:
    if part.number is not None:
        return always(not part.number)
    if part.level == 3:
        left, sign, right = re.split(r" (==|!=|<=|>=|<|>) ", part.text, maxsplit=1)
        return Expression(f"{left} {OPPOSITE[sign]} {right}", True, 3)
    return Expression(f"not {part.within(3)}", True, 2)


def _arithmetic(left: Expression, sign: str, right: Expression, level: int) -> Expression:
    left, right = _number(left), _number(right)
    if left.number is not None and right.number is not None and (sign != "/" or right.number):
        a, b = left.number, right.number
        return _constant(
            a + b if sign == "+" else a - b if sign == "-" else a * b if sign == "*" else a / b
        )
    return Expression(f"{left.within(level)} {sign} {right.within(level + 1)}", False, level)
