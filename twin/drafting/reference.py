"""Two courses of the same water: EPANET's, under a file's own controls, and a plant's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import epanet
import numpy as np
from epanet_plus import EpanetConstants as EN

from twin.errors import PlantError
from twin.plants import inp
from twin.plants.rewrite import KW_PER_HP, US_UNITS, Units
from twin.plants.spec import PlantSpec
from twin.tags import Values
from twin.testbed import Testbed
from twin.units import HOUR
from twin.water.engine import WARNINGS

Progress = Callable[[float], None]
"""Called with the share that is done."""
_SUNDAY = datetime(2026, 1, 4)
_FOOT = 0.3048
_ERRORS = 100


@dataclass(frozen=True)
class Course:
    """What tanks and links did in a run.

    Attributes
    ----------
    times : ndarray of shape (N,)
        Instants [s].
    levels : dict of str to ndarray of shape (N,)
        Of each tank [m]; straight between two instants.
    running : dict of str to ndarray of shape (N,)
        Whether water flows through a link, from each instant to the next.
    events : tuple of str
        What went wrong, a sentence each.
    """

    times: Values
    levels: dict[str, Values]
    running: dict[str, Values]
    events: tuple[str, ...] = ()

    def at(self, grid: Values, tank: str) -> Values:
        """Return a tank's level [m] at other instants [s]."""
        return np.interp(grid, self.times, self.levels[tank])

    def flows(self, grid: Values, link: str) -> Values:
        """Return whether water flows through a link, just after other instants [s]."""
        place = np.searchsorted(self.times, grid, side="right") - 1
        return self.running[link][place]

    def hours(self, link: str) -> float:
        """Return how long a link ran [h]."""
        return float((np.diff(self.times) * self.running[link][:-1]).sum() / HOUR)


def of_file(text: str, duration: int, step: int, rule_step: int, progress: Progress) -> Course:
    """Run EPANET on a file's text, under its own [CONTROLS] and [RULES].

    Parameters
    ----------
    text : str
    duration, step : int
        How long, and the longest hydraulic step [s].
    rule_step : int
        The longest between two evaluations of [RULES] [s].
    progress : Progress

    Raises
    ------
    InputError
        If EPANET refuses it.
    PlantError
        If EPANET cannot go on.
    """
    with inp.opened(text) as project:
        metres = _FOOT if Units(project).flow in US_UNITS else 1.0
        own_rule_step = epanet.EN_gettimeparam(project, EN.EN_RULESTEP)[1]
        for what, value in (
            (EN.EN_DURATION, duration),
            (EN.EN_HYDSTEP, step),
            (EN.EN_RULESTEP, min(own_rule_step, rule_step)),
        ):
            epanet.EN_settimeparam(project, what, value)
        nodes, links = range(1, _count(project, EN.EN_NODECOUNT) + 1), _links(project)
        tanks = [i for i in nodes if epanet.EN_getnodetype(project, i)[1] == EN.EN_TANK]
        bottoms = [epanet.EN_getnodevalue(project, i, EN.EN_ELEVATION)[1] for i in tanks]
        if metres == 1.0:
            _mend_power(project, links)
        times, levels, running = [], [], []
        warned: Counter[str] = Counter()
        _must(epanet.EN_openH(project)[0], 0)
        _must(epanet.EN_initH(project, EN.EN_NOSAVE)[0], 0)
        left = 1
        while left > 0:
            code, now = epanet.EN_runH(project)[:2]
            _must(code, now)
            if code:
                warned[WARNINGS[code]] += 1
            heads = [epanet.EN_getnodevalue(project, i, EN.EN_HEAD)[1] for i in tanks]
            times.append(now)
            levels.append([(h - b) * metres for h, b in zip(heads, bottoms, strict=True)])
            running.append([epanet.EN_getlinkvalue(project, i, EN.EN_FLOW)[1] != 0 for i in links])
            code, left = epanet.EN_nextH(project)[:2]
            _must(code, now)
            progress(min(now / duration, 1.0))
        epanet.EN_closeH(project)
        names = [epanet.EN_getnodeid(project, i)[1] for i in tanks]
        link_names = [epanet.EN_getlinkid(project, i)[1] for i in links]
    return _course(
        times,
        dict(zip(names, np.array(levels).reshape(len(times), -1).T, strict=True)),
        dict(zip(link_names, np.array(running).reshape(len(times), -1).T, strict=True)),
        tuple(
            f"EPANET warns at {count} of its {len(times)} instants: {what}"
            for what, count in warned.items()
        ),
    )


def of_plant(spec: PlantSpec, duration: int, progress: Progress) -> Course:
    """Run a plant as an EPANET file runs: from its first hour, no warm-up, patterns as they stand.

    Parameters
    ----------
    spec : PlantSpec
        Not `drawn`.
    duration : int
        How long [s].
    progress : Progress

    Raises
    ------
    RunError
        If EPANET cannot go on.
    """
    options = spec.model.options
    tags = {tag.element: i for i, tag in enumerate(spec.tags) if tag.quantity == "flow"}
    tags |= {tag.element: i for i, tag in enumerate(spec.tags) if tag.quantity == "status"}
    times: list[float] = []
    levels: list[list[float]] = []
    flowing: list[list[bool]] = []

    def look(now: float, values: Values) -> None:
        times.append(now)
        levels.append(list(bed.plant.levels))
        flowing.append([bool(values[i] != 0.0) for i in tags.values()])

    pressure_driven = str(options.hydraulic.demand_model).upper() in ("PDA", "PDD")
    with Testbed(
        spec,
        start=_SUNDAY + timedelta(seconds=float(options.time.start_clocktime)),
        warmup=0.0,
        pressure_driven=pressure_driven,
    ) as bed:
        bed.recording = False
        bed.observers.append(look)
        for now in bed.run(duration):
            progress(now / duration)
        look(duration, bed.plant.values)
    # An instant shows the flows of the solution before it.
    flowing = [*flowing[1:], flowing[-1]]
    return _course(
        times,
        dict(zip(bed.plant.tanks, np.array(levels).reshape(len(times), -1).T, strict=True)),
        dict(zip(tags, np.array(flowing).reshape(len(times), -1).T, strict=True)),
        tuple(
            f"{event.subject} is stopped at {event.time / HOUR:.2f} h by its dry-run protection, "
            "which EPANET has not (`dry_run_protection: false` in plcs.yaml)"
            for event in bed.historian.events
            if event.kind == "trip"
        ),
    )


def _course(
    times: list[float],
    levels: dict[str, Values],
    running: dict[str, Values],
    events: tuple[str, ...],
) -> Course:
    return Course(np.array(times, dtype=float), levels, running, events)


def _count(project: object, what: int) -> int:
    return int(epanet.EN_getcount(project, what)[1])


def _links(project: object) -> list[int]:
    return list(range(1, _count(project, EN.EN_LINKCOUNT) + 1))


def _mend_power(project: object, links: list[int]) -> None:
    """Give pumps of constant power the power that a metric file says.

    EPANET 2.3.6 converts it twice: they run 1.34 times too strong, unlike in EPANET 2.2.
    """
    for link in links:
        if epanet.EN_getlinktype(project, link)[1] == EN.EN_PUMP:
            power = epanet.EN_getlinkvalue(project, link, EN.EN_PUMP_POWER)[1]
            if power > 0.0:
                epanet.EN_setlinkvalue(project, link, EN.EN_PUMP_POWER, power * KW_PER_HP)


def _must(code: int, now: float) -> None:
    if code >= _ERRORS:
        reason = str(epanet.EN_geterror(code)[1]).strip()
        raise PlantError(f"EPANET stopped at {now / HOUR:.2f} h: {reason} (error {code})")
