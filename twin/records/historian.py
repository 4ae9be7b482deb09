"""The historian: what happened, the truth and each view of it apart, kept as tables.

Rows go to Parquet as they come, two weeks at a time, so that memory stays flat and an interrupted
run keeps what it has; without a folder they stay in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from twin.tags import Values

_ROWS = 4032  # two weeks of 5-min rows


class Table:
    """A growing table of numbers with a time column [s].

    Parameters
    ----------
    name : str
        Of its Parquet file, without the ending.
    columns : sequence of str
        Without `time`, which comes first.
    folder : Path, optional
        Where the file goes; by default rows stay in memory.
    dtype : str, default "float64"
        Of the columns after `time`.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        folder: Path | None = None,
        dtype: str = "float64",
    ):
        self.name, self.columns = name, tuple(columns)
        self.path = None if folder is None else folder / f"{name}.parquet"
        kind = pa.from_numpy_dtype(np.dtype(dtype))
        self._schema = pa.schema([("time", pa.float64()), *((c, kind) for c in self.columns)])
        self._times = np.empty(_ROWS)
        self._rows = np.empty((_ROWS, len(self.columns)), dtype=dtype)
        self._used = 0
        self._batches: list[pa.RecordBatch] = []
        self._writer: pq.ParquetWriter | None = None
        if self.path is not None:
            # Physical values seldom repeat: a dictionary of them takes time and saves nothing, nor
            # does anybody look for one by the least and greatest of a group of rows.
            self._writer = pq.ParquetWriter(
                self.path,
                self._schema,
                compression="lz4",
                use_dictionary=False,
                write_statistics=False,
            )

    def append(self, time: float, row: Values | NDArray[np.int8]) -> None:
        """Add a row that holds every column."""
        self._rows[self._used] = row
        self._times[self._used] = time
        self._used += 1
        if self._used == _ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._used:
            return
        # Copies: the next rows are written over these.
        columns = [self._times[: self._used].copy(), *self._rows[: self._used].T.copy()]
        batch = pa.record_batch([pa.array(column) for column in columns], schema=self._schema)
        if self._writer is None:
            self._batches.append(batch)
        else:
            self._writer.write_batch(batch)
        self._used = 0

    def close(self) -> None:
        """Write what is left, close the file and give the memory for further rows back."""
        self._flush()
        self._rows, self._times = self._rows[:0].copy(), self._times[:0].copy()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def frame(self) -> pd.DataFrame:
        """Return all rows of a closed table, indexed by time [s]."""
        if self.path is None:
            rows = sum(len(batch) for batch in self._batches)
            return self._frame(rows, self._batches)
        with pq.ParquetFile(self.path) as file:
            return self._frame(file.metadata.num_rows, file.iter_batches(_ROWS))

    def _frame(self, rows: int, batches: Iterable[pa.RecordBatch]) -> pd.DataFrame:
        """Return the batches' rows, read one after the other: a year of them twice is too much."""
        times = np.empty(rows)
        values = np.empty((len(self.columns), rows), dtype=self._rows.dtype)
        first = 0
        for batch in batches:
            here = slice(first, first + len(batch))
            times[here] = batch.column(0)
            for row, column in zip(values, batch.columns[1:], strict=True):
                row[here] = column
            first = here.stop
        index = pd.Index(times, name="time")
        return pd.DataFrame(values.T, index=index, columns=list(self.columns), copy=False)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened once: a command, an attack's start or end, a tank at its rim.

    Attributes
    ----------
    time : float
        Seconds since the scenario's start.
    kind : str
        `entry` (an attack or fault starts or ends), `switch` (an actuator's setting changes),
        `operator` (an order is written), `external` (a client outside writes to a PLC), `limit`
        (SCADA's alarm is raised or cleared), `trip` or `reset` (of a pump's dry-run protection).
    source : str
        Who did it: the entry, the PLC or `actuator:…`, `operator`, `external` and the client's
        address, `SCADA` or `plant`.
    subject : str
        What it happened to: the entry's port, the actuator, the order, the tag or the pump.
    what : str
        In words.
    """

    time: float
    kind: str
    source: str
    subject: str
    what: str


class Historian:
    """All tables of one run.

    Parameters
    ----------
    tags : sequence of str
    memory : sequence of str
        Columns of the PLCs' memories, like `PLC1.L_T1`.
    meters : sequence of str
        Columns of the running totals beside the true tags.
    folder : Path, optional
        Where the Parquet files go; by default they stay in memory.

    Attributes
    ----------
    truth : Table
        Every tag as it is, then the running totals.
    plc : Table
        Every tag as each PLC believes it to be.
    scada, quality : Table
        Every tag as SCADA shows it, and how good it says that is.
    events : list of Event
    """

    def __init__(
        self,
        tags: Sequence[str],
        memory: Sequence[str],
        meters: Sequence[str],
        folder: Path | None = None,
    ):
        self.truth = Table("truth", [*tags, *meters], folder)
        self.plc = Table("plc", memory, folder)
        self.scada = Table("scada", tags, folder)
        self.quality = Table("quality", tags, folder, dtype="int8")
        self.events: list[Event] = []

    def close(self) -> None:
        """Write what is left of every table."""
        for table in (self.truth, self.plc, self.scada, self.quality):
            table.close()
