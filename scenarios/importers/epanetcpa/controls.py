"""epanetCPA's attacks on controls, `CTRL17n` (a threshold) or `CTRL17l` (a setting), as entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from scenarios.importers import actions
from scenarios.importers.controls import Control, controls_of
from scenarios.importers.counterparts import Counterparts
from scenarios.importers.epanetcpa import matlab
from scenarios.importers.epanetcpa.file import Attack, Word, numbers
from scenarios.importers.epanetcpa.matlab import UntranslatableError
from scenarios.importers.imported import DIFFERS, READ_AS
from twin.plants.logic import STATES

_SETTING = ("constant", "setting", "status", "level", "value", "=")
_POSITIONS = STATES | {"on": 1.0, "close": 0.0, "off": 0.0}


class ControlAttacks:
    """The lines of [CYBERATTACKS] that change controls of the plant's network.

    Parameters
    ----------
    plant : Counterparts
    lines : sequence of Attack
        All of the section.
    """

    def __init__(self, plant: Counterparts, lines: Sequence[Attack]):
        self.plant, self.lines = plant, lines
        self.controls = controls_of(plant)

    def target(self, line: Attack) -> tuple[int, str]:
        """Return a Control attack's number, and `n` (threshold) or `l` (setting).

        epanetCPA takes a target without either for a setting.

        Raises
        ------
        InputError
            If the plant has no such control.
        """
        match = re.fullmatch(r"CTRL(\d+)([nl]?)", line.target, re.IGNORECASE)
        if match is None:
            message = f"a Control's target is like CTRL17n or CTRL17l, not {line.target!r}"
            raise line.target.place.error(message)
        number = int(match[1])
        if not 1 <= number <= len(self.controls):
            message = f"{line.target}: the plant has {len(self.controls)} controls"
            raise line.target.place.error(message)
        return number, match[2].lower() or "l"

    def _rule(self, line: Attack) -> Control | None:
        return self.controls[self.target(line)[0] - 1]

    def control(self, line: Attack) -> Control:
        """Return what a Control attack changes."""
        control = self._rule(line)
        if control is None:
            raise UntranslatableError(f"{line.target} is no rule of a PLC here")
        return control

    def value(self, line: Attack) -> float:
        """Return what an Actuator or a Control attack sets.

        epanetCPA has one number there. Words that name again what is set may stand before it, and
        for a switch its position in words.

        Raises
        ------
        InputError
            If it is neither.
        """
        restated = self._restated(line)
        words = [word for word in line.arguments if word.casefold() not in restated]
        if line.layer == "Control" and [word.casefold() for word in words[:-1]] == ["offset"]:
            control = self.control(line)
            (by,) = numbers(words[1:], "offset")
            return (control.level if self.target(line)[1] == "n" else control.to) + by
        if len(words) != 1:
            message = f"{line.layer} {line.target} takes one number, not {line.argument_text!r}"
            raise (words[1] if words else line.arguments[0]).place.error(message)
        if line.layer == "Control" and self.target(line)[1] == "n":
            return numbers(words, "setting")[0]
        return position(words[0])

    def _restated(self, line: Attack) -> set[str]:
        """Return the words that only name again what an attack sets."""
        if line.layer != "Control":
            return {*_SETTING, line.target.casefold()}
        control = self.control(line)
        tank = control.tag.partition("_")[2]
        sign = {"<": "below", ">": "above"}.get(control.sign[0], control.sign)
        restated = {control.actuator, control.tag, tank, f"P_{tank}", sign, *_SETTING}
        return {word.casefold() for word in restated}

    def groups(self) -> dict[int, tuple[int, ...]]:
        """Return which attacks one entry stands for: the first's number, from 1, → all of them.

        What changes the rules of one actuator at the same times is one change of its program: so
        the two halves of a pump's pair of thresholds, opens below and closes above.
        """
        together: dict[tuple[str, str, str], list[int]] = {}
        groups: dict[int, tuple[int, ...]] = {}
        for number, line in enumerate(self.lines, start=1):
            if line.layer != "Control":
                continue
            control = self._rule(line)
            if control is None:
                groups[number] = (number,)
            else:
                together.setdefault((control.actuator, line.start, line.end), []).append(number)
        for group in together.values():
            targets = {self.target(self.lines[number - 1]) for number in group}
            if len(targets) == len(group):
                groups[group[0]] = tuple(group)
            else:
                groups |= {number: (number,) for number in group}
        return groups

    def entry(self, group: Sequence[Attack]) -> tuple[str, dict[str, Any], str]:
        """Return port, action and comment of the entry that stands for a group of attacks."""
        comment = "; ".join(f"{line.target} {line.argument_text}" for line in group)
        changes = [(self.control(line), self.target(line)[1]) for line in group]
        actuator = changes[0][0].actuator
        driver = str(self.plant.driver(actuator))
        values = [self.value(line) for line in group]
        do = self._thresholds(changes, values)
        if do is None:
            rules = []
            for place, rule in enumerate(self.plant.spec.plcs[driver].rules):
                condition, to = rule.when.text, rule.command
                for (control, part), value in zip(changes, values, strict=True):
                    if control.place == place and part == "l":
                        to = self._command(control, value)
                    elif control.place == place:
                        condition = f"{control.tag} {control.sign} {value:g}"
                if rule.actuator == actuator:
                    rules.append((condition, rule.actuator, to))
            do = actions.rewrite(rules)
        return f"plc:{driver}", do, comment

    def _thresholds(
        self, changes: Sequence[tuple[Control, str]], values: Sequence[float]
    ) -> dict[str, Any] | None:
        """Return the change of a pair of thresholds, None where the changes are no such."""
        controls = [control for control, part in changes if part == "n"]
        new = {control.sign: value for control, value in zip(controls, values, strict=False)}
        levels = {"<", ">"}
        if len(new) < len(changes) or not new.keys() <= levels:
            return None
        if len({control.tag for control in controls}) > 1:
            return None
        actuator, tag = controls[0].actuator, controls[0].tag
        own = {
            c.sign: c.level
            for c in self.controls
            if c and (c.actuator, c.tag) == (actuator, tag) and c.to == float(c.sign == "<")
        }
        new = own | new
        if not own.keys() >= levels or new["<"] > new[">"]:
            return None
        return actions.setpoint(actuator, new["<"], new[">"])

    def _command(self, control: Control, value: float) -> float:
        """Return what a rule sets: a pump's speed, for all else open (1) or closed (0)."""
        if self.plant.kind(control.actuator) != "pump":
            return float(value > 0)
        return speed(value)

    def notes(self, group: Sequence[Attack], name: str) -> Iterator[tuple[str, str, Attack | Word]]:
        """Yield kind, text and place of what is to be said of the entry `name` of a group."""
        for line in group:
            yield READ_AS, self._meaning(line), line.target
            if len(line.arguments) > 1 or matlab.value(line.arguments[0]) is None:
                text = line.argument_text
                taken = f"epanetCPA takes one number there: {text!r} is taken for "
                yield READ_AS, f"{taken}{self.value(line):g}", line.arguments[0]
        for line in group[1:]:
            yield READ_AS, f"{line.summary} is carried by {name}, with its other half", line
        actuator = self.control(group[0]).actuator
        for line in self.lines[: self.lines.index(group[0])]:
            if line.layer != "Control" or line in group:
                continue
            control = self._rule(line)
            if control is not None and control.actuator == actuator:
                text = (
                    f"{line.target} changes rules of the same pump or valve at other times: while "
                    f"both last, here only {group[0].target}'s change holds"
                )
                yield DIFFERS, text, group[0]

    def _meaning(self, line: Attack) -> str:
        """Say which rule of the plant a Control attack means."""
        control, (number, part) = self.control(line), self.target(line)
        verb = {0.0: "closes", 1.0: "opens"}.get(control.to, f"goes to {control.to:g}")
        changed = "its threshold" if part == "n" else "what it sets"
        return (
            f"{line.target} is control {number} of the plant's network.inp: {control.actuator} "
            f"{verb} where {control.tag} {control.sign} {control.level:g}; {changed} is changed"
        )


def position(word: Word) -> float:
    """Return a switch's position or a pump's relative speed, as a number or in words.

    Raises
    ------
    InputError
        With its place, if it is neither.
    """
    state = _POSITIONS.get(word.casefold())
    return numbers([word], "setting")[0] if state is None else state


def speed(value: float) -> float:
    """Return a pump's relative speed.

    Raises
    ------
    UntranslatableError
        If a pump cannot run at it here.
    """
    if not 0.0 <= value <= 1.5:
        raise UntranslatableError(f"a pump's relative speed is 0 to 1.5 here, not {value:g}")
    return value
