"""What the tests of labs share."""

import numpy as np
import pandas as pd
import pytest

from scenarios.labs import catch_it
from scenarios.labs.weeks import Attacked
from twin.plants.spec import load_plant


@pytest.fixture
def weeks(monkeypatch):
    """Two weeks that nobody simulated: what breaks does so whatever is in them."""
    tags = load_plant("ctown").tag_names
    table = pd.DataFrame(0.0, np.arange(2016) * 300.0, list(tags))
    week = Attacked(table, ("one", "two"), ((150_000.0, 200_000.0), (420_000.0, 470_000.0)))
    monkeypatch.setattr(catch_it, "attacked_week", lambda seed: week)
    monkeypatch.setattr(catch_it, "normal_week", lambda seed: table)
