"""epanetCPA's `.cpa` files (Taormina et al. 2019): nodes and options; the attacks are beside it."""

from __future__ import annotations

from pathlib import Path

from scenarios.importers import tables
from scenarios.importers.counterparts import SCADA, Cabinet, Layout, of_epanetcpa
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
from twin.units import HOUR, readable

PEER = "epanetCPA"
_OPTIONS = ("verbosity", "what_to_store", "initial_conditions", "patterns_file", "pda_options")


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
    return _Cpa(path, plant, companions).read()


class _Cpa:
    def __init__(self, path: Path, plant: str, companions: bool):
        self.made = Imported(path, PEER)
        self.plant = plant
        self.layout = Layout(load_plant(plant))
        self.companions = Companions(self.made, companions)
        self.sections = read_sections(path)

    def read(self) -> Imported:
        made = self.made
        self.headers()
        self.nodes()
        options = self.options()
        made.put("name", made.named(made.source.stem), "the file's name")
        made.put("plant", self.plant, "--plant: a .cpa file does not name its network")
        made.put(
            "start", SUNDAY, "epanetCPA knows no dates: a Sunday, with which C-Town's week begins"
        )
        self.duration(options)
        made.put("warmup", "0 h", "epanetCPA starts from the initial levels")
        self.levels(options)
        self.demands(options)
        self.engine(options)
        self.ignored(options)
        rows = [row for row in self.sections.get("CYBERATTACKS", []) if not row.header]
        Attacks(made, self.layout, self.companions, [attack(row) for row in rows]).add(
            stored=self.stored(options)
        )
        return made

    def headers(self) -> None:
        for name, rows in self.sections.items():
            for row in rows:
                if row.header and name != "CYBEROPTIONS":
                    self.made.note(
                        READ_AS,
                        f"{row.text!r} is taken for the header of [{name}], as epanetCPA "
                        "takes a section's first line",
                        row,
                    )

    def nodes(self) -> None:
        """Take the file's PLCs and compare them with the plant's."""
        cabinets: dict[str, Cabinet] = {}
        for row in self.sections.get("CYBERNODES", []):
            if row.header:
                continue
            name, sensors, actuators = node(row)
            if row.blanks:
                actuators = [word for word in sensors if self.layout.drives(word)]
                sensors = [word for word in sensors if word not in actuators]
            if name in cabinets:
                raise name.place.error(f"two nodes are called {name}")
            cabinet = Cabinet(
                tuple(tag for s in sensors if (tag := self.sensor(s)) is not None),
                tuple(self.actuator(a) for a in actuators),
            )
            cabinets[name] = cabinet
            if name.upper() != SCADA:
                for text in self.layout.differences(name, cabinet):
                    self.made.note(MOVED, text, row)
        self.layout.described({k: v for k, v in cabinets.items() if k.upper() != SCADA})
        for row in self.sections.get("CYBERLINKS", []):
            if not row.header:
                self.link(row)

    def sensor(self, name: Word) -> str | None:
        try:
            return of_epanetcpa(self.layout, name)
        except InputError as error:
            raise name.place.error(error.message) from None
        except KeyError:
            self.made.note(LEFT_OUT, f"the plant does not measure {name}", name)
            return None

    def actuator(self, name: Word) -> str:
        found = self.layout.element(name)
        if found is None:
            raise name.place.error(self.layout.unknown(name).message)
        return found

    def link(self, row: Row) -> None:
        source, target, sensors = link(row)
        for name in sensors:
            tag = self.sensor(name)
            if tag is None or target.upper() == SCADA or source in FIELD or target in FIELD:
                continue
            receiver = self.layout.counterpart(target)
            if receiver is not None and receiver not in self.layout.receivers(tag):
                text = f"{source} sends {name} to {target} in the file; here {receiver} gets none"
                self.made.note(MOVED, text, name)

    def options(self) -> dict[str, tuple[Word, Word]]:
        found: dict[str, tuple[Word, Word]] = {}
        for place, row in enumerate(self.sections.get("CYBEROPTIONS", [])):
            name, rest = option(row)
            if name in _OPTIONS:
                if not rest:
                    raise name.place.error(f"option {name} says nothing")
                found[name] = (rest, name)
            elif place == 0 and row.header:
                continue
            else:
                raise name.place.error(f"unknown option {name!r}: {nearest(name, _OPTIONS)}")
        return found

    def duration(self, options: dict[str, tuple[Word, Word]]) -> None:
        times = self.layout.spec.model.options.time
        self.patterns: dict[str, list[float]] | None = None
        if "patterns_file" in options:
            name = options["patterns_file"][0]
            found = self.companions.find(
                name, "patterns_file", name, "the plant's own patterns, once through"
            )
            if found is not None:
                self.patterns = self.read_patterns(found)
                steps = len(next(iter(self.patterns.values())))
                seconds = float(steps * times.pattern_timestep)
                comment = f"line {name.place.line}: {steps} steps in {found.name}"
                self.made.put("duration", readable(max(seconds, HOUR)), comment)
                return
        model = self.layout.spec.model
        longest = max((len(p.multipliers) for _, p in model.patterns()), default=0)
        seconds = float(longest * times.pattern_timestep) or 168 * HOUR
        why = "patterns_file is not there" if "patterns_file" in options else "no patterns_file"
        self.made.put(
            "duration", readable(seconds), f"{why}: the plant's own patterns, once through"
        )
        if "patterns_file" not in options:
            text = (
                "no patterns_file: epanetCPA runs as long as its network file says, which a .cpa "
                "file does not name; here the plant's own patterns, once through"
            )
            self.made.note(READ_AS, text)

    def read_patterns(self, path: Path) -> dict[str, list[float]]:
        rows = tables.read(path)
        table = tables.numbers(path, rows)
        patterns = list(self.layout.spec.model.pattern_name_list)
        for (line, _), values in zip(rows, table, strict=True):
            if len(values) != len(patterns):
                message = (
                    f"{len(values)} columns, but the plant has {len(patterns)} patterns "
                    f"({', '.join(patterns)}): --plant names the plant the file is for"
                )
                raise InputError(message, path, line, column=1)
        return {name: [row[i] for row in table] for i, name in enumerate(patterns)}

    def levels(self, options: dict[str, tuple[Word, Word]]) -> None:
        tanks = sorted(self.layout.spec.model.tank_name_list)
        if "initial_conditions" not in options:
            return
        text = options["initial_conditions"][0]
        values = numbers(words(text), "initial_conditions")
        if len(values) != len(tanks):
            raise text.place.error(
                f"{len(values)} initial levels, but the plant has {len(tanks)} tanks "
                f"({', '.join(tanks)}): --plant names the plant the file is for"
            )
        comment = f"line {text.place.line}: initial_conditions, a tank after the other"
        self.made.put("initial_levels", dict(zip(tanks, values, strict=True)), comment)

    def demands(self, options: dict[str, tuple[Word, Word]]) -> None:
        made = self.made
        if self.patterns is None:
            made.put("demands", "patterns", "the network's own patterns, as they stand")
            return
        name = options["patterns_file"][0]
        step = float(self.layout.spec.model.options.time.pattern_timestep)
        hours = int(len(next(iter(self.patterns.values()))) * step // HOUR) or 1
        text = tables.demands(made, self.layout.spec, self.patterns, step, hours, name)
        made.tables["demands"] = text
        made.put("demands", "demands", f"line {name.place.line}: {name}, a column a DMA")

    def engine(self, options: dict[str, tuple[Word, Word]]) -> None:
        made, step = self.made, self.layout.spec.step
        if "pda_options" in options:
            text = options["pda_options"][0]
            fields = words(text)
            if len(fields) != 4:
                message = "pda_options has four fields: exponent, Pmin, Pdes, relationship"
                raise text.place.error(message)
            exponent, low, high = numbers(fields[:3], "pda_options")
            line = text.place.line
            made.put("demand_model", "pressure-driven", f"line {line}: pda_options")
            made.require(high, f"line {line}: Pdes", fields[2])
            if fields[3].casefold() != "wagner" or exponent != 0.5 or low != 0:
                said = (
                    f"pda_options {' '.join(fields)}: here a demand is met in full at Pdes and by "
                    "(p / Pdes) ** 0.5 of it below, which is Wagner's relation with exponent 0.5 "
                    "and Pmin 0"
                )
                made.note(DIFFERS, said, text)
        control = {"scan": {"every": readable(step), "crossings": "none"}}
        comment = "epanetCPA's PLCs decide at every hydraulic step"
        made.put("control", control, comment)
        made.note(
            READ_AS,
            "a .cpa file does not name its network file: PLC rules, tanks, pipes and the hydraulic "
            f"step ({readable(step)}) are the plant's own",
        )
        made.note(
            DIFFERS,
            "epanetCPA looks at conditions with the clock of the step before, so that an attack "
            "begins and ends one hydraulic step later than its condition says; here it does not",
        )
        made.note(
            DIFFERS,
            "epanetCPA lets every tank overflow; here each does as the plant's network.inp says",
        )

    def ignored(self, options: dict[str, tuple[Word, Word]]) -> None:
        if "verbosity" in options:
            at = options["verbosity"][1]
            self.made.note(LEFT_OUT, "verbosity: what is printed while it runs", at)
        if "what_to_store" in options:
            at = options["what_to_store"][1]
            self.made.note(LEFT_OUT, "what_to_store: a run records everything", at)

    def stored(self, options: dict[str, tuple[Word, Word]]) -> set[str] | None:
        """Return the components epanetCPA stores, None for all."""
        if "what_to_store" not in options:
            return None
        first = options["what_to_store"][0]
        found = {word.casefold() for word in words(first)}
        return None if found & {"everything", "all"} else found
