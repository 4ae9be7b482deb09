"""A drafted plant held against its EPANET file: two days of both, tank by tank and pump by pump.

EPANET runs the file as it was given, under its own controls; the plant runs beside it under its
PLCs, from the same hour, without a warm-up, its patterns as they stand. EPANET runs twice, at two
hydraulic steps: what it differs from itself is no fault of the plant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.drafting.controls import ControlLogic
from twin.drafting.reference import Course, of_file, of_plant
from twin.errors import InputError, RunError, listed
from twin.plants import inp
from twin.plants.logic import CROSSINGS
from twin.plants.spec import PlantSpec
from twin.units import DAY, HOUR

SOURCE = "source.inp"
"""The EPANET file that a plant was drafted from, in its folder."""
DURATION = int(2 * DAY)
NEAR = 0.02
"""Levels [m] that are no farther apart are the same water."""
_NEAR_HOURS = 0.25  # running times [h]
_RULE_STEP = 60  # s; EPANET looks at its rules so often, and a PLC of a draft at the second
_AT = 1e-4  # m
_SHORT = 600.0  # s; a switch that comes so much later is the same switch

Tell = Callable[[str, float], None]
"""Called with what is being run, and the share that is done."""


@dataclass(frozen=True)
class TankApart:
    """How far a tank's level is apart.

    Attributes
    ----------
    tank : str
    apart_m : float
        The largest difference [m].
    at_h : float
        When [h].
    epanet_itself_m : float
        The largest difference of EPANET from itself at another hydraulic step [m].
    beyond_from_h : float or None
        Since when [h] it is farther apart than `tolerance_m`; None where it never is.
    """

    tank: str
    apart_m: float
    at_h: float
    epanet_itself_m: float
    beyond_from_h: float | None

    @property
    def tolerance_m(self) -> float:
        """2 cm, or twice what EPANET differs from itself."""
        return max(NEAR, 2 * self.epanet_itself_m)


@dataclass(frozen=True)
class PumpApart:
    """How far a pump's running time is apart.

    Attributes
    ----------
    pump : str
    epanet_h, plant_h : float
        How long it ran [h].
    beyond : bool
        Whether they are farther apart than `tolerance_h`.
    epanet_itself_h : float
        How far EPANET is from itself at another hydraulic step [h].
    """

    pump: str
    epanet_h: float
    plant_h: float
    beyond: bool
    epanet_itself_h: float

    @property
    def tolerance_h(self) -> float:
        """A quarter of an hour, or twice what EPANET differs from itself."""
        return _pump_tolerance(self.epanet_itself_h)


@dataclass(frozen=True)
class Proof:
    """How far a plant is from its file.

    Attributes
    ----------
    tanks : tuple of TankApart
    pumps : tuple of PumpApart
    reasons : tuple of str
        Why, where it is known, a sentence each; empty where nothing is beyond.
    failure : str
        Why nothing could be compared; empty where it was.
    """

    tanks: tuple[TankApart, ...] = ()
    pumps: tuple[PumpApart, ...] = ()
    reasons: tuple[str, ...] = ()
    failure: str = ""

    @property
    def holds(self) -> bool:
        """Whether both were compared and nothing is beyond its tolerance."""
        beyond = any(tank.beyond_from_h is not None for tank in self.tanks)
        return not (self.failure or beyond or any(pump.beyond for pump in self.pumps))


def source_of(spec: PlantSpec) -> Path:
    """Return the EPANET file of a plant: source.inp, or network.inp where that has the controls.

    Raises
    ------
    InputError
        If there is none.
    """
    source = spec.folder / SOURCE
    if source.is_file():
        return source
    network = spec.folder / "network.inp"
    text = inp.read_text(network)
    if inp.without_logic(text) != text:
        return network
    raise InputError(
        f"nothing to hold the plant against: it has no {SOURCE}, and its network.inp has no "
        f"[CONTROLS] or [RULES]. Copy the EPANET file it was made from into the folder as {SOURCE}",
        spec.folder,
    )


def prove(spec: PlantSpec, source: Path, controls: ControlLogic, tell: Tell) -> Proof:
    """Run a plant and its file for two days and compare them.

    Parameters
    ----------
    spec : PlantSpec
        Not `drawn`.
    source : Path
        The file.
    controls : ControlLogic
        What became of the file's controls and rules.
    tell : Tell
    """
    text = inp.read_text(source)
    try:
        course = of_file(text, DURATION, spec.step, _RULE_STEP, lambda x: tell("EPANET", x))
        again = of_file(
            text,
            DURATION,
            max(spec.step // 2, 1),
            DURATION,
            lambda x: tell("EPANET, half the step", x),
        )
        plant = of_plant(spec, DURATION, lambda x: tell("the plant", x))
    except (InputError, RunError) as error:
        return Proof(failure=str(error.message if isinstance(error, InputError) else error))
    grid = np.arange(0.0, DURATION + 1, spec.step)
    tanks = tuple(
        _tank(name, grid, course, again, plant) for name in plant.levels if name in course.levels
    )
    pumps = tuple(
        _pump(name, course, again, plant)
        for name in spec.model.pump_name_list
        if name in plant.running and name in course.running
    )
    proof = Proof(tanks, pumps)
    if proof.holds:
        return proof
    return Proof(
        tanks,
        pumps,
        (
            *_reasons(course, plant, controls),
            *_habits(spec, course, plant),
            *_late(spec, proof, course, plant),
        ),
    )


def _tank(name: str, grid: np.ndarray, course: Course, again: Course, plant: Course) -> TankApart:
    expected = course.at(grid, name)
    apart = np.abs(plant.at(grid, name) - expected)
    itself = float(np.abs(again.at(grid, name) - expected).max())
    beyond = np.flatnonzero(apart > max(NEAR, 2 * itself))
    return TankApart(
        name,
        float(apart.max()),
        float(grid[apart.argmax()] / HOUR),
        itself,
        float(grid[beyond[0]] / HOUR) if len(beyond) else None,
    )


def _pump(name: str, course: Course, again: Course, plant: Course) -> PumpApart:
    expected, hours = course.hours(name), plant.hours(name)
    itself = abs(again.hours(name) - expected)
    beyond = abs(hours - expected) > _pump_tolerance(itself)
    return PumpApart(name, expected, hours, beyond, itself)


def _pump_tolerance(itself: float) -> float:
    return max(_NEAR_HOURS, 2 * itself)


def _reasons(course: Course, plant: Course, controls: ControlLogic) -> Iterator[str]:
    """Say what is known of why two courses part."""
    parted = _parted(course, plant)
    if parted is not None:
        at, link = parted
        here = bool(plant.flows(np.array([at]), link)[0])
        yield (
            f"the first to switch otherwise is {link}, at {at / HOUR:.2f} h: "
            f"{'it runs here, and' if here else 'it stands still here, and runs'} "
            f"{'not in EPANET' if here else 'in EPANET'}"
        )
        if link in controls.daily:
            yield (
                f"{link} switches daily here, which the file's `AT TIME` controls do on every day "
                "it lasts; EPANET does nothing more after the last of them"
            )
    if left := controls.left:
        more = "" if len(left) == 1 else f" (and {len(left) - 1} more)"
        yield f"not carried over: {left[0]}{more}"
    yield from plant.events[:3]
    yield from course.events


def _habits(spec: PlantSpec, course: Course, plant: Course) -> Iterator[str]:
    """Say what of a plant's control acts otherwise than EPANET, as far as it matters here."""
    levels = {tag.name: tag.element for tag in spec.tags if tag.quantity == "level"}
    late = []
    for name, plc in spec.plcs.items():
        for rule in plc.rules:
            link = rule.actuator
            same = link not in plant.running or plant.running[link][0] == course.running[link][0]
            for tag, threshold in rule.when.thresholds:
                tank = levels.get(tag)
                if tank and not same and abs(plant.levels[tank][0] - threshold) < _AT:
                    yield (
                        f"{tank} starts at {threshold:g} m, the threshold of "
                        f"`{rule.when.text}` for {link}: a control of EPANET counts it as "
                        "passed, a PLC does not"
                    )
        if plc.rules and (plc.scan > spec.step or plc.crossing != CROSSINGS["after"]):
            late.append(name)
    if late:
        yield (
            f"{listed(late)}: no scan at the first second after a threshold (`crossings: after`), "
            "at which EPANET acts"
        )


def _late(spec: PlantSpec, proof: Proof, course: Course, plant: Course) -> Iterator[str]:
    """Say which tanks part because EPANET is slow to let water out of a full one."""
    for tank in proof.tanks:
        if tank.beyond_from_h is None:
            continue
        rim = float(spec.model.get_node(tank.tank).max_level)
        since = np.arange(0.0, tank.beyond_from_h * HOUR + 1, spec.step)
        full = course.at(since, tank.tank) > rim - _AT
        apart = np.flatnonzero(full & (plant.at(since, tank.tank) < rim - NEAR))
        if len(apart):
            yield (
                f"{tank.tank} is still full in EPANET at {since[apart[0]] / HOUR:.2f} h, when "
                "water flows out of it here: EPANET may take some steps to open the pipe of a "
                "full tank again"
            )


def _parted(course: Course, plant: Course) -> tuple[float, str] | None:
    """Return when, and by which link, two courses first part for more than a moment."""
    first: tuple[float, str] | None = None
    times = np.union1d(course.times, plant.times)
    for link in plant.running:
        differs = course.flows(times, link) != plant.flows(times, link)
        edges = np.diff(np.concatenate([[0], differs.astype(int), [0]]))
        ends = np.append(times, times[-1])
        for start, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
            if ends[end] - times[start] > _SHORT:
                if first is None or times[start] < first[0]:
                    first = (float(times[start]), link)
                break
    return first


def verdict(proof: Proof) -> list[str]:
    """Return the first lines of a proof: whether the plant is its file's, and why not."""
    hours = f"{DURATION / HOUR:g} h"
    if proof.failure:
        return [
            "**Warning: whether this plant does what its file does is not known.** EPANET could "
            f"not run the file under its own controls beside it: {proof.failure}"
        ]
    if proof.holds:
        words = f"Beside EPANET, which ran the file under its own controls for {hours}, "
        if not proof.tanks and not proof.pumps:
            return [f"{words}there is nothing to compare: no tank and no pump."]
        parts = []
        if proof.tanks:
            worst = max(proof.tanks, key=lambda tank: tank.apart_m)
            parts.append(
                f"levels are at most {_length(worst.apart_m)} apart ({worst.tank} at "
                f"{worst.at_h:.1f} h){_itself(worst)}"
            )
        if proof.pumps:
            most = max(abs(pump.plant_h - pump.epanet_h) for pump in proof.pumps)
            parts.append(f"pumps' running times at most {most * 60:.0f} min")
        return [f"{words}{', '.join(parts)}."]
    lines = [
        "**Warning: this plant does not do what its file does.** EPANET ran the file under its own "
        f"controls for {hours}, and the plant ran beside it from the same levels and demands. "
        f"Levels may be {_length(NEAR)} apart, pumps' running times {_NEAR_HOURS * 60:g} min, or "
        "twice what EPANET's own change if its hydraulic step is halved. Beyond that are:"
    ]
    beyond = [tank for tank in proof.tanks if tank.beyond_from_h is not None]
    beyond.sort(key=lambda tank: tank.beyond_from_h or 0.0)
    lines += [
        f"- the level of tank {tank.tank}: up to {_length(tank.apart_m)} apart, at "
        f"{tank.at_h:.1f} h; {_length(tank.tolerance_m)} may be, exceeded from "
        f"{tank.beyond_from_h:.1f} h on{_itself(tank)}"
        for tank in beyond[:5]
    ]
    if len(beyond) > 5:
        lines.append(f"- the levels of tanks {listed([tank.tank for tank in beyond[5:]])}")
    pumps = [pump for pump in proof.pumps if pump.beyond]
    lines += [
        f"- the running time of pump {pump.pump}: {pump.plant_h:.2f} h here, "
        f"{pump.epanet_h:.2f} h in EPANET; {pump.tolerance_h:.2f} h may be between them"
        for pump in pumps[:5]
    ]
    if len(pumps) > 5:
        lines.append(f"- the running times of pumps {listed([pump.pump for pump in pumps[5:]])}")
    lines += ["", "Why, as far as it is known:", ""]
    lines += [f"- {reason}" for reason in proof.reasons] or [f"- {_NO_REASON}"]
    return lines


_NO_REASON = (
    "nothing known: every statement was carried over, every link switches when EPANET's does, and "
    "EPANET warned of nothing; compare flows and pressures next"
)


def _itself(tank: TankApart) -> str:
    """Say how far EPANET is from itself, where that explains more than the least tolerance."""
    if max(tank.apart_m, 2 * tank.epanet_itself_m) <= NEAR:
        return ""
    return f" (EPANET's own changes by {_length(tank.epanet_itself_m)} at half the step)"


def table(proof: Proof) -> list[str]:
    """Return every tank and pump as the lines of a Markdown table."""
    rows: list[str] = []
    if proof.tanks:
        rows += ["| tank | levels at most apart | at | EPANET from itself, at another step |",
                 "|---|---|---|---|"]  # fmt: skip
        rows += [
            f"| {tank.tank} | {_length(tank.apart_m)} | {tank.at_h:.1f} h "
            f"| {_length(tank.epanet_itself_m)} |"
            for tank in proof.tanks
        ]
    if proof.pumps:
        rows += [""] if rows else []
        rows += ["| pump | runs in EPANET | runs here |", "|---|---|---|"]
        rows += [
            f"| {pump.pump} | {pump.epanet_h:.2f} h | {pump.plant_h:.2f} h |"
            for pump in proof.pumps
        ]
    return rows


def _length(metres: float) -> str:
    return f"{round(metres * 1000, 1):g} mm" if metres < 0.1 else f"{metres:.3f} m"
