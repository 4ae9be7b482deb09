"""A window of a record's rows, and a testbed that runs through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from attacks.entries.armed import arm
from detector.records.record import Record
from scenarios.definition.scenario import Scenario
from twin.errors import InputError, under
from twin.plants.spec import PlantSpec
from twin.tags import Frame, Values
from twin.testbed import Testbed
from twin.units import HOUR
from twin.water.demand import Hours

LEAD = 72
"""Rows before the scenario's start that are run through first, for replays to have a recording."""


@dataclass(frozen=True)
class RecordWindow:
    """Hourly rows of a record: those before a start, and those from it on.

    Attributes
    ----------
    start : datetime
    rows : ndarray of shape (lead + hours, tags)
    lead : int
        How many rows come before the start.
    """

    start: datetime
    rows: Values
    lead: int

    @classmethod
    def of(cls, record: Record, start: datetime, hours: int) -> RecordWindow:
        """Return the window of a record that goes from `LEAD` rows before a start to its end.

        Raises
        ------
        InputError
            If the record does not hold all hours, and one before them, or lacks a value there.
        """
        index = pd.DatetimeIndex(record.table.index)
        first = int((start - record.start) / timedelta(hours=1))
        if first < 1 or first + hours > len(index):
            raise InputError(
                f"it holds {index[0]:%Y-%m-%d %H} h to {index[-1]:%Y-%m-%d %H} h, and not the "
                f"{hours} h from {start:%Y-%m-%d %H} h on and an hour before them",
                record.path,
            )
        lead = min(LEAD, first)
        rows = record.rows[first - lead : first + hours]
        if not np.isfinite(rows).all():
            empty = first - lead + int(np.argmin(np.isfinite(rows).all(axis=1)))
            raise InputError("a value is missing", record.path, empty + 2)
        return cls(start, rows, lead)

    def from_start(self, spec: PlantSpec, values: Values) -> pd.DataFrame:
        """Return `values`, shaped as the rows, from the start on, by hours since then."""
        return pd.DataFrame(values[self.lead :], columns=list(spec.tag_names))


class WindowRun:
    """A testbed that runs through the hours of a window once.

    Parameters
    ----------
    spec : PlantSpec
    scenario : Scenario
        Its attacks are armed, its seed and start used.
    window : RecordWindow
    """

    def __init__(self, spec: PlantSpec, scenario: Scenario, window: RecordWindow):
        self._window = window
        lead = window.lead * HOUR
        self.testbed = Testbed(spec, seed=scenario.seed, start=scenario.start, warmup=lead)
        with under("attacks"):
            self.armed = arm(scenario.attacks, self.testbed)
        self._statuses = [
            (place, tag.element) for place, tag in enumerate(spec.tags) if tag.quantity == "status"
        ]

    def settings(self) -> Values:
        """Return the true values, with what pumps and valves are set to in place of statuses."""
        plant = self.testbed.plant
        values, settings = np.array(plant.values), plant.settings
        for place, element in self._statuses:
            values[place] = settings.get(element, values[place])
        return values

    def run(self, demands: Hours, on_row: Callable[[int], None]) -> tuple[Values, Values]:
        """Run through the window.

        Parameters
        ----------
        demands : Hours
        on_row : callable
            Called with a row's place at its hour, before PLCs scan.

        Returns
        -------
        view, truth : ndarray of shape (rows, tags)
            What SCADA showed and what was, at the hour of each row.
        """
        rows, lead = self._window.rows, self._window.lead
        view, truth = np.full(rows.shape, np.nan), np.full(rows.shape, np.nan)

        def row_at(time: float) -> int | None:
            hour, late = divmod(time, HOUR)
            place = int(hour) + lead
            return place if not late and place < len(rows) else None

        def watch(now: float, _: Values) -> None:
            place = row_at(now)
            if place is not None:
                on_row(place)

        def keep(frame: Frame) -> None:
            place = row_at(frame.time)
            if place is not None:
                np.copyto(view[place], frame.values)
                np.copyto(truth[place], self.testbed.plant.values)

        with self.testbed as testbed:
            testbed.demand = demands
            testbed.actors.append(watch)
            testbed.scada.subscribers.append(keep)
            for _ in testbed.run((len(rows) - lead) * HOUR):
                pass
        return view, truth
