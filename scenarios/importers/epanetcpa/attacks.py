"""The attacks of a `.cpa` file as entries of a scenario: where each acts, and when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from scenarios.importers import actions
from scenarios.importers.counterparts import SCADA, Counterparts
from scenarios.importers.epanetcpa.alterations import Alterations, method_of
from scenarios.importers.epanetcpa.controls import ControlAttacks, position, speed
from scenarios.importers.epanetcpa.file import FIELD, Attack, Word
from scenarios.importers.epanetcpa.matlab import UntranslatableError
from scenarios.importers.epanetcpa.when import Conditions, Omitted
from scenarios.importers.imported import DIFFERS, LEFT_OUT, MOVED, READ_AS, Imported
from scenarios.importers.tables import Companions
from twin.errors import InputError, nearest

_NEEDS_STORE = ("dos", "offset", "replay")


class Target(NamedTuple):
    """Where an attack acts and what it does there.

    Attributes
    ----------
    on : str
        A port.
    do : dict
    on_comment : str
    tags : list of str
        Those it concerns there; empty for all.
    do_comment : str
        By default the line's arguments.
    """

    on: str
    do: dict[str, Any]
    on_comment: str
    tags: Sequence[str] = ()
    do_comment: str = ""


class Attacks:
    """Turns the lines of [CYBERATTACKS] into entries.

    Parameters
    ----------
    imported : Imported
    plant : Counterparts
    companions : Companions
    lines : sequence of Attack
    """

    def __init__(
        self,
        imported: Imported,
        plant: Counterparts,
        companions: Companions,
        lines: Sequence[Attack],
    ):
        self.imported, self.plant = imported, plant
        self.lines = dict(enumerate(lines, start=1))
        self.controls = ControlAttacks(plant, lines)
        self.groups = self.controls.groups()
        self.names = {number: f"att{number}" for number in self.lines}
        for first, group in self.groups.items():
            self.names |= dict.fromkeys(group, self.names[first])
        self.conditions = Conditions(imported, plant, self.names)
        self.alterations = Alterations(imported, companions, lines, self.names, self.conditions)

    def add(self, stored: set[str] | None) -> None:
        """Append them all to the scenario; `stored` is what epanetCPA keeps, None for all."""
        whens = {number: self.conditions.when(line, number) for number, line in self.lines.items()}
        targets: dict[int, Target] = {}
        for number, line in self.lines.items():
            in_another = line.layer == "Control" and number not in self.groups
            if in_another or isinstance(whens[number], Omitted):
                continue
            self._check_stored(line, stored)
            try:
                targets[number] = self._target(number, line)
            except UntranslatableError as error:
                whens[number] = Omitted(str(error), line.target.place)
        self._omit_dependants(whens)
        for number, line in self.lines.items():
            when = whens[number]
            if isinstance(when, Omitted):
                self.imported.note(LEFT_OUT, f"{line.summary}: {when.reason}", when)
            elif number in targets:
                self._add(line, self.names[number], when, targets[number])

    def _add(self, line: Attack, name: str, when: dict[str, Any], target: Target) -> None:
        entry: dict[str, tuple[Any, str]] = {
            "name": (name, f"line {line.place.line}: {line.summary}"),
            "on": (target.on, target.on_comment),
        }
        if target.tags:
            entry["tags"] = (list(target.tags), f"{line.target} in epanetCPA's names")
        entry["do"] = (target.do, target.do_comment or line.argument_text)
        if when:
            entry["when"] = (when, f"from {line.start} until {line.end}")
            if when.get("once") is False:
                text = (
                    f"{name} starts again whenever {line.start} holds after its end, and "
                    f"{line.end} does not (once: false)"
                )
                self.imported.note(READ_AS, text, line.start)
        self.imported.add("attacks", entry)

    def _omit_dependants(self, whens: dict[int, dict[str, Any] | Omitted]) -> None:
        """Leave out, too, what starts or ends by an attack that is left out."""
        changed = True
        while changed:
            changed = False
            gone = {self.names[i] for i, when in whens.items() if isinstance(when, Omitted)}
            for number, when in whens.items():
                if isinstance(when, Omitted):
                    continue
                asked = re.findall(r"(\w+)\.active", " ".join(map(str, when.values())))
                if missing := sorted(gone & set(asked)):
                    reason = f"its condition asks for {missing[0]}, which is left out"
                    whens[number] = Omitted(reason, self.lines[number].start.place)
                    changed = True

    def _check_stored(self, line: Attack, stored: set[str] | None) -> None:
        """Note an attack that epanetCPA refuses for want of a stored component."""
        if stored is None or line.layer not in ("Sensor", "Communication"):
            return
        name = line.sensor
        bare = name.partition("_")[2] or name
        if line.arguments[0].casefold() in _NEEDS_STORE and not {
            bare.casefold(),
            name.casefold(),
        } & {word.casefold() for word in stored}:
            text = f"{bare} is not in what_to_store, without which epanetCPA refuses this attack"
            self.imported.note(DIFFERS, text, line)

    def _target(self, number: int, line: Attack) -> Target:
        match line.layer:
            case "Sensor":
                tag = self._tag(line.target)
                return Target(
                    f"sensor:{tag}", self.alterations.of(line, tag), "the instrument itself"
                )
            case "Communication":
                return self._communication(line)
            case "Actuator":
                return self._actuator(line)
            case _:
                return self._control(number)

    def _tag(self, name: Word) -> str:
        try:
            tag = self.plant.epanetcpa_tag(name)
        except InputError as error:
            raise name.place.error(error.message) from None
        if tag is None:
            raise UntranslatableError(f"the plant does not measure {name}")
        return tag

    def _communication(self, line: Attack) -> Target:
        parts = line.target.parts("-")
        if len(parts) != 3:
            message = f"a Communication's target is sender-target-receiver, not {line.target!r}"
            raise line.target.place.error(message)
        sender, target, receiver = parts
        if sender == receiver:
            raise receiver.place.error(f"sender and receiver are both {sender}")
        for name in (sender, receiver):
            if name.upper() not in (*FIELD, SCADA) and self.plant.counterpart(name) is None:
                known = [*self.plant.known_plcs(), "SCADA", "NULL"]
                raise name.place.error(f"no PLC {name!r}: {nearest(name, known)}")
        if receiver.upper() in FIELD:
            return self._command(line, sender, target)
        tag = self._tag(target)
        if sender.upper() in FIELD:
            return self._wire(line, tag, receiver)
        owner = self.plant.owners[tag]
        if self.plant.counterpart(sender) != owner:
            text = f"{sender} sends {target} in the file; here {owner} does"
            self.imported.note(MOVED, text, line)
        reader = SCADA if receiver.upper() == SCADA else self.plant.counterpart(receiver)
        port = f"link:{owner}->{reader}"
        if reader == owner:
            text = f"here {owner} reads {target} itself: its field wire stands for the link"
            self.imported.note(MOVED, text, line)
            port = self.plant.wire(tag)
        elif reader != SCADA:
            if reader not in self.plant.receivers(tag):
                raise UntranslatableError(f"here no PLC sends {target} to {reader}")
            if reader != receiver:
                self.imported.note(MOVED, f"{receiver} is {reader} here", line)
        return Target(port, self.alterations.of(line, tag), f"{sender} to {receiver}", [tag])

    def _wire(self, line: Attack, tag: str, receiver: Word) -> Target:
        owner = self.plant.owners[tag]
        if receiver.upper() == SCADA:
            text = f"SCADA reads no instrument itself here: the wire to {owner} is attacked"
            self.imported.note(MOVED, text, line)
        elif receiver != owner:
            text = f"{receiver} reads {tag} in the file; here {owner} does"
            self.imported.note(MOVED, text, line)
        do = self.alterations.of(line, tag)
        return Target(self.plant.wire(tag), do, "the field wire", [tag])

    def _command(self, line: Attack, sender: Word, target: Word) -> Target:
        actuator = self._driven(target)
        driver = self.plant.driver(actuator)
        if self.plant.counterpart(sender) != driver:
            text = f"{sender} drives {target} in the file; here {driver} does"
            self.imported.note(MOVED, text, line)
        method = line.arguments[0].casefold()
        if method not in ("constant", "dos"):
            message = f"an actuator's commands can be constant or DoS, not {method!r}"
            raise line.arguments[0].place.error(message)
        method_of(line)
        port = f"actuator:{actuator}"
        if method == "constant":
            do = self._force(line, actuator, position(line.arguments[1]))
            return Target(port, do, "its command")
        text = (
            f"epanetCPA holds {target} open or closed by whether water flows through it when "
            "the attack starts; here it keeps the last command that came"
        )
        self.imported.note(DIFFERS, text, line)
        return Target(port, actions.block(), "its command", do_comment="DoS")

    def _driven(self, name: Word) -> str:
        """Return the pump or valve of a name like `PU1` or `S_PU1`."""
        bare = self.plant.element(name) or self.plant.element(name.partition("_")[2])
        actuator = self.plant.element_at(bare or name, name)
        if self.plant.driver(actuator) is None:
            raise UntranslatableError(f"no PLC drives {name} here, so nothing can be commanded")
        return actuator

    def _actuator(self, line: Attack) -> Target:
        actuator = self._driven(line.target)
        value = self.controls.value(line)
        if not _never(line.end):
            text = (
                f"epanetCPA leaves {line.target} closed when the attack ends, until a control "
                "opens it; here its PLC's command holds again at its next scan"
            )
            self.imported.note(DIFFERS, text, line)
        do = self._force(line, actuator, value)
        return Target(f"actuator:{actuator}", do, "the device itself")

    def _force(self, line: Attack, actuator: str, value: float) -> dict[str, Any]:
        if self.plant.kind(actuator) != "pump" and value not in (0.0, 1.0):
            text = f"setting {value:g} of {actuator}: here it is open or closed, so open"
            self.imported.note(DIFFERS, text, line)
            value = 1.0
        return actions.force(speed(value))

    def _control(self, number: int) -> Target:
        group = [self.lines[i] for i in self.groups[number]]
        on, do, comment = self.controls.entry(group)
        for kind, text, at in self.controls.notes(group, self.names[number]):
            self.imported.note(kind, text, at)
        return Target(on, do, "its rules", do_comment=comment)


def _never(condition: str) -> bool:
    """Return whether an end condition like `TIME==-1` never holds."""
    match = re.fullmatch(r"\(*\s*TIME\s*==\s*(-?[\d.]+)\s*\)*", condition)
    return match is not None and float(match[1]) < 0
