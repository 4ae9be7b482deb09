"""When the attacks of a `.cpa` file act, in the words of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenarios.importers.counterparts import Layout, of_epanetcpa
from scenarios.importers.epanetcpa import matlab
from scenarios.importers.epanetcpa.file import Attack, Word
from scenarios.importers.epanetcpa.matlab import Translated, UnsayableError, Words
from scenarios.importers.imported import DIFFERS, READ_AS, Imported, Place
from twin.errors import InputError
from twin.units import HOUR, readable

_FROM = ("==", ">=", ">")
"""How a condition that holds from an hour on, or in it, compares."""


@dataclass
class Conditions:
    """Reads start and end conditions.

    Attributes
    ----------
    made : Imported
    layout : Layout
    names : dict of int to str
        The entry each attack, by its number, becomes.
    own : dict of str to bool
        Of the condition that is read: its attack's entry, and whether it is on then.
    """

    made: Imported
    layout: Layout
    names: Mapping[int, str]
    own: dict[str, bool] = field(default_factory=dict, init=False)

    def when(self, line: Attack, number: int) -> dict[str, Any] | Word:
        """Return the `when` of an attack, or, where the condition is, why there is none."""
        found = []
        for condition, on in ((line.start, False), (line.end, True)):
            try:
                found.append(self.translated(condition, number, on))
            except UnsayableError as error:
                return Word(str(error), condition.place)
        start, end = found
        if start.always is False:
            return Word(f"its start condition {line.start} never holds", line.start.place)
        self._watch_the_clock(line, start, end)
        if start.always or (start.clock and start.clock[0] in _FROM):
            begin = 0.0 if start.always else self._first(start)
            return self._from(line, begin, start, end)
        if end.always is False:
            return {"start": start.text}
        return self._between(line, start.text, end)

    def translated(self, condition: Word, number: int, on: bool) -> Translated:
        """Return a condition of the attack of a number in our words.

        A start is looked at while the attack is off, an end while it is `on`: that is what the
        attack itself is in it.

        Raises
        ------
        InputError
            With its place, if it is none.
        UnsayableError
            If it is one that our language has no words for.
        """
        self.own = {self.names[number]: on}
        try:
            return matlab.translate(condition, self.resolve)
        except InputError as error:
            inside = (error.column or 1) - 1
            place = condition.place
            raise Place(place.file, place.line, place.column + inside).error(
                error.message
            ) from None

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
                    self.made.note(DIFFERS, text, line.end)
                return when
            if sign == "==":
                text = f"{line.end} is past when the attack starts: it never ends"
                self.made.note(READ_AS, text, line.end)
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
        self.made.note(DIFFERS, text, line.end)
        return when

    def _first(self, condition: Translated) -> float:
        """Return the hour of the first step at which a condition on the clock holds."""
        assert condition.clock is not None
        sign, hours = condition.clock
        return hours + self.layout.spec.step / HOUR if sign == ">" else hours

    def _watch_the_clock(self, line: Attack, *conditions: Translated) -> None:
        """Say where epanetCPA's clock may miss an exact time, or is not a clock."""
        step = self.layout.spec.step
        for condition, said in zip(conditions, (line.start, line.end), strict=True):
            for written in re.findall(r"\bt == (\d[\d.]*)", condition.text):
                if round(float(written) * HOUR, 3) % step:
                    text = (
                        f"TIME=={written} holds only where a hydraulic step ends, which with steps "
                        f"of {readable(step)} none does there: epanetCPA would never see it; here "
                        "it is the next step"
                    )
                    self.made.note(DIFFERS, text, said)
            if "CLOCKTIME" in said:
                text = (
                    "CLOCKTIME counts in epanetCPA from the network file's report start instead "
                    "of its start clock time; here it is the hour of the day"
                )
                self.made.note(DIFFERS, text, said)

    def resolve(self, name: str) -> Words:
        """Return our words for a name of epanetCPA's conditions."""
        if name == "TIME":
            return Words("t", False, 6)
        if name == "CLOCKTIME":
            return Words("hour", False, 6)
        if match := re.fullmatch(r"ATT(\d+)", name):
            number = int(match[1])
            if number not in self.names:
                raise InputError(f"there is no attack {number}: {len(self.names)} are listed")
            if (on := self.own.get(self.names[number])) is not None:
                return Words("true" if on else "false", True, 6, float(on))
            return Words(f"{self.names[number]}.active", True, 6)
        if name.startswith("MAXLEVEL"):
            tank = self.layout.element(name.removeprefix("MAXLEVEL"))
            if tank is None or self.layout.kind(tank) != "tank":
                raise self.layout.unknown(name.removeprefix("MAXLEVEL"))
            return Words(f"max_level({tank}) - 0.001", False, 4)
        try:
            return Words(of_epanetcpa(self.layout, name), False, 6)
        except KeyError:
            reason = f"the plant does not measure {name}: a condition here asks tags"
            raise UnsayableError(reason) from None
