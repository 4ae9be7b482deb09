"""What importers take from an EPANET file: its times, required pressure and level controls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from twin.errors import InputError
from twin.units import HOUR

_UNITS = {"SEC": 1.0, "MIN": 60.0, "HOU": HOUR, "DAY": 24 * HOUR}
_SI = {"LPS", "LPM", "MLD", "CMH", "CMD", "CMS", "SI"}
_FEET_IN_PSI = 1 / 0.4333  # as EPANET has it
_METRES = {
    "PSI": 0.3048 * _FEET_IN_PSI,
    "KPA": 0.3048 * _FEET_IN_PSI / 6.895,
    "BAR": 0.3048 * _FEET_IN_PSI / 0.068948,
    "METERS": 1.0,
    "FEET": 0.3048,
}
"""What one of EPANET's units of pressure is in metres."""
_ELEMENTS = ("JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES")
_CONTROL = re.compile(
    r"\w+\s+(\S+)\s+(\S+)\s+IF\s+\w+\s+(\S+)\s+(ABOVE|BELOW)\s+(\S+)", re.IGNORECASE
)


@dataclass(frozen=True)
class LevelControl:
    """A simple control: sets `actuator` to `to` where the level of `node` passes `level`.

    Attributes
    ----------
    line, column : int
        Where its level is written.
    actuator, to, node : str
        As written.
    sign : str
        `<` or `>`.
    level : float
        In the file's unit.
    """

    line: int
    column: int
    actuator: str
    to: str
    node: str
    sign: str
    level: float


@dataclass(frozen=True)
class Inp:
    """What is read of an EPANET file.

    Attributes
    ----------
    step, pattern_step, duration : float
        Hydraulic step, pattern step and duration [s].
    required_pressure : float or None
        [m]; None where the file does not give it.
    metric : bool
        Whether its flows, and so its lengths, are metric.
    controls : tuple of LevelControl
    elements : tuple of str
        Nodes and links, by name.
    """

    step: float
    pattern_step: float
    duration: float
    required_pressure: float | None
    metric: bool
    controls: tuple[LevelControl, ...]
    elements: tuple[str, ...]


def read(path: Path) -> Inp:
    """Read an EPANET file's [TIMES], [OPTIONS] and [CONTROLS].

    Raises
    ------
    InputError
        If it is no EPANET file, or a number in it is no number.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    times: dict[str, float] = {}
    required: float | None = None
    units, pressures = "GPM", ""
    controls: list[LevelControl] = []
    elements: list[str] = []
    section = ""
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        content, at = line.partition(";")[0].strip(), (path, number, line)
        if content.startswith("["):
            section = content.strip("[]").upper()
            seen.add(section)
            continue
        fields = content.split()
        if section in _ELEMENTS and fields:
            elements.append(fields[0])
        elif section == "TIMES" and len(fields) >= 2:
            key = " ".join(fields[:-1]).upper()
            unit = ""
            if fields[-1][:3].upper() in (*_UNITS, "AM", "PM"):
                unit, key = fields[-1], " ".join(fields[:-2]).upper()
                fields = fields[:-1]
            if key in ("HYDRAULIC TIMESTEP", "PATTERN TIMESTEP", "DURATION"):
                times[key] = _seconds(fields[-1], unit, at)
        elif section == "OPTIONS" and len(fields) >= 2:
            if fields[0].upper() == "UNITS":
                units = fields[1].upper()
            if fields[0].upper() == "PRESSURE" and fields[1].upper() in _METRES:
                pressures = fields[1].upper()
            if " ".join(fields[:2]).upper() == "REQUIRED PRESSURE" and len(fields) > 2:
                required = _number(fields[2], at)
        elif section == "CONTROLS" and (match := _CONTROL.match(content)):
            sign = ">" if match[4].upper() == "ABOVE" else "<"
            level = _number(match[5], at)
            column = line.find(match[5], match.start(5)) + 1
            controls.append(LevelControl(number, column, match[1], match[2], match[3], sign, level))
    if not {"JUNCTIONS", "TIMES"} & seen:
        raise InputError("not an EPANET file: it has no [JUNCTIONS] and no [TIMES]", path)
    if required is not None:
        required = round(required * _METRES[pressures or ("METERS" if units in _SI else "PSI")], 3)
    return Inp(
        times.get("HYDRAULIC TIMESTEP") or HOUR,
        times.get("PATTERN TIMESTEP") or HOUR,
        times.get("DURATION", 0.0),
        required,
        units in _SI,
        tuple(controls),
        tuple(elements),
    )


def _seconds(text: str, unit: str, at: tuple[Path, int, str]) -> float:
    if ":" in text:
        parts = [_number(part, at) for part in text.split(":")]
        hours, minutes, seconds = (*parts, 0.0, 0.0)[:3]
        return hours * HOUR + minutes * 60 + seconds
    return _number(text, at) * _UNITS.get(unit[:3].upper(), HOUR)


def _number(text: str, at: tuple[Path, int, str]) -> float:
    try:
        return float(text)
    except ValueError:
        path, number, line = at
        column = line.find(text) + 1
        message = f"{text!r} is not a number"
        raise InputError(message, path, number, column=column) from None
