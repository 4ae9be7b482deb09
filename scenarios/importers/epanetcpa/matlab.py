"""epanetCPA's conditions, which are MATLAB's, in the words of ours."""

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


class UnsayableError(Exception):
    """The condition is one of epanetCPA's, but has no words here."""


class Words(NamedTuple):
    """A part of a condition in our words.

    Attributes
    ----------
    text : str
    truth : bool
        It holds or does not; otherwise it is a number.
    level : int
        How tightly it binds: 0 or, 1 and, 2 not, 3 comparison, 4 sum, 5 product, 6 a whole.
    number : float or None
        What it is, where it is one for good; 1 or 0 for what always or never holds.
    """

    text: str
    truth: bool
    level: int
    number: float | None = None

    def within(self, level: int) -> str:
        """Return it as a part of something that binds as tightly as `level`."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True)
class Translated:
    """A condition in our words.

    Attributes
    ----------
    text : str
    clock : tuple of (str, float) or None
        Sign and hours, where it compares the time and nothing else.
    always : bool or None
        Whether it holds whatever happens, or never; None where that depends.
    """

    text: str
    clock: tuple[str, float] | None = None
    always: bool | None = None


def translate(text: str, resolve: Callable[[str], Words]) -> Translated:
    """Put a condition into our words.

    Parameters
    ----------
    text : str
        Like `(TIME>50)&&(PU2>0)`.
    resolve : callable
        Takes a name, returns our words for it.

    Raises
    ------
    InputError
        If it is no condition, with the column in it.
    UnsayableError
        If it is one that our language has no words for.
    """
    parser = _Parser(text, resolve)
    found = parser.whole()
    always = None if found.number is None else bool(found.number)
    match = re.fullmatch(r"t (==|>|>=|<|<=) (-?[\d.e+]+)", found.text)
    clock = (match[1], float(match[2])) if match else None
    if clock is not None and clock[1] < 0:
        always = clock[0] in (">", ">=")
    return Translated(found.text, clock, always)


def value(text: str) -> float | None:
    """Return the number that an expression without names is, None for all else.

    Examples
    --------
    >>> value("-1/2"), value("Inf"), value("T1")
    (-0.5, inf, None)
    """

    def known(name: str) -> Words:
        if name in _NUMBERS:
            return Words(name, False, 6, _NUMBERS[name])
        raise InputError(f"{name} is no number")

    try:
        return _Parser(text, known).either_alone().number
    except (InputError, UnsayableError):
        return None


class _Parser:
    """Recursive descent, a method for each level of MATLAB's binding."""

    def __init__(self, text: str, resolve: Callable[[str], Words]):
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

    def whole(self) -> Words:
        return _truth(self.either_alone())

    def either_alone(self) -> Words:
        found = self.either()
        kind, text, at = self.tokens[self.place]
        if kind != "end":
            raise self.wrong(f"{text!r} is not expected here", at)
        return found

    def either(self) -> Words:
        return self.joined(
            ("||", "|"), "or", 0, lambda: self.joined(("&&", "&"), "and", 1, self.compared)
        )

    def joined(
        self, signs: tuple[str, ...], word: str, level: int, part: Callable[[], Words]
    ) -> Words:
        left = part()
        while self.take(*signs):
            left = _join(word, level, _truth(left), _truth(part()))
        return left

    def compared(self) -> Words:
        left = self.added()
        while sign := self.take(*_SIGNS):
            left = _compare(left, _SIGNS[sign], self.added())
        return left

    def added(self) -> Words:
        left = self.multiplied()
        while sign := self.take("+", "-"):
            left = _work(left, sign, self.multiplied(), 4)
        return left

    def multiplied(self) -> Words:
        left = self.signed()
        while sign := self.take("*", "/"):
            left = _work(left, sign, self.signed(), 5)
        return left

    def signed(self) -> Words:
        if self.take("~", "!"):
            return _negation(_truth(self.signed()))
        if self.take("+"):
            return self.signed()
        if self.take("-"):
            found = _number(self.signed())
            if found.number is not None:
                return _constant(-found.number)
            return Words(f"-{found.within(6)}", False, 5)
        return self.atom()

    def atom(self) -> Words:
        kind, text, at = self.tokens[self.place]
        if self.take("("):
            self.depth += 1
            if self.depth > _DEEPEST:
                raise self.wrong(f"more than {_DEEPEST} parentheses within each other", at)
            found = self.either()
            self.close()
            return found
        self.place += 1
        if kind == "number":
            return _constant(float(text))
        if kind != "name":
            raise self.wrong(f"{text!r} is not expected here" if text else "it ends too soon", at)
        if text in ("true", "false"):
            return Words(text, True, 6, float(text == "true"))
        if self.tokens[self.place][1] == "(":
            return self.called(text)
        try:
            return self.resolve(text)
        except InputError as error:
            raise self.wrong(error.message, at) from None

    def called(self, function: str) -> Words:
        self.take("(")
        terms = [_number(self.either())]
        while self.take(","):
            terms.append(_number(self.either()))
        self.close()
        if function in ("abs", "min", "max"):
            return Words(f"{function}({', '.join(term.text for term in terms)})", False, 6)
        if function == "mod" and len(terms) == 2 and terms[0].text == "t" and terms[1].number == 24:
            return Words("hour", False, 6)
        raise UnsayableError(f"{function}(…) has no words in a condition here")

    def close(self) -> None:
        if not self.take(")"):
            raise self.wrong("a closing parenthesis is missing", self.tokens[self.place][2])
        self.depth = max(self.depth - 1, 0)


def _constant(value: float) -> Words:
    return Words(f"{value:.10g}", False, 6, value)


def _truth(found: Words) -> Words:
    """Return what MATLAB takes a number for where it asks whether: everything but 0 holds."""
    if found.truth:
        return found
    if found.number is not None:
        return Words("true" if found.number else "false", True, 6, float(bool(found.number)))
    return Words(f"{found.within(4)} != 0", True, 3)


def _number(found: Words) -> Words:
    if found.truth and found.number is None:
        raise UnsayableError(
            f"{found.text!r}, which holds or does not, cannot be reckoned with here"
        )
    return found


def _join(word: str, level: int, left: Words, right: Words) -> Words:
    neutral = 1.0 if word == "and" else 0.0
    for one, other in ((left, right), (right, left)):
        if one.number is not None:
            return other if one.number == neutral else one
    return Words(f"{left.within(level)} {word} {right.within(level + 1)}", True, level)


def _compare(left: Words, sign: str, right: Words) -> Words:
    for one, other, way in ((left, right, sign), (right, left, MIRRORED[sign])):
        if one.truth and one.number is None and other.number is not None:
            # What holds or does not is 1 or 0: which of both makes the comparison true?
            holds = [COMPARE[way](value, other.number) for value in (0.0, 1.0)]
            if holds[0] == holds[1]:
                return Words("true" if holds[0] else "false", True, 6, float(holds[0]))
            return one if holds[1] else _negation(one)
    left, right = _number(left), _number(right)
    if left.number is not None and right.number is not None:
        holds_always = COMPARE[sign](left.number, right.number)
        return Words("true" if holds_always else "false", True, 6, float(holds_always))
    if left.number is not None:
        left, right, sign = right, left, MIRRORED[sign]
    return Words(f"{left.within(4)} {sign} {right.within(4)}", True, 3)


def _negation(found: Words) -> Words:
    if found.number is not None:
        return Words("false" if found.number else "true", True, 6, 1.0 - found.number)
    if found.level == 3:
        left, sign, right = re.split(r" (==|!=|<=|>=|<|>) ", found.text, maxsplit=1)
        return Words(f"{left} {OPPOSITE[sign]} {right}", True, 3)
    return Words(f"not {found.within(3)}", True, 2)


def _work(left: Words, sign: str, right: Words, level: int) -> Words:
    left, right = _number(left), _number(right)
    if left.number is not None and right.number is not None and (sign != "/" or right.number):
        a, b = left.number, right.number
        return _constant(
            a + b if sign == "+" else a - b if sign == "-" else a * b if sign == "*" else a / b
        )
    return Words(f"{left.within(level)} {sign} {right.within(level + 1)}", False, level)
