"""A sweep's folder read at any time: also while it is at work, or after it was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.sweeps.journal import rows_ended
from scenarios.sweeps.table import RESULTS, read_about, read_results
from twin.errors import InputError


def results_so_far(folder: Path) -> tuple[pd.DataFrame, dict[str, Any], str]:
    """Read what a sweep has come to.

    Returns
    -------
    results : DataFrame
        The table; where no run stands in it, the rows of the journal, numbered as they ended and
        without the values of the swept fields.
    about : dict
        The table's `plant`, its fields' `units`, and how many `runs` the sweep has, if known.
    left : str
        How many runs are done, and how to go on; empty where all are.

    Raises
    ------
    InputError
        If the folder holds no sweep or none of whose runs has ended, or its table is damaged.
    """
    table = pd.DataFrame()
    about: dict[str, Any] = {"plant": None, "units": {}}
    there = (folder / RESULTS).is_file()
    if there:
        table, about = read_results(folder), read_about(folder)
    listed = int(table["run"].nunique()) if len(table) else 0
    of = about.get("runs")
    if listed and of in (None, listed):
        return table, about, ""
    ended = rows_ended(folder)
    if not ended and not there:
        read_results(folder)  # says that it holds none
    if not ended and not listed:
        raise InputError(f"{folder}: no run of the sweep has ended yet; start it again to go on")
    done = len(ended) if of is None or len(ended) <= of else listed  # more: of an earlier sweep
    left = f"{done}{'' if of is None else f' of {of}'} runs are done; "
    left += "start the sweep again to go on"
    if ended and not listed:
        heads = list(table.columns) or ["run", "scenario", "detector"]
        rows = [
            {"run": run, "scenario": "", **row, "detector": row["detector"] or ""}
            for run, record in enumerate(ended)
            for row in record
        ]
        read = pd.DataFrame(rows)
        names = [*heads, *(name for name in read if name not in heads)]
        table = read.reindex(columns=names)
        left += ", which tells their swept fields too (these figures are from its journal)"
    elif done > listed:
        left += f" (the table has {listed} of them)"
    return table, about, left + "."
