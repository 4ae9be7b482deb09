"""Scenario files gone wrong: the library's, changed at random as typing and editors change them."""

import random
import re

_CHARACTERS = list(" \t:-,[]{}#&*!|>'\"%@`?\\\n0123456789.eE+<>=abhndmsTPL_é\u2028\x00\x07\ufeff")
_VALUES = [
    "", "~", "null", "true", "yes", "-1", "0", "1e400", "-1e-400", ".nan", ".inf", "2026-02-30",
    "9" * 400, "12:30:00", "[]", "{}", "[1, 2]", "{a: b}", "{{}}", "&a [*a]", "*a",
    "!!python/name:os.system", "!!binary aGk=", "!!set {a}", "1 parsec", "-3 h", "1e9 d", "3", "h",
    "L_T1", "sensor:L_T99", "link:PLC1->PLC1", "plc:PLC77", "actuator:J1", "plant:nothing",
    "scada:x", "L_T1 > ", "1 < 2 < 3", "(" * 300, "not " * 200 + "t", "__import__('os')", "t.real",
    "lambda: 1", "L_T1 if t else 2", "open", "drop", "{drop: {}}", "{offset: {by: .nan}}",
    "{force: {to: 9}}", "{delay: {by: 5}}", "{replay: {}}", "{setpoint: {}}", "link:*->*", "'", '"',
    "|", ">\n  x", "? a", "%YAML 3.0", "../../etc", "a" * 5000, "\u0000", "{" * 150, "[" * 150,
    "- " * 60, "<<: {on: x}",
]  # fmt: skip
_KEYS = [
    "name", "plant", "start", "duration", "warmup", "seed", "demand_model", "attacks", "faults",
    "detector", "control", "operator", "initial_levels", "demands", "plugins", "on", "tags", "do",
    "when", "from", "to", "for", "follow", "delay", "not_before", "incident", "<<", "1", "on:", "~",
]  # fmt: skip


def mutated(text: str, rng: random.Random) -> str:
    """Return a file's text after one to four random changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        text = rng.choice(_CHANGES)(text, rng)
    return text


def _insert(text, rng):
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(_CHARACTERS) * rng.choice((1, 1, 1, 3)) + text[at:]


def _delete(text, rng):
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + rng.choice((1, 1, 2, 5, 40)) :]


def _swap(text, rng):
    at = rng.randrange(max(1, len(text) - 1))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _cut(text, rng):
    return text[: rng.randrange(len(text) + 1)]


def _lines(change):
    def on_lines(text, rng):
        lines = text.splitlines(keepends=True)
        if lines:
            change(lines, rng.randrange(len(lines)), rng)
        return "".join(lines)

    return on_lines


def _repeat(lines, at, rng):
    lines.insert(at, lines[at])


def _drop(lines, at, rng):
    del lines[at]


def _indent(lines, at, rng):
    lines[at] = rng.choice((" ", "  ", "\t", "      ")) + lines[at]


def _dedent(lines, at, rng):
    lines[at] = lines[at].lstrip(" -")


def _move(lines, at, rng):
    lines.insert(rng.randrange(len(lines)), lines.pop(at))


def _revalue(lines, at, rng):
    """Give a key another value: the last on its line, or one in a flow mapping."""
    found = list(re.finditer(r"(\w+):( +)([^,}\n]*)", lines[at]))
    if found:
        one = rng.choice(found)
        lines[at] = lines[at][: one.start(3)] + rng.choice(_VALUES) + lines[at][one.end(3) :]


def _rekey(lines, at, rng):
    found = list(re.finditer(r"\w+(?=: )", lines[at]))
    if found:
        one = rng.choice(found)
        new = rng.choice((rng.choice(_KEYS), one[0][1:], one[0] + "s", one[0].upper()))
        lines[at] = lines[at][: one.start()] + new + lines[at][one.end() :]


def _add(lines, at, rng):
    indent = rng.choice(("", "", "    ", "  "))
    lines.insert(at, f"{indent}{rng.choice(_KEYS)}: {rng.choice(_VALUES)}\n")


_CHANGES = [_insert, _delete, _swap, _cut,
            *map(_lines, (_repeat, _drop, _indent, _dedent, _move, _revalue, _revalue, _revalue,
                          _revalue, _rekey, _rekey, _add, _add))]  # fmt: skip
