"""Training a detector on normal operation, read from run folders and BATADAL-style CSV files."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from detector import DataError, Detector, Training, create
from detector.base import HOUR
from detector.benchmark import batadal
from detector.registry import kind_class
from scenarios.definition.scenario import Scenario
from scenarios.experiments.dataset import check_run_folder
from scenarios.experiments.plant_card import plant_card
from scenarios.results.folder import METRICS, read_metrics, read_scenario, read_table
from scenarios.simulation.watch import Shadow, shadow_of
from twin.errors import InputError
from twin.shadow.perturbation import Perturbation
from twin.units import readable

_LIBRARIES = ("hydrotwin", "torch", "scikit-learn", "numpy", "pandas")


@dataclass(frozen=True)
class NormalRows:
    """Rows of normal operation.

    Attributes
    ----------
    source : Path
        The file or run folder they are from.
    table : DataFrame
        A column per tag in its unit, ``(T, C)``, indexed by time [s].
    scenario : Callable
        Returns the scenario that they are of: its plant, and when time 0 was.
    notes : tuple of str
        What was read, in words.
    """

    source: Path
    table: pd.DataFrame
    scenario: Callable[[], Scenario]
    notes: tuple[str, ...]


def read_normal(data: list[Path], interval_s: float = HOUR) -> list[NormalRows]:
    """Read normal operation from run folders and BATADAL-style CSV files.

    Parameters
    ----------
    data : list of Path
    interval_s : float
        From row to row [s].

    Raises
    ------
    DataError
        If one cannot be read, holds an attack, has other tags than the first, or no rows so close.
    """
    read: list[NormalRows] = []
    for path in data:
        rows = _read_run(path, interval_s) if path.is_dir() else _read_csv(path, interval_s)
        if read and list(rows.table.columns) != list(read[0].table.columns):
            raise DataError(f"{path}: its tags are not those of {data[0]}; train on one plant.")
        read.append(rows)
    return read


def _read_csv(path: Path, interval_s: float) -> NormalRows:
    record = batadal.read(path)
    record.check_normal()
    if interval_s != HOUR:
        wanted = readable(interval_s)
        raise DataError(f"{path}: its rows are an hour apart, not {wanted}; train on run folders.")
    table = record.table
    start = pd.Timestamp(str(table.index[0])).to_pydatetime()
    table = table.set_axis([HOUR * row for row in range(len(table))])
    return NormalRows(path, table, lambda: Scenario(name="record", start=start), record.notes)


def _read_run(folder: Path, interval_s: float) -> NormalRows:
    """Return the frames of a run at multiples of the interval, and notes about them."""
    try:
        check_run_folder(folder, "scada.parquet")
        labelled = (folder / "labels.parquet").is_file()
        if labelled and (read_table(folder, "labels")["label"] == "attack").any():
            raise DataError(f"{folder}: a run under attack. Train on normal runs only.")
        frames = read_table(folder, "scada")
        summary = read_metrics(folder) if (folder / METRICS).is_file() else None
    except InputError as error:
        raise DataError(str(error)) from error
    table = frames[frames.index % interval_s == 0]
    apart = table.index.to_series().diff().median()
    if len(table) < 2 or apart != interval_s:
        raise DataError(
            f"{folder}: no frame every {readable(interval_s)}. SCADA's are "
            f"{readable(float(frames.index.to_series().diff().median()))} apart; give another "
            "--interval, or another `polling` in the scenario's `control`."
        )
    first, last = table.index[0] / HOUR, table.index[-1] / HOUR
    every = "hourly frames" if interval_s == HOUR else f"frames every {readable(interval_s)}"
    notes = [f"{every}, hour {first:g} to {last:g} of the run"]
    if summary is not None:
        notes.append(f"scenario {summary['scenario']}, seed {summary['seed']}")
    return NormalRows(folder, table, lambda: read_scenario(folder), tuple(notes))


def with_shadow(
    rows: NormalRows, interval_s: float, shadow: Callable[[Scenario], Shadow] = shadow_of
) -> pd.DataFrame:
    """Return rows with the columns of a shadow twin behind those of the tags.

    Raises
    ------
    DataError
        If the plant is not known, has other tags, or there is no shadow twin of it.
    """
    try:
        scenario = rows.scenario()
        spec = scenario.plant_spec()
        twin = shadow(scenario)(spec, interval_s)
    except InputError as error:
        raise DataError(f"{rows.source}: {error}") from error
    with closing(twin):
        missing = [tag for tag in spec.tag_names if tag not in rows.table.columns]
        if missing:
            raise DataError(f"{rows.source}: no {', '.join(missing)}, which {spec.name} has.")
        tags = rows.table[list(spec.tag_names)]
        return pd.concat([tags, twin.extend_table(tags)], axis="columns")


def train(
    normal: list[NormalRows],
    kind: str,
    training: Training,
    *,
    command: str,
    interval_s: float = HOUR,
    shadow: Callable[[Scenario], Shadow] | None = None,
) -> Detector:
    """Fit a detector on normal operation, and note in its `about` how.

    Parameters
    ----------
    normal
        What `read_normal` returned.
    kind
        Which detector.
    training
        Seed and options, see `detector.Training`.
    command
        The command line that trains it, for the card.
    interval_s
        From row to row [s].
    shadow
        Returns the shadow twin of a scenario's plant, for kinds that want its columns; by default
        `shadow_of`'s, with the errors that the options tell.

    Raises
    ------
    DataError
        If the detector cannot be fitted on the data.
    """
    wants_shadow = kind_class(kind).wants(training) == "tags+shadow"
    if shadow is None:
        errors = getattr(kind_class(kind).options(training), "perturb", {})
        shadow = partial(shadow_of, perturb=Perturbation.of(errors))
    tables = [
        with_shadow(rows, interval_s, shadow) if wants_shadow else rows.table for rows in normal
    ]
    if "plant" in kind_class(kind).Options.model_fields:
        told = {"plant": plant_card(normal[0].scenario().plant_spec()), **training.options}
        training = replace(training, options=told)
    detector = create(kind, [str(column) for column in tables[0].columns], interval_s)
    detector.fit([table.reset_index(drop=True) for table in tables], training)
    described: list[dict[str, Any]] = [
        {"file": str(rows.source), "rows": len(rows.table), "found": list(rows.notes)}
        for rows in normal
    ]
    detector.about = {
        "command": command,
        "data": described,
        "seed": training.seed,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
        },
        **detector.about,
    }
    return detector
