"""When the attacks of a `.cpa` file act: their conditions as the `when` of an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any, NamedTuple

from scenarios.importers.counterparts import Counterparts
from scenarios.importers.epanetcpa import matlab
from scenarios.importers.epanetcpa.file import Attack, Word
from scenarios.importers.epanetcpa.matlab import (
    Expression,
    Translated,
    UntranslatableError,
    always,
)
from scenarios.importers.imported import DIFFERS, READ_AS, Imported, Place
from twin.errors import InputError
from twin.units import HOUR, readable

_FROM = ("==", ">=", ">")
"""The signs of a condition on the clock that holds at an hour, or from it on."""


class Omitted(NamedTuple):
    """Why an attack is left out, and where in the file the reason stands."""

    reason: str
    place: Place


@dataclass
class Conditions:
    """Reads the start and end conditions of attacks.

    Attributes
    ----------
    imported : Imported
    plant : Counterparts
    names : dict of int to str
        The entry each attack, by its number from 1, becomes.
    own : dict of str to bool
        While a condition is read: its attack's entry → whether that attack is on then.
    """

    imported: Imported
    plant: Counterparts
    names: Mapping[int, str]
    own: dict[str, bool] = field(default_factory=dict, init=False)

    def when(self, line: Attack, number: int) -> dict[str, Any] | Omitted:
        """Return the `when` of an attack, or why it has none."""
        conditions = []
        for condition, on in ((line.start, False), (line.end, True)):
            try:
                conditions.append(self.translated(condition, number, on))
            except UntranslatableError as error:
                return Omitted(str(error), condition.place)
        start, end = conditions
        if start.always is False:
            return Omitted(f"its start condition {line.start} never holds", line.start.place)
        self._watch_the_clock(line, start, end)
        if start.always or (start.clock and start.clock[0] in _FROM):
            begin = 0.0 if start.always else self._first(start)
            return self._from(line, begin, start, end)
        if end.always is False:
            return {"start": start.text}
        return self._between(line, start.text, end)

    def translated(self, condition: Word, number: int, on: bool) -> Translated:
        """Return a condition of the attack of a number as one of a scenario.

        Where it asks whether its own attack is on, the answer is known: epanetCPA looks at a start
        while the attack is off, and at an end while it is `on`.

        Raises
        ------
        InputError
            With its place, if it is no condition.
        UntranslatableError
            If a scenario's conditions cannot say it.
        """
        self.own = {self.names[number]: on}
        try:
            return matlab.translate(condition, self.resolve)
        except InputError as error:
            file, line, column = astuple(condition.place)
            place = Place(file, line, column + (error.column or 1) - 1)
            raise place.error(error.message) from None

    def _from(
        self, line: Attack, begin: float, start: Translated, end: Translated
    ) -> dict[str, Any]:
        when: dict[str, Any] = {"from": readable(round(begin * HOUR, 3))} if begin else {}
        comes_back = start.clock is None or start.clock[0] != "=="
        if end.always is False:
            return when
        if end.clock is not None and end.clock[0] in _FROM:
            sign, hours = end.clock[0], self._first(end)
            if hours > begin:
                when["to"] = readable(round(hours * HOUR, 3))
                if comes_back:
                    text = (
                        f"{line.start} still holds when {line.end} does: epanetCPA starts the "
                        "attack again a step later; here it is over"
                    )
                    self.imported.note(DIFFERS, text, line.end)
                return when
            if sign == "==":
                text = f"{line.end} is past when the attack starts: it never ends"
                self.imported.note(READ_AS, text, line.end)
                return when
        if comes_back:
            return self._between(line, f"t >= {begin:g}", end)
        return when | {"end": "t >= 0" if end.always else end.text}

    def _between(self, line: Attack, start: str, end: Translated) -> dict[str, Any]:
        """Return the `when` of what acts from its start to its end, once or again and again."""
        when = {"start": start, "end": "t >= 0" if end.always else end.text}
        if not end.always and (end.clock is None or end.clock[0] == "=="):
            return when | {"once": False}
        text = (
            f"where {line.start} holds while {line.end} does, epanetCPA starts the attack for a "
            "step, again and again; here nothing starts while its end holds"
        )
        self.imported.note(DIFFERS, text, line.end)
        return when

    def _first(self, condition: Translated) -> float:
        """Return the hour of the first step at which a condition on the clock holds."""
        assert condition.clock is not None
        sign, hours = condition.clock
        return hours + self.plant.spec.step / HOUR if sign == ">" else hours

    def _watch_the_clock(self, line: Attack, *conditions: Translated) -> None:
        """Say where epanetCPA's clock may miss an exact time, or is not a clock."""
        step = self.plant.spec.step
        for condition, source in zip(conditions, (line.start, line.end), strict=True):
            for written in re.findall(r"\bt == (\d[\d.]*)", condition.text):
                if round(float(written) * HOUR, 3) % step:
                    text = (
                        f"TIME=={written} holds only where a hydraulic step ends, which with steps "
                        f"of {readable(step)} none does there: epanetCPA would never see it; here "
                        "it is the next step"
                    )
                    self.imported.note(DIFFERS, text, source)
            if "CLOCKTIME" in source:
                text = (
                    "CLOCKTIME counts in epanetCPA from the network file's report start instead "
                    "of its start clock time; here it is the hour of the day"
                )
                self.imported.note(DIFFERS, text, source)

    def resolve(self, name: str) -> Expression:
        """Return a name of epanetCPA's conditions as a term of a scenario's."""
        if name == "TIME":
            return Expression("t", False, 6)
        if name == "CLOCKTIME":
            return Expression("hour", False, 6)
        if match := re.fullmatch(r"ATT(\d+)", name):
            number = int(match[1])
            if number not in self.names:
                raise InputError(f"there is no attack {number}: {len(self.names)} are listed")
            if (on := self.own.get(self.names[number])) is not None:
                return always(on)
            return Expression(f"{self.names[number]}.active", True, 6)
        if name.startswith("MAXLEVEL"):
            tank = self.plant.element(name.removeprefix("MAXLEVEL"))
            if tank is None or self.plant.kind(tank) != "tank":
                raise self.plant.unknown(name.removeprefix("MAXLEVEL"))
            return Expression(f"max_level({tank}) - 0.001", False, 4)
        tag = self.plant.epanetcpa_tag(name)
        if tag is None:
            reason = f"the plant does not measure {name}: a condition here asks tags"
            raise UntranslatableError(reason)
        return Expression(tag, False, 6)
