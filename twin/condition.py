"""Conditions like `S_PU2 > 0 and L_T1 < 4`: parsed by Python's grammar, never evaluated by it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from twin.errors import InputError, nearest

Names = Mapping[str, float]
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b if b else float("nan"),
}
LONGEST = 500  # characters; more is a mistake, and deep nesting would exhaust the parser


@dataclass(frozen=True)
class Condition:
    """A condition, ready to be asked.

    Attributes
    ----------
    text : str
        As it was written.
    names : tuple of str
        What it names.
    thresholds : tuple of (str, float)
        Every name it compares with a number, and that number.
    holds : callable
        Takes the present values by name, returns whether it holds.
    """

    text: str
    names: tuple[str, ...]
    thresholds: tuple[tuple[str, float], ...]
    holds: Callable[[Names], bool]

    def __call__(self, present: Names) -> bool:
        """Return whether it holds for the present values."""
        return bool(self.holds(present))


def parse(text: str, names: Collection[str]) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text : str
        Comparisons of names and numbers, with + - * /, and, or, not and parentheses.
    names : collection of str
        The names there are: tags, in their units, and `t`, the time in hours.

    Raises
    ------
    InputError
        With the condition and a caret under what cannot be used.
    """
    if len(text) > LONGEST:
        raise InputError(f"a condition of {len(text)} characters; {LONGEST} at most")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # Python points at nothing where the text ends too soon.
        column = getattr(error, "offset", None) or len(text.strip()) + 1
        words = {"&&": "and", "||": "or", "=": "==", "!": "not"}
        used = next((sign for sign in words if sign in text), None)
        hint = f" (for {used} write {words[used]})" if used and "==" not in text else ""
        raise _wrong(f"not a condition{hint}", text.strip(), column - 1) from None
    if not isinstance(tree.body, ast.Compare | ast.BoolOp | ast.UnaryOp):
        raise _wrong("a condition compares something, like L_T1 < 4", text, 0)
    holds = _compile(tree.body, text, names)
    named = dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return Condition(text.strip(), tuple(named), tuple(_thresholds(tree)), holds)


def moved(condition: Condition, level: float) -> Condition:
    """Return a condition that compares one name with one number, with another number."""

    class _Move(ast.NodeTransformer):
        def visit_Compare(self, node: ast.Compare) -> ast.Compare:
            terms = [node.left, *node.comparators]
            terms = [term if _number(term) is None else ast.Constant(level) for term in terms]
            node.left, node.comparators = terms[0], terms[1:]
            return node

    tree = _Move().visit(ast.parse(condition.text, mode="eval"))
    return parse(ast.unparse(tree), condition.names)


def _thresholds(tree: ast.AST) -> Iterator[tuple[str, float]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            terms = [node.left, *node.comparators]
            for left, right in pairwise(terms):
                for name, number in ((left, right), (right, left)):
                    value = _number(number)
                    if isinstance(name, ast.Name) and value is not None:
                        yield name.id, value


def _number(node: ast.expr) -> float | None:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -float(value)
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case _:
            return None


def _compile(node: ast.expr, text: str, names: Collection[str]) -> Callable[[Names], Any]:
    match node:
        case ast.Compare():
            terms = [_compile(term, text, names) for term in [node.left, *node.comparators]]
            tests = []
            for i, op in enumerate(node.ops):
                if type(op) not in _COMPARE:
                    raise _wrong("only < <= > >= == != compare here", text, node.col_offset)
                tests.append((_COMPARE[type(op)], terms[i], terms[i + 1]))
            if len(tests) == 1:  # nearly all are, and PLCs ask often
                test, left, right = tests[0]
                return lambda v: test(left(v), right(v))
            return lambda v: all(test(left(v), right(v)) for test, left, right in tests)
        case ast.BoolOp():
            parts = [_compile(part, text, names) for part in node.values]
            if isinstance(node.op, ast.And):
                return lambda v: all(part(v) for part in parts)
            return lambda v: any(part(v) for part in parts)
        case ast.UnaryOp(op=ast.Not()):
            negated = _compile(node.operand, text, names)
            return lambda v: not negated(v)
        case ast.UnaryOp(op=ast.USub()):
            number = _compile(node.operand, text, names)
            return lambda v: -number(v)
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            work = _ARITHMETIC[type(node.op)]
            left, right = _compile(node.left, text, names), _compile(node.right, text, names)
            return lambda v: work(left(v), right(v))
        case ast.Constant(value=int() | float() as constant) if not isinstance(constant, bool):
            return lambda v: constant
        case ast.Name(id=name):
            if name not in names:
                hint = nearest(name, names)
                raise _wrong(f"unknown name {name!r}: {hint}", text, node.col_offset)
            return lambda v: v[name]
        case _:
            raise _wrong("this is not allowed in a condition", text, node.col_offset)


def _wrong(message: str, text: str, column: int) -> InputError:
    shown = " ".join(text.split("\n")).strip()
    return InputError(f"{message}\n    {shown}\n    {' ' * max(column, 0)}^")
