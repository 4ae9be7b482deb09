"""A run as the benchmark's own files: hourly, two decimals, dates and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.results.folder import read_hourly, read_scenario, read_table
from scenarios.results.labels import attacked
from twin.errors import InputError
from twin.records.batadal import Record


def hourly(run: Path) -> Record:
    """Return what SCADA showed on every full hour of a run, and whether it was under attack.

    An hour is labelled 1 if it is under attack; see `scenarios.results.labels.attacked`.

    Parameters
    ----------
    run : Path
        A run folder.

    Raises
    ------
    InputError
        If it is no run folder, or no frame falls on a full hour.
    """
    if not (run / "scenario.yaml").is_file() or not (run / "scada.parquet").is_file():
        raise InputError(
            "no run folder: it lacks scenario.yaml or scada.parquet. "
            "`hydrotwin run normal --out FOLDER` makes one",
            run,
        )
    start = read_scenario(run).start
    table = read_hourly(run)
    hours = table.index.to_numpy(dtype=float)
    table.index = pd.DatetimeIndex(pd.Timestamp(start) + pd.to_timedelta(hours, unit="s"))
    under = attacked(read_table(run, "labels"), hours)
    return Record(run, table, under.astype(np.int64))
