"""Fitted detectors kept by content: the same rows, options and code are fitted once."""

import hashlib
import inspect
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from detector.base import HOUR, Detector, Training
from detector.checkpoint import SUFFIX
from detector.errors import DataError
from detector.registry import create, kind_class


def fit(
    kind: str, tables: Sequence[pd.DataFrame], training: Training, kept: Path | None = None
) -> Detector:
    """Return a detector fitted on normal rows, from a folder of earlier fits where it is there.

    A training that is interrupted is not kept. A kept one has no `held_out_scores`.

    Parameters
    ----------
    kind
        Which detector.
    tables
        Normal rows, hourly, each ``(T, C)``.
    training
        Seed, options, progress.
    kept
        The folder of fits; None keeps none.
    """
    columns = [str(column) for column in tables[0].columns]
    path = None if kept is None else kept / f"{kind}-{_key(kind, tables, training)}{SUFFIX}"
    if path is not None and path.is_file():
        try:
            return kind_class(kind).load(path)
        except DataError:  # damaged, as by a full disk: fitted anew and replaced
            pass
    detector = create(kind, columns, HOUR)
    detector.fit(tables, training)
    interrupted = detector.about.get("history", {}).get("stopped") == "interrupted"
    if path is not None and not interrupted:
        detector.save(path)
    return detector


def _key(kind: str, tables: Sequence[pd.DataFrame], training: Training) -> str:
    options = kind_class(kind).options(training).model_dump(mode="json")
    digest = hashlib.sha256(_code(kind).encode())
    digest.update(json.dumps([kind, training.seed, options], sort_keys=True).encode())
    for table in tables:
        digest.update(",".join(map(str, table.columns)).encode())
        digest.update(np.ascontiguousarray(table.to_numpy(dtype=np.float64)).tobytes())
    return digest.hexdigest()[:24]


@cache
def _code(kind: str) -> str:
    """Return the SHA-256 of the code that fits: of detectors, and of the kind's own file."""
    home = Path(__file__).parents[1]
    files = [*home.glob("base.py"), Path(inspect.getfile(kind_class(kind)))]
    for folder in ("methods", "networks", "thresholds"):
        files += sorted((home / folder).glob("*.py"))
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
