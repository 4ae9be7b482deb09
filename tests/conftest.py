"""What all tests share."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Keep paired runs of the tests away from the user's, and of each worker from the others'."""
    os.environ["HYDROTWIN_CACHE"] = str(tmp_path_factory.mktemp("pairs"))
