"""The run folder: the one writer and the one reader of what a run leaves on disk.

It is written beside its place and renamed, so that it is whole or absent. `columns.csv` lists the
columns of its tables.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import ArrowException

from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import load, to_yaml
from scenarios.results.damage import Damage, Harm
from scenarios.results.incidents import Incident, Verdict
from scenarios.results.orders import Misorder
from scenarios.results.run import Run
from scenarios.results.slips import Slip
from twin.errors import InputError, listed
from twin.files import folder_beside
from twin.units import HOUR

SCENARIO = "scenario.yaml"  # what makes a folder a run folder
METRICS = "metrics.json"
STREAMS = ("truth", "plc", "scada", "quality")
"""Tables that the historian writes while the run goes on."""
TABLES = ("labels", "scores", "alarms", "limits", "events", "impact")
"""Tables that are written once it is over; a compared run has `paired` too."""
_LISTS = ["altered", "deviating", "tags"]  # columns whose cells are lists of tags


@contextlib.contextmanager
def draft(out: Path | str) -> Iterator[Path]:
    """Give an empty folder beside `out` to write into; it is gone afterwards, unless published.

    Raises
    ------
    InputError
        If `out` is something else than a run folder, an empty folder, or nothing.
    """
    out = Path(out)
    if out.is_dir():
        names = {path.name for path in out.iterdir()}
        if names and not {SCENARIO, METRICS} <= names:
            raise InputError(
                f"{out} is a folder that holds something else than a run: name another --out"
            )
    elif out.exists():
        raise InputError(f"{out} is a file: name a folder for --out")
    new = [parent for parent in out.absolute().parents if not parent.exists()]
    place = folder_beside(out)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        for parent in new:  # only those that stayed empty go
            with contextlib.suppress(OSError):
                parent.rmdir()


def write(place: Path, run: Run) -> None:
    """Write a run into its folder, beside what historian, pictures and report write."""
    (place / SCENARIO).write_text(to_yaml(run.scenario), encoding="utf-8")
    for name in TABLES:
        table: pd.DataFrame = getattr(run, name)
        table = table.rename_axis("counter") if name == "impact" else table
        table.to_parquet(place / f"{name}.parquet", compression="zstd")
    if run.paired is not None and run.scenario.entries:
        run.paired.to_parquet(place / "paired.parquet", compression="zstd")
    if run.orders:
        orders = pd.DataFrame([asdict(order) for order in run.orders])
        orders.to_parquet(place / "orders.parquet", compression="zstd")
    summary = json.dumps(run.summary(), indent=2, ensure_ascii=False)
    (place / METRICS).write_text(summary + "\n", encoding="utf-8")
    lines = [
        f"{at / 3600:9.3f} h  {source}: {what}"
        for at, source, what in zip(
            run.events.index, run.events["source"], run.events["what"], strict=True
        )
    ]
    lines = [f"status: {run.status} {run.reason}".strip(), *run.notes, *lines]
    (place / "run.log").write_text("\n".join(lines) + "\n", encoding="utf-8")


def publish(place: Path, out: Path) -> None:
    """Rename a written draft to the run folder `out`, in place of an older run."""
    place.chmod(0o755)
    if out.is_dir():
        shutil.rmtree(out)
    place.rename(out)


def check(folder: Path, files: tuple[str, ...]) -> None:
    """Raise InputError if a run folder lacks one of some files."""
    if not (folder / SCENARIO).is_file():
        raise InputError(f"{folder} is no run folder: it lacks {SCENARIO}")
    lacks = [file for file in files if not (folder / file).is_file()]
    if lacks:
        again = f"hydrotwin run {folder / SCENARIO} --out {folder}-again"
        raise InputError(f"{folder} lacks {listed(lacks)}: make the run again by {again}")


def read_scenario(folder: Path) -> Scenario:
    """Read the scenario of a run folder, as it ran."""
    check(folder, ())
    return load(folder / SCENARIO)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read a table of a run folder, like `truth` or `labels`, as `Run` has it.

    Raises
    ------
    InputError
        If it is missing or damaged.
    """
    path = folder / f"{name}.parquet"
    try:
        table = pd.read_parquet(path)
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(f"damaged or missing: {error}; run the scenario again", path) from None
    if name in STREAMS:
        if "time" not in table:
            raise InputError("damaged: no column 'time'; this is no run of the twin", path)
        table = table.set_index("time")
    for column in table.columns.intersection(_LISTS) if len(table) else ():
        table[column] = table[column].map(list).astype(object)
    if name == "impact":
        return table.rename_axis(None)
    return table


def read_hourly(folder: Path) -> pd.DataFrame:
    """Read what SCADA showed on every full hour of a run, by time [s].

    Raises
    ------
    InputError
        If the table is missing or damaged, or no frame falls on a full hour.
    """
    frames = read_table(folder, "scada")
    hourly = frames[frames.index % HOUR == 0]
    if hourly.empty:
        raise InputError("no frame falls on a full hour: SCADA polls beside it", folder)
    return hourly


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read the figures of a run folder: `Run.summary`, as it was written.

    Raises
    ------
    InputError
        If they are missing or damaged.
    """
    path = folder / METRICS
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"damaged or missing: {error}; run the scenario again", path) from None
    if not isinstance(metrics, dict):
        raise InputError("damaged: it holds no figures; run the scenario again", path)
    return metrics


def open_run(folder: Path | str) -> Run:
    """Read a run back from its folder.

    Parameters
    ----------
    folder : Path or str

    Raises
    ------
    InputError
        If it is no run folder, lacks a file, or one of them is damaged.
    """
    folder = Path(folder)
    check(folder, (METRICS, *(f"{name}.parquet" for name in (*STREAMS, *TABLES))))
    scenario, metrics = read_scenario(folder), read_metrics(folder)
    tables: dict[str, Any] = {name: read_table(folder, name) for name in (*STREAMS, *TABLES)}
    try:
        if not scenario.entries:
            paired = tables["truth"] if metrics["paired"] is not None else None
        else:
            paired = None if metrics["paired"] is None else read_table(folder, "paired")
        orders = folder / "orders.parquet"
        misorders = read_table(folder, "orders").to_dict("records") if orders.is_file() else []
        return Run(
            **tables,
            scenario=scenario,
            spec=scenario.plant_spec(),
            paired=paired,
            damage=_damage(metrics["damage"]),
            incidents=tuple(_incident(fields) for fields in metrics["attacks"]),
            orders=tuple(_misorder(fields) for fields in misorders),
            slips=tuple(Slip(**fields) for fields in metrics["slips"]),
            detectors=tuple(Verdict(**fields) for fields in metrics["detectors"]),
            notes=tuple(metrics["notes"]),
            folder=folder,
            **{name: metrics[name] for name in _FIGURES},
        )
    except (KeyError, TypeError, AttributeError) as error:
        path = folder / METRICS
        raise InputError(f"damaged: {error!r}; run the scenario again", path) from None


_FIGURES = ("status", "reason", "wall_s", "false_episodes", "fault_episodes", "aftermath")


def _damage(harms: dict[str, dict[str, float]] | None) -> Damage | None:
    return None if harms is None else {name: Harm(**harm) for name, harm in harms.items()}


def _incident(fields: dict[str, Any]) -> Incident:
    spans = tuple((begin, end) for begin, end in fields["spans_h"])
    return Incident(**{**fields, "damage": _damage(fields["damage"]), "spans_h": spans})


def _misorder(fields: dict[Any, Any]) -> Misorder:
    end = fields["end"]
    return Misorder(**{**fields, "end": None if pd.isna(end) else end})
