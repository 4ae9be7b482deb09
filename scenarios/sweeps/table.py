"""The table of a sweep: what one run comes to, a row for each detector; written and summarised.

`results.csv` lists the columns. Rows stand in the sweep's order, whatever order the runs ended in,
so that the same sweep gives the same bytes.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from attacks.entries.targets import elements
from scenarios.results.damage import DAMAGE
from scenarios.results.detection import detection
from scenarios.results.run import Run
from twin.errors import InputError
from twin.files import flow

ATTRIBUTES = Path(__file__).with_name("results.csv")
RESULTS, TIMINGS = "results.parquet", "timings.parquet"
_ABOUT = b"hydrotwin"  # in the metadata of a table
_CHUNK = 5000  # rows written at a time
_TYPES = {
    "whole": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "yes/no": pa.bool_(),
}


class Attribute(NamedTuple):
    """A column of a sweep's tables, as `results.csv` describes it.

    `name` may hold a part in angle brackets, like `impact_<counter>`. `default` says when a cell is
    empty.
    """

    table: str
    name: str
    type: str
    unit: str
    default: str
    description: str


def attributes(table: str = "results") -> list[Attribute]:
    """Return the columns of `results` or `timings`, in their order."""
    with ATTRIBUTES.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
        return [each for each in (Attribute(*row) for row in rows) if each.table == table]


_MEASURES = ("rows", "attacked_rows", "precision", "recall", "f1", "auc", "pr_auc")
NOTICED = (
    "incidents_detected", "detected", "delay_h", "before_damage", "alarms", "false_episodes",
    "fault_episodes", "peak_score", *_MEASURES,
)  # fmt: skip
"""The columns that are about a detector."""


def figures(run: Run, place: int | None = 0) -> dict[str, Any]:
    """Return what a run comes to: the columns of a row from `status` on, None where unknown.

    Parameters
    ----------
    run : Run
    place : int or None
        Of the detector, among the run's, whose figures they are; None for nobody's.
    """
    begun = [each for each in run.incidents if each.start_h is not None]
    touched = [name for one in run.scenario.attacks for name in elements(one, run.spec)]
    row: dict[str, Any] = {
        "status": run.status,
        "error": run.reason or None,
        "plcs": " ".join(_plcs(run, touched)) or None,
        "elements": " ".join(dict.fromkeys(touched)) or None,
        "hours": run.hours,
        "incidents": len(run.incidents),
        "incidents_begun": len(begun),
        "start_h": min((each.start_h for each in begun if each.start_h is not None), default=None),
        "end_h": max((each.end_h for each in begun if each.end_h is not None), default=None),
        "attacked_h": _covered(span for each in begun for span in each.spans_h),
        "damage_h": min((e.damage_h for e in begun if e.damage_h is not None), default=None),
        "limit_alarms": len(run.limits),
        "slip": max((s.relative for s in run.slips if s.relative is not None), default=None),
    }
    watched = place is not None and place < len(run.detectors)
    row |= _noticed(run, place or 0) if watched else dict.fromkeys(NOTICED)
    damage = run.damage
    for counter in DAMAGE:
        harm = None if damage is None else damage.get(counter)
        row[f"damage_{counter}"] = None if damage is None else harm.most if harm else 0.0
    for column in ("run", "paired", "difference"):
        prefix = "impact" if column == "run" else column
        row |= {f"{prefix}_{counter}": total for counter, total in run.impact[column].items()}
    return {name: _plain(value) for name, value in row.items()}


def _noticed(run: Run, place: int) -> dict[str, Any]:
    """Return what one of a run's detectors noticed."""
    verdict, scores = run.detectors[place], run.scores_of(place)
    alarms = run.alarms[run.alarms["detector"] == verdict.detector]
    delays = [delay for delay in verdict.delays_h.values() if delay is not None]
    judged = [each for each in verdict.before_damage.values() if each is not None]
    relative = scores["score"] / scores["threshold"]
    measured = detection(scores, run.labels, run.aftermath, run.paired is not None)
    values: tuple[Any, ...] = (
        len(delays),
        bool(delays) if verdict.delays_h else None,
        delays[0] if delays else None,
        all(judged) if judged else None,
        len(alarms),
        verdict.false_episodes,
        verdict.fault_episodes,
        relative.max() if len(relative) else None,
        *(None if measured is None else getattr(measured, name) for name in _MEASURES),
    )
    return dict(zip(NOTICED, values, strict=True))


def _plcs(run: Run, touched: Collection[str]) -> list[str]:
    """Return the PLCs at the ports of a run's attacks, or else those in charge of the `touched`."""
    ports = {part for one in run.scenario.attacks for part in re.split(r":|->", one.on)}
    at_port = [name for name in run.spec.plcs if name in ports]
    return at_port or list(dict.fromkeys(t.plc for t in run.spec.tags if t.element in touched))


def _covered(spans: Iterable[tuple[float, float]]) -> float:
    """Return how long [h] at least one of some intervals lasts."""
    covered, reached = 0.0, -math.inf
    for begin, end in sorted(spans):
        covered += max(end - max(begin, reached), 0.0)
        reached = max(reached, end)
    return covered


def _plain(value: Any) -> Any:
    """Return a figure as JSON has it: of Python's types, None where it is not finite."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def column_type(values: Collection[Any]) -> Any:
    """Return the type of the column that holds these cells."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pa.bool_()
    if kinds <= {int} and all(abs(value) < 2**63 for value in values if value is not None):
        return pa.int64()
    return pa.float64() if kinds <= {int, float} else pa.string()


def as_text(value: Any) -> str | None:
    """Return a swept value as it stands in a column of texts."""
    return value if value is None or isinstance(value, str) else flow(value)


def write_table(
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    columns: Mapping[str, Any],
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write rows as a Parquet table, some thousand at a time; it is whole or absent.

    Parameters
    ----------
    path : Path
    rows : iterable of mapping
    columns : mapping
        The type of each column, in order.
    about : mapping, optional
        What else is to be known of the table, JSON; `read_about` returns it.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    schema = pa.schema(list(columns.items()), {_ABOUT: json.dumps(about or {}, ensure_ascii=False)})
    draft = path.with_name(f".{path.name}.draft")
    try:
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            chunk: list[dict[str, Any]] = []
            for row in rows:
                chunk.append({name: row.get(name) for name in columns})
                if len(chunk) == _CHUNK:
                    writer.write_table(pa.Table.from_pylist(chunk, schema))
                    chunk = []
            if chunk or columns:
                writer.write_table(pa.Table.from_pylist(chunk, schema))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror or error}", path) from None


def figure_columns(names: Iterable[str], table: str = "results") -> dict[str, Any]:
    """Return the type of each column of figures, in the order of the attribute table.

    Parameters
    ----------
    names : iterable of str
        All that occur, those of one template in their order.
    table : {"results", "timings"}
    """
    known = attributes(table)
    place = {name: _attribute(name, known) for name in dict.fromkeys(names)}
    ordered = sorted(place, key=lambda name: known.index(place[name]))
    return {name: _TYPES[place[name].type] for name in ordered}


def _attribute(name: str, known: Sequence[Attribute]) -> Attribute:
    """Return the attribute that describes a column of figures."""
    for attribute in known:
        pattern = re.sub(r"<\w+>", ".+", attribute.name)
        if attribute.type in _TYPES and re.fullmatch(pattern, name):
            return attribute
    raise KeyError(name)


def read_about(folder: Path) -> dict[str, Any]:
    """Return what else is known of a sweep's results: its `plant`, and its fields' `units`."""
    about: dict[str, Any] = json.loads(pq.read_schema(folder / RESULTS).metadata[_ABOUT])
    return about


def read_results(folder: Path) -> pd.DataFrame:
    """Read the results of a sweep from its folder.

    Raises
    ------
    InputError
        If there are none, or they are damaged.
    """
    path = folder / RESULTS
    if not path.is_file():
        raise InputError(
            f"{folder} holds no results of a sweep: `hydrotwin sweep FILE --out {folder}` "
            "makes them"
        )
    try:
        return pd.DataFrame(pq.read_table(path).to_pandas())
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"damaged: {error}; start the sweep again", path) from None
