"""Drafting a plant folder from an EPANET file: network, tags, PLCs, and a record of what was done.

The record names everything that was decided and everything that could not be carried over, so that
the user can decide otherwise.
"""

from __future__ import annotations

import csv
import json
import logging
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wntr

from twin.drafting.controls import ControlLogic, Line, Point, read_controls
from twin.drafting.stations import REACH, Station, group
from twin.errors import InputError, listed
from twin.files import SCHEMA_LINE
from twin.plants import inp, schema
from twin.plants.districts import weekly
from twin.plants.logic import STATE_WORDS
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
    """

    spec: PlantSpec
    done: tuple[str, ...]
    left: tuple[str, ...]


def draft(file: Path, out: Path) -> Draft:
    """Write a plant folder from an EPANET file.

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
    model, said = _model(file, text)
    names = _Names(model)
    controls = read_controls(text, model, names)
    stations = group(model, controls)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    try:
        folder = place / out.name
        folder.mkdir()
        _write_network(model, folder / "network.inp", file.name)
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
            done=(*_done(spec, controls, file.name), *_unprotected(dry)),
            left=(*controls.left, *said, *_left(model)),
        )
        (folder / RECORD).write_text(record(made, file.name), encoding="utf-8")
        folder.rename(out)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Draft(load_plant(out.absolute()), made.done, made.left)


def record(made: Draft, file: str) -> str:
    """Return what is to be known of a draft, as it stands in its folder."""
    lines = [f"# How this plant was drafted from {file}", "", "## Done", ""]
    lines += [f"- {line}" for line in made.done]
    lines += ["", "## Not carried over", ""]
    lines += [f"- {line}" for line in made.left] or ["Nothing was left out."]
    return "\n".join(lines) + "\n"


def _model(file: Path, text: str) -> tuple[Any, list[str]]:
    """Return WNTR's model of the file, and what WNTR said while reading it."""
    bare = inp.without_logic(text)
    if (wrong := inp.refused(bare, file)) is not None:
        raise wrong
    with _listening() as said:
        try:
            return inp.read(text), said
        except Exception as error:
            reason = inp.reason(error)  # WNTR raises whatever its parser meets
    with _listening() as said:
        try:
            model = inp.read(bare)
        except Exception as error:
            raise inp.unread(error, file) from error
    said.append(
        f"network.inp stands without [CONTROLS] and [RULES], which WNTR does not read ({reason}); "
        "the PLCs have those that are not listed here"
    )
    return model, said


class _Ear(logging.Handler):
    """Keeps what is said to a logger, in words and without places of this machine."""

    def __init__(self, heard: list[str]):
        super().__init__(logging.WARNING)
        self.heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(f"WNTR: {record.getMessage()}")


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what WNTR warns of."""
    heard: list[str] = []
    ear, logger = _Ear(heard), logging.getLogger("wntr")
    logger.addHandler(ear)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # WNTR logs the same
            yield heard
    finally:
        logger.removeHandler(ear)


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


def _write_network(model: Any, path: Path, file: str) -> None:
    wntr.network.write_inpfile(model, str(path), units="LPS")
    lines = path.read_text(encoding="utf-8").splitlines()
    # WNTR's own first lines name a place of this machine and the hour.
    body = [line for line in lines if not line.startswith(("; Filename:", "; Created:"))]
    path.write_text("\n".join([f"; Drafted from {file}", *body]) + "\n", encoding="utf-8")


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
    command = STATE_WORDS.get(line.command, repr(line.command))
    return f"      - {{when: {json.dumps(line.when)}, {_quoted(line.actuator)}: {command}}}\n"


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


def _done(spec: PlantSpec, controls: ControlLogic, file: str) -> Iterator[str]:
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
    yield f"network.inp: {', '.join(counts)}, in L/s and m, written by WNTR {wntr.__version__}."
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
    if any("hour" in line.when for line in controls.lines):
        yield "`hour` is the hour of the scenario's day; daily `AT TIME` controls became that."
    if any(line.when.split()[0] == "t" for line in controls.lines):
        yield "`t` counts from the scenario's start, so that such rules do nothing in the warm-up."
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


def _left(model: Any) -> Iterator[str]:
    """Say what of the model the twin does not use."""
    options = model.options
    if str(options.quality.parameter).upper() != "NONE":
        yield f"Water quality ({options.quality.parameter}) is not simulated."
    if str(options.hydraulic.demand_model).upper() in ("PDA", "PDD"):
        yield (
            "Pressure-driven demands are the scenario's choice: write `demand_model: "
            "pressure-driven` there."
        )
    feeding = [name for name, junction in model.junctions() if junction.base_demand < 0]
    if feeding and not model.reservoir_name_list:
        yield (
            f"There is no reservoir: {listed(feeding)} puts water in, by a negative demand. What "
            "comes while all tanks are full is lost: the run's invented_m3 is then below 0."
        )
    for name, pump in model.pumps():
        if pump.speed_pattern_name:
            yield (
                f"Pump {name} follows a speed pattern, which EPANET applies every pattern step, "
                "whatever its PLC says."
            )
    if options.time.duration:
        yield f"The duration ({options.time.duration / 3600:g} h) and time steps: the scenario's."
