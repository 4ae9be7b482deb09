"""The `.cpa` format: sections of lines, in the two spellings epanetCPA has had.

The older one separates fields by tabs and lists by commas, the newer one fields by commas and lists
by blanks. What follows its first word shows which of the two a line is in. An editor may have
turned the tabs into blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from scenarios.importers.epanetcpa import matlab
from scenarios.importers.imported import Place
from twin.errors import InputError, nearest

HEADED = ("CYBERNODES", "CYBERLINKS", "CYBERATTACKS")
"""Sections whose first line is a header, whatever it says."""
SECTIONS = (*HEADED, "CYBEROPTIONS")
LAYERS = ("Sensor", "Communication", "Actuator", "Control")
FIELD = ("NULL", "PHY")
"""What stands for the field device at one end of a link."""
_HEADINGS = {"name", "source", "type", "option"}


class Word(str):
    """A part of a line, with its place."""

    place: Place

    def __new__(cls, text: str, place: Place) -> Word:
        """Take a text without blanks around it, and where it begins."""
        word = super().__new__(cls, text)
        word.place = place
        return word

    def part(self, start: int, end: int) -> Word:
        """Return a stretch of it, without the blanks and quotes around it."""
        text = self[start:end]
        bare = text.strip()
        start += len(text) - len(text.lstrip())
        if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
            bare, start = bare[1:-1], start + 1
        place = Place(self.place.file, self.place.line, self.place.column + start)
        return Word(bare, place)

    def parts(self, between: str, most: int = 0) -> list[Word]:
        """Return what stands between the matches of a pattern, or its first `most` matches."""
        parts, start = [], 0
        for match in islice(re.finditer(between, self), most or None):
            parts.append(self.part(start, match.start()))
            start = match.end()
        return [*parts, self.part(start, len(self))]


@dataclass(frozen=True)
class Row:
    """A line of a section.

    Attributes
    ----------
    text : Word
        Without its comment.
    header : bool
        Its section's first line.
    """

    text: Word
    header: bool = False

    @property
    def place(self) -> Place:
        """Return where it begins."""
        return self.text.place

    @property
    def blanks(self) -> bool:
        """Whether its fields are separated by neither commas nor tabs."""
        return not self.newer and "\t" not in self.text

    @property
    def newer(self) -> bool:
        """Whether a comma follows its first word."""
        return re.match(r"[\w-]+\s*,", self.text) is not None


def read_sections(path: Path) -> dict[str, list[Row]]:
    """Return the rows of each section, blank lines and comments left out.

    Raises
    ------
    InputError
        If it cannot be read, or has something else than the format's sections.
    """
    sections: dict[str, list[Row]] = {}
    here: list[Row] | None = None
    first = False
    for number, line in enumerate(_text(path).splitlines(), start=1):
        whole = Word(line, Place(path, number))
        text = whole.part(0, len(line.partition(";")[0]))
        if match := re.match(r"\[(.*?)\]", text):
            name = match[1].strip().upper()
            if name not in SECTIONS:
                raise text.place.error(f"no section {name!r}: {nearest(name, SECTIONS)}")
            here, first = sections.setdefault(name, []), name in HEADED
            continue
        if text.strip(" \t,"):
            if here is None:
                message = f"a .cpa file begins with a section, like [CYBERNODES], not {line!r}"
                raise text.place.error(message)
            heads = first or words(text)[0].casefold() in _HEADINGS
            here.append(Row(text, heads))
        first = False
    if not sections:
        raise InputError(f"none of a .cpa file's sections is in it: {', '.join(SECTIONS)}", path)
    return sections


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


def words(text: Word) -> list[Word]:
    """Return what stands between blanks and commas."""
    return [word for word in text.parts(r"[\s,]+") if word]


def node(row: Row) -> tuple[Word, list[Word], list[Word]]:
    """Return a cybernode's name, sensors and actuators.

    In a line whose tabs became blanks they cannot be told apart: all are among the sensors.
    """
    if row.blanks:
        return words(row.text)[0], words(row.text)[1:], []
    fields = row.text.parts("," if row.newer else "\t")
    while len(fields) > 3 and "" in (fields[-1:] if row.newer else fields[1:]):
        fields.pop(-1 if row.newer else [str(field) for field in fields].index("", 1))
    if len(fields) > 3:
        message = "a node has three fields: its name, sensors, actuators"
        raise fields[3].place.error(message)
    name, sensors, actuators = (*fields, *[Word("", row.place)] * 2)[:3]
    return name, words(sensors), words(actuators)


def link(row: Row) -> tuple[Word, Word, list[Word]]:
    """Return a cyberlink's source, destination and sensors, which may be none."""
    split = words(row.text)
    if len(split) < 2:
        raise row.place.error("a link has a source, a destination and sensors")
    return split[0], split[1], split[2:]


@dataclass(frozen=True)
class Attack:
    """A line of [CYBERATTACKS].

    Attributes
    ----------
    row : Row
    layer : str
        `Sensor`, `Communication`, `Actuator` or `Control`.
    target, start, end : Word
    arguments : list of Word
        One at least.
    """

    row: Row
    layer: str
    target: Word
    start: Word
    end: Word
    arguments: list[Word]

    @property
    def place(self) -> Place:
        """Return where it begins."""
        return self.row.place

    @property
    def argument_text(self) -> str:
        """Return its arguments as one text."""
        return " ".join(self.arguments)

    @property
    def summary(self) -> str:
        """Return all of it as one text."""
        return f"{self.layer} {self.target}, {self.start}, {self.end}, {self.argument_text}"

    @property
    def sensor(self) -> str:
        """Return the name of what is attacked, without the sender and receiver of a message."""
        return self.target.split("-")[1] if self.target.count("-") == 2 else self.target


def attack(row: Row) -> Attack:
    """Read a line of [CYBERATTACKS]."""
    if row.newer:
        fields = list(_by_commas(row.text))
        if len(fields) > 5:
            last = row.text.part(fields[4].place.column - row.place.column, len(row.text))
            fields = [*fields[:4], last]
    elif row.blanks:
        wide = row.text.parts(r"\s{2,}", most=4)
        fields = wide if len(wide) == 5 else row.text.parts(r"\s+", most=4)
    else:
        fields = row.text.parts(r"\t[\t ]*", most=4)
    if len(fields) != 5 or not all(fields):
        raise row.place.error(
            "an attack has five fields: type, target, start and end condition, arguments; "
            f"found {len([f for f in fields if f])}"
        )
    kind, target, start, end, arguments = fields
    layer = kind.removeprefix("AttackOn").removeprefix("AttackTo")
    folded = {name.casefold(): name for name in LAYERS}
    if layer.casefold() not in folded:
        raise kind.place.error(f"no attack of type {kind!r}: {nearest(layer, LAYERS)}")
    return Attack(row, folded[layer.casefold()], target, start, end, words(arguments))


def _by_commas(text: Word) -> Iterator[Word]:
    """Split at the commas that stand in no parentheses."""
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth <= 0:
            yield text.part(start, place)
            start = place + 1
    yield text.part(start, len(text))


def option(row: Row) -> tuple[Word, Word]:
    """Return an option's name and what follows it."""
    name, *rest = row.text.parts(r"[\s,]+", most=1)
    return name, rest[0] if rest else Word("", row.place)


def numbers(texts: Sequence[Word], what: str, endless: bool = False) -> list[float]:
    """Read numbers, as MATLAB does: `0.5`, `1/2`.

    Raises
    ------
    InputError
        If one is no number, or is infinite and not `endless`.
    """
    values = []
    for text in texts:
        value = matlab.value(text)
        if value is None:
            raise text.place.error(f"{what}: {text!r} is not a number")
        if not endless and abs(value) == float("inf"):
            raise text.place.error(f"{what}: a number must be finite, not {text!r}")
        values.append(value)
    return values
