"""The tables a run records, and what each of their columns holds."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from scenarios.definition.scenario import Scenario
from twin.control.alarms import LimitAlarm
from twin.plants.spec import PlantSpec
from twin.records.historian import Event

COLUMNS = Path(__file__).with_name("columns.csv")


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables of a run, and the scenario and plant they are of.

    Each is indexed by time [s since the scenario's start] unless it says otherwise; `columns`
    lists every column with its unit.

    Attributes
    ----------
    scenario : Scenario
        As it ran: with the seed and duration used.
    spec : PlantSpec
    truth, plc, scada, quality : DataFrame
        The true tags with running totals, what each PLC believed, what SCADA showed and how good
        it said that was.
    paired : DataFrame or None
        The truth of the same run without attacks; None if it was not asked for.
    labels : DataFrame
        A row for each step and entry, not indexed by time; see `scenarios.results.labels`.
    scores, alarms : DataFrame
        Of the detector; empty without one.
    limits : DataFrame
        SCADA's own alarms, by when they were raised.
    events : DataFrame
        What happened once: commands, starts and ends of attacks, trips.
    """

    scenario: Scenario
    spec: PlantSpec
    truth: pd.DataFrame
    plc: pd.DataFrame
    scada: pd.DataFrame
    quality: pd.DataFrame
    paired: pd.DataFrame | None
    labels: pd.DataFrame
    scores: pd.DataFrame
    alarms: pd.DataFrame
    limits: pd.DataFrame
    events: pd.DataFrame


class Column(NamedTuple):
    """A column of a table in a run folder, as `columns.csv` describes it.

    `name` may hold a part in angle brackets: `<tag>` stands for every tag of the plant.
    """

    table: str
    name: str
    type: str
    unit: str
    meaning: str


def columns() -> list[Column]:
    """Return the columns of every table that a run writes."""
    with COLUMNS.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
        return [Column(*row) for row in rows]


def limits_table(alarms: Iterable[LimitAlarm]) -> pd.DataFrame:
    """Return the limit alarms that stood at some time of the run, by when they were raised [s]."""
    names = [field.name for field in fields(LimitAlarm)]
    stood = [alarm for alarm in alarms if alarm.cleared is None or alarm.cleared >= 0]
    table = pd.DataFrame([astuple(alarm) for alarm in stood], columns=names)
    numbers = dict.fromkeys(["time", "value", "bound", "cleared"], float)
    return table.astype(numbers).set_index("time")


def events_table(events: Iterable[Event]) -> pd.DataFrame:
    """Return what happened once, by time [s]."""
    rows = [(event.time, event.source, event.what) for event in events]
    return pd.DataFrame(rows, columns=["time", "source", "what"]).set_index("time")
