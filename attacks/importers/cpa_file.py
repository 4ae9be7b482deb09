"""The `.cpa` format: sections of lines, in the two spellings epanetCPA has had.

The older one parts fields by tabs and lists by commas, the newer one fields by commas and lists by
blanks. Which of both a line is in shows behind its first word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twin.errors import InputError, nearest

HEADED = ("CYBERNODES", "CYBERLINKS", "CYBERATTACKS")
"""Sections whose first line is a header, whatever it says."""
SECTIONS = (*HEADED, "CYBEROPTIONS")
FIELD = ("NULL", "PHY")
"""What stands for the field device at one end of a link."""
_HEADINGS = {"name", "source", "type", "option"}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Row:
    """A line of a section.

    Attributes
    ----------
    line : int
        From 1.
    text : str
        Without its comment.
    header : bool
        Its section's first line.
    """

    line: int
    text: str
    header: bool = False

    @property
    def newer(self) -> bool:
        """Whether a comma follows its first word."""
        return re.match(r"\s*[\w-]+\s*,", self.text) is not None


def read_sections(path: Path) -> dict[str, list[Row]]:
    """Return the rows of each section, blank lines and comments left out.

    Raises
    ------
    InputError
        If it cannot be read, or has something else than the format's sections.
    """
    found: dict[str, list[Row]] = {}
    here: list[Row] | None = None
    first = False
    for number, line in enumerate(_text(path).splitlines(), start=1):
        text = line.partition(";")[0].rstrip()
        match = re.fullmatch(r"\s*\[(.*?)\]\s*", text)
        if match is not None:
            name = match[1].strip().upper()
            if name not in SECTIONS:
                raise InputError(f"no section {name!r}: {nearest(name, SECTIONS)}", path, number)
            here, first = found.setdefault(name, []), name in HEADED
            continue
        if text.strip():
            if here is None:
                message = f"a .cpa file begins with a section, like [CYBERNODES], not {line!r}"
                raise InputError(message, path, number)
            words = re.split(r"[\s,]+", text.strip())
            heads = first or words[0].casefold() in _HEADINGS
            here.append(Row(number, text, heads))
        first = False
    if not found:
        raise InputError(f"none of a .cpa file's sections is in it: {', '.join(SECTIONS)}", path)
    return found


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    if b"\0" in raw:
        raise InputError("cannot be read: it is not a text file", path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # MATLAB on Windows writes so


def words(text: str) -> list[str]:
    """Return what stands between blanks and commas.

    Examples
    --------
    >>> words("replay, 50  0.05")
    ['replay', '50', '0.05']
    """
    return [word for word in re.split(r"[\s,]+", text) if word]


def node(row: Row) -> tuple[str, list[str], list[str]]:
    """Return a cybernode's name, sensors and actuators."""
    fields = row.text.strip().split(",") if row.newer else row.text.strip().split("\t")
    if row.newer and len(fields) > 3:
        # A list that is parted by commas after all: the actuators cannot be told by place.
        raise InputError("a node has three fields: its name, sensors, actuators", line=row.line)
    while len(fields) > 3 and "" in fields[1:]:
        fields.remove("")
    if len(fields) > 3:
        raise InputError("a node has three fields: its name, sensors, actuators", line=row.line)
    name, sensors, actuators = (*fields, "", "")[:3]
    return name.strip(), words(sensors), words(actuators)


def link(row: Row) -> tuple[str, str, list[str]]:
    """Return a cyberlink's source, destination and sensors."""
    split = words(row.text)
    if len(split) < 3:
        raise InputError("a link has a source, a destination and sensors", line=row.line)
    return split[0], split[1], split[2:]


@dataclass(frozen=True)
class Attack:
    """A line of [CYBERATTACKS].

    Attributes
    ----------
    row : Row
    layer : str
        `Sensor`, `Communication`, `Actuator` or `Control`.
    target, start, end : str
    arguments : list of str
    """

    row: Row
    layer: str
    target: str
    start: str
    end: str
    arguments: list[str]


LAYERS = ("Sensor", "Communication", "Actuator", "Control")


def attack(row: Row) -> Attack:
    """Read a line of [CYBERATTACKS]."""
    if row.newer:
        fields = [field.strip() for field in _by_commas(row.text)]
        fields = [*fields[:4], " ".join(fields[4:])]
    elif "\t" in row.text.strip():
        fields = [field.strip() for field in re.split(r"\t+", row.text.strip(), maxsplit=4)]
    else:
        fields = row.text.split(None, 4)
    if len(fields) != 5 or not all(fields):
        raise InputError(
            "an attack has five fields: type, target, start and end condition, arguments; "
            f"found {len([f for f in fields if f])}",
            line=row.line,
        )
    kind, target, start, end, arguments = fields
    layer = kind.removeprefix("AttackOn").removeprefix("AttackTo")
    folded = {name.casefold(): name for name in LAYERS}
    if layer.casefold() not in folded:
        message = f"no attack of type {kind!r}: {nearest(layer, LAYERS)}"
        raise InputError(message, line=row.line)
    return Attack(row, folded[layer.casefold()], target, start, end, words(arguments))


def _by_commas(text: str) -> Iterator[str]:
    """Split at the commas that stand in no parentheses."""
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth <= 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def option(row: Row) -> tuple[str, str]:
    """Return an option's name and what follows it."""
    match = re.fullmatch(r"\s*([^\s,]+)\s*,?\s*(.*)", row.text)
    assert match is not None  # the row is not blank
    return match[1], match[2].strip()


def numbers(texts: list[str], what: str, line: int) -> list[float]:
    """Read numbers.

    Raises
    ------
    InputError
        If one is none.
    """
    for text in texts:
        if not _NUMBER.fullmatch(text):
            raise InputError(f"{what}: {text!r} is not a number", line=line)
    return [float(text) for text in texts]
