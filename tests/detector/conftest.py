"""A small plant's normal days, and detectors fitted on it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from detector import Detector, Training, create
from detector.benchmark.batadal import TAGS as BATADAL_TAGS
from detector.contract import days as make_days

__all__ = ["TAGS", "USUAL", "make_days", "write_batadal"]

USUAL = {"cnn-lstm": Training(seed=1, options={"epochs": 4}), "pca": Training(seed=1)}
"""How each shipped kind is fitted in seconds."""

TAGS = ("L_A", "F_A", "S_A", "L_B", "F_IDLE")


@pytest.fixture(scope="session", autouse=True)
def one_core() -> Iterator[None]:
    """Keep linear algebra on one core: tests run side by side, and would wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def days() -> pd.DataFrame:
    return make_days(40)


@pytest.fixture(scope="session", params=sorted(USUAL))
def fitted(request: pytest.FixtureRequest, days: pd.DataFrame) -> Detector:
    """Every shipped kind, fitted in seconds on the small plant."""
    detector = create(request.param, TAGS)
    detector.fit(days, USUAL[request.param])
    return detector


def write_batadal(path: Path, start: str, days: int, seed: int, disturbed: list[slice]) -> None:
    """Write a small file in BATADAL's format: daily waves, levels off while disturbed."""
    rng = np.random.default_rng(seed)
    hour = np.arange(24 * days)
    phases = np.linspace(0, 3, len(BATADAL_TAGS))
    values = 5 + np.sin(2 * np.pi * hour[:, None] / 24 + phases)
    values += rng.normal(0, 0.05, values.shape)
    values[:, BATADAL_TAGS.index("F_PU3")] = 0
    for rows in disturbed:
        values[rows, :3] += 3
    times = pd.date_range(start, periods=len(hour), freq="h").strftime("%d/%m/%y %H")
    table = pd.DataFrame(values.round(2), columns=list(BATADAL_TAGS))
    table.insert(0, "DATETIME", times)
    table["ATT_FLAG"] = 0
    table.to_csv(path, index=False)


@pytest.fixture(scope="session")
def small_batadal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small dataset03 and a dataset04 over attacks 1 and 2, both disturbed."""
    folder = tmp_path_factory.mktemp("small")
    write_batadal(folder / "dataset03.csv", "2014-01-06", 60, 1, [])
    # From 10/09/16 00 h: attack 1 is rows 95 to 144, attack 2 rows 395 to 418.
    write_batadal(
        folder / "BATADAL_DATASET04.CSV", "2016-09-10", 20, 2, [slice(98, 145), slice(395, 419)]
    )
    return folder
