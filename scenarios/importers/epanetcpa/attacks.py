"""The attacks of a `.cpa` file as entries of a scenario."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from scenarios.importers import actions, tables
from scenarios.importers.controls import Controls, position
from scenarios.importers.counterparts import SCADA, Layout, of_epanetcpa
from scenarios.importers.epanetcpa.file import FIELD, Attack, Word, numbers
from scenarios.importers.epanetcpa.matlab import UnsayableError
from scenarios.importers.epanetcpa.when import Conditions
from scenarios.importers.imported import DIFFERS, LEFT_OUT, MOVED, READ_AS, Imported
from scenarios.importers.tables import Companions
from twin.errors import InputError, nearest
from twin.units import HOUR

Do = tuple[dict[str, Any], str]
"""What an entry does, and the comment to it."""
Target = tuple[str, list[str], Do, str]
"""A port, the tags there, what is done, and the comment to the port."""
_ARGUMENTS = {"dos": 0, "constant": 1, "offset": 1, "custom": 1, "replay": 4}
_NEEDS_STORE = ("dos", "offset", "replay")


class Attacks:
    """Turns the lines of [CYBERATTACKS] into entries.

    Parameters
    ----------
    made : Imported
    layout : Layout
    companions : Companions
    lines : sequence of Attack
    """

    def __init__(
        self, made: Imported, layout: Layout, companions: Companions, lines: Sequence[Attack]
    ):
        self.made, self.layout, self.companions, self.lines = made, layout, companions, lines
        self.names = {number: f"att{number}" for number in range(1, len(lines) + 1)}
        self.controls = Controls(layout)
        self.conditions = Conditions(made, layout, self.names)

    def add(self, stored: set[str] | None) -> None:
        """Append them all to the scenario; `stored` is what epanetCPA keeps, None for all."""
        pairs = self.controls.pairs(self.lines)
        for first, halves in pairs.items():
            for other in halves:
                self.names[other] = self.names[first]
        whens = [self.conditions.when(line, i) for i, line in enumerate(self.lines, start=1)]
        places: dict[int, Target] = {}
        for number, line in enumerate(self.lines, start=1):
            carried = line.layer == "Control" and number not in pairs
            if isinstance(whens[number - 1], Word) or carried:
                continue  # it is left out, or is in the entry of its pair's other half
            self._check_stored(line, stored)
            place = self._place(line, pairs.get(number, ()))
            if isinstance(place, Word):
                whens[number - 1] = place
            else:
                places[number] = place
        self._leave_out_dependants(whens)
        for number, (line, when) in enumerate(zip(self.lines, whens, strict=True), start=1):
            if isinstance(when, Word):
                self.made.note(LEFT_OUT, f"{_said(line)}: {when}", when)
            elif number in places:
                self._add(line, self.names[number], when, places[number])

    def _add(self, line: Attack, name: str, when: dict[str, Any], place: Target) -> None:
        on, tags, do, at = place
        entry: dict[str, tuple[Any, str]] = {
            "name": (name, f"line {line.place.line}: {_said(line)}"),
            "on": (on, at),
        }
        if tags:
            entry["tags"] = (tags, f"{line.target} in epanetCPA's names")
        entry["do"] = do
        if when:
            entry["when"] = (when, f"from {line.start} until {line.end}")
            if when.get("once") is False:
                text = (
                    f"{name} starts again whenever {line.start} holds after its end, and "
                    f"{line.end} does not (once: false)"
                )
                self.made.note(READ_AS, text, line.start)
        self.made.add("attacks", entry)

    def _leave_out_dependants(self, whens: list[dict[str, Any] | Word]) -> None:
        """Leave out, too, what starts or ends by an attack that is left out."""
        changed = True
        while changed:
            changed = False
            gone = {
                self.names[i] for i, when in enumerate(whens, start=1) if isinstance(when, Word)
            }
            for i, when in enumerate(whens):
                if isinstance(when, Word):
                    continue
                asked = re.findall(r"(\w+)\.active", " ".join(map(str, when.values())))
                if missing := sorted(gone & set(asked)):
                    text = f"its condition asks for {missing[0]}, which is left out"
                    whens[i] = Word(text, self.lines[i].start.place)
                    changed = True

    def _place(self, line: Attack, pair: tuple[int, ...]) -> Target | Word:
        """Return where an attack acts and what it does, or why it cannot be said."""
        try:
            match line.layer:
                case "Sensor":
                    return self._sensor(line)
                case "Communication":
                    return self._communication(line)
                case "Actuator":
                    return self._actuator(line)
                case _:
                    return self._control([self.lines[number - 1] for number in pair])
        except UnsayableError as error:
            return Word(str(error), line.target.place)

    def _tag(self, name: Word) -> str:
        try:
            return of_epanetcpa(self.layout, name)
        except InputError as error:
            raise name.place.error(error.message) from None
        except KeyError:
            raise UnsayableError(f"the plant does not measure {name}") from None

    def _sensor(self, line: Attack) -> Target:
        tag = self._tag(line.target)
        return (
            f"sensor:{tag}",
            [],
            self._alter(line, tag, actions.freeze()),
            "the instrument itself",
        )

    def _communication(self, line: Attack) -> Target:
        parts = line.target.parts("-")
        if len(parts) != 3:
            message = f"a Communication's target is sender-target-receiver, not {line.target!r}"
            raise line.target.place.error(message)
        sender, target, receiver = parts
        if sender == receiver:
            raise receiver.place.error(f"sender and receiver are both {sender}")
        for name in (sender, receiver):
            if name.upper() not in (*FIELD, SCADA) and self.layout.counterpart(name) is None:
                known = [*(self.layout.cabinets or self.layout.spec.plcs), "SCADA", "NULL"]
                raise name.place.error(f"no PLC {name!r}: {nearest(name, known)}")
        if receiver.upper() in FIELD:
            return self._command(line, sender, target)
        tag = self._tag(target)
        if sender.upper() in FIELD:
            return self._wire(line, tag, receiver)
        owner = self.layout.owners[tag]
        said = f"{sender} to {receiver}"
        if self.layout.counterpart(sender) != owner:
            text = f"{sender} sends {target} in the file; here {owner} does"
            self.made.note(MOVED, text, line)
        if receiver.upper() == SCADA:
            return f"link:{owner}->{SCADA}", [tag], self._alter(line, tag, actions.drop()), said
        reader = self.layout.counterpart(receiver)
        assert reader is not None
        if reader == owner:
            text = f"here {owner} reads {target} itself: its field wire stands for the link"
            self.made.note(MOVED, text, line)
            return self.layout.wire(tag), [tag], self._alter(line, tag, actions.drop()), said
        if reader not in self.layout.receivers(tag):
            raise UnsayableError(f"here no PLC sends {target} to {reader}")
        if reader != receiver:
            self.made.note(MOVED, f"{receiver} is {reader} here", line)
        return f"link:{owner}->{reader}", [tag], self._alter(line, tag, actions.drop()), said

    def _wire(self, line: Attack, tag: str, receiver: Word) -> Target:
        owner = self.layout.owners[tag]
        if receiver.upper() == SCADA:
            text = f"SCADA reads no instrument itself here: the wire to {owner} is attacked"
            self.made.note(MOVED, text, line)
        elif receiver != owner:
            text = f"{receiver} reads {tag} in the file; here {owner} does"
            self.made.note(MOVED, text, line)
        return (
            self.layout.wire(tag),
            [tag],
            self._alter(line, tag, actions.drop()),
            "the field wire",
        )

    def _command(self, line: Attack, sender: Word, target: Word) -> Target:
        actuator = self._driven(target)
        driver = self.layout.driver(actuator)
        if self.layout.counterpart(sender) != driver:
            text = f"{sender} drives {target} in the file; here {driver} does"
            self.made.note(MOVED, text, line)
        method = line.arguments[0].casefold()
        if method == "dos":
            self._count(line)
            text = (
                f"epanetCPA holds {target} open or closed by whether water flows through it when "
                "the attack starts; here it keeps the last command that came"
            )
            self.made.note(DIFFERS, text, line)
            return f"actuator:{actuator}", [], (actions.block(), "DoS"), "its command"
        if method != "constant":
            message = f"an actuator's commands can be constant or DoS, not {method!r}"
            raise line.arguments[0].place.error(message)
        self._count(line)
        do = self._forced(line, actuator, position(line.arguments[1]))
        return f"actuator:{actuator}", [], do, "its command"

    def _driven(self, name: Word) -> str:
        actuator = self.layout.element(name) or self.layout.element(name.partition("_")[2])
        if actuator is None:
            raise name.place.error(self.layout.unknown(name).message)
        if self.layout.driver(actuator) is None:
            raise UnsayableError(f"no PLC drives {name} here, so nothing can be commanded")
        return actuator

    def _actuator(self, line: Attack) -> Target:
        actuator = self._driven(line.target)
        value = self.controls.setting(line)
        if line.end and matlab_never(line.end) is not True:
            text = (
                f"epanetCPA leaves {line.target} closed when the attack ends, until a control "
                "opens it; here its PLC's command holds again at its next scan"
            )
            self.made.note(DIFFERS, text, line)
        return f"actuator:{actuator}", [], self._forced(line, actuator, value), "the device itself"

    def _forced(self, line: Attack, actuator: str, value: float) -> Do:
        said = line.said
        if self.layout.kind(actuator) != "pump" and value not in (0.0, 1.0):
            text = f"setting {value:g} of {actuator}: here it is open or closed, so open"
            self.made.note(DIFFERS, text, line)
            value = 1.0
        if not 0.0 <= value <= 1.5:
            raise UnsayableError(f"a pump's relative speed is 0 to 1.5 here, not {value:g}")
        return actions.force(value), said

    def _control(self, halves: Sequence[Attack]) -> Target:
        on, do, said = self.controls.entry(halves)
        for half in halves:
            self.made.note(READ_AS, self.controls.read_as(half), half.target)
            if text := self.controls.reading(half):
                self.made.note(READ_AS, text, half.arguments[0])
        for half in halves[1:]:
            name = self.names[self.lines.index(halves[0]) + 1]
            text = f"{_said(half)} is carried by {name}, with its other half"
            self.made.note(READ_AS, text, half)
        for other in self.controls.before(self.lines, halves):
            text = (
                f"{other.target} changes rules of the same pump or valve at other times: while "
                f"both last, here only {halves[0].target}'s change holds"
            )
            self.made.note(DIFFERS, text, halves[0])
        return on, [], (do, said), "its rules"

    def _count(self, line: Attack) -> str:
        method = line.arguments[0].casefold()
        if method not in _ARGUMENTS:
            raise line.arguments[0].place.error(
                f"no method {line.arguments[0]!r}: {nearest(line.arguments[0], _ARGUMENTS)}"
            )
        wanted, found = _ARGUMENTS[method], len(line.arguments) - 1
        if found != wanted:
            at = line.arguments[0 if found < wanted else wanted + 1]
            raise at.place.error(f"{line.arguments[0]} has {wanted} arguments, not {found}")
        return method

    def _alter(self, line: Attack, tag: str, blind: actions.Do) -> Do:
        """Return what is done to a reading; `blind` is a denial of service."""
        method, said = self._count(line), line.said
        makers: dict[str, Callable[[], dict[str, Any]]] = {
            "dos": lambda: self._dos(line, blind),
            "constant": lambda: actions.constant(self._number(line)),
            "offset": lambda: actions.offset(self._number(line)),
            "custom": lambda: self._custom(line, tag),
            "replay": lambda: self._replay(line),
        }
        if method == "replay" and line.layer == "Sensor":
            message = "a Sensor cannot be replayed in epanetCPA: attack its Communication"
            raise line.arguments[0].place.error(message)
        if method == "offset":
            text = (
                "epanetCPA adds the offset to the true value, also where another attack has "
                "changed the reading before; here to what passes"
            )
            if self._attacked_before(line):
                self.made.note(DIFFERS, text, line)
        return makers[method](), said

    def _attacked_before(self, line: Attack) -> bool:
        name = line.target.split("-")[1] if line.target.count("-") == 2 else line.target
        earlier = self.lines[: self.lines.index(line)]
        return any(name in other.target.split("-") for other in earlier)

    def _number(self, line: Attack) -> float:
        (value,) = numbers(line.arguments[1:], line.arguments[0])
        return value

    def _dos(self, line: Attack, blind: actions.Do) -> dict[str, Any]:
        if line.layer == "Sensor":
            text = "a sensor's DoS: it goes on showing its reading of the moment the attack starts"
            self.made.note(READ_AS, text, line)
            return blind
        text = (
            "documented: the last reading that arrived is kept; epanetCPA freezes the true value "
            "of the moment the attack starts, even where another attack has changed the reading. "
            "Here the documented is done"
        )
        self.made.note(DIFFERS, text, line)
        return blind

    def _replay(self, line: Attack) -> dict[str, Any]:
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
        self.made.note(DIFFERS, text, line)
        if (match := re.fullmatch(r"\s*TIME\s*==\s*([\d.]+)\s*", line.start)) and (
            float(match[1]) < delay
        ):
            text = (
                f"the replay reaches {delay:g} h back from h {match[1]}, before the run began: "
                "epanetCPA repeats its first value there; here nothing arrives"
            )
            self.made.note(DIFFERS, text, line)
        return actions.repeated(delay * HOUR, noise, low, high)

    def _custom(self, line: Attack, tag: str) -> dict[str, Any]:
        name = line.arguments[1]
        found = self.companions.find(name, "readings file", name, "the attack is left out")
        if found is None:
            raise UnsayableError(f"its readings file {name} is missing")
        rows = tables.read(found)
        table = tables.numbers(found, rows)
        for (at, _), row in zip(rows, table, strict=True):
            if len(row) < 2:
                raise InputError("a row has a time [h] and a value", found, at, column=1)
        times, values = [row[0] for row in table], [row[1] for row in table]
        for (at, _), (earlier, later) in zip(rows[1:], pairwise(times), strict=True):
            if later <= earlier:
                message = "the times do not rise from row to row"
                raise InputError(message, found, at, column=1)
        text = (
            "epanetCPA shows, at a time between two rows, the later row's value, and the last "
            "row's behind it; the table here is written so"
        )
        self.made.note(READ_AS, text, line)
        number = self.lines.index(line) + 1
        start = self.conditions.translated(line.start, number, on=False)
        if start.clock is None and not start.always:
            raise UnsayableError(
                "its readings count from the run's start, which is not the attack's"
            )
        begin = max(start.clock[1], 0.0) if start.clock else 0.0
        key = self.names[number]
        # A row's value is shown until its own time, so from the row before it on.
        starts = [0.0, *times[:-1]] if times[0] > 0 else times[:-1] or [0.0]
        shown = values if times[0] > 0 else values[1:] or values
        self.made.tables[key] = tables.course(tag, starts, shown, begin) or ""
        return actions.table(key)

    def _check_stored(self, line: Attack, stored: set[str] | None) -> None:
        if stored is None or line.layer not in ("Sensor", "Communication"):
            return
        name = line.target.split("-")[1] if line.target.count("-") == 2 else line.target
        bare = name.partition("_")[2] or name
        if line.arguments[0].casefold() in _NEEDS_STORE and not {
            bare.casefold(),
            name.casefold(),
        } & {word.casefold() for word in stored}:
            text = f"{bare} is not in what_to_store, without which epanetCPA refuses this attack"
            self.made.note(DIFFERS, text, line)


def matlab_never(text: str) -> bool | None:
    """Return whether an end condition like `TIME==-1` never holds; None if that depends."""
    match = re.fullmatch(r"\(*\s*TIME\s*==\s*(-?[\d.]+)\s*\)*", text)
    return float(match[1]) < 0 if match else None


def _said(line: Attack) -> str:
    return f"{line.layer} {line.target}, {line.start}, {line.end}, {line.said}"
