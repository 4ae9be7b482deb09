"""Parser of the language of `when`."""

from __future__ import annotations

import copyreg
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, TypeVar

from twin.conditions.condition import Condition, Tables, condition_of
from twin.conditions.terms import (
    COMPARE,
    FUNCTIONS,
    Number,
    Truth,
    all_of,
    any_of,
    calculated,
    compared,
    constant_of,
    function_of,
    named,
    negated,
)
from twin.errors import InputError, listed, nearest

_T = TypeVar("_T")
LONGEST = 500  # characters; more is a mistake
DEEPEST = 20  # parentheses within parentheses
_WORDS = ("and", "or", "not")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_INSTEAD = {
    **{"&&": "and", "&": "and", "||": "or", "|": "or", "=": "==", "!": "not"},
    **{"=>": ">=", "=<": "<=", "<>": "!=", "=!": "!=", "===": "==", "!==": "!="},
    **{"≥": ">=", "≤": "<=", "≠": "!=", "−": "-", "–": "-", "×": "*", "·": "*", "÷": "/"},
}
_QUOTES = "“”„«»‘’\"'"
_SAID = {
    **dict.fromkeys(("open", "on", "true"), "a status is a number: 1 is open, 0 closed"),
    **dict.fromkeys(("closed", "off", "false"), "a status is a number: 0 is closed, 1 open"),
    **dict.fromkeys(("time", "clocktime", "hours"), "write t, hours since the start, or hour"),
    **{day: f"weekday is a number: {day.title()} is {i}" for i, day in enumerate(_DAYS)},
}
"""Words that are often written, and what to write instead."""
_SIGNS = {
    **dict.fromkeys(("above", "over", "exceeds", "greater"), ">"),
    **dict.fromkeys(("below", "under", "less"), "<"),
    **dict.fromkeys(("equals", "equal"), "=="),
}
"""Words that are often written for a comparison."""
_UNITS = ("ms", "s", "min", "h", "d", "w", "m", "L", "bar", "kPa")
_IN = "t and hour are in hours, tags in their units"
_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<wrong>=>|=<|<>|=!|[=!]==|&&|\|\||;\s*$)|(?P<sign><=|>=|==|!=|[-<>+*/(),])|(?P<other>.)",
    re.DOTALL,
)
_DOTTED = re.compile(r"[\w.-]*\.[^\W\d][\w.-]*")


def parse(
    text: str,
    names: Collection[str],
    *,
    flags: Collection[str] = (),
    tables: Tables | None = None,
    refused: Mapping[str, str] | None = None,
) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text : str
    names : collection of str
        The names there are: tags, in their units, and `t`, the time in hours. They may hold any
        characters: one that stands in the text is found before the signs in it are.
    flags : collection of str
        Further names whose values are 0 or 1; such a name may stand alone, for "it is 1".
    tables : mapping, optional
        Constants by name and key: `{"max_level": {"T1": 6.5}}` lets one write `max_level(T1)`.
    refused : mapping, optional
        Names that exist but make no sense here, and why.

    Raises
    ------
    InputError
        With the condition and a caret under what cannot be used.
    """
    if len(text) > LONGEST:
        raise InputError(f"a condition of {len(text)} characters; {LONGEST} at most")
    return _Parser(text.strip(), names, flags, tables or {}, refused or {}).condition()


class _Token(NamedTuple):
    kind: str  # number, name, sign, or end
    text: str
    at: int


class _Parser:
    """Recursive descent, a method for each level of binding."""

    def __init__(
        self,
        text: str,
        names: Collection[str],
        flags: Collection[str],
        tables: Tables,
        refused: Mapping[str, str],
    ):
        self.text, self.names, self.flags = text, names, flags
        self.tables, self.refused = tables, refused
        known = [name for group in (names, flags, refused) for name in group]
        odd = sorted((n for n in known if not _TOKEN.fullmatch(n)), key=len, reverse=True)
        self.odd = re.compile(rf"(?:{'|'.join(map(re.escape, odd))})(?!\w)") if odd else None
        self.depth, self.place = 0, 0
        self.named: dict[str, None] = {}
        self.divisors: dict[str, Number] = {}
        self.token = self._next()

    def condition(self) -> Condition:
        whole = self._either()
        if self.token.kind != "end":
            raise self._unexpected()
        return condition_of(self.text, self.named, self._truth(whole), self.divisors)

    def _next(self) -> _Token:
        text = self.text
        while self.place < len(text) and text[self.place].isspace():
            self.place += 1
        at = self.place
        if at == len(text):
            return _Token("end", "", at)
        match = self.odd.match(text, at) if self.odd else None
        kind = "name"
        if match is None:
            match = _TOKEN.match(text, at)
            assert match is not None  # its last branch takes anything
            kind = str(match.lastgroup)
        found = match.group()
        if kind in ("wrong", "other"):
            if found in _INSTEAD:
                raise self._wrong(f"not a condition (for {found} write {_INSTEAD[found]})", at)
            mend = ": take the quotes out" if found in _QUOTES else ""
            mend = ": take it out" if found.startswith(";") else mend
            raise self._wrong(f"{found!r} is not allowed in a condition{mend}", at)
        self.place = match.end()
        return _Token(kind, found, at)

    def _take(self, *texts: str) -> _Token | None:
        token = self.token
        if token.text not in texts or token.kind == "number":
            return None
        self.token = self._next()
        return token

    def _either(self) -> Number | Truth:
        return self._joined("or", lambda: self._joined("and", self._negation))

    def _joined(self, word: str, part: Callable[[], Number | Truth]) -> Number | Truth:
        first = part()
        if self.token.text != word:
            return first
        parts = [self._truth(first)]
        while self._take(word):
            parts.append(self._truth(part()))
        return all_of(parts) if word == "and" else any_of(parts)

    def _negation(self) -> Number | Truth:
        nots = 0
        while self._take("not"):
            nots += 1
        found = self._comparison()
        if not nots:
            return found
        truth = self._truth(found)
        return negated(truth) if nots % 2 else truth

    def _comparison(self) -> Number | Truth:
        first = left = self._sum()
        parts: list[Truth] = []
        while sign := self._take(*COMPARE):
            right = self._sum()
            parts.append(compared(self._number(left), sign.text, self._number(right)))
            left = right
        if not parts:
            return first
        return parts[0] if len(parts) == 1 else all_of(parts)

    def _sum(self) -> Number | Truth:
        return self._worked("+-", lambda: self._worked("*/", self._signed))

    def _worked(self, signs: str, part: Callable[[], Number | Truth]) -> Number | Truth:
        left = part()
        while sign := self._take(*signs):
            at = self.token.at
            right = self._number(part())
            if sign.text == "/":
                self.divisors[self.text[at : self.token.at].strip()] = right
            left = calculated(self._number(left), sign.text, right)
        return left

    def _signed(self) -> Number | Truth:
        minuses = []
        while token := self._take("-"):
            minuses.append(token)
        found = self._atom()
        if len(minuses) % 2 == 0:
            return self._number(found) if minuses else found
        zero = constant_of(-0.0, minuses[0].at)
        return calculated(zero, "-", self._number(found))

    def _atom(self) -> Number | Truth:
        token = self.token
        if self._take("("):
            return self._inside(self._either)
        if token.kind not in ("number", "name") or token.text in _WORDS:
            raise self._unexpected()
        if token.kind == "number":
            self.token = self._next()
            if math.isinf(float(token.text)):
                raise self._wrong(f"{token.text} is too large", token.at)
            return constant_of(float(token.text), token.at)
        if token.text in self.names or token.text in self.flags:
            self.token = self._next()
            self.named[token.text] = None
            return named(token.text, token.at)
        called = self.text[self.place :].lstrip().startswith("(")
        if called and token.text in self.tables:
            return self._looked_up(token)
        if called and token.text in FUNCTIONS:
            return self._called(token)
        raise self._unknown(token, called)

    def _inside(self, content: Callable[[], _T]) -> _T:
        """Read what stands in parentheses, the first of which is taken."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._wrong(f"more than {DEEPEST} parentheses within each other", self.token.at)
        found = content()
        if not self._take(")"):
            raise self._unexpected("a closing parenthesis")
        self.depth -= 1
        return found

    def _called(self, function: _Token) -> Number:
        self.token = self._next()
        self._take("(")
        terms = self._inside(self._terms)
        if function.text == "abs" and len(terms) != 1:
            raise self._wrong(f"abs takes one number, not {len(terms)}", function.at)
        return function_of(function.text, terms, function.at)

    def _terms(self) -> list[Number]:
        terms = [self._number(self._sum())]
        while self._take(","):
            terms.append(self._number(self._sum()))
        return terms

    def _looked_up(self, table: _Token) -> Number:
        opened = self.text.index("(", self.place)
        end = self.text.find(")", opened)
        if end < 0:
            raise self._wrong("a closing parenthesis is missing", len(self.text))
        inside = self.text[opened + 1 : end]
        at = opened + 1 + len(inside) - len(inside.lstrip())
        constants, key = self.tables[table.text], inside.strip()
        if key not in constants:
            raise self._wrong(f"no {table.text}({key}): {nearest(key, constants)}", at)
        self.place = end + 1
        self.token = self._next()
        return constant_of(constants[key], table.at)

    def _number(self, found: Number | Truth) -> Number:
        if isinstance(found, Number):
            return found
        raise self._wrong("this holds or not: it is no number to reckon with", found.at)

    def _truth(self, found: Number | Truth) -> Truth:
        if isinstance(found, Truth):
            return found
        if found.name in self.flags:
            return compared(found, ">", constant_of(0.0, found.at))
        raise self._wrong("a condition compares something, like L_T1 < 4", found.at)

    def _unknown(self, token: _Token, called: bool) -> InputError:
        if called:
            alike = [flag for flag in self.flags if flag.startswith(f"{token.text}(")]
            if alike:
                whole = self.text[token.at :].partition(")")[0] + ")"
                return self._wrong(f"unknown name {whole!r}: {nearest(whole, alike)}", token.at)
            hint = nearest(token.text, [*FUNCTIONS, *self.tables])
            return self._wrong(f"unknown function {token.text!r}: {hint}", token.at)
        # Names with dots and hyphens fall apart where they are not known: look at the whole.
        match = _DOTTED.match(self.text, token.at)
        name = match.group() if match and token.text not in self.refused else token.text
        if name in self.refused:
            return self._wrong(self.refused[name], token.at)
        if name.casefold() in _SAID:
            return self._wrong(_SAID[name.casefold()], token.at)
        if name in FUNCTIONS or name in self.tables:
            keys = self.tables.get(name, {"L_T1, 4": 0.0})
            return self._wrong(f"write {name} with parentheses, {name}({min(keys)})", token.at)
        known = [*self.names, *self.flags]
        first, _, last = name.rpartition(".")
        kin = [one for one in (*known, *self.refused) if one.rpartition(".")[2] == last]
        kin = [one for one in kin if first and "." in one]
        if kin and not (set(kin) & set(known)):
            hint = f"there is only {listed(kin)}, but {self.refused[kin[0]]}"
        else:
            hint = nearest(name, [one for one in kin if one in known] if kin else known)
        return self._wrong(f"unknown name {name!r}: {hint}", token.at)

    def _unexpected(self, wanted: str = "a name or a number") -> InputError:
        token = self.token
        if token.kind == "end":
            return self._wrong(f"not a condition: {wanted} is missing", token.at)
        if token.text.casefold() in _WORDS and token.text not in _WORDS:
            return self._wrong(f"for {token.text} write {token.text.casefold()}", token.at)
        if token.text in ("is", "in", "like", "between"):
            return self._wrong("only < <= > >= == != compare here, also 3 < hour < 5", token.at)
        if token.text.casefold() in _SIGNS:
            return self._wrong(f"for {token.text} write {_SIGNS[token.text.casefold()]}", token.at)
        if token.text == "," and re.match(r"\d", self.text[token.at + 1 :]):
            return self._wrong("not a condition: a number has a point, not a comma", token.at)
        if token.text in _UNITS and self.text[: token.at].rstrip()[-1:].isdigit():
            return self._wrong(
                f"numbers have no unit here: leave {token.text} out ({_IN})", token.at
            )
        return self._wrong(f"not a condition: {token.text!r} makes no sense here", token.at)

    def _wrong(self, message: str, at: int) -> InputError:
        shown = re.sub(r"\s", " ", self.text)
        return InputError(f"{message}\n    {shown}\n    {' ' * at}^")


# A condition holds functions, which do not pickle; it is read again from its text.
copyreg.pickle(Condition, lambda condition: (parse, (condition.text, condition.names)))
