"""EPANET's controls, by number, as rules of PLCs: attacked, and compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.importers import actions
from scenarios.importers.counterparts import Layout
from scenarios.importers.epanetcpa import matlab
from scenarios.importers.epanetcpa.file import Attack, Word, numbers
from scenarios.importers.epanetcpa.matlab import UnsayableError
from scenarios.importers.inp import Level

_CONTROL = re.compile(r"IF TANK (\S+) LEVEL (ABOVE|BELOW) (\S+) THEN \S+ (\S+) (\S+) IS (\S+)")
_SETTING = ("constant", "setting", "status", "level", "value", "=")
_POSITIONS = {"open": 1.0, "on": 1.0, "closed": 0.0, "close": 0.0, "off": 0.0}


@dataclass(frozen=True)
class Control:
    """A control of the plant's network.inp, or, where it has none, a rule of a PLC.

    Attributes
    ----------
    actuator : str
    tag : str
        Of the level that decides.
    sign : str
        `<` or `>`.
    level : float
        [m].
    to : float
        What the actuator is set to.
    place : int
        Where its rule stands in the PLC's list, from 0.
    """

    actuator: str
    tag: str
    sign: str
    level: float
    to: float
    place: int


class Controls:
    """The plant's controls, numbered from 1 as EPANET does.

    Parameters
    ----------
    layout : Layout
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        self.all = self._of_network() or self._of_plcs()

    def _of_network(self) -> list[Control | None]:
        found: list[Control | None] = []
        for _, control in self.layout.spec.model.controls():
            match = _CONTROL.match(str(control))
            rule = None
            if match is not None:
                tag = self.layout.tag(match[1])
                sign = ">" if match[2] == "ABOVE" else "<"
                rule = next(
                    (
                        one
                        for one in self._of_plcs()
                        if one and (one.actuator, one.tag, one.sign) == (match[4], tag, sign)
                    ),
                    None,
                )
            found.append(rule)
        return found

    def _of_plcs(self) -> list[Control | None]:
        found: list[Control | None] = []
        for plc in self.layout.spec.plcs.values():
            for place, rule in enumerate(plc.rules):
                control = None
                if len(rule.when.names) == len(rule.when.thresholds) == 1:
                    ((tag, level),) = rule.when.thresholds
                    below = rule.when({tag: level - 1.0}) and not rule.when({tag: level + 1.0})
                    sign = "<" if below else ">"
                    control = Control(rule.actuator, tag, sign, level, rule.command, place)
                found.append(control)
        return found

    def number(self, line: Attack) -> tuple[int, str]:
        """Return a Control attack's number, and `n` (threshold) or `l` (setting).

        epanetCPA takes a target without either for a setting.

        Raises
        ------
        InputError
            If it is none the plant has.
        """
        match = re.fullmatch(r"CTRL(\d+)([nl]?)", line.target, re.IGNORECASE)
        if match is None:
            message = f"a Control's target is like CTRL17n or CTRL17l, not {line.target!r}"
            raise line.target.place.error(message)
        number = int(match[1])
        if not 1 <= number <= len(self.all):
            message = f"{line.target}: the plant has {len(self.all)} controls"
            raise line.target.place.error(message)
        return number, match[2].lower() or "l"

    def control(self, line: Attack) -> Control:
        """Return what a Control attack changes."""
        found = self.all[self.number(line)[0] - 1]
        if found is None:
            raise UnsayableError(f"{line.target} is no rule of a PLC here")
        return found

    def setting(self, line: Attack) -> float:
        """Return what an Actuator or a Control attack sets.

        epanetCPA has one number there. Words that say again what is set may stand before it, and
        for a switch its position in words.

        Raises
        ------
        InputError
            If it is neither.
        """
        words = [word for word in line.arguments if word.casefold() not in self._said_again(line)]
        if line.layer == "Control" and [word.casefold() for word in words[:-1]] == ["offset"]:
            control, what = self.control(line), self.number(line)[1]
            (by,) = numbers(words[1:], "offset")
            return (control.level if what == "n" else control.to) + by
        if len(words) != 1:
            place = (words[1] if words else line.arguments[0]).place
            message = f"{line.layer} {line.target} takes one number, not {line.said!r}"
            raise place.error(message)
        if line.layer == "Control" and self.number(line)[1] == "n":
            return numbers(words, "setting")[0]
        return position(words[0])

    def _said_again(self, line: Attack) -> set[str]:
        if line.layer != "Control":
            return {*_SETTING, line.target.casefold()}
        control = self.control(line)
        tank = control.tag.partition("_")[2]
        sign = "below" if control.sign == "<" else "above"
        again = {control.actuator, control.tag, tank, f"P_{tank}", sign, *_SETTING}
        return {word.casefold() for word in again}

    def reading(self, line: Attack) -> str | None:
        """Say how a Control attack was read that says it otherwise than epanetCPA takes it."""
        value = self.setting(line)
        if len(line.arguments) > 1 or matlab.value(line.arguments[0]) is None:
            return f"epanetCPA takes one number there: {line.said!r} is taken for {value:g}"
        return None

    def pairs(self, lines: Sequence[Attack]) -> dict[int, tuple[int, ...]]:
        """Return which attacks, by number, one entry stands for.

        What changes the rules of one actuator at the same times is one change of its program: so
        the two halves of a pump's pair of thresholds, opens below and closes above.
        """
        together: dict[tuple[str, str, str], list[int]] = {}
        found: dict[int, tuple[int, ...]] = {}
        for number, line in enumerate(lines, start=1):
            if line.layer != "Control":
                continue
            control = self.all[self.number(line)[0] - 1]
            if control is None:
                found[number] = (number,)
                continue
            key = (control.actuator, line.start, line.end)
            together.setdefault(key, []).append(number)
        for group in together.values():
            targets = [self.number(lines[number - 1]) for number in group]
            if len(set(targets)) == len(targets):
                found[group[0]] = tuple(group)
            else:
                found |= {number: (number,) for number in group}
        return found

    def before(self, lines: Sequence[Attack], halves: Sequence[Attack]) -> list[Attack]:
        """Return the Control attacks above `halves`, at other times, on the same actuator."""
        actuator = self.control(halves[0]).actuator
        above = [line for line in lines[: lines.index(halves[0])] if line.layer == "Control"]
        return [
            line
            for line in above
            if line not in halves
            and (control := self.all[self.number(line)[0] - 1]) is not None
            and control.actuator == actuator
        ]

    def entry(self, halves: Sequence[Attack]) -> tuple[str, dict[str, Any], str]:
        """Return port, what is done, and the comment of the entry that stands for `halves`."""
        said = "; ".join(f"{half.target} {half.said}" for half in halves)
        controls = [self.control(half) for half in halves]
        driver = self.layout.driver(controls[0].actuator)
        values = [self.setting(half) for half in halves]
        thresholds = {self.number(half)[1] for half in halves} == {"n"}
        signs = {control.sign for control in controls}
        if thresholds and len({c.tag for c in controls}) == 1 and len(signs) == len(controls):
            levels = {c.sign: value for c, value in zip(controls, values, strict=True)}
            own = {
                c.sign: c.level
                for c in self.all
                if c is not None
                and (c.actuator, c.tag) == (controls[0].actuator, controls[0].tag)
                and c.to == (1.0 if c.sign == "<" else 0.0)
            }
            now = {**own, **levels}
            if len(own) == 2 and now["<"] <= now[">"]:
                do = actions.setpoint(controls[0].actuator, now["<"], now[">"])
                return f"plc:{driver}", do, said
        rules = []
        for place, rule in enumerate(self.layout.spec.plcs[str(driver)].rules):
            condition, to = rule.when.text, rule.command
            for half, control, value in zip(halves, controls, values, strict=True):
                if control.place == place and self.number(half)[1] == "l":
                    to = self.switched(control, value)
                elif control.place == place:
                    condition = f"{control.tag} {control.sign} {value:g}"
            if rule.actuator == controls[0].actuator:
                rules.append((condition, rule.actuator, to))
        return f"plc:{driver}", actions.rewrite(rules), said

    def switched(self, control: Control, value: float) -> float:
        """Return what a rule sets: open or closed where it drives no pump."""
        if self.layout.kind(control.actuator) != "pump":
            return float(value > 0)
        if not 0.0 <= value <= 1.5:
            raise UnsayableError(f"a pump's relative speed is 0 to 1.5 here, not {value:g}")
        return value

    def read_as(self, line: Attack) -> str:
        """Say which rule of the plant a Control attack means."""
        control, (number, what) = self.control(line), self.number(line)
        verb = {0.0: "closes", 1.0: "opens"}.get(control.to, f"goes to {control.to:g}")
        field = "its threshold" if what == "n" else "what it sets"
        return (
            f"{line.target} is control {number} of the plant's network.inp: {control.actuator} "
            f"{verb} where {control.tag} {control.sign} {control.level:g}; {field} is changed"
        )

    def differences(self, others: Iterable[Level]) -> Iterator[tuple[str, str]]:
        """Yield, for each control of an EPANET file that no rule here is like, where and why."""
        own = {(c.actuator, c.tag, c.sign, c.to): c.level for c in self.all if c}
        for other in others:
            actuator = self.layout.element(other.actuator)
            element = self.layout.element(other.node)
            if actuator is None or element is None:
                continue
            place = f"{other.line}:{other.column}"
            to = {"open": 1.0, "closed": 0.0}.get(other.to.casefold(), 1.0)
            level = own.get((actuator, self.layout.tag(element) or "", other.sign, to))
            said = f"{actuator} {other.to.lower()} if {other.node} {other.sign} {other.level:g}"
            if level is None:
                yield place, f"{said}; no PLC here does so"
            elif abs(level - other.level) > 1e-9:
                yield place, f"{said}; here {level:g}"


def position(word: Word) -> float:
    """Return a switch's position or a pump's relative speed, as a number or in words.

    Raises
    ------
    InputError
        With its place, if it is neither.
    """
    found = _POSITIONS.get(word.casefold())
    return numbers([word], "setting")[0] if found is None else found
