import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.simulation import cache, pair

HOUR = 3600.0


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HYDROTWIN_CACHE", str(tmp_path / "pairs"))
    return tmp_path / "pairs"


def scenario(**fields):
    return from_data({"name": "x", "duration": "12 h", "warmup": "0 h", "detector": None} | fields)


def truth(one):
    return pair.paired_truth(one, one.plant_spec())


def test_a_kept_run_is_the_run_itself(folder):
    first = truth(scenario())
    assert len(list(folder.iterdir())) == 1
    pd.testing.assert_frame_equal(truth(scenario()), first)
    assert first.index[-1] == 12 * HOUR


def test_a_longer_run_serves_a_shorter_one(folder):
    short = truth(scenario(duration="6 h"))
    folder_before = len(list(folder.iterdir()))
    truth(scenario())
    (folder / next(p.name for p in folder.iterdir() if "-21600." in p.name)).unlink()
    again = truth(scenario(duration="6 h"))
    assert folder_before == 1
    assert len(list(folder.iterdir())) == 1
    meters = [name for name in short if "_" in name and name not in ("L_T1",)]
    pd.testing.assert_frame_equal(again.iloc[:-1], short.iloc[:-1])
    pd.testing.assert_series_equal(
        again[meters].filter(regex="m3|kwh|starts|_h$").iloc[-1],
        short[meters].filter(regex="m3|kwh|starts|_h$").iloc[-1],
    )


def test_what_changes_the_water_changes_the_pair(folder):
    for fields in ({}, {"seed": 1}, {"demand_model": "pressure-driven"}, {"start": "2026-01-10"}):
        truth(scenario(**fields))
    assert len(list(folder.iterdir())) == 4


def test_attacks_share_their_pair(folder):
    for by in (1.0, 2.0):
        attack = {"on": "sensor:L_T1", "do": {"offset": {"by": by}}}
        scenarios.run(scenario(attacks=[attack]))
    assert len(list(folder.iterdir())) == 1


def test_a_damaged_cache_costs_time_only(folder):
    first = truth(scenario())
    for path in folder.iterdir():
        path.write_bytes(b"no parquet")
    pd.testing.assert_frame_equal(truth(scenario()), first)


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HYDROTWIN_CACHE", str(tmp_path / "file" / "pairs"))
    assert len(truth(scenario())) == 145


def test_without_a_pair_no_damage_is_claimed(folder):
    attack = {"on": "sensor:L_T1", "do": {"offset": {"by": 1.0}}}
    run = scenarios.run(scenario(attacks=[attack]), pair=False)
    assert run.paired is None
    assert run.impact["difference"].isna().all()
    assert run.incidents[0].damage_h is None
    assert run.summary()["paired"] is None
    assert not folder.exists()
    normal = scenarios.run(dataclasses.replace(scenario()))
    assert (normal.impact["difference"] == 0).all()


def test_a_line_changed_anywhere_in_the_code_of_the_water_changes_the_key(tmp_path):
    root = Path(cache.__file__).parents[2]
    for package in ("twin", "attacks"):
        for path in (root / package).rglob("*.py"):
            copy = tmp_path / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    files = sorted(tmp_path.rglob("*.py"))
    assert {path.parent.name for path in files} >= {"water", "control", "kinds", "entries"}
    digest = cache.code_digest.__wrapped__
    before = digest(tmp_path)
    assert before == digest(root)
    for path in files:
        text = path.read_bytes()
        path.write_bytes(text + b"# a line more\n")
        assert digest(tmp_path) != before, path
        path.write_bytes(text)
    assert digest(tmp_path) == before
