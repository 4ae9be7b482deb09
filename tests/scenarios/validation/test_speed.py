"""Ratios taken in one run, shown and not asserted: machines differ and are noisy."""

import json

import pytest

from scenarios.validation.speed import measure_speed


@pytest.mark.slow
def test_the_loop_is_measured_against_bare_epanet_and_its_peers(capsys):
    found = measure_speed(7, growth=(1, 7), tell=lambda what: None)
    result = json.loads(json.dumps(found.as_dict()))
    assert {"bare_s", "loop_s", "ratio", "peak_mb", "peers"} <= set(result)
    assert {"wntr-epanet", "wntr-stepwise"} <= set(result["peers"])
    assert result["ratio"] > 0
    assert all(seconds > 0 for seconds in result["peers"].values())
    with capsys.disabled():
        print(f"\nfull loop / bare EPANET over 7 days: {found.ratio:.2f}")
