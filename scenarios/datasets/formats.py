"""The formats of a data set: Parquet, BATADAL's CSV, and the CSV files of TSB-AD."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detector.records.labels import LABEL
from detector.records.record import DECIMALS
from detector.records.times import TIME, TIME_FORMAT
from twin.units import readable

Weeks = Iterator[tuple[int, pd.DataFrame]]
"""The number of each week, and its frames; see `scenarios.datasets.make.frames`."""


def parquet_path(out: Path, part: str, interval_s: float) -> Path:
    """Return where the frames of a part lie."""
    return out / "parquet" / f"{part}-{_short(interval_s)}.parquet"


def _short(interval_s: float) -> str:
    return readable(interval_s).replace(" ", "")


def write_parquet(out: Path, part: str, interval_s: float, weeks: Weeks) -> None:
    """Write the frames of a part as one table: `week`, `time` [s], the tags and the labels."""
    path = parquet_path(out, part, interval_s)
    path.parent.mkdir(exist_ok=True)
    writer: pq.ParquetWriter | None = None
    try:
        for place, frames in weeks:
            table = frames.reset_index()
            table.insert(0, "week", place)
            whole = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
            writer = writer or pq.ParquetWriter(path, whole.schema, compression="zstd")
            writer.write_table(whole)
    finally:
        if writer is not None:
            writer.close()


def write_batadal(out: Path, part: str, weeks: Weeks) -> None:
    """Write the hourly frames of a part as BATADAL's files are, week after week."""
    path = out / "batadal" / f"{part}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, (_, frames) in enumerate(weeks):
            tags = list(frames.columns[1 : frames.columns.get_loc(LABEL)])
            table = frames[[TIME, *tags, LABEL]].copy()
            table[tags] = table[tags].round(DECIMALS) + 0.0  # + 0.0: no "-0.0"
            whole = [name for name in tags if frames[name].isin((0, 1)).all()]
            table.astype(dict.fromkeys(whole, int)).to_csv(
                file, index=False, header=number == 0, date_format=TIME_FORMAT,
                float_format=f"%.{DECIMALS}f", lineterminator="\n",
            )  # fmt: skip


def write_tsb_ad(
    out: Path,
    name: str,
    part: str,
    interval_s: float,
    weeks: Weeks,
    families: Mapping[int, str],
    train: int,
) -> None:
    """Write each attacked week as a file of TSB-AD's multivariate benchmark.

    The name says how many rows at the beginning may be fitted on, and which is the first anomaly.

    Parameters
    ----------
    out : Path
    name : str
        Of the data set.
    part : str
    interval_s : float
    weeks : iterator of (int, DataFrame)
    families : mapping
        The family of each attacked week, by its number.
    train : int
        Rows before which no attack begins.
    """
    folder = out / "tsb-ad" / f"{part}-{_short(interval_s)}"
    folder.mkdir(parents=True, exist_ok=True)
    for place, frames in weeks:
        if place in families:
            labels = frames[LABEL].to_numpy()
            first = int(labels.argmax())
            file = f"{place:03d}_{name}_id_{place}_{families[place]}_tr_{train}_1st_{first}.csv"
            table = frames.iloc[:, 1 : frames.columns.get_loc(LABEL)].assign(Label=labels)
            table.to_csv(folder / file, index=False, float_format="%g", lineterminator="\n")
