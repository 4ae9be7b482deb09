"""What all tests share: a cache of their own, and the way to the public data."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep paired runs of the tests away from the user's, and of each worker from the others'."""
    os.environ["HYDROTWIN_CACHE"] = str(tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="session")
def batadal_folder() -> Path:
    """Return the folder of the public files where they are at hand; they are no project files."""
    root = os.environ.get("HYDROTWIN_DATA") or Path(__file__).parents[2] / "shared" / "data"
    folder = Path(root) / "batadal"
    if not folder.is_dir():
        pytest.skip(f"no BATADAL files in {folder}; set HYDROTWIN_DATA to the folder above")
    return folder
