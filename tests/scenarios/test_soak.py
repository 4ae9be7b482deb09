"""A short soak: no sample is lost, the water balances, memory stays where it is."""

from pathlib import Path

import pytest

from tests.scenarios.soak import soak


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="resident memory is read on Linux"
)
def test_six_weeks_of_random_attacks_and_faults_loses_nothing():
    found = soak(42, seed=3)
    assert set(found.rows.values()) == {found.expected}
    assert found.stray == 0
    assert found.gap < 1e-3
    assert found.began == found.entries
    # The historian's buffers, of two weeks, are full by the third.
    assert found.resident_mb[-1] < found.resident_mb[3] + 8.0
