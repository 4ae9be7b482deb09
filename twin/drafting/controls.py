"""The [CONTROLS] and [RULES] of an EPANET file as lines of PLC logic.

They are read here and not by WNTR, which refuses a whole file for one rule it does not know
(`SYSTEM DEMAND`, `CLOCKTIME >= 8 AM`): a draft carries over what it can and names the rest.
The grammar and the order of evaluation are those of EPANET 2.2 (rules.c, input3.c, hydraul.c):
rules act at the end of a step, then pumps take their patterns' speed, then controls act.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from wntr.epanet.util import FlowUnits, HydParam, to_si

from twin.conditions.parser import LONGEST
from twin.drafting.lines import Line, Point, by_pattern, hours, schedules
from twin.errors import listed
from twin.plants import pressure
from twin.plants.logic import HIGHEST, STATES
from twin.units import HOUR
from twin.water.plant import VALVE_UNITS, valve_setting

_OPERATORS = {
    "=": "==",
    "IS": "==",
    "<>": "!=",
    "NOT": "!=",
    "BELOW": "<",
    "ABOVE": ">",
} | {sign: sign for sign in ("<", ">", "<=", ">=")}
_COMMANDS = {**STATES, "opened": STATES["open"]}
_LINKS = ("LINK", "PIPE", "PUMP", "VALVE")
_NODES = ("NODE", "JUNCTION", "TANK", "RESERV", "RESERVOIR")
_MEASURED = {
    "Tank": ("LEVEL", "PRESSURE", "HEAD", "GRADE"),
    "Junction": ("PRESSURE", "HEAD", "GRADE"),
}
_SECONDS = {"SEC": 1.0, "MIN": 60.0, "HOU": 3600.0, "DAY": 86400.0}
_REACHED = 1e-4  # m before the rim or bottom at which a threshold there counts as reached


@dataclass
class ControlLogic:
    """What a file's controls and rules come to.

    Attributes
    ----------
    lines : list of Line
        In the order a PLC applies them: a later one overrules those before it.
    left : list of str
        Statements that could not be carried over, each with its line and the reason.
    statements : int
        How many the file has.
    notes : list of str
        What acts otherwise than it seems, or than in EPANET, a sentence each.
    daily : list of str
        Actuators whose controls `AT TIME` became daily.
    """

    lines: list[Line] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    statements: int = 0
    notes: list[str] = field(default_factory=list)
    daily: list[str] = field(default_factory=list)


class _CannotError(ValueError):
    """A statement has no counterpart here."""


def sections(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield section, number and content of every line that says something."""
    section = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split(";")[0].strip()
        if line.startswith("["):
            section = line[1:5].upper()
        elif line:
            yield section, number, line


def read_controls(text: str, model: Any, name: Callable[[Point], str]) -> ControlLogic:
    """Read an INP file's controls and rules.

    Parameters
    ----------
    text : str
        Of the whole file.
    model : wntr.network.WaterNetworkModel
        Of the same file: its elements and units.
    name : callable
        Gives a point its tag's name.
    """
    found = ControlLogic()
    reader = _Reader(model, name, found.notes)
    rules: list[tuple[float, int, list[Line]]] = []
    controls: list[Line] = []
    for number, words in _statements(text):
        found.statements += 1
        try:
            if words[0][0].upper() == "RULE":
                rules.append(reader.rule(words, number))
            else:
                controls.append(reader.control(words[0], number))
        except _CannotError as why:
            said = " / ".join(" ".join(line) for line in words)
            found.left.append(f"line {number}: {said}: {why}")
    patterned = {name for name, pump in model.pumps() if pump.speed_pattern_name}
    # EPANET lets the higher priority win, and the earlier of two rules of the same one.
    for _, number, lines in sorted(rules, key=lambda rule: (rule[0], -rule[1])):
        for actuator in sorted(patterned & {line.actuator for line in lines}):
            found.notes.append(
                f"line {number}: the rule does nothing to {actuator}, here as in EPANET: the "
                "pump's speed pattern is applied right after it."
            )
        found.lines += [line for line in lines if line.actuator not in patterned]
    for pump in sorted(patterned):
        found.lines += by_pattern(model, pump, found.notes)
    lines, found.daily = schedules(controls, model)
    found.lines += lines
    if found.daily:
        found.notes.append(
            f"{listed(found.daily)} switches daily, by the `hour`: the file's `AT TIME` controls "
            f"come on every day of its {model.options.time.duration / HOUR:g} h. EPANET itself "
            "does nothing more after the last of them."
        )
    _note_times(found)
    return found


def _note_times(found: ControlLogic) -> None:
    """Say what is done by the clock of the scenario, and what a solution late."""
    timed = dict.fromkeys(line.actuator for line in found.lines if line.names("t"))
    if timed:
        found.notes.append(
            f"{listed(timed)} switches by the time since the start (`t`), which is below 0 in the "
            "warm-up; after it, it may stand otherwise than in EPANET. With `warmup: 0 h` it is as "
            "in EPANET."
        )
    pressed = dict.fromkeys(
        line.actuator for line in found.lines if any(kind == "pressure" for kind, _ in line.reads)
    )
    if pressed:
        found.notes.append(
            f"{listed(pressed)} switches by a pressure: its PLC measures that after a solution and "
            "acts at its next scan, where EPANET's control acts within the same solution."
        )


def _statements(text: str) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield each control and rule: the number of its first line, and its lines' words."""
    rule: tuple[int, list[list[str]]] | None = None
    for section, number, line in sections(text):
        words = line.split()
        if section == "CONT":
            yield number, [words]
        elif section == "RULE":
            if words[0].upper() == "RULE" or rule is None:
                if rule is not None:
                    yield rule
                rule = (number, [])
            rule[1].append(words)
    if rule is not None:
        yield rule


class _Reader:
    def __init__(self, model: Any, name: Callable[[Point], str], notes: list[str]):
        self.model, self.name, self.notes = model, name, notes
        self.pressure = pressure.metres(model)
        self.place = ""
        self.units = FlowUnits[model.options.hydraulic.inpfile_units]

    def control(self, words: list[str], number: int) -> Line:
        """Read `LINK x status IF NODE y ABOVE|BELOW z`, `… AT TIME t`, `… AT CLOCKTIME t`."""
        self.place = f"line {number}"
        upper = [word.upper() for word in words]
        if len(words) < 6 or upper[0] not in _LINKS:
            raise _CannotError("not a control EPANET knows")
        link = self._link(words[1])
        command = self._command(link, words[2])
        if upper[3:5] == ["AT", "TIME"]:
            at = _seconds(words[5:])
            return Line(link.name, command, f"t == {hours(at)}", at=at)
        if upper[3:5] == ["AT", "CLOCKTIME"]:
            return Line(link.name, command, f"hour == {hours(_seconds(words[5:]) % 86400.0)}")
        if upper[3] == "IF" and upper[4] in _NODES and len(words) == 8:
            node = self._node(words[5])
            attribute = "LEVEL" if node.node_type == "Tank" else "PRESSURE"
            when, point = self._of_node(node, attribute, upper[6], words[7])
            return Line(link.name, command, when, (point,))
        raise _CannotError("not a control EPANET knows")

    def rule(self, lines: list[list[str]], number: int) -> tuple[float, int, list[Line]]:
        """Read a rule; return its priority, `number`, and its lines."""
        groups: list[list[str]] = []
        reads: list[Point] = []
        # Of several actions on one link EPANET takes the first.
        actions: dict[str, dict[str, tuple[float, bool]]] = {"THEN": {}, "ELSE": {}}
        part, priority = "RULE", 0.0
        self.place = f"line {number}"
        for words in lines[1:]:
            first = words[0].upper()
            part = first if first in ("IF", "THEN", "ELSE", "PRIORITY") else part
            if first == "PRIORITY":
                priority = _number(words[-1])
            elif part == "IF" and first in ("IF", "AND", "OR"):
                when, points = self._premise(words[1:])
                # OR binds closer than AND: rules.c asks "A AND B OR C" as A and (B or C).
                if first == "OR" and groups:
                    groups[-1].append(when)
                else:
                    groups.append([when])
                reads += points
            elif part in actions and first in (part, "AND"):
                link, command = self._action(words[1:])
                actions[part].setdefault(link, command)
            else:
                raise _CannotError(f"{words[0]!r} was not expected")
        if not groups or not actions["THEN"]:
            raise _CannotError("it needs an IF and a THEN")
        several = len(groups) > 1
        parts = [
            f"({' or '.join(g)})" if several and len(g) > 1 else " or ".join(g) for g in groups
        ]
        when = " and ".join(parts)
        if len(when) > LONGEST - len("not ()"):
            raise _CannotError(f"its condition is longer than {LONGEST} characters")
        points = tuple(dict.fromkeys(reads))
        carried = [
            Line(link, command, condition, points, keeps=keeps)
            for part, condition in (("THEN", when), ("ELSE", f"not ({when})"))
            for link, (command, keeps) in actions[part].items()
        ]
        return priority, number, carried

    def _premise(self, words: list[str]) -> tuple[str, tuple[Point, ...]]:
        upper = [word.upper() for word in words]
        if len(words) < 4:
            raise _CannotError(f"{' '.join(words)!r} is not a condition")
        if upper[0] == "SYSTEM":
            if upper[1] not in ("TIME", "CLOCKTIME"):
                raise _CannotError(f"nothing measures SYSTEM {words[1]}")
            what = "t" if upper[1] == "TIME" else "hour"
            return f"{what} {_operator(words[2])} {hours(_seconds(words[3:]))}", ()
        if len(words) < 5:
            raise _CannotError(f"{' '.join(words)!r} is not a condition")
        if upper[0] in _NODES:
            when, point = self._of_node(self._node(words[1]), upper[2], words[3], words[4])
            return when, (point,)
        if upper[0] in _LINKS:
            when, point = self._of_link(self._link(words[1]), upper[2], words[3], words[4])
            return when, (point,)
        raise _CannotError(f"{words[0]!r} is neither a node nor a link")

    def _of_node(self, node: Any, attribute: str, relation: str, value: str) -> tuple[str, Point]:
        if attribute not in _MEASURED.get(node.node_type, ()):
            raise _CannotError(f"nothing measures the {attribute} of {node.name}")
        if attribute == "PRESSURE":
            height = _number(value) * self.pressure
        else:
            height = self._si(_number(value), HydParam.HydraulicHead)
        if attribute in ("HEAD", "GRADE"):
            height -= node.elevation
        point = ("level" if node.node_type == "Tank" else "pressure", node.name)
        if node.node_type == "Tank" and _operator(relation)[0] in "<>":
            height = self._reached(node, height, _operator(relation))
        return f"{self.name(point)} {_operator(relation)} {round(height, 6)!r}", point

    def _reached(self, tank: Any, level: float, sign: str) -> float:
        """Return a threshold that a tank's level passes where EPANET sees it reached.

        At the rim or bottom EPANET does; a level never lies beyond, and nor does a threshold there
        ever act.
        """
        lowest, highest = float(tank.min_level), float(tank.max_level)
        if sign[0] == "<":
            if abs(level - lowest) <= _REACHED:
                return lowest + _REACHED
            never, beyond = level < lowest, f"below its bottom, {lowest:g} m"
        else:
            if abs(level - highest) <= _REACHED:
                return highest - _REACHED
            never, beyond = level > highest, f"above its rim, {highest:g} m"
        if never:
            self.notes.append(
                f"{self.place}: the threshold of {tank.name}, {level:.6g} m, lies {beyond}: it "
                "never acts, here as in EPANET."
            )
        return level

    def _of_link(self, link: Any, attribute: str, relation: str, value: str) -> tuple[str, Point]:
        sign = _operator(relation)
        if attribute == "STATUS" and value.lower() in STATES and sign in ("==", "!="):
            point = ("status", link.name)
            return f"{self.name(point)} {sign} {STATES[value.lower()]:g}", point
        if attribute == "FLOW" and sign not in ("==", "!="):
            point = ("flow", link.name)
            name, flow = self.name(point), round(self._si(_number(value), HydParam.Flow) * 1000, 6)
            if link.link_type == "Pump":
                return f"{name} {sign} {flow!r}", point
            # EPANET's rules compare a flow whatever its direction.
            other, joint = (">", "and") if sign[0] == "<" else ("<", "or")
            return f"({name} {sign} {flow!r} {joint} {name} {other}{sign[1:]} {-flow!r})", point
        raise _CannotError(f"nothing measures the {attribute} {value} of {link.name}")

    def _action(self, words: list[str]) -> tuple[str, tuple[float, bool]]:
        if len(words) < 5 or words[0].upper() not in _LINKS:
            raise _CannotError(f"{' '.join(words)!r} is not an action on a link")
        link = self._link(words[1])
        # A rule's OPEN changes nothing on what is open, whatever its speed or setting.
        keeps = _COMMANDS.get(words[4].lower()) == STATES["open"] and link.link_type != "Pipe"
        return link.name, (self._command(link, words[4]), keeps)

    def _command(self, link: Any, word: str) -> float:
        """Return what a status or a setting is as a command, in our units."""
        state = word.lower()
        if link.link_type == "Pipe" and link.check_valve:
            raise _CannotError(f"{link.name} is a check valve, which nothing drives")
        if state in _COMMANDS:
            return _COMMANDS[state]
        if link.link_type == "Pump":
            return self._bounded(link, _number(word))
        if link.link_type != "Valve" or link.valve_type == "GPV":
            raise _CannotError(f"{link.name} has no setting, only open and closed")
        if state == "active":
            setting = float(link.initial_setting) * VALVE_UNITS.get(link.valve_type, 1.0)
        elif link.valve_type in pressure.VALVES:
            setting = _number(word) * self.pressure
        elif link.valve_type == "FCV":
            setting = self._si(_number(word), HydParam.Flow) * VALVE_UNITS["FCV"]
        else:
            setting = _number(word)
        return valve_setting(link.valve_type, round(self._bounded(link, setting), 6))

    def _bounded(self, link: Any, setting: float) -> float:
        """Return a setting no higher than a PLC's may be, which acts like any higher one."""
        if setting < 0.0:
            raise _CannotError(f"a setting cannot be {setting:g}")
        if setting <= HIGHEST:
            return setting
        if link.link_type == "Pump":
            raise _CannotError(f"a pump's speed cannot be {setting:g}")
        as_one = "closed" if link.valve_type == "TCV" else f"{HIGHEST:g}"
        self.notes.append(f"{self.place}: {link.name} set to {setting:g} became {as_one}.")
        return 0.0 if link.valve_type == "TCV" else HIGHEST

    def _si(self, value: float, kind: Any) -> float:
        return float(to_si(self.units, value, kind))

    def _link(self, name: str) -> Any:
        if name not in self.model.link_name_list:
            raise _CannotError(f"there is no link {name}")
        return self.model.get_link(name)

    def _node(self, name: str) -> Any:
        if name not in self.model.node_name_list:
            raise _CannotError(f"there is no node {name}")
        return self.model.get_node(name)


def _operator(word: str) -> str:
    if word.upper() not in _OPERATORS:
        raise _CannotError(f"{word!r} does not compare")
    return _OPERATORS[word.upper()]


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _CannotError(f"{word!r} is not a number")
    return number


def _seconds(words: list[str]) -> float:
    """Read `8`, `8:30`, `8:30:00 PM`, `90 MIN` as seconds; a bare number is hours."""
    unit = words[1].upper() if len(words) > 1 else ""
    parts = [_number(part) for part in words[0].split(":")]
    if len(parts) == 1 and unit[:3] in _SECONDS:
        return parts[0] * _SECONDS[unit[:3]]
    seconds = sum(part * scale for part, scale in zip(parts, (3600.0, 60.0, 1.0), strict=False))
    if unit in ("AM", "PM"):
        return seconds % 43200.0 + (43200.0 if unit == "PM" else 0.0)
    if unit:
        raise _CannotError(f"{unit!r} is not a unit of time")
    return seconds
