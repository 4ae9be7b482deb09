"""A line of PLC logic, and what of an EPANET file goes by the clock as such lines."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

Point = tuple[str, str]
"""What is measured: a quantity and the element, like `("level", "T1")`."""


@dataclass(frozen=True)
class Line:
    """A line of logic as plcs.yaml will hold it.

    Attributes
    ----------
    actuator : str
    command : float
        As in `twin.plants.logic.Rule`.
    when : str
        The condition, on the tags' names.
    reads : tuple of Point
        What it needs to be told.
    at : float or None
        The instant [s] of a control `AT TIME`, which may turn out to be a daily one.
    keeps : bool
        As in `twin.plants.logic.Rule`.
    """

    actuator: str
    command: float
    when: str
    reads: tuple[Point, ...] = ()
    at: float | None = None
    keeps: bool = False

    def names(self, clock: str) -> bool:
        """Return whether its condition is on `t` or on `hour`."""
        return re.search(rf"\b{clock}\b", self.when) is not None


def by_pattern(model: Any, pump: str, notes: list[str]) -> list[Line]:
    """Return a pump's speed pattern as lines by the hour of the day, where it is the same daily."""
    name = str(model.get_link(pump).speed_pattern_name)
    speeds = [float(speed) for speed in model.get_pattern(name).multipliers]
    times = model.options.time
    step = float(times.pattern_timestep)
    if len(set(speeds)) == 1:
        return [Line(pump, speeds[0], "hour >= 0")]
    shift = float(times.start_clocktime - times.pattern_start)
    starts = range(max(len(speeds), math.ceil(86400.0 / step)))
    at: dict[float, set[float]] = {}
    for i in starts:
        at.setdefault((i * step + shift) % 86400.0, set()).add(speeds[i % len(speeds)])
    whole = len(speeds) * step % 86400.0 == 0.0 or 86400.0 % (len(speeds) * step) == 0.0
    if not whole or any(len(found) > 1 for found in at.values()):
        notes.append(
            f"The speed pattern {name} of pump {pump} is not carried over: it is not the same "
            "every day. Write what its PLC shall do by the `hour` in plcs.yaml."
        )
        return []
    notes.append(
        f"The speed pattern {name} of pump {pump} became rules by the hour. As in EPANET, they "
        "start it again wherever no control, of those after them, holds at that moment."
    )
    begins = sorted(at)
    courses = [(begin, next(iter(at[begin]))) for begin in begins]
    if courses[0][0] > 0.0:
        courses.insert(0, (0.0, courses[-1][1]))
    lines: list[Line] = []
    ends = [*(begin for begin, _ in courses[1:]), 86400.0]
    start = 0.0
    for i, ((_, speed), end) in enumerate(zip(courses, ends, strict=True)):
        if end < 86400.0 and courses[i + 1][1] == speed:
            continue
        lines.append(Line(pump, speed, f"{hours(start)} <= hour < {hours(end)}"))
        start = end
    return lines


def schedules(lines: list[Line], model: Any) -> tuple[list[Line], list[str]]:
    """Turn `AT TIME` controls that come every day of the file's duration into times of the day.

    Returns
    -------
    list of Line
    list of str
        The actuators whose controls became daily.
    """
    times = model.options.time
    days = math.ceil(times.duration / 86400)
    timed: dict[str, dict[tuple[float, float], set[int]]] = {}
    for line in lines:
        if line.at is not None:
            day, clock = divmod(line.at, 86400.0)
            timed.setdefault(line.actuator, {}).setdefault((clock, line.command), set()).add(
                int(day)
            )
    daily = {
        actuator
        for actuator, found in timed.items()
        if days and all(seen == set(range(days)) for seen in found.values())
    }
    kept: dict[Line, None] = {}
    for line in lines:
        if line.at is not None and line.actuator in daily:
            clock = (line.at + times.start_clocktime) % 86400.0
            line = replace(line, when=f"hour == {hours(clock)}", at=None)
        kept[line] = None
    return list(kept), sorted(daily)


def hours(seconds: float) -> str:
    """Write whole seconds as hours, so that they are the same number when they come round."""
    hours = round(seconds) / 3600
    return f"{hours:g}" if float(f"{hours:g}") == hours else repr(hours)
