import json

import pytest

from scenarios.bench.detection import Bench, planned, run, shipped, watches
from scenarios.bench.recipes import Case, shadows
from scenarios.definition.schema import from_data
from scenarios.sweeps.journal import RECORDS
from twin.errors import InputError


def case_of(seed, **more):
    data = {"name": f"case-{seed}", "duration": "6 h", "warmup": "24 h", "seed": seed,
            "detector": None, **more}  # fmt: skip
    return Case("normal", "", "", "", 0, from_data(data))


def test_it_goes_on_where_it_was_stopped(tmp_path):
    tried = [case_of(1), case_of(2)]
    tries, _ = planned(Bench(("pca",), seed=1, draws=0), tried, tmp_path)
    first = run(tries[:1], tmp_path, workers=1, progress=False)
    written = (tmp_path / RECORDS).read_bytes()
    with (tmp_path / RECORDS).open("ab") as file:
        file.write(b'{"key": "half a rec')  # as a killed process leaves it
    both = run(tries, tmp_path, workers=1, progress=False)
    assert (tmp_path / RECORDS).read_bytes().startswith(written)
    lines = (tmp_path / RECORDS).read_text().splitlines()
    assert [json.loads(line)["rows"][0]["seed"] for line in lines] == [1, 2]
    assert both["seed"].tolist() == [1, 2]
    assert both.iloc[0].to_dict() == first.iloc[0].to_dict() | {"setting": ""}
    assert set(both["status"]) == {"done"}


def test_wrong_shadows_are_for_detectors_that_have_one(tmp_path):
    known, wrong = watches(Bench(("pca", "physics"), seed=0, draws=2), tmp_path)
    assert [watch.name for watch in known] == ["pca", "physics"]
    assert {job.watch.name for job in wrong} == {"physics"}
    drawn = len(shadows()) - 1  # the exact one is not drawn
    assert len(wrong) == 1 + 2 * drawn
    assert len({job.file for job in wrong}) == len(wrong)


def test_a_detector_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"Did you mean .pca"):
        watches(Bench(("pcaa",), seed=0, draws=0), tmp_path)


def test_all_that_ship_for_the_plant_take_part():
    assert {"cnn-lstm", "pca", "physics"} <= set(shipped())
