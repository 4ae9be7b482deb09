import json
import shutil

import numpy as np
import pandas as pd
import pytest

from detector.records.record import Record, read
from scenarios.experiments.dataset import write
from scenarios.validation.demand_fit import fit_demands
from scenarios.validation.fidelity import simulated_sample
from tests.command import hydrotwin
from tests.scenarios.validation.test_fidelity import START
from tests.twin.drafting.test_draft import LIBRARY
from twin.drafting.draft import draft
from twin.errors import InputError
from twin.plants.profile import write as save
from twin.plants.spec import load_plant


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Three weeks of the twin as a record."""
    plant = load_plant("ctown")
    rows = simulated_sample(plant, START, 21, seed=6).rows
    hours = pd.date_range(START, periods=len(rows), freq="h")
    table = pd.DataFrame(rows, columns=list(plant.tag_names), index=hours)
    path = tmp_path_factory.mktemp("record") / "record.csv"
    write(Record(path, table, np.zeros(len(rows), dtype=np.int64)))
    return path


def test_a_fitted_plant_draws_as_its_record_did(file, tmp_path):
    plant = tmp_path / "mine"
    shutil.copytree(load_plant("ctown").folder, plant)
    done = hydrotwin(
        "demand", "fit", file, "--plant", plant, "--out", plant / "demand.csv", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["hours"] == found["rows"] == 504
    assert found["residual"] < 0.2  # two decimals of a pressure that spans centimetres
    assert abs(found["autocorrelation"]["24"]) < 0.15
    usual, mine = load_plant("ctown").profile, load_plant(plant).profile
    error = np.abs(mine.mean - usual.mean) / usual.std
    assert error.max() < 5 / np.sqrt(3 * 5)
    assert error.mean() < 1 / np.sqrt(3 * 5)


def test_hours_under_attack_are_left_out(file):
    plant = load_plant("ctown")
    record = read(file, plant.tag_names)
    record.flags[300:310] = 1
    found = fit_demands(plant, record, shared=False)
    assert np.isnan(found.multipliers[300:310]).all()
    assert np.isfinite(found.multipliers).all(axis=1).sum() == 494
    assert found.names == tuple(plant.dmas)


def test_bad_input_is_one_message_and_status_2(file, tmp_path):
    short = tmp_path / "short.csv"
    short.write_text("".join(file.read_text().splitlines(keepends=True)[:50]))
    week = tmp_path / "week.csv"
    week.write_text("".join(file.read_text().splitlines(keepends=True)[: 1 + 168]))
    draft(LIBRARY / "Net1.inp", tmp_path / "mine")
    tags = load_plant("mine", tmp_path).tag_names
    other = tmp_path / "other.csv"
    other.write_text(f"DATETIME,{','.join(tags)}\n06/01/14 00{',1' * len(tags)}\n")
    for args, says in (
        ([short], "0.3 weeks without attacks are known, in which 0:00 of a saturday comes never"),
        ([week, "--per-dma"], "0:00 of a saturday comes once"),
        ([other], "a record of another plant; it has all tags of mine\n"),
        ([file, "--plant", "mine"], "a record of another plant; it has all tags of ctown\n"),
        ([short, "--plant", "ctwn"], "ctown"),
        ([short, "--out", "no/demand.csv"], "there is no folder"),
        (["none.csv"], "cannot be read"),
    ):
        done = hydrotwin("demand", "fit", *args, cwd=tmp_path)
        assert done.returncode == 2, done.stdout
        assert says in done.stderr
        assert "Traceback" not in done.stderr


def test_what_is_too_short_is_said_before_anything_is_solved(file, monkeypatch):
    def solves(*_):
        raise AssertionError("it solves")

    monkeypatch.setattr("scenarios.validation.demand_fit.explain_all", solves)
    plant = load_plant("ctown")
    record = read(file, plant.tag_names)
    with pytest.raises(AssertionError, match="it solves"):
        fit_demands(plant, record)
    record.flags[30:] = 1
    with pytest.raises(InputError, match="weeks without attacks are known"):
        fit_demands(plant, record)


def test_the_demands_of_a_plant_without_weekly_patterns_are_found_too(tmp_path):
    net1 = draft(LIBRARY / "Net1.inp", tmp_path / "mine").spec
    (pattern,) = net1.model.pattern_name_list
    pairs_of_hours = net1.model.get_pattern(pattern).multipliers
    rows = simulated_sample(net1, START, 14, seed=6).rows
    hours = pd.date_range(START, periods=len(rows), freq="h")
    table = pd.DataFrame(rows, columns=list(net1.tag_names), index=hours)
    record = Record(tmp_path / "record.csv", table, np.zeros(len(rows), dtype=np.int64))
    found = fit_demands(net1, record).profile
    np.testing.assert_allclose(found.mean[0], [np.repeat(pairs_of_hours, 2)] * 3, atol=0.01)
    save(found, tuple(net1.dmas), net1.folder / "demand.csv")
    again = load_plant(net1.folder)
    assert again.profiled == tuple(net1.dmas)
    np.testing.assert_allclose(again.profile.mean, found.mean, atol=1e-6)


def test_a_week_is_fitted_with_a_warning(file, tmp_path):
    week = tmp_path / "week.csv"
    week.write_text("".join(file.read_text().splitlines(keepends=True)[: 1 + 168]))
    done = hydrotwin("demand", "fit", week, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning: " in done.stderr
    assert "1.0 weeks are little to fit a profile on" in done.stderr
