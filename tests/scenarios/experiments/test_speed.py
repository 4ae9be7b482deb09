"""Sweeps are measured by ratios taken in one run, shown and not asserted: machines are noisy."""

import json

import pytest

from scenarios.experiments import speed


def test_the_driver_drives_runs_in_which_nothing_is_done():
    seconds, peak = speed._drive(20)
    assert seconds > 0
    assert peak > 0


@pytest.mark.slow
def test_sweeps_are_measured(capsys):
    found = speed.measure_sweeps(1, idle=(20, 40), worked=(4, 16), tell=lambda what: None)
    result = json.loads(json.dumps(found.as_dict()))
    assert result["weeks"] >= 5
    assert set(result["driver"]) == {"20", "40"}
    assert all(result[name] > 0 for name in ("weeks_a_minute", "detector", "speedup"))
    with capsys.disabled():
        print(f"\n{result}")
