"""The way to the public data."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def batadal_folder() -> Path:
    """Return the folder of the public files where they are at hand; they are no project files."""
    root = os.environ.get("HYDROTWIN_DATA") or Path(__file__).parents[2] / "shared" / "data"
    folder = Path(root) / "batadal"
    if not folder.is_dir():
        pytest.skip(f"no BATADAL files in {folder}; set HYDROTWIN_DATA to the folder above")
    return folder
