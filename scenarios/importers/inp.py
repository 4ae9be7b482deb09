"""What the peers take from an EPANET file beside the network: its times, and its controls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from twin.errors import InputError
from twin.units import HOUR

_UNITS = {"SEC": 1.0, "MIN": 60.0, "HOU": HOUR, "DAY": 24 * HOUR}
_SI = {"LPS", "LPM", "MLD", "CMH", "CMD"}
_CONTROL = re.compile(
    r"\w+\s+(\S+)\s+(\S+)\s+IF\s+\w+\s+(\S+)\s+(ABOVE|BELOW)\s+(\S+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Level:
    """A control on a level: what sets an actuator to what.

    Attributes
    ----------
    line, column : int
        Of what it says of its level.
    actuator, to, node : str
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
    """Of an EPANET file.

    Attributes
    ----------
    step, pattern_step, duration : float
        [s]
    required_pressure : float or None
        [m or psi], where it says.
    metric : bool
        Whether its flows, and so its lengths, are metric.
    controls : tuple of Level
    """

    step: float
    pattern_step: float
    duration: float
    required_pressure: float | None
    metric: bool
    controls: tuple[Level, ...]


def read(path: Path) -> Inp:
    """Read an EPANET file's [TIMES], [OPTIONS] and [CONTROLS].

    Raises
    ------
    InputError
        If it is none, or a time in it is none.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path) from None
    times: dict[str, float] = {}
    required: float | None = None
    units = "GPM"
    controls: list[Level] = []
    section = ""
    seen = set()
    for number, line in enumerate(text.splitlines(), start=1):
        said, at = line.partition(";")[0].strip(), (path, number, line)
        if said.startswith("["):
            section = said.strip("[]").upper()
            seen.add(section)
            continue
        fields = said.split()
        if section == "TIMES" and len(fields) >= 2:
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
            if " ".join(fields[:2]).upper() == "REQUIRED PRESSURE" and len(fields) > 2:
                required = _number(fields[2], at)
        elif section == "CONTROLS" and (match := _CONTROL.match(said)):
            sign = ">" if match[4].upper() == "ABOVE" else "<"
            level = _number(match[5], at)
            column = line.find(match[5], match.start(5)) + 1
            controls.append(Level(number, column, match[1], match[2], match[3], sign, level))
    if not {"JUNCTIONS", "TIMES"} & seen:
        raise InputError("not an EPANET file: it has no [JUNCTIONS] and no [TIMES]", path)
    return Inp(
        times.get("HYDRAULIC TIMESTEP", HOUR),
        times.get("PATTERN TIMESTEP", HOUR),
        times.get("DURATION", 0.0),
        required,
        units in _SI,
        tuple(controls),
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
