"""DHALSIM's experiments (Murillo et al. 2023): the configuration; the attacks are beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenarios.importers import inp, tables
from scenarios.importers.controls import Controls
from scenarios.importers.counterparts import SCADA, Cabinet, Layout, of_dhalsim
from scenarios.importers.dhalsim import attacks
from scenarios.importers.dhalsim.context import Clock, Context
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
)
from scenarios.importers.tables import Companions
from twin.control.ports import Port
from twin.errors import InputError, nearest
from twin.plants.spec import load_plant
from twin.units import DAY, HOUR, readable

PEER = "DHALSIM"
_ALONE = ("device_attacks", "network_attacks", "network_events")
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
    *(
        "attacks_path",
        "initial_tank_data",
        "initial_tank_values",
        "demand_patterns",
        "batch_simulations",
    ),
    *("network_loss_data", "network_delay_data", "network_loss", "network_delay"),
    *("noise_scale", "hydraulic_timestep", "events"),
    *_ALONE,
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
    if "batch_simulations" not in first.root:
        return [first.read()]
    count = first.root.get("batch_simulations").whole()
    if not 1 <= count <= 1000:
        raise first.root.get("batch_simulations").fail("a batch is 1 to 1000 simulations")
    return [_Experiment(path, plant, companions, i).read() for i in range(count)]


class _Experiment:
    def __init__(self, path: Path, plant: str, companions: bool, batch: int | None):
        self.made = Imported(path, PEER)
        self.plant, self.batch = plant, batch
        self.layout = Layout(load_plant(plant))
        self.companions = Companions(self.made, companions)
        self.root = read_file(path, self.missing)
        if not isinstance(self.root.data, dict):
            raise self.root.fail("expected DHALSIM's `key: value` lines at the top level")
        if not set(self.root.keys()) & set(_KNOWN):
            known = "(inp_file, plcs, attacks; or device_attacks, network_attacks)"
            raise self.root.fail(f"none of DHALSIM's keys is in it {known}")

    def missing(self, name: str, at: Node) -> Node | None:
        """Answer for an included file that is missing."""
        if at.name != "plcs" or self.companions.wanted:
            hint = "" if at.name != "plcs" else ", or import --without-companions"
            raise at.fail(f"{at.name}: {name} is missing{hint}")
        self.made.note(REPLACED, f"plcs {name} is missing: the plant's own PLCs", at)
        return None

    def read(self) -> Imported:
        made, root = self.made, self.root
        for key in root.keys():  # noqa: SIM118 - not a dict
            if key in _ABOUT_THE_RUN:
                self.note(LEFT_OUT, f"{key}: {_ABOUT_THE_RUN[key]}", root.key(key))
            elif key not in _KNOWN:
                near = nearest(key, _KNOWN)
                hint = f" ({near})" if near.startswith("did") else ""
                text = f"{key} is no key of DHALSIM's that is known here{hint}"
                self.note(LEFT_OUT, text, root.key(key))
        self.plcs()
        suffix = "" if self.batch is None else f"-{self.batch}"
        made.put("name", made.named(made.source.stem) + suffix, "the file's name")
        made.put("plant", self.plant, "--plant")
        why = "DHALSIM knows no dates: a Sunday, with which C-Town's week begins"
        made.put("start", SUNDAY, why)
        self.times()
        made.put("duration", "", "")
        made.put("warmup", "0 h", "DHALSIM starts from the initial levels")
        self.levels()
        self.engine()
        context = Context(made, self.layout, self.companions, Clock(self.step))
        for source in self.sources():
            attacks.add(context, source)
        self.duration(context.last)
        self.demands()
        self.control()
        for key in ("attacks", "faults"):
            if key in made.data:
                made.data[key] = made.data.pop(key)  # the lists stand last
        return made

    def note(self, kind: str, text: str, at: Node | None = None) -> None:
        self.made.note(kind, text, at)

    def plcs(self) -> None:
        node = self.root.either("plcs")
        if node is None and (old := self.root.either("cpa_file")) is not None:
            found = self.companions.find(old.text(), "cpa_file", old, "the plant's own PLCs")
            node = read_file(found, self.missing).either("plcs") if found is not None else None
        if node is None:
            if "inp_file" in self.root and "plcs" not in self.root.keys():  # noqa: SIM118
                self.note(READ_AS, "no plcs: the plant's own")
            return
        cabinets: dict[str, Cabinet] = {}
        for item in node.items():
            name = item.get("name").text()
            if name in cabinets:
                raise item.fail(f"two PLCs are called {name}")
            for key in item.keys():  # noqa: SIM118 - not a dict
                if key not in ("name", "sensors", "actuators"):
                    text = f"{key} of {name}: PLC rules are the plant's own"
                    self.note(LEFT_OUT, text, item.key(key))
            sensors, actuators = item.either("sensors"), item.either("actuators")
            cabinets[name] = Cabinet(
                tuple(self.sensors(sensors)) if sensors else (),
                tuple(self.actuators(actuators)) if actuators else (),
            )
            for text in self.layout.differences(name, cabinets[name]):
                self.note(MOVED, text, item)
        self.layout.described(cabinets)
        for text in self.layout.unlisted():
            self.note(DIFFERS, text, node)

    def sensors(self, node: Node) -> list[str]:
        found = []
        for item in node.items():
            try:
                found.append(of_dhalsim(self.layout, item.text()))
            except InputError as error:
                raise item.fail(error.message) from None
            except KeyError:
                self.note(LEFT_OUT, f"the plant does not measure {item.text()}", item)
        return found

    def actuators(self, node: Node) -> list[str]:
        found = []
        for item in node.items():
            element = self.layout.element(item.text())
            if element is None:
                raise item.fail(self.layout.unknown(item.text()).message)
            found.append(element)
        return found

    def times(self) -> None:
        """Find the hydraulic step and what else the EPANET file says."""
        own = float(self.layout.spec.step)
        self.inp: inp.Inp | None = None
        self.step, self.why = own, "the plant's own step"
        node = self.root.either("inp_file")
        if node is not None:
            found = self.companions.find(
                node.text(),
                "inp_file",
                node,
                f"the plant's own, with steps of {readable(own)}",
            )
            if found is not None:
                self.inp = inp.read(found)
                self.step, self.why = self.inp.step, f"line {node.line}: {node.text()}"
                self.compare(self.inp, node)
        elif set(self.root.keys()) & set(_ALONE):
            self.note(READ_AS, f"attacks alone: iterations are the plant's own {readable(own)}")
        step = self.root.either("hydraulic_timestep")
        if step is not None:
            self.step, self.why = step.number(), f"line {step.line}: hydraulic_timestep"
        if self.step < 1 or self.step % 1 or HOUR % self.step:
            text = f"the hydraulic step is {self.step:g} s: here it divides an hour"
            raise (step or node or self.root).fail(text)

    def compare(self, found: inp.Inp, node: Node) -> None:
        """Say where the file's controls and the plant's differ."""
        if not found.metric:
            self.note(DIFFERS, f"{node.text()} is not metric; the plant is", node)
            return
        for place, text in Controls(self.layout).differences(found.controls):
            self.note(DIFFERS, f"{node.text()}:{place}: {text}", node)

    def row(self, node: Node, instead: str) -> tuple[Path, int, Mapping[str, float]] | None:
        """Return the row of a batch's CSV file for this simulation, by its header's names."""
        found = self.companions.find(node.text(), node.name, node, instead)
        if found is None:
            return None
        rows = tables.read(found)
        place = (self.batch or 0) + 1
        if place >= len(rows):
            raise InputError(f"no row for simulation {place - 1}: it has {len(rows) - 1}", found)
        line, cells = rows[place]
        header = rows[0][1]
        wanted = [(h, c) for h, c in zip(header, cells, strict=False) if h and c]
        (values,) = tables.numbers(found, [(line, [c for _, c in wanted])])
        return found, line, dict(zip([h for h, _ in wanted], values, strict=True))

    def levels(self) -> None:
        node = self.root.either("initial_tank_data", "initial_tank_values")
        said = node and self.row(node, "the plant's own initial levels")
        if not said or node is None:
            return
        path, line, values = said
        levels = {}
        for name, value in values.items():
            tank = self.layout.element(name)
            if tank is None:
                if name.casefold().startswith("unnamed"):
                    continue
                raise tables.wrong(path, 1, name, self.layout.unknown(name).message)
            if self.layout.kind(tank) != "tank":
                raise tables.wrong(path, 1, name, f"{name} is no tank")
            levels[tank] = value
        comment = f"line {node.line}: {path.name}, its line {line}"
        self.made.put("initial_levels", levels, comment)

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
        self.made.put("demand_model", driven, comment)
        if driven == "pressure-driven":
            required = self.inp.required_pressure if self.inp else None
            if required is not None and self.inp is not None and self.inp.metric:
                self.made.require(required, "the EPANET file's REQUIRED PRESSURE")
            else:
                text = "the pressure at which a demand is met in full is the plant's own"
                self.note(READ_AS, text, node)

    def sources(self) -> list[Node]:
        """Return the nodes under which attacks and events stand."""
        found = [self.root] if set(self.root.keys()) & set(_ALONE) else []
        run = self.root.either("run_attack")
        off = run is not None and run.off()
        for key in ("attacks", "events"):
            node = self.root.either(key)
            if node is not None:
                found.append(node)
        path = self.root.either("attacks_path")
        if path is not None:
            file = tables.find(path.text(), self.root.file.parent)
            if file is None:
                raise path.fail(f"attacks_path: {path.text()} is missing")
            found.append(read_file(file, self.missing))
        if off and run is not None:
            self.note(LEFT_OUT, "run_attack is off: the attacks are not carried over", run)
            return []
        return found

    def duration(self, last: float) -> None:
        node = self.root.either("iterations")
        if node is not None:
            seconds = node.whole() * self.step
            comment = f"line {node.line}: {node.whole()} iterations of {readable(self.step)}"
        elif self.inp is not None and self.inp.duration:
            seconds, comment = self.inp.duration, "the EPANET file's duration"
        elif "inp_file" in self.root:
            seconds = float(self.layout.spec.model.options.time.duration) or 7 * DAY
            comment = "no iterations: the plant's network.inp's duration"
        else:
            seconds = max(7 * DAY, math.ceil((last + DAY) / HOUR) * HOUR)
            comment = "no iterations: a week, or a day longer than the attacks"
        rounded = max(math.ceil(seconds / 300.0) * 300.0, HOUR)
        if rounded != seconds:
            text = f"{readable(seconds)} become {readable(rounded)}: a run is whole 5 min, and 1 h"
            self.note(DIFFERS, text, node)
        self.made.data["duration"] = readable(rounded)
        self.made.comments[("duration",)] = comment
        self.seconds = rounded

    def demands(self) -> None:
        node = self.root.either("demand_patterns")
        made = self.made
        if node is not None:
            path = self.companions.find(
                node.text(), "demand_patterns", node, "the plant's own patterns", folder=True
            )
            if path is not None and path.is_dir():
                name = f"{node.text().rstrip('/')}/{self.batch or 0}.csv"
                path = self.companions.find(
                    name, "demand_patterns", node, "the plant's own patterns"
                )
            if path is not None:
                patterns = tables.patterns(path)
                step = self.inp.pattern_step if self.inp else HOUR
                hours = math.ceil(self.seconds / HOUR)
                text = tables.demands(made, self.layout.spec, patterns, step, hours, node)
                made.tables["demands"] = text
                made.put("demands", "demands", f"line {node.line}: {path.name}, a column a DMA")
                return
        made.put("demands", "patterns", "the network's own patterns, as they stand")

    def control(self) -> None:
        step = readable(self.step)
        control: dict[str, Any] = {
            "step": step,
            "polling": step,
            "scan": {"every": step, "crossings": "none"},
        }
        if links := self.links():
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
        self.made.put(
            "control", control, f"{self.why}; DHALSIM's PLCs and SCADA act every iteration"
        )

    def links(self) -> dict[str, dict[str, Any]]:
        """Return the links' losses and delays from what the file says of each node's cable."""
        loss, delay = self.cables("network_loss_data"), self.cables("network_delay_data")
        links: dict[str, dict[str, Any]] = {}
        for name in self.layout.spec.wiring.links:
            link = Port("link", name)
            ends = (link.sender, link.receiver)
            fields: dict[str, Any] = {}
            kept = math.prod(1.0 - loss.get(end, 0.0) / 100.0 for end in ends)
            if kept < 1.0:
                fields["loss"] = round(1.0 - kept, 10)
            if late := sum(delay.get(end, 0.0) for end in ends):
                fields["latency"] = f"{late:.10g} ms"
            if fields:
                links[name] = fields
        return links

    def cables(self, key: str) -> dict[str, float]:
        node, wanted = self.root.either(key), self.root.either(key.removesuffix("_data"))
        if node is not None and wanted is not None and wanted.off():
            self.note(LEFT_OUT, f"{key}: {wanted.name} is off", node)
            return {}
        said = node and self.row(node, "a network that loses and delays nothing")
        if not said or node is None:
            return {}
        path, line, values = said
        found = {}
        for name, value in values.items():
            if name.casefold().startswith("unnamed"):
                continue
            plc = SCADA if name.casefold() == "scada" else self.layout.counterpart(name)
            if plc is None:
                raise tables.wrong(path, 1, name, f"no PLC {name!r}")
            if value < 0 or (key == "network_loss_data" and value > 100):
                raise InputError(f"{name}: {value:g} is not possible", path, line, column=1)
            found[plc] = value
        if key == "network_loss_data":
            text = (
                "DHALSIM's messages are sent again when they are lost, so that a loss there mostly "
                "delays; here a lost reading does not arrive"
            )
            self.note(DIFFERS, text, node)
        return found
