"""The same scenario and seed give the same bytes, alone or beside seven others."""

import hashlib
import multiprocessing
from pathlib import Path

import pytest

import scenarios
from scenarios.definition.schema import from_data, load

ROUGH = {
    "sensors": {"[LFP]_*": {"noise": 0.02, "resolution": 0.01, "drift": 0.001}},
    "links": {
        "PLC*->PLC*": {"latency": "2 s", "jitter": "1 s", "loss": 0.1, "retries": 1},
        "PLC*->SCADA": {"latency": "1 s", "loss": 0.05, "bandwidth": 9600},
    },
}


def digest(folder):
    """Run three days of an attack on a plant with noise and losses; hash what it recorded."""
    attacked = load("t1-overflow-concealed")
    data = {"name": "rough", "seed": 5, "duration": "3 d", "control": ROUGH}
    scenario = from_data(data | {"attacks": []})
    for out, plan in (("calm", scenario), ("attacked", attacked)):
        scenarios.run(plan, out=folder / out, duration=3 * 86400.0, watch=False, pair=False)
    files = sorted(folder.rglob("*.parquet"))
    assert len(files) >= 8
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@pytest.mark.slow
def test_one_process_or_eight_give_the_same_bytes(tmp_path):
    alone = digest(tmp_path / "alone")
    folders = [tmp_path / str(i) for i in range(8)]
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        assert set(pool.map(digest, folders)) == {alone}


def test_noise_and_losses_are_there_and_repeat():
    data = {"name": "rough", "seed": 5, "duration": "1 d", "control": ROUGH}
    scenario = from_data(data, Path.cwd())
    one, other = (scenarios.run(scenario, watch=False, pair=False) for _ in range(2))
    assert one.scada.equals(other.scada)
    assert one.quality.equals(other.quality)
    assert (one.quality > 0).to_numpy().any()
    error = (one.scada["P_J280"] - one.truth["P_J280"]).iloc[12:]
    assert 0.01 < error.std() < 0.04
