from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.twin.control.test_plc import BAND, plc
from twin.conditions.parser import parse
from twin.control.crossings import Crossings


def ahead(level, rate, coil, crossing, moved=None):
    """Return how far off the next instant is while T1 moves at `rate` [mm/s] under PLC1."""
    one = plc(level, coil, *BAND, crossing=crossing)
    one.spec = replace(one.spec, by_engine=crossing == "engine")
    one.rules = one.spec.rules
    if moved is not None:
        when = parse(f"L_T1 < {moved}", ["L_T1"])
        one.rules = (replace(one.rules[0], when=when), one.rules[1])
    plant = SimpleNamespace(
        levels=np.array([level]), rates=lambda: np.array([rate / 1000]), settings={"PU1": coil}
    )
    return Crossings(plant, {"L_T1": 0}, 0.0).ahead(0, [one])


@pytest.mark.parametrize("crossing", ["nearest", "engine"])
def test_an_instant_comes_where_a_rule_is_about_to_change_something(crossing):
    assert ahead(4.1, -1.0, 0.0, crossing) == 100
    assert ahead(6.25, 1.0, 1.0, crossing) == 50
    assert ahead(4.1, 1.0, 0.0, crossing) == 0


def test_the_engine_looks_ahead_to_rules_that_change_nothing_too():
    assert ahead(4.1, -1.0, 1.0, "nearest") == 0
    assert ahead(4.1, -1.0, 1.0, "engine") == 100
    assert ahead(6.35, -1.0, 1.0, "engine") == 0  # from above: no level rises to 6.3 m


def test_the_engine_knows_nothing_of_a_threshold_that_was_moved():
    assert ahead(4.1, -1.0, 0.0, "nearest", moved=4.05) == 50
    assert ahead(4.1, -1.0, 0.0, "engine", moved=4.05) == 100
