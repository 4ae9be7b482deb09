"""What a run says of pumps that stood still."""

import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.account import account
from scenarios.simulation.notes import trips
from tests.twin.drafting.test_draft import high_and_dry
from twin.records.historian import Event

HOUR = 3600.0


def test_pumps_that_tripped_are_named_with_when_and_for_how_long():
    tripped, reset = "tripped: too little water reaches it", "reset"
    said = [(-5, "PU1", tripped), (-5, "PU2", tripped), (-4, "PU3", tripped), (-3, "PU3", reset),
            (2, "PU1", reset), (2, "PU2", reset), (27, "PU4", tripped), (28, "PU4", reset),
            (30, "PU4", tripped)]  # fmt: skip
    events = [
        Event(at * HOUR, "reset" if what == reset else "trip", "plant", pump, f"{pump} {what}")
        for at, pump, what in said
    ]
    (line,) = trips([*events, Event(0.0, "switch", "PLC1", "PU9", "PU9 opened")], 31.0)
    assert "PU1, PU2 from the warm-up on, for 2.0 h of the run; PU3 in the warm-up only" in line
    assert "PU4 from day 2, 03:00 (h 27.0) on, for 2.0 h of the run." in line
    assert "`dry_run_protection: false`" in line
    (line,) = trips(events[-3:], 31.0)
    assert "dry_run_protection" not in line  # what an attack did is no matter of the plant
    assert list(trips([], 31.0)) == []


@pytest.mark.parametrize("protected", [True, False])
def test_a_plant_whose_pumps_all_stand_says_so(tmp_path, protected):
    """Also where they tripped before the first recorded hour."""
    high_and_dry(tmp_path)
    data = {"name": "x", "plant": "plant", "duration": "4 h", "warmup": "1 h", "detector": None}
    data["control"] = {"dry_run_protection": protected}
    run = scenarios.run(from_data(data, tmp_path))
    (to_know,) = [section.lines for section in account(run) if section.title == "To know"]
    stood = [line for line in to_know if "PU from the warm-up on, for 4.0 h" in line]
    assert len(stood) == protected
    assert (run.impact.loc["energy_kwh", "run"] > 0) != protected
