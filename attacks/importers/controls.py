"""EPANET's controls, by number, as rules of PLCs: attacked, and compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from attacks.importers import doing
from attacks.importers.cpa_file import Attack, numbers
from attacks.importers.inp import Level
from attacks.importers.layout import Layout
from attacks.importers.matlab import UnsayableError
from twin.errors import InputError

_CONTROL = re.compile(r"IF TANK (\S+) LEVEL (ABOVE|BELOW) (\S+) THEN \S+ (\S+) (\S+) IS (\S+)")


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
        for _, control in self.layout.network.model.controls():
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
        for plc in self.layout.network.plcs.values():
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

        Raises
        ------
        InputError
            If it is none the plant has.
        """
        match = re.fullmatch(r"CTRL(\d+)([nl])", line.target, re.IGNORECASE)
        if match is None:
            message = f"a Control's target is like CTRL17n or CTRL17l, not {line.target!r}"
            raise InputError(message, line=line.row.line)
        number = int(match[1])
        if not 1 <= number <= len(self.all):
            message = f"{line.target}: the plant has {len(self.all)} controls"
            raise InputError(message, line=line.row.line)
        return number, match[2].lower()

    def control(self, line: Attack) -> Control:
        """Return what a Control attack changes."""
        found = self.all[self.number(line)[0] - 1]
        if found is None:
            raise UnsayableError(f"{line.target} is no rule of a PLC here")
        return found

    def pairs(self, lines: Sequence[Attack]) -> dict[int, tuple[int, ...]]:
        """Return which attacks, by number, one entry stands for.

        The two halves of a pump's pair of thresholds, opens below and closes above, are one change
        of setpoints where they are changed together.
        """
        thresholds: dict[tuple[str, str, str, str], list[int]] = {}
        found: dict[int, tuple[int, ...]] = {}
        for number, line in enumerate(lines, start=1):
            if line.layer != "Control":
                continue
            control, what = self.all[self.number(line)[0] - 1], self.number(line)[1]
            if control is None or what == "l":
                found[number] = (number,)
                continue
            key = (control.actuator, control.tag, line.start, line.end)
            thresholds.setdefault(key, []).append(number)
        for halves in thresholds.values():
            signs = [self.control(lines[number - 1]).sign for number in halves]
            if len(set(signs)) == len(signs):
                found[halves[0]] = tuple(halves)
            else:
                found |= {number: (number,) for number in halves}
        return found

    def entry(self, halves: Sequence[Attack]) -> tuple[str, dict[str, Any], str]:
        """Return port, what is done, and the comment of the entry that stands for `halves`."""
        said = "; ".join(f"{half.target} {' '.join(half.arguments)}" for half in halves)
        controls = [self.control(half) for half in halves]
        driver = self.layout.driver(controls[0].actuator)
        values = []
        for half in halves:
            if len(half.arguments) != 1:
                message = f"a Control attack has one argument, not {len(half.arguments)}"
                raise InputError(message)
            values += numbers(half.arguments, "setting", half.row.line)
        if self.number(halves[0])[1] == "n":
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
                do = doing.setpoint(controls[0].actuator, now["<"], now[">"])
                return f"plc:{driver}", do, said
        rules = []
        for place, rule in enumerate(self.layout.network.plcs[str(driver)].rules):
            condition, to = rule.when.text, rule.command
            for half, control, value in zip(halves, controls, values, strict=True):
                if control.place == place and self.number(half)[1] == "l":
                    to = value
                elif control.place == place:
                    condition = f"{control.tag} {control.sign} {value:g}"
            if rule.actuator == controls[0].actuator:
                rules.append((condition, rule.actuator, to))
        return f"plc:{driver}", doing.rewrite(rules), said

    def read_as(self, line: Attack) -> str:
        """Say which rule of the plant a Control attack means."""
        control, (number, what) = self.control(line), self.number(line)
        verb = {0.0: "closes", 1.0: "opens"}.get(control.to, f"goes to {control.to:g}")
        field = "its threshold" if what == "n" else "what it sets"
        return (
            f"{line.target} is control {number} of the plant's network.inp: {control.actuator} "
            f"{verb} where {control.tag} {control.sign} {control.level:g}; {field} is changed"
        )

    def differences(self, others: Iterable[Level]) -> Iterator[tuple[int, str]]:
        """Yield, for each control of an EPANET file that no rule here is like, its line and why."""
        own = {(c.actuator, c.tag, c.sign, c.to): c.level for c in self.all if c}
        for other in others:
            actuator = self.layout.element(other.actuator)
            element = self.layout.element(other.node)
            if actuator is None or element is None:
                continue
            to = {"open": 1.0, "closed": 0.0}.get(other.to.casefold(), 1.0)
            level = own.get((actuator, self.layout.tag(element) or "", other.sign, to))
            said = f"{actuator} {other.to.lower()} if {other.node} {other.sign} {other.level:g}"
            if level is None:
                yield other.line, f"{said}; no PLC here does so"
            elif abs(level - other.level) > 1e-9:
                yield other.line, f"{said}; here {level:g}"
