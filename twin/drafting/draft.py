"""Drafting a plant folder from an EPANET file: network, tags, PLCs, and a record of what was done.

The record names everything that was decided and everything that could not be carried over, so that
the user can decide otherwise.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.drafting.controls import ControlLogic, read_controls
from twin.drafting.lines import Line, Point
from twin.drafting.proof import SOURCE, Proof, Tell, prove, source_of, table, verdict
from twin.drafting.stations import REACH, Station, group
from twin.errors import InputError, listed
from twin.files import SCHEMA_LINE, folder_beside
from twin.plants import inp, rewrite, schema
from twin.plants.districts import weekly
from twin.plants.logic import REOPEN, STATE_WORDS, without_dead_band
from twin.plants.spec import COLUMNS, QUANTITIES, PlantSpec, load_plant
from twin.tags import Tag, Values
from twin.testbed import Testbed
from twin.units import DAY, counted

RECORD = "DRAFT.md"
_LETTER = {"level": "L", "flow": "F", "status": "S", "pressure": "P"}
_HEAD = """\
# The control system of {name}, drafted from {file}; {record} says what was carried over and how.

step: 5 min             # hydraulic and recording step
polling: 5 min          # SCADA asks every PLC this often
scan:                   # when a PLC's logic runs, unless it says otherwise
  every: 5 min
  crossings: after      # and at the first second after a rule's threshold or time is reached
latency: 0 s            # of every link, unless named below
links: {{}}               # PLC2->PLC1: {{latency: 200 ms}}
{protected}

plcs:                   # rules: a later one overrules those before it
"""
_PROTECTED = "dry_run_protection: true   # a pump stops whose suction pressure falls below zero"
_UNPROTECTED = (
    f"dry_run_protection: false  # or it would stop pumps that EPANET runs: {RECORD} says which"
)


@dataclass(frozen=True)
class Draft:
    """A drafted plant.

    Attributes
    ----------
    spec : PlantSpec
        As it is read back from its folder.
    done, left : tuple of str
        What was done, and what of the file was not carried over, a sentence each.
    notes : tuple of str
        What acts otherwise than it seems, or than in EPANET, a sentence each.
    proof : Proof
        How far it is from what EPANET makes of the file.
    """

    spec: PlantSpec
    done: tuple[str, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]
    proof: Proof


def draft(file: Path, out: Path, tell: Tell = lambda what, share: None) -> Draft:
    """Write a plant folder from an EPANET file, and hold it against the file.

    Parameters
    ----------
    file, out : Path
    tell : Tell, optional
        Told of the progress.

    Raises
    ------
    InputError
        If the file cannot be read or solved, or `out` exists; nothing is written then.
    """
    if out.exists():
        raise InputError(
            f"{out} exists already: name a new folder for --out, or replace its files "
            "with --force where it is a plant's"
        )
    text = inp.read_text(file)
    model, rewritten = rewrite.read(text, file)
    names = _Names(model)
    controls = _logic(text, model, rewritten, names)
    stations = group(model, controls)
    place = folder_beside(out)
    try:
        folder = place / out.name
        folder.mkdir()
        shutil.copyfile(file, folder / SOURCE)
        network = f"; Drafted from {file.name}\n{rewritten.text}"
        (folder / "network.inp").write_text(network, encoding="utf-8")
        _write_tags(folder / "tags.csv", stations, names)
        head = _HEAD.format(name=out.name, file=file.name, record=RECORD, protected=_PROTECTED)
        head = f"{SCHEMA_LINE}{schema.PATH.as_uri()}\n{head}"
        plcs = head + "".join(_plc_lines(stations, controls, names))
        (folder / "plcs.yaml").write_text(plcs, encoding="utf-8")
        dry = _run_dry(folder, file)
        if dry:
            plcs = plcs.replace(_PROTECTED, _UNPROTECTED)
            (folder / "plcs.yaml").write_text(plcs, encoding="utf-8")
        spec = load_plant(folder)
        made = Draft(
            spec=spec,
            done=(*_done(spec, controls), *_renamed(spec), *_unprotected(dry)),
            left=(*controls.left, *_logic_left(controls), *rewritten.unused, *_left(model, text)),
            notes=(*controls.notes, *_notes(spec)),
            proof=prove(load_plant(folder, drawn=False), file, controls, tell),
        )
        (folder / RECORD).write_text(record(made, file.name), encoding="utf-8")
        folder.rename(out)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Draft(load_plant(out.absolute()), made.done, made.left, made.notes, made.proof)


def check(plant: str | Path, tell: Tell) -> tuple[Path, Proof]:
    """Hold a plant against its EPANET file again; return that file and what came of it.

    Raises
    ------
    InputError
        If there is no such plant, or no such file in its folder.
    """
    spec = load_plant(plant, drawn=False)
    source = source_of(spec)
    text = inp.read_text(source)
    model, rewritten = rewrite.read(text, source)
    return source, prove(spec, source, _logic(text, model, rewritten, _Names(model)), tell)


def _logic(text: str, model: Any, rewritten: rewrite.Rewritten, names: _Names) -> ControlLogic:
    """Read the controls and rules of a file, which are in the file's own units."""
    model.options.hydraulic.inpfile_units = rewritten.units.flow
    model.options.hydraulic.inpfile_pressure_units = rewritten.units.pressure
    return read_controls(text, model, names)


def record(made: Draft, file: str) -> str:
    """Return what is to be known of a draft, as it stands in its folder."""
    lines = [f"# How this plant was drafted from {file}", "", *verdict(made.proof)]
    if made.notes:
        lines += ["", "Mind that:", "", *(f"- {line}" for line in made.notes)]
    lines += ["", "## Done", ""]
    lines += [f"- {line}" for line in made.done]
    lines += ["", "## Not carried over", ""]
    lines += [f"- {line}" for line in made.left] or ["Nothing was left out."]
    if rows := table(made.proof):
        lines += ["", "## Beside EPANET", "", *rows]
    return "\n".join(lines) + "\n"


class _Names:
    """Tag names of points: quantity, _, and the element in letters, digits and _ only."""

    def __init__(self, model: Any):
        self._parts = {
            "node": _slugs(model.node_name_list),
            "link": _slugs(model.link_name_list),
        }

    def __call__(self, point: Point) -> str:
        quantity, element = point
        kind = "node" if quantity in ("level", "pressure") else "link"
        return f"{_LETTER[quantity]}_{self._parts[kind][element]}"


def _slugs(names: list[str]) -> dict[str, str]:
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        slug = first = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "x"
        number = 1
        while slug in taken:
            number += 1
            slug = f"{first}_{number}"
        taken.add(slug)
        made[name] = slug
    return made


def _write_tags(path: Path, stations: dict[str, Station], names: _Names) -> None:
    tags = [
        Tag(names(point), point[0], point[1], QUANTITIES[point[0]], plc)
        for plc, station in stations.items()
        for point in station.points
    ]
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(_row(tag) for tag in sorted(tags, key=_order))


def _row(tag: Tag) -> list[str]:
    return [tag.name, tag.quantity, tag.element, tag.unit, tag.plc]


def _order(tag: Tag) -> int:
    return {"level": 0, "flow": 1, "status": 1, "pressure": 2}[tag.quantity]


def _plc_lines(
    stations: dict[str, Station], controls: ControlLogic, names: _Names
) -> Iterator[str]:
    owner = {point: plc for plc, station in stations.items() for point in station.points}
    for plc, station in stations.items():
        lines = [line for line in controls.lines if line.actuator in station.actuators]
        wanted = dict.fromkeys(point for line in lines for point in line.reads)
        receives = {names(p): owner[p] for p in wanted if owner[p] != plc}
        if not station.actuators:
            yield f"  {plc}: {{}}  # measures the {_measures(station)}\n"
            continue
        yield f"  {plc}:\n    actuators: [{', '.join(map(_quoted, station.actuators))}]\n"
        if receives:
            pairs = ", ".join(f"{tag}: {sender}" for tag, sender in receives.items())
            yield f"    receives: {{{pairs}}}\n"
        if lines:
            yield "    rules:\n"
            yield from (_rule_line(line) for line in lines)


def _measures(station: Station) -> str:
    return ", ".join(f"{quantity} of {element}" for quantity, element in station.points)


def _rule_line(line: Line) -> str:
    command = REOPEN if line.keeps else STATE_WORDS.get(line.command, _number(line.command))
    return f"      - {{when: {json.dumps(line.when)}, {_quoted(line.actuator)}: {command}}}\n"


def _number(value: float) -> str:
    """Write a number as YAML and people read it: not as 1e-06."""
    return np.format_float_positional(value, trim="0")


def _quoted(name: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][\w.-]*", name, flags=re.ASCII)
    return name if plain and name.lower() not in ("true", "false", "null") else json.dumps(name)


def _run_dry(folder: Path, file: Path) -> dict[str, float]:
    """Run the plant for a day, as EPANET does; return the pumps that its protection would stop.

    Returns
    -------
    dict of str to float
        Pumps that run with less than no pressure at their suction, and how little that is [m].

    Raises
    ------
    InputError
        If EPANET cannot solve it.
    """
    spec = load_plant(folder, control={"dry_run_protection": False})
    place = {(tag.quantity, tag.element): i for i, tag in enumerate(spec.tags)}
    suctions = {name: ("pressure", pump.start_node_name) for name, pump in spec.model.pumps()}
    pumps = [
        (name, place["flow", name], place[suction])
        for name, suction in suctions.items()
        if suction in place  # or it draws from a tank or a reservoir
    ]
    lowest: dict[str, float] = {}

    def look(_: float, values: Values) -> None:
        for name, flow, suction in pumps:
            if values[flow] != 0.0 and values[suction] < lowest.get(name, 0.0):
                lowest[name] = float(values[suction])

    try:
        with Testbed(spec, warmup=0.0) as bed:
            bed.observers.append(look)
            for _ in bed.run(DAY):
                pass
    except RuntimeError as error:
        raise InputError(f"EPANET cannot solve it as it stands: {error}", file) from None
    return lowest


def _unprotected(dry: dict[str, float]) -> Iterator[str]:
    if dry:
        yield (
            f"EPANET runs {listed(dry)} in the first day though the pressure at the suction falls "
            f"below zero, to {min(dry.values()):.1f} m: pumps have no dry-run protection here, "
            "which would stop them (`dry_run_protection: false` in plcs.yaml)."
        )


def _done(spec: PlantSpec, controls: ControlLogic) -> Iterator[str]:
    model = spec.model
    counts = [
        f"{what} {len(names)}"
        for what, names in (
            ("junctions", model.junction_name_list),
            ("tanks", model.tank_name_list),
            ("reservoirs", model.reservoir_name_list),
            ("pipes", model.pipe_name_list),
            ("pumps", model.pump_name_list),
            ("valves", model.valve_name_list),
        )
    ]
    yield f"network.inp: {', '.join(counts)}, in L/s and m, as EPANET reads the file."
    for name, plc in spec.plcs.items():
        drives = f"drives {', '.join(plc.actuators)}; " if plc.actuators else ""
        yield f"{name} {drives}measures {', '.join(plc.sensors)}."
    yield (
        f"Devices within {REACH:g} m of pipe of each other share a PLC. Where the real stations "
        "are others, move their lines in plcs.yaml and the PLC of their tags in tags.csv."
    )
    rules = sum(len(plc.rules) for plc in spec.plcs.values())
    carried = controls.statements - len(controls.left)
    yield (
        f"Controls and rules: {carried} of {controls.statements} carried over, as "
        f"{counted(rules, 'line')}."
    )
    if any(line.names("hour") for line in controls.lines):
        yield "`hour` is the hour of the scenario's day."
    if any(line.names("t") for line in controls.lines):
        yield "`t` counts hours from the scenario's start; in the warm-up it is below 0."
    for dma, members in spec.dmas.items():
        base = 1000 * sum(model.get_node(name).base_demand for name in members)
        how = "keep the file's own patterns, the same every time"
        if dma in spec.profiled:
            how = "follow a weekly profile by day type, drawn anew for every seed"
        size = f"{counted(len(members), 'junction')}, base demand {base:.1f} L/s"
        yield f"{dma}: {size}; its demands {how}."
    hours = weekly(model)
    if hours and len(hours) < len(list(model.patterns())):
        yield "Demands of a profiled DMA whose pattern is not a week long keep that pattern."
    if spec.dmas:
        yield "Patterns run by the clock; the file's first day is a Sunday."
    else:
        yield "No junction has a demand: there is no DMA."


def _renamed(spec: PlantSpec) -> Iterator[str]:
    """Say which elements are called otherwise in their tags' names."""
    parts = {tag.element: tag.name.partition("_")[2] for tag in spec.tags}
    changed = [f"{part} for {element}" for element, part in parts.items() if part != element]
    if changed:
        yield (
            "Tags' names hold letters without accents, digits and _ only, so that conditions can "
            f"name them: {', '.join(changed)}. Commands and ports of the plant keep the file's."
        )


def _logic_left(controls: ControlLogic) -> Iterator[str]:
    if controls.statements:
        yield (
            f"network.inp stands without [CONTROLS] and [RULES]: the PLCs have those that are not "
            f"listed here, and {SOURCE}, a copy of the file, has all"
        )


def _notes(spec: PlantSpec) -> Iterator[str]:
    """Say what of the plant acts otherwise than it seems, beside its logic as it was read."""
    for name, plc in spec.plcs.items():
        for (actuator, tag), number in without_dead_band(plc.rules).items():
            yield (
                f"{name} has no dead band for {actuator}, which it switches on either side of "
                f"{tag} {number:g}: it may do so at every scan, and EPANET at every step."
            )
    if str(spec.model.options.hydraulic.demand_model).upper() in ("PDA", "PDD"):
        yield (
            "The file's demands are pressure-driven, a scenario's are not unless it says "
            "`demand_model: pressure-driven`. A demand is then met in full at the file's own "
            f"required pressure, {spec.required_pressure:.6g} m, unless the scenario gives another "
            "as `required_pressure`."
        )
    if any(junction.emitter_coefficient for _, junction in spec.model.junctions()):
        yield (
            "The file has emitters: below zero pressure water flows in through them, as EPANET "
            "has it unless told `BACKFLOW ALLOWED NO`, and through leaks of attacks and faults too."
        )


def _left(model: Any, text: str) -> Iterator[str]:
    """Say what of the model the twin does not use."""
    options = model.options
    quality = re.search(r"^[ \t]*QUAL\w*[ \t]+(?!NONE)([A-Z]\w*)", text, re.M | re.I)
    if quality and quality[1].upper() not in ("TIMESTEP", "STEP"):
        yield f"Water quality ({quality[1]}) is not simulated."
    feeding = [name for name, junction in model.junctions() if junction.base_demand < 0]
    if feeding and not model.reservoir_name_list:
        yield (
            f"There is no reservoir: {listed(feeding)} puts water in, by a negative demand. What "
            "comes while all tanks are full is lost: the run's invented_m3 is then below 0."
        )
    if options.time.duration:
        yield f"The duration ({options.time.duration / 3600:g} h) and time steps: the scenario's."
