"""The CSV files of a DHALSIM experiment: initial levels, demands, losses and delays of cables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.importers import tables
from scenarios.importers.counterparts import SCADA, Counterparts
from scenarios.importers.dhalsim.context import SENT_AGAIN
from scenarios.importers.dhalsim.file import Node
from scenarios.importers.imported import DIFFERS, LEFT_OUT, Imported
from scenarios.importers.tables import Companions
from twin.errors import InputError
from twin.units import HOUR


@dataclass(frozen=True)
class DataFiles:
    """Reads the CSV files that an experiment names.

    Attributes
    ----------
    imported : Imported
    plant : Counterparts
    companions : Companions
    root : Node
        The experiment.
    simulation : int
        Of a batch, from 0: which row of a file, or which file of a folder, is read.
    """

    imported: Imported
    plant: Counterparts
    companions: Companions
    root: Node
    simulation: int

    def _row(self, node: Node, instead: str) -> tuple[Path, int, Mapping[str, float]] | None:
        """Return path, line and values, by the header's names, of the simulation's row."""
        path = self.companions.find(node.text(), node.name, node, instead)
        if path is None:
            return None
        (_, header), *rows = tables.read(path)
        if self.simulation >= len(rows):
            message = f"no row for simulation {self.simulation}: it has {len(rows)}"
            raise InputError(message, path)
        line, cells = rows[self.simulation]
        named = [(name, cell) for name, cell in zip(header, cells, strict=False) if name and cell]
        (values,) = tables.numbers(path, [(line, [cell for _, cell in named])])
        return path, line, dict(zip([name for name, _ in named], values, strict=True))

    def levels(self) -> None:
        """Set the tanks' initial levels."""
        node = self.root.either("initial_tank_data", "initial_tank_values")
        row = node and self._row(node, "the plant's own initial levels")
        if not row or node is None:
            return
        path, line, values = row
        levels = {}
        for name, value in values.items():
            tank = self.plant.element(name)
            if tank is None:
                if name.casefold().startswith("unnamed"):
                    continue
                raise tables.wrong(path, 1, name, self.plant.unknown(name).message)
            if self.plant.kind(tank) != "tank":
                raise tables.wrong(path, 1, name, f"{name} is no tank")
            levels[tank] = value
        comment = f"line {node.line}: {path.name}, its line {line}"
        self.imported.put("initial_levels", levels, comment)

    def demands(self, step: float, duration: float) -> None:
        """Set the demands: the file's patterns, of a `step` [s], for a run's duration [s]."""
        node = self.root.either("demand_patterns")
        path = self._demand_file(node) if node else None
        if node is None or path is None:
            comment = "the network's own patterns, as they stand"
            self.imported.put("demands", "patterns", comment)
            return
        patterns, hours = tables.columns(path), math.ceil(duration / HOUR)
        text = tables.demands(self.imported, self.plant.spec, patterns, step, hours, node)
        self.imported.tables["demands"] = text
        comment = f"line {node.line}: {path.name}, a column a DMA"
        self.imported.put("demands", "demands", comment)

    def _demand_file(self, node: Node) -> Path | None:
        own = "the plant's own patterns"
        path = self.companions.find(node.text(), "demand_patterns", node, own, folder=True)
        if path is None or not path.is_dir():
            return path
        name = f"{node.text().rstrip('/')}/{self.simulation}.csv"
        return self.companions.find(name, "demand_patterns", node, own)

    def links(self) -> dict[str, dict[str, Any]]:
        """Return losses and latencies of the links, from those of the cables at their ends."""
        loss, delay = self._cables("network_loss_data"), self._cables("network_delay_data")
        links: dict[str, dict[str, Any]] = {}
        for name in self.plant.spec.wiring.links:
            ends = name.split("->")
            fields: dict[str, Any] = {}
            kept = math.prod(1.0 - loss.get(end, 0.0) / 100.0 for end in ends)
            if kept < 1.0:
                fields["loss"] = round(1.0 - kept, 10)
            if latency := sum(delay.get(end, 0.0) for end in ends):
                fields["latency"] = f"{latency:.10g} ms"
            if fields:
                links[name] = fields
        return links

    def _cables(self, key: str) -> dict[str, float]:
        """Return the loss [%] or delay [ms] of each PLC's cable, and of SCADA's."""
        node, switch = self.root.either(key), self.root.either(key.removesuffix("_data"))
        if node is not None and switch is not None and switch.off():
            self.imported.note(LEFT_OUT, f"{key}: {switch.name} is off", node)
            return {}
        row = node and self._row(node, "a network that loses and delays nothing")
        if not row or node is None:
            return {}
        path, line, values = row
        cables = {}
        for name, value in values.items():
            if name.casefold().startswith("unnamed"):
                continue
            plc = SCADA if name.casefold() == "scada" else self.plant.counterpart(name)
            if plc is None:
                raise tables.wrong(path, 1, name, f"no PLC {name!r}")
            if value < 0 or (key == "network_loss_data" and value > 100):
                raise InputError(f"{name}: {value:g} is not possible", path, line, column=1)
            cables[plc] = value
        if key == "network_loss_data":
            self.imported.note(DIFFERS, SENT_AGAIN, node)
        return cables
