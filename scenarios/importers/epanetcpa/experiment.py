"""An import of epanetCPA's `.cpa` file (Taormina et al. 2019): its nodes, links and options."""

from __future__ import annotations

from pathlib import Path

from scenarios.importers import tables
from scenarios.importers.counterparts import SCADA, Counterparts, FilePlc
from scenarios.importers.epanetcpa.attacks import Attacks
from scenarios.importers.epanetcpa.file import (
    FIELD,
    Row,
    Word,
    attack,
    link,
    node,
    numbers,
    option,
    read_sections,
    words,
)
from scenarios.importers.imported import DIFFERS, LEFT_OUT, MOVED, READ_AS, SUNDAY, Imported
from scenarios.importers.tables import Companions
from twin.errors import InputError, nearest
from twin.plants.spec import load_plant
from twin.units import HOUR, counted, readable

Options = dict[str, tuple[Word, Word]]
"""The options a file has, by name: what each is set to, and the name with its place."""
_OPTIONS = ("verbosity", "what_to_store", "initial_conditions", "patterns_file", "pda_options")
_LEFT_OUT = {
    "verbosity": "what is printed while it runs",
    "what_to_store": "a run records everything",
}


def read_cpa(path: Path, plant: str, companions: bool = True) -> Imported:
    """Import a `.cpa` file.

    Parameters
    ----------
    path : Path
    plant : str
        The plant it is run on.
    companions : bool, default True
        Whether a missing patterns or readings file stops the import.

    Raises
    ------
    InputError
        With file, line and column, for what cannot be used.
    """
    return _Experiment(path, plant, companions).read()


class _Experiment:
    """Reads a `.cpa` file's sections, one after the other, into `imported`."""

    def __init__(self, path: Path, plant: str, companions: bool):
        self.imported = Imported(path, "epanetCPA")
        self.plant_name = plant
        self.plant = Counterparts(load_plant(plant))
        self.companions = Companions(self.imported, companions)
        self.sections = read_sections(path)

    def read(self) -> Imported:
        imported = self.imported
        self.headers()
        self.nodes()
        self.options = self.read_options()
        imported.put("name", imported.free_name(imported.source.stem), "the file's name")
        imported.put("plant", self.plant_name, "--plant: a .cpa file does not name its network")
        imported.put(
            "start", SUNDAY, "epanetCPA knows no dates: a Sunday, with which C-Town's week begins"
        )
        self.duration()
        imported.put("warmup", "0 h", "epanetCPA starts from the initial levels")
        self.levels()
        self.demands()
        self.engine()
        self.ignored()
        rows = [row for row in self.sections.get("CYBERATTACKS", []) if not row.header]
        Attacks(imported, self.plant, self.companions, [attack(row) for row in rows]).add(
            stored=self.stored()
        )
        return imported

    def headers(self) -> None:
        for name, rows in self.sections.items():
            for row in rows:
                if row.header and name != "CYBEROPTIONS":
                    text = (
                        f"{row.text!r} is taken for the header of [{name}], as epanetCPA "
                        "takes a section's first line"
                    )
                    self.imported.note(READ_AS, text, row)

    def nodes(self) -> None:
        """Take the file's PLCs and compare them with the plant's."""
        file_plcs: dict[str, FilePlc] = {}
        for row in self.sections.get("CYBERNODES", []):
            if row.header:
                continue
            name, sensors, actuators = node(row)
            if row.blanks:
                actuators = [word for word in sensors if self.plant.drives(word)]
                sensors = [word for word in sensors if word not in actuators]
            if name in file_plcs:
                raise name.place.error(f"two nodes are called {name}")
            file_plc = FilePlc(
                tuple(tag for s in sensors if (tag := self.sensor(s)) is not None),
                tuple(self.plant.element_at(a, a) for a in actuators),
            )
            file_plcs[name] = file_plc
            if name.upper() != SCADA:
                for text in self.plant.differences(name, file_plc):
                    self.imported.note(MOVED, text, row)
        self.plant.file_plcs = {k: v for k, v in file_plcs.items() if k.upper() != SCADA}
        for row in self.sections.get("CYBERLINKS", []):
            if not row.header:
                self.link(row)

    def sensor(self, name: Word) -> str | None:
        """Return the tag of a sensor; None, with a note, where the plant does not measure it."""
        try:
            tag = self.plant.epanetcpa_tag(name)
        except InputError as error:
            raise name.place.error(error.message) from None
        if tag is None:
            self.imported.note(LEFT_OUT, f"the plant does not measure {name}", name)
        return tag

    def link(self, row: Row) -> None:
        source, target, sensors = link(row)
        for name in sensors:
            tag = self.sensor(name)
            if tag is None or target.upper() == SCADA or source in FIELD or target in FIELD:
                continue
            receiver = self.plant.counterpart(target)
            if receiver is not None and receiver not in self.plant.receivers(tag):
                text = f"{source} sends {name} to {target} in the file; here {receiver} gets none"
                self.imported.note(MOVED, text, name)

    def read_options(self) -> Options:
        options: Options = {}
        for place, row in enumerate(self.sections.get("CYBEROPTIONS", [])):
            name, rest = option(row)
            if name in _OPTIONS:
                if not rest:
                    raise name.place.error(f"option {name} says nothing")
                options[name] = (rest, name)
            elif place == 0 and row.header:
                continue
            else:
                raise name.place.error(f"unknown option {name!r}: {nearest(name, _OPTIONS)}")
        return options

    def duration(self) -> None:
        times = self.plant.spec.model.options.time
        self.patterns: dict[str, list[float]] | None = None
        if "patterns_file" in self.options:
            name = self.options["patterns_file"][0]
            path = self.companions.find(
                name, "patterns_file", name, "the plant's own patterns, once through"
            )
            if path is not None:
                self.patterns = self.read_patterns(path)
                steps = len(next(iter(self.patterns.values())))
                seconds = float(steps * times.pattern_timestep)
                comment = f"line {name.place.line}: {counted(steps, 'step')} in {path.name}"
                self.imported.put("duration", readable(max(seconds, HOUR)), comment)
                return
        model = self.plant.spec.model
        longest = max((len(p.multipliers) for _, p in model.patterns()), default=0)
        seconds = float(longest * times.pattern_timestep) or 168 * HOUR
        why = "patterns_file is not there"
        if "patterns_file" not in self.options:
            why = "no patterns_file"
            text = (
                "no patterns_file: epanetCPA runs as long as its network file says, which a .cpa "
                "file does not name; here the plant's own patterns, once through"
            )
            self.imported.note(READ_AS, text)
        comment = f"{why}: the plant's own patterns, once through"
        self.imported.put("duration", readable(seconds), comment)

    def read_patterns(self, path: Path) -> dict[str, list[float]]:
        rows = tables.read(path)
        table = tables.numbers(path, rows)
        patterns = list(self.plant.spec.model.pattern_name_list)
        for (line, _), values in zip(rows, table, strict=True):
            if len(values) != len(patterns):
                message = (
                    f"{len(values)} columns, but the plant has {len(patterns)} patterns "
                    f"({', '.join(patterns)}): --plant names the plant the file is for"
                )
                raise InputError(message, path, line, column=1)
        return {name: [row[i] for row in table] for i, name in enumerate(patterns)}

    def levels(self) -> None:
        tanks = sorted(self.plant.spec.model.tank_name_list)
        if "initial_conditions" not in self.options:
            return
        text = self.options["initial_conditions"][0]
        values = numbers(words(text), "initial_conditions")
        if len(values) != len(tanks):
            raise text.place.error(
                f"{len(values)} initial levels, but the plant has {len(tanks)} tanks "
                f"({', '.join(tanks)}): --plant names the plant the file is for"
            )
        comment = f"line {text.place.line}: initial_conditions, a tank after the other"
        self.imported.put("initial_levels", dict(zip(tanks, values, strict=True)), comment)

    def demands(self) -> None:
        imported = self.imported
        if self.patterns is None:
            imported.put("demands", "patterns", "the network's own patterns, as they stand")
            return
        name = self.options["patterns_file"][0]
        step = float(self.plant.spec.model.options.time.pattern_timestep)
        hours = int(len(next(iter(self.patterns.values()))) * step // HOUR) or 1
        text = tables.demands(imported, self.plant.spec, self.patterns, step, hours, name)
        imported.tables["demands"] = text
        imported.put("demands", "demands", f"line {name.place.line}: {name}, a column a DMA")

    def engine(self) -> None:
        imported, step = self.imported, self.plant.spec.step
        if "pda_options" in self.options:
            text = self.options["pda_options"][0]
            fields = words(text)
            if len(fields) != 4:
                message = "pda_options has four fields: exponent, Pmin, Pdes, relationship"
                raise text.place.error(message)
            exponent, low, high = numbers(fields[:3], "pda_options")
            line = text.place.line
            imported.put("demand_model", "pressure-driven", f"line {line}: pda_options")
            imported.require_pressure(high, f"line {line}: Pdes", fields[2])
            if fields[3].casefold() != "wagner" or exponent != 0.5 or low != 0:
                difference = (
                    f"pda_options {' '.join(fields)}: here a demand is met in full at Pdes and by "
                    "(p / Pdes) ** 0.5 of it below, which is Wagner's relation with exponent 0.5 "
                    "and Pmin 0"
                )
                imported.note(DIFFERS, difference, text)
        control = {"scan": {"every": readable(step), "crossings": "none"}}
        comment = "epanetCPA's PLCs decide at every hydraulic step"
        imported.put("control", control, comment)
        imported.note(
            READ_AS,
            "a .cpa file does not name its network file: PLC rules, tanks, pipes and the hydraulic "
            f"step ({readable(step)}) are the plant's own",
        )
        imported.note(
            DIFFERS,
            "epanetCPA looks at conditions with the clock of the step before, so that an attack "
            "begins and ends one hydraulic step later than its condition says; here it does not",
        )
        imported.note(
            DIFFERS,
            "epanetCPA lets every tank overflow; here each does as the plant's network.inp says",
        )

    def ignored(self) -> None:
        for name, what in _LEFT_OUT.items():
            if name in self.options:
                self.imported.note(LEFT_OUT, f"{name}: {what}", self.options[name][1])

    def stored(self) -> set[str] | None:
        """Return the components epanetCPA stores, None for all."""
        if "what_to_store" not in self.options:
            return None
        stored = {word.casefold() for word in words(self.options["what_to_store"][0])}
        return None if stored & {"everything", "all"} else stored
