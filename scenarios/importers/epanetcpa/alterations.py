"""What the attacks of a `.cpa` file do to readings, and where epanetCPA itself does otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.importers import actions, tables
from scenarios.importers.epanetcpa.file import Attack, numbers
from scenarios.importers.epanetcpa.matlab import UntranslatableError
from scenarios.importers.epanetcpa.when import Conditions
from scenarios.importers.imported import DIFFERS, READ_AS, Imported
from scenarios.importers.tables import Companions
from twin.errors import InputError, nearest
from twin.units import HOUR

_ARGUMENTS = {"dos": 0, "constant": 1, "offset": 1, "custom": 1, "replay": 4}


def method_of(line: Attack) -> str:
    """Return the method an attack names, in small letters.

    Raises
    ------
    InputError
        If epanetCPA has none such, or it takes another number of arguments.
    """
    name, *arguments = line.arguments
    if name.casefold() not in _ARGUMENTS:
        raise name.place.error(f"no method {name!r}: {nearest(name, _ARGUMENTS)}")
    wanted = _ARGUMENTS[name.casefold()]
    if len(arguments) != wanted:
        at = line.arguments[0 if len(arguments) < wanted else wanted + 1]
        raise at.place.error(f"{name} has {wanted} arguments, not {len(arguments)}")
    return name.casefold()


@dataclass(frozen=True)
class Alterations:
    """Reads what Sensor and Communication attacks do.

    Attributes
    ----------
    imported : Imported
    companions : Companions
    lines : sequence of Attack
        All of [CYBERATTACKS].
    names : dict of int to str
        The entry each attack, by its number from 1, becomes.
    conditions : Conditions
    """

    imported: Imported
    companions: Companions
    lines: Sequence[Attack]
    names: Mapping[int, str]
    conditions: Conditions

    def of(self, line: Attack, tag: str) -> dict[str, Any]:
        """Return what an attack does to the readings of a tag.

        Raises
        ------
        InputError
            With its place, if its arguments are no method's.
        UntranslatableError
            If nothing here does the same.
        """
        match method_of(line):
            case "dos":
                return self._dos(line)
            case "constant":
                return actions.constant(*self._number(line))
            case "offset":
                return self._offset(line)
            case "custom":
                return self._custom(line, tag)
            case _:
                return self._replay(line)

    def _number(self, line: Attack) -> list[float]:
        return numbers(line.arguments[1:], line.arguments[0])

    def _dos(self, line: Attack) -> dict[str, Any]:
        if line.layer == "Sensor":
            text = "a sensor's DoS: it goes on showing its reading of the moment the attack starts"
            self.imported.note(READ_AS, text, line)
            return actions.freeze()
        text = (
            "documented: the last reading that arrived is kept; epanetCPA freezes the true value "
            "of the moment the attack starts, even where another attack has changed the reading. "
            "Here the documented is done"
        )
        self.imported.note(DIFFERS, text, line)
        return actions.drop()

    def _offset(self, line: Attack) -> dict[str, Any]:
        earlier = self.lines[: self.lines.index(line)]
        if any(line.sensor in other.target.split("-") for other in earlier):
            text = (
                "epanetCPA adds the offset to the true value, also where another attack has "
                "changed the reading before; here to what passes"
            )
            self.imported.note(DIFFERS, text, line)
        return actions.offset(*self._number(line))

    def _replay(self, line: Attack) -> dict[str, Any]:
        if line.layer == "Sensor":
            message = "a Sensor cannot be replayed in epanetCPA: attack its Communication"
            raise line.arguments[0].place.error(message)
        delay, noise = numbers(line.arguments[1:3], "replay")
        high, low = numbers(line.arguments[3:], "replay", endless=True)
        if delay <= 0:
            message = f"replay: a delay of {delay:g} h has nothing to replay"
            raise line.arguments[1].place.error(message)
        text = (
            "documented: what was sent before is sent again; epanetCPA copies the true values, "
            "also where another attack has changed them on the way. Here what passed at this "
            "link is replayed"
        )
        self.imported.note(DIFFERS, text, line)
        if (match := re.fullmatch(r"\s*TIME\s*==\s*([\d.]+)\s*", line.start)) and (
            float(match[1]) < delay
        ):
            text = (
                f"the replay reaches {delay:g} h back from h {match[1]}, before the run began: "
                "epanetCPA repeats its first value there; here nothing arrives"
            )
            self.imported.note(DIFFERS, text, line)
        return actions.repeated(delay * HOUR, noise, low, high)

    def _custom(self, line: Attack, tag: str) -> dict[str, Any]:
        name = line.arguments[1]
        path = self.companions.find(name, "readings file", name, "the attack is left out")
        if path is None:
            raise UntranslatableError(f"its readings file {name} is missing")
        rows = tables.read(path)
        table = tables.numbers(path, rows)
        for (at, _), row in zip(rows, table, strict=True):
            if len(row) < 2:
                raise InputError("a row has a time [h] and a value", path, at, column=1)
        times, values = [row[0] for row in table], [row[1] for row in table]
        tables.check_rising(path, rows, times, "times")
        text = (
            "epanetCPA shows, at a time between two rows, the later row's value, and the last "
            "row's behind it; the table here is written so"
        )
        self.imported.note(READ_AS, text, line)
        number = self.lines.index(line) + 1
        start = self.conditions.translated(line.start, number, on=False)
        if start.clock is None and not start.always:
            raise UntranslatableError(
                "its readings count from the run's start, which is not the attack's"
            )
        begin = max(start.clock[1], 0.0) if start.clock else 0.0
        key = self.names[number]
        # A row's value is shown until its own time, so from the row before it on.
        starts = [0.0, *times[:-1]] if times[0] > 0 else times[:-1] or [0.0]
        shown = values if times[0] > 0 else values[1:] or values
        self.imported.tables[key] = tables.staircase(tag, starts, shown, begin)
        return actions.table(key)
