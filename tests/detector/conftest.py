"""A small plant's normal days, detectors fitted on it, and the way to the public data."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detector import Detector, create

TAGS = ("L_A", "F_A", "S_A", "L_B", "F_IDLE")


def make_days(days: int, seed: int = 0) -> pd.DataFrame:
    """Return hourly rows of a plant with a daily rhythm; F_IDLE never moves."""
    rng = np.random.default_rng(seed)
    hour = np.arange(24 * days)
    swing = np.sin(2 * np.pi * hour / 24)
    flow = 50 + 20 * swing + rng.normal(0, 1, len(hour))
    return pd.DataFrame(
        {
            "L_A": 3 + swing + rng.normal(0, 0.05, len(hour)),
            "F_A": flow,
            "S_A": (flow > 50).astype(float),
            "L_B": 2 - 0.5 * swing + rng.normal(0, 0.05, len(hour)),
            "F_IDLE": 0.0,
        }
    )


@pytest.fixture(scope="session")
def days() -> pd.DataFrame:
    return make_days(40)


@pytest.fixture(scope="session", params=["cnn-lstm", "pca"])
def fitted(request: pytest.FixtureRequest, days: pd.DataFrame) -> Detector:
    """Every shipped kind, fitted in seconds on the small plant."""
    detector = create(request.param, TAGS)
    detector.fit(days, seed=1, epochs=4)
    return detector


@pytest.fixture(scope="session")
def batadal_folder() -> Path:
    """Return the folder of the public files where they are at hand; they are no project files."""
    root = os.environ.get("HYDROTWIN_DATA") or Path(__file__).parents[3] / "shared" / "data"
    folder = Path(root) / "batadal"
    if not folder.is_dir():
        pytest.skip(f"no BATADAL files in {folder}; set HYDROTWIN_DATA to the folder above")
    return folder
