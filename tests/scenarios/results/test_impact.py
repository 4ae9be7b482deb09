"""Impact counters as they are told: rounded, and no cost where electricity has no price."""

import json
import math
from datetime import datetime

import pandas as pd
import pytest

from scenarios.report.words import figure
from scenarios.results.compare import Side, compare
from scenarios.results.impact import COUNTERS, settled
from twin.plants.spec import load_plant


@pytest.fixture
def ctown():
    return load_plant("ctown")


@pytest.fixture
def unpriced():
    plant = load_plant("ctown")
    for _, pump in plant.model.pumps():
        pump.energy_price = None
    return plant


def table(**rows):
    return pd.DataFrame(rows.values(), index=list(rows), columns=["run", "difference"], dtype=float)


def test_what_comes_of_adding_up_is_no_difference(ctown):
    told = settled(table(unmet_m3=[12.3456784, -5.7e-14], energy_cost=[0.0, -0.0]), ctown)
    assert told.loc["unmet_m3"].tolist() == [12.345678, 0.0]
    assert math.copysign(1.0, told.loc["unmet_m3", "difference"]) == 1.0
    assert told.loc["energy_cost"].tolist() == [0.0, 0.0]


def test_without_a_price_there_is_no_cost(ctown, unpriced):
    rows = table(energy_kwh=[5.0, 1.0], energy_cost=[0.0, 0.0])
    assert settled(rows, ctown).notna().all(axis=None)
    told = settled(rows, unpriced)
    assert told.loc["energy_cost"].isna().all()
    assert told.loc["energy_kwh"].tolist() == [5.0, 1.0]
    unpriced.model.options.energy.global_price = 0.1
    assert settled(rows, unpriced).notna().all(axis=None)


@pytest.mark.parametrize(
    ("counter", "value", "sign", "says"),
    [
        ("energy_cost", math.nan, "", "no price in network.inp"),
        ("availability_D_percent", math.nan, "", "–"),
        ("unmet_m3", 1234.56, "", "1,234.6"),
        ("unmet_m3", -0.04, "+", "+0.0"),
        ("unmet_m3", 2.0, "+", "+2.0"),
    ],
)
def test_a_figure_is_written_for_people(counter, value, sign, says):
    assert figure(counter, value, sign) == says


def test_a_comparison_without_a_price_is_plain_json(unpriced):
    tags = list(unpriced.tag_names)
    times = pd.Index([0.0, 300.0], name="time")
    rows = pd.DataFrame(1.0, index=times, columns=tags)
    side = Side("x", unpriced, datetime(2026, 1, 5), rows, rows, dict.fromkeys(COUNTERS, 1.0), ())
    told = json.dumps(compare(side, side).summary(), allow_nan=False)
    assert json.loads(told)["totals"]["energy_cost"] == {"a": None, "b": None, "difference": None}
