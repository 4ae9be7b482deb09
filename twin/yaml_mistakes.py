"""What is wrong with a text that is no YAML, in the words of those who wrote it, with the mend."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError, StringMark


class Mistake(NamedTuple):
    """A mistake in a text.

    Attributes
    ----------
    message : str
        What is wrong, and how to mend it.
    line, column : int
        Where, from 1.
    """

    message: str
    line: int
    column: int


_CLOSED_BY = {"{": "}", "[": "]", '"': '"', "'": "'"}
_LOOKS_LIKE = {
    **dict.fromkeys("‐‑‒–—−", "-"),
    **dict.fromkeys("“”„‟«»", '"'),
    **dict.fromkeys("‘’‚‛", "'"),
    **{"→": "->", "≥": ">=", "≤": "<=", "≠": "!="},
    **dict(zip("АВЕКМНОРСТХаеорсх", "ABEKMHOPCTXaeopcx", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True)),
}
"""Characters that editors and word processors put for plain ones, or that look like a letter."""
_FULL_WIDTH = range(0xFF01, 0xFF5F)  # of `！` to `～`, which stand for `!` to `~`


def plain_character(character: str) -> str | None:
    """Return the plain character that one looks like; None if it looks like none.

    Examples
    --------
    >>> plain_character("−"), plain_character("\\u00a0"), plain_character("é")
    ('-', ' ', None)
    """
    if ord(character) in _FULL_WIDTH:
        return chr(ord(character) - 0xFEE0)
    category = unicodedata.category(character)
    if category == "Zs" and character != " ":
        return " "
    return "" if category == "Cf" else _LOOKS_LIKE.get(character)


def odd_character(line: str, begin: int = 0, end: int | None = None) -> str | None:
    """Say where a line first holds a character that only looks like a plain one; None if nowhere.

    Parameters
    ----------
    line : str
    begin, end : int, optional
        The part of it to look at, from 0.
    """
    for place, character in enumerate(line[begin:end], start=begin):
        plain = plain_character(character)
        if plain is None:
            continue
        name = unicodedata.name(character, "a character that cannot be seen").casefold()
        mend = {"": "take it out", " ": "put a plain blank"}.get(plain, f"write {plain}")
        shown = "" if plain in ("", " ") else f"{character}, "
        return f"column {place + 1} holds {shown}U+{ord(character):04X} ({name}): {mend}"
    return None


_INDENTED = re.compile(r"^[^\S\r\n]*")
_ODD_PLACE = re.compile(r"[:\-](\s*)|：")  # where YAML wants a plain colon or blank


def malformed(error: MarkedYAMLError, text: str) -> Mistake:
    """Return what is wrong with a text that YAML's parser stopped at.

    What opens on an earlier line than the one where it had to be closed is blamed itself.
    """
    lines = [*text.splitlines(), ""]
    start, end = error.context_mark, error.problem_mark
    problem = error.problem or error.context or ""
    mark = end or start
    if mark is None:
        return Mistake(f"not valid YAML: {problem}", 1, 1)
    unclosed = _unclosed(start, end, lines, problem)
    found = _odd_blank(lines[: mark.line + 1]) or unclosed
    if found is None and "duplicate key" in problem:
        found = _twice(problem, start, mark, lines)
    elif found is None and "could not find expected ':'" in problem and start is not None:
        found = _no_pair(start.line, lines)
    elif found is None and "mapping values" in problem:
        found = _second_colon(mark, lines)
    elif found is None and "<block end>" in problem:
        found = _block_broken(start, mark, lines)
    elif found is None:
        found = _by_words(problem, mark, lines)
    message, line, column = found or (problem, mark.line + 1, mark.column + 1)
    return Mistake(f"not valid YAML: {message}", line, column)


def _odd_blank(lines: list[str]) -> Mistake | None:
    """Return the last tab, or character that is no plain blank, where YAML wants a plain blank."""
    for number in range(len(lines), 0, -1):
        line = lines[number - 1]
        indent = len(_INDENTED.match(line)[0])  # type: ignore[index]
        tab = line.find("\t", 0, indent)
        if tab >= 0 and line.strip():
            message = "a tab in the indentation: YAML takes blanks only; put blanks in its place"
            return Mistake(message, number, tab + 1)
        places = [(0, indent + 1), *(match.span() for match in _ODD_PLACE.finditer(line))]
        for begin, end in places:
            odd = odd_character(line, begin, end + 1)
            if odd and not line[:begin].lstrip().startswith("#"):
                column = int(re.search(r"\d+", odd)[0])  # type: ignore[index]
                if line[column - 1] == "：" or plain_character(line[column - 1]) in ("", " "):
                    return Mistake(odd, number, column)
    return None


def _unclosed(
    start: StringMark | None, end: StringMark | None, lines: list[str], problem: str
) -> Mistake | None:
    if start is None or end is None:
        return None
    opened = lines[start.line][start.column : start.column + 1]
    if opened not in _CLOSED_BY or (start.line == end.line and "<stream end>" not in problem):
        return None
    here = f"the {opened} that opens here is not closed"
    message = f"{here}: a {_CLOSED_BY[opened]} is missing before line {max(end.line, 1) + 1}"
    return Mistake(message, start.line + 1, start.column + 1)


def _twice(
    problem: str, start: StringMark | None, mark: StringMark, lines: list[str]
) -> Mistake | None:
    key = re.search(r'duplicate key "(.*?)" with', problem)
    if key is None:
        return None
    first = mark.line
    for number in range(start.line if start else 0, mark.line):
        if re.match(rf"['\"]?{re.escape(key[1])}['\"]?\s*:", lines[number][mark.column :]):
            first = number
            break
    where = "in this line" if first == mark.line else f"the first time in line {first + 1}"
    message = f"{key[1]!r} stands twice, {where}: keep one, or put what both hold under one"
    return Mistake(message, mark.line + 1, mark.column + 1)


def _no_pair(number: int, lines: list[str]) -> Mistake:
    """Return what a line lacks that had to be `key: value`."""
    line = lines[number]
    written = line.strip().removeprefix("- ").strip()
    column = line.find(written) + 1
    pair = re.fullmatch(r"([\w-]+)(\s*=\s*|:(?=\S)|\s+)(.+)", written)
    if pair is None:
        message = f"{written!r} has no colon: a line is `key: value`"
    elif "=" in pair[2]:
        message = f"a colon, not =, stands behind a key: {pair[1]}: {pair[3]}"
    elif pair[2] == ":":
        message = f"a blank is missing after the colon: {pair[1]}: {pair[3]}"
    else:
        message = (
            f"no colon behind {pair[1]!r}: a line is `key: value`, {pair[1]}: {pair[3]} (a text of "
            "several lines is indented under its key)"
        )
    return Mistake(message, number + 1, column)


def _second_colon(mark: StringMark, lines: list[str]) -> Mistake:
    """Return why a colon is one too many: a pair within a value, or a line indented too far."""
    line = lines[mark.line]
    pair = re.match(r"\s*(?:-\s+)*([^\s:#][^:#]*):\s+(.*?)\s*$", line)
    if pair and pair.start(2) < mark.column:
        key, value = pair[1], re.sub(r"\s+#.*", "", pair[2])
        quoted = "'" + value.replace("'", "''") + "'"
        inner, _, rest = value.partition(":")
        mends = [f"{key}: {quoted} if it is text"]
        if not rest.strip():
            mends.insert(0, f"{key}: {inner}, without the last colon")
        elif re.fullmatch(r"[\w.-]+", inner):
            pairs = f"{key}: {{{value}}} for keys of its own"
            mends.insert(0 if rest.lstrip()[:1] in ("{", "[") else 1, pairs)
            if re.fullmatch(r"\s+[^\s:]+", rest):
                mends.insert(
                    0, f"{key}: {inner}:{rest.strip()}, no blank after a colon, if it is one name"
                )
        message = f"a second colon in the value of {key!r}: write {'; '.join(mends)}"
        return Mistake(message, mark.line + 1, mark.column + 1)
    before = next((n for n in range(mark.line - 1, -1, -1) if _content(lines[n])), None)
    if before is None:
        return Mistake("a colon that stands behind no key", mark.line + 1, mark.column + 1)
    above = lines[before]
    if dash := re.match(r"\s*-(?=[^\s-])", above):
        words = f"a blank is missing after the -: - {above[dash.end() :].strip()}"
        return Mistake(words, before + 1, dash.end())
    if not re.search(r":(\s|$)", above):
        return _no_pair(before, lines)
    keys = re.match(r"\s*(?:-\s+)*", above)
    column = keys.end() + 1  # type: ignore[union-attr]
    indent = len(line) - len(line.lstrip())
    message = (
        f"indented too far: line {before + 1} above has its value already; keys of one block begin "
        f"in one column, there {column}, here {indent + 1}"
    )
    return Mistake(message, mark.line + 1, indent + 1)


def _content(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


_EXCESS = {
    ",": "a comma too many: nothing is listed here; take it out",
    "}": "a } too many: no { is open that it closes; take it out",
    "]": "a ] too many: no [ is open that it closes; take it out",
}


def _block_broken(start: StringMark | None, mark: StringMark, lines: list[str]) -> Mistake:
    """Return what does not fit in a block of keys or entries: an indentation, or an excess."""
    line = lines[mark.line]
    indent = len(line) - len(line.lstrip())
    if mark.column > indent and not re.fullmatch(r"\s*(-\s*)+", line[: mark.column]):
        here = line[mark.column : mark.column + 1]
        message = _EXCESS.get(here, "")
        if not message and re.search(r"['\"]\s*$", line[: mark.column]):
            quote = line[: mark.column].rstrip()[-1]
            other = "'" if quote == '"' else '"'
            message = (
                f"text goes on behind the closing {quote}: put the whole value between {other} and "
                f"{other}, where {quote} may stand"
            )
        message = message or f"{line[mark.column :].strip()!r} goes on behind a finished value"
        return Mistake(message, mark.line + 1, mark.column + 1)
    first = 0 if start is None else start.line
    column = 1 if start is None else start.column + 1
    message = (
        f"indentation: this line begins in column {indent + 1}, and the block it would belong to, "
        f"from line {first + 1} on, in column {column}; what belongs together begins in one column"
    )
    if line[indent : indent + 2] != "- " and lines[first][column - 1 : column + 1] == "- ":
        message = (
            f"indentation: this line begins in column {indent + 1}, where the list from line "
            f"{first + 1} on has its `- `; keys of an entry begin behind it, in column {column + 2}"
        )
    return Mistake(message, mark.line + 1, indent + 1)


def _by_words(problem: str, mark: StringMark, lines: list[str]) -> Mistake | None:
    """Return a mistake that the parser's own words tell."""
    line = lines[mark.line]
    here, column = line[mark.column : mark.column + 1], mark.column
    if here == "\t":
        message = "a tab: YAML takes blanks here only; put a blank in its place, or nothing"
    elif "cannot start any token" in problem or "undefined alias" in problem:
        value = line[column:].strip()
        begins = "* refers to an anchor &, and there is none of that name" if here == "*" else here
        message = f"a value that begins with {here} is put in quotes: '{value}'"
        message += f" ({begins})" if here == "*" else ""
    elif "expected a comment or a line break" in problem:
        sign = re.search(r"[>|]", line)
        column = sign.start() if sign else column
        message = f"a value that begins with > or | is put in quotes: '{line[column:].strip()}'"
    elif "escape" in problem:
        message = r"in double quotes a \ begins a sign of its own: use single quotes, or \\"
    elif "another document" in problem:
        message = "a second document begins here: take the --- out, or make two files"
    elif got := re.search(r"expected ',' or '[}\]]', but got (.*)", problem):
        if got[1] == "':'":
            message = "a second colon in one pair: put a value that holds a colon in quotes"
        else:
            message = f"a comma is missing before {line[column:].strip()[:30]!r}"
    else:
        return None
    return Mistake(message, mark.line + 1, column + 1)


def unreadable(error: Exception, text: str) -> Mistake:
    """Return what YAML's reader gives up on without saying where.

    It is the first character that no text has, or else the first date that no calendar has.
    """
    for number, line in enumerate(text.splitlines(), start=1):
        control = re.search(r"[^\t -~\x85\xa0-\U0010ffff]", line)
        if control:
            code = f"U+{ord(control[0]):04X}"
            message = (
                f"not valid YAML: a control character ({code}), no part of a text: take it out"
            )
            return Mistake(message, number, control.start() + 1)
        for written in re.finditer(r"\b\d{4}-\d\d-\d\d(?!\d)([Tt ]+\d\d?:\d\d:\d\d)?", line):
            try:
                datetime.fromisoformat(re.sub("[Tt ]+", "T", written[0]))
            except ValueError as reason:
                message = f"{written[0]} is no date of the calendar: {reason}"
                return Mistake(message, number, written.start() + 1)
    return Mistake(f"not valid YAML: {str(error).splitlines()[0]}", 1, 1)
