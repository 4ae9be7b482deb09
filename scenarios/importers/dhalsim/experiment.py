"""An import of DHALSIM's experiment (Murillo et al. 2023): PLCs, times, engine and network."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from scenarios.importers import inp, tables
from scenarios.importers.controls import differences
from scenarios.importers.counterparts import Counterparts, FilePlc
from scenarios.importers.dhalsim import attacks
from scenarios.importers.dhalsim.context import Context, actuator_of, tag_of
from scenarios.importers.dhalsim.data_files import DataFiles
from scenarios.importers.dhalsim.file import Node
from scenarios.importers.dhalsim.file import read as read_file
from scenarios.importers.imported import (
    DIFFERS,
    LEFT_OUT,
    MOVED,
    READ_AS,
    REPLACED,
    SUNDAY,
    Imported,
    hint,
)
from scenarios.importers.tables import Companions
from twin.plants.spec import load_plant
from twin.units import DAY, HOUR, counted, readable, spoken

_ABOUT_THE_RUN = {
    "output_path": "where it writes",
    "mininet_cli": "a console of its network",
    "log_level": "what it prints",
    "saving_interval": "how often it writes",
    "network_topology_type": "how its network is cabled; here links are direct",
    "batch_mode": "see batch_simulations",
    "config_path": "its own path",
    "db_path": "where its processes meet",
}
_KNOWN = (
    *("inp_file", "cpa_file", "plcs", "iterations", "simulator", "demand", "attacks", "run_attack"),
    *("attacks_path", "initial_tank_data", "initial_tank_values", "demand_patterns"),
    *("batch_simulations", "network_loss_data", "network_delay_data", "network_loss"),
    *("network_delay", "noise_scale", "hydraulic_timestep", "events"),
    *attacks.LISTS,
    *_ABOUT_THE_RUN,
)


def read_dhalsim(path: Path, plant: str, companions: bool = True) -> list[Imported]:
    """Import an experiment, or a file of attacks alone.

    Parameters
    ----------
    path : Path
    plant : str
        The plant it is run on.
    companions : bool, default True
        Whether a missing EPANET, CSV or PLC file stops the import.

    Returns
    -------
    list of Imported
        One, or one for each simulation of a batch.

    Raises
    ------
    InputError
        With file, line and column, for what cannot be used.
    """
    first = _Experiment(path, plant, companions, None)
    batch = first.root.either("batch_simulations")
    if batch is None:
        return [first.read()]
    count = batch.whole()
    if not 1 <= count <= 1000:
        raise batch.fail("a batch is 1 to 1000 simulations")
    return [_Experiment(path, plant, companions, i).read() for i in range(count)]


class _Experiment:
    """Reads a file's keys, one after the other, into `imported`; `batch` is a simulation of it."""

    def __init__(self, path: Path, plant: str, companions: bool, batch: int | None):
        self.imported = Imported(path, "DHALSIM")
        self.plant_name, self.batch = plant, batch
        self.plant = Counterparts(load_plant(plant))
        self.companions = Companions(self.imported, companions)
        self.root = read_file(path, self.missing)
        if not isinstance(self.root.data, dict):
            raise self.root.fail("expected DHALSIM's `key: value` lines at the top level")
        if not set(self.root.keys()) & set(_KNOWN):
            known = "(inp_file, plcs, attacks; or device_attacks, network_attacks)"
            raise self.root.fail(f"none of DHALSIM's keys is in it {known}")
        self.files = DataFiles(self.imported, self.plant, self.companions, self.root, batch or 0)

    def missing(self, name: str, at: Node) -> Node | None:
        """Return what takes the place of an included file that is missing: None for the PLCs."""
        if at.name != "plcs" or self.companions.wanted:
            mend = "" if at.name != "plcs" else ", or import --without-companions"
            raise at.fail(f"{at.name}: {name} is missing{mend}")
        self.imported.note(REPLACED, f"plcs {name} is missing: the plant's own PLCs", at)
        return None

    def read(self) -> Imported:
        imported, root = self.imported, self.root
        for key in root.keys():  # noqa: SIM118 - not a dict
            if key in _ABOUT_THE_RUN:
                self.note(LEFT_OUT, f"{key}: {_ABOUT_THE_RUN[key]}", root.key(key))
            elif key not in _KNOWN:
                text = f"{key} is no key of DHALSIM's that is known here{hint(key, _KNOWN)}"
                self.note(LEFT_OUT, text, root.key(key))
        self.plcs()
        suffix = "" if self.batch is None else f"-{self.batch}"
        imported.put("name", imported.free_name(imported.source.stem) + suffix, "the file's name")
        imported.put("plant", self.plant_name, "--plant")
        why = "DHALSIM knows no dates: a Sunday, with which C-Town's week begins"
        imported.put("start", SUNDAY, why)
        self.times()
        imported.put("duration", "", "")  # its place; the attacks decide on it
        imported.put("warmup", "0 h", "DHALSIM starts from the initial levels")
        self.files.levels()
        self.engine()
        context = Context(imported, self.plant, self.companions, self.step)
        for source in self.sources():
            attacks.add(context, source)
        duration = self.duration(context.last)
        step = self.inp.pattern_step if self.inp else HOUR
        self.files.demands(step, duration)
        self.control()
        for key in ("attacks", "faults"):
            if key in imported.data:
                imported.data[key] = imported.data.pop(key)  # the lists stand last
        return imported

    def note(self, kind: str, text: str, at: Node | None = None) -> None:
        self.imported.note(kind, text, at)

    def plcs(self) -> None:
        node = self.root.either("plcs")
        if node is None and (old := self.root.either("cpa_file")) is not None:
            path = self.companions.find(old.text(), "cpa_file", old, "the plant's own PLCs")
            node = read_file(path, self.missing).either("plcs") if path is not None else None
        if node is None:
            if "inp_file" in self.root and "plcs" not in self.root.keys():  # noqa: SIM118
                self.note(READ_AS, "no plcs: the plant's own")
            return
        file_plcs: dict[str, FilePlc] = {}
        for item in node.items():
            name = item.get("name").text()
            if name in file_plcs:
                raise item.fail(f"two PLCs are called {name}")
            for key in item.keys():  # noqa: SIM118 - not a dict
                if key not in ("name", "sensors", "actuators"):
                    text = f"{key} of {name}: PLC rules are the plant's own"
                    self.note(LEFT_OUT, text, item.key(key))
            tags = [
                tag_of(self.imported, self.plant, s.text(), s) for s in _listed(item, "sensors")
            ]
            actuators = [
                actuator_of(self.imported, self.plant, a.text(), a)
                for a in _listed(item, "actuators")
            ]
            file_plcs[name] = FilePlc(
                tuple(tag for tag in tags if tag is not None),
                tuple(actuator for actuator in actuators if actuator is not None),
            )
            for text in self.plant.differences(name, file_plcs[name]):
                self.note(MOVED, text, item)
        self.plant.file_plcs = file_plcs
        for text in self.plant.unlisted():
            self.note(DIFFERS, text, node)

    def times(self) -> None:
        """Read the EPANET file, and set the hydraulic step with the comment on it."""
        own = float(self.plant.spec.step)
        self.inp: inp.Inp | None = None
        self.step, self.step_comment = own, "the plant's own step"
        node = self.root.either("inp_file")
        if node is not None:
            instead = f"the plant's own, with steps of {spoken(own)}"
            path = self.companions.find(node.text(), "inp_file", node, instead)
            if path is not None:
                self.inp = inp.read(path)
                self.step, self.step_comment = self.inp.step, f"line {node.line}: {node.text()}"
                self.compare(self.inp, node)
        elif set(self.root.keys()) & set(attacks.LISTS):
            self.note(READ_AS, f"attacks alone: iterations are the plant's own {spoken(own)}")
        step = self.root.either("hydraulic_timestep")
        if step is not None:
            self.step, self.step_comment = step.number(), f"line {step.line}: hydraulic_timestep"
        if self.step < 1 or self.step % 1 or HOUR % self.step:
            text = f"the hydraulic step is {self.step:g} s: here it divides an hour"
            raise (step or node or self.root).fail(text)

    def compare(self, file: inp.Inp, node: Node) -> None:
        """Note where the file's network and controls and the plant's differ."""
        name, here = node.text(), self.plant.spec.name
        others = [one for one in file.elements if self.plant.element(one) is None]
        lacks = len(self.plant.spec.model.node_name_list + self.plant.spec.model.link_name_list)
        lacks -= len(file.elements) - len(others)
        if others or lacks:
            few = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
            text = f"{name} is another network than the plant {here}: "
            text += f"{len(others)} of its {len(file.elements)} elements are not there"
            text += f" ({few})" if others else ""
            text += f", and {lacks} that are there are not in it. Draft its own plant with "
            text += f"`hydrotwin plant new {name} --out DIR`, and import with --plant DIR"
            self.note(DIFFERS, text, node)
        if not file.metric:
            self.note(DIFFERS, f"{node.text()} is not metric; the plant is", node)
            return
        for place, text in differences(self.plant, file.controls):
            self.note(DIFFERS, f"{node.text()}:{place}: {text}", node)

    def engine(self) -> None:
        node = self.root.either("demand")
        simulator = self.root.either("simulator")
        if node is None and simulator is not None and simulator.text().casefold() in ("pdd", "dd"):
            node = simulator
        elif simulator is not None:
            self.note(LEFT_OUT, f"simulator {simulator.text()}: here it is EPANET", simulator)
        model = node.word("pdd", "dd", "pda", "dda") if node is not None else "pdd"
        driven = "pressure-driven" if model.startswith("pd") else "demand-driven"
        comment = f"line {node.line}: {node.name} {model}" if node else "DHALSIM's default, pdd"
        self.imported.put("demand_model", driven, comment)
        if driven == "pressure-driven":
            required = self.inp.required_pressure if self.inp else None
            if required is not None:
                self.imported.require_pressure(required, "the EPANET file's REQUIRED PRESSURE")
            else:
                own = self.plant.spec.required_pressure
                text = f"a demand is met in full at the plant's own pressure, {own:g} m"
                self.note(READ_AS, text, node)

    def sources(self) -> list[Node]:
        """Return the nodes under which attacks and events stand."""
        sources = [self.root] if set(self.root.keys()) & set(attacks.LISTS) else []
        nodes = [self.root.either(key) for key in ("attacks", "events")]
        sources += [node for node in nodes if node is not None]
        path = self.root.either("attacks_path")
        if path is not None:
            file = tables.find(path.text(), self.root.file.parent)
            if file is None:
                raise path.fail(f"attacks_path: {path.text()} is missing")
            sources.append(read_file(file, self.missing))
        run = self.root.either("run_attack")
        if run is not None and run.off():
            self.note(LEFT_OUT, "run_attack is off: the attacks are not carried over", run)
            return []
        return sources

    def duration(self, last: float) -> float:
        """Set and return how long the run is [s]; the last timed attack ends at `last` [s]."""
        node = self.root.either("iterations")
        if node is not None:
            seconds = node.whole() * self.step
            comment = (
                f"line {node.line}: {counted(node.whole(), 'iteration')} of {spoken(self.step)}"
            )
        elif self.inp is not None and self.inp.duration:
            seconds, comment = self.inp.duration, "the EPANET file's duration"
        elif "inp_file" in self.root:
            seconds = float(self.plant.spec.model.options.time.duration) or 7 * DAY
            comment = "no iterations: the plant's network.inp's duration"
        else:
            seconds = max(7 * DAY, math.ceil((last + DAY) / HOUR) * HOUR)
            comment = "no iterations: a week, or a day longer than the attacks"
        rounded = max(math.ceil(seconds / 300.0) * 300.0, HOUR)
        if rounded != seconds:
            text = f"{spoken(seconds)} become {spoken(rounded)}: a run is whole 5 min, and 1 h"
            self.note(DIFFERS, text, node)
        self.imported.put("duration", readable(rounded), comment)
        return rounded

    def control(self) -> None:
        step = spoken(self.step)
        control: dict[str, Any] = {
            "step": step,
            "polling": step,
            "scan": {"every": step, "crossings": "none"},
        }
        if links := self.files.links():
            control["links"] = links
        noise = self.root.either("noise_scale")
        if noise is not None and isinstance(noise.data, dict):
            self.note(LEFT_OUT, "noise_scale is one number, for every sensor", noise)
        elif noise is not None and noise.number():
            if noise.number() < 0:
                raise noise.fail("noise_scale is 0 or more")
            control["sensors"] = {"*": {"noise": noise.number()}}
            text = (
                "noise_scale is the standard deviation of a Gaussian error, in each tag's unit; in "
                "DHALSIM the PLC that measures a tag decides by the exact value, here by what it "
                "measures"
            )
            self.note(DIFFERS, text, noise)
        self.imported.put(
            "control", control, f"{self.step_comment}; DHALSIM's PLCs and SCADA act every iteration"
        )


def _listed(item: Node, key: str) -> list[Node]:
    node = item.either(key)
    return [] if node is None else list(node.items())
