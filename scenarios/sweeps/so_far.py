"""A sweep's folder read at any time: also while it is at work, or after it was killed."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.sweeps.journal import RECORDS
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
    ended = _journal(folder)
    table = pd.DataFrame()
    about: dict[str, Any] = {"plant": None, "units": {}}
    if (folder / RESULTS).is_file() or not ended:
        table, about = read_results(folder), read_about(folder)
    if table.empty and not ended:
        raise InputError(f"{folder}: no run of the sweep has ended yet; start it again to go on")
    listed = int(table["run"].nunique()) if len(table) else 0
    of = about.get("runs")
    if listed and of in (None, listed):
        return table, about, ""
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


def errors(results: pd.DataFrame) -> pd.Series[int]:
    """Return of each distinct error how many runs failed with it."""
    if "error" not in results:
        return pd.Series(dtype=int)
    return results.drop_duplicates("run")["error"].value_counts()


def _journal(folder: Path) -> list[list[dict[str, Any]]]:
    """Return the rows of each run that has ended, the last of each key."""
    ended: dict[str, list[dict[str, Any]]] = {}
    with contextlib.suppress(OSError), (folder / RECORDS).open("rb") as lines:
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                record = json.loads(line)
                if not record.get("lost"):
                    ended[record["key"]] = record["rows"]
    return list(ended.values())
