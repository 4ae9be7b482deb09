import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from detector.records.record import Record, read
from scenarios.experiments.dataset import write
from scenarios.validation import similarity
from scenarios.validation.fidelity import assess, simulated_sample
from scenarios.validation.fidelity_picture import plot_fidelity
from scenarios.validation.lead_times import LEADS, lead_errors, restart_rows
from scenarios.validation.similarity import Sample, auc, compare, statistics
from tests.command import hydrotwin
from twin.plants.spec import load_plant

START = datetime(2014, 1, 6)


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


@pytest.fixture(scope="module")
def days(ctown):
    """Six days of the twin, hour by hour."""
    return simulated_sample(ctown, START, 6, seed=9)


@pytest.fixture(scope="module")
def file(ctown, days, tmp_path_factory):
    """Write the same as a file, a few hours of it under attack."""
    hours = pd.date_range(START, periods=len(days.rows), freq="h")
    table = pd.DataFrame(days.rows, columns=list(ctown.tag_names), index=hours)
    flags = np.zeros(len(table), dtype=np.int64)
    flags[100:110] = 1
    path = tmp_path_factory.mktemp("record") / "record.csv"
    write(Record(path, table, flags))
    return path


def test_a_year_is_hourly_frames_at_two_decimals(days):
    assert days.rows.shape == (144, 43)
    assert days.normal.all()
    np.testing.assert_array_equal(days.rows, days.rows.round(2))


def test_statistics_of_a_tag_are_those_of_its_normal_hours(ctown, days):
    rows, normal = np.zeros((48, 43)), np.ones(48, dtype=bool)
    level, status = ctown.tag_names.index("L_T1"), ctown.tag_names.index("S_PU2")
    rows[:, level] = np.arange(48)
    rows[::2, status] = 1
    rows[40:], normal[40:] = 99.0, False
    table = statistics(Sample(START, rows, normal), ctown)
    assert table.loc["L_T1", "mean"] == 19.5
    assert table.loc["L_T1", "q50"] == 19.5
    assert table.loc["L_T1", "lag1"] == pytest.approx(1.0)
    assert table.loc["S_PU2", "duty"] == 0.5
    assert table.loc["S_PU2", "switches"] == 24
    assert table.loc["S_PU2", "lag1"] == pytest.approx(-1.0)
    assert table.loc[["L_T1"], ["duty", "switches"]].isna().all(axis=None)


def test_the_classifier_is_fooled_by_likeness_and_by_nothing_else():
    rng = np.random.default_rng(0)
    weeks = np.repeat(np.arange(10), 40)
    one, same = rng.normal(size=(2, 400, 3))
    assert auc((one, weeks), (same, weeks)) == pytest.approx(0.5, abs=0.08)
    other = rng.normal(size=(400, 3))
    other[:, 1] = other[:, 0] + 0.1 * other[:, 1]  # each column looks as before
    assert auc((one, weeks), (other, weeks)) > 0.75
    assert np.isnan(auc((one[:120], weeks[:120]), (same, weeks)))


def test_a_day_is_summed_up_from_midnight_to_midnight(ctown):
    rows, normal = np.zeros((24 * 4, 43)), np.ones(96, dtype=bool)
    rows[:, ctown.tag_names.index("L_T1")] = (np.arange(96) + 20) % 24
    normal[60] = False
    found, weeks = similarity._days(Sample(datetime(2014, 1, 6, 20), rows, normal), ctown)
    assert found.shape == (2, 4 * 7 + 3 * 7 + 2 * 12)
    assert (found[:, [0, 7, 14, 21]] == [0, 6, 12, 18]).all()
    assert weeks.tolist() == [0, 0]


def test_a_tag_that_is_shifted_is_found(ctown, days):
    moved = days.rows.copy()
    moved[:, 0] += 0.5
    found = compare(days, Sample(days.start, moved, days.normal), ctown)
    assert found.ks[0] > 0.1
    assert (found.ks[1:] == 0).all()


def test_restarts_have_a_normal_day_after_them():
    normal = np.ones(100, dtype=bool)
    normal[30] = False
    assert restart_rows(normal).tolist() == [0, 50, 75]
    assert restart_rows(normal, 2).tolist() == [0, 75]
    assert len(restart_rows(normal[:20])) == 0


def test_the_twin_follows_its_own_record(ctown, days):
    errors, count = lead_errors(ctown, days.rows, days.normal)
    assert errors.shape == (len(LEADS), 43)
    assert count == 5
    mean = np.nanmean(errors, axis=1)
    assert mean[0] < 0.1
    assert mean[0] < mean[2] < 1.4  # of two samples that have nothing in common: root of 2


@pytest.mark.slow
def test_the_command_tells_and_draws(file, tmp_path):
    args = ["--against", file, "--sibling", file, "--seeds", 2, "--days", 2, "--json"]
    done = hydrotwin("fidelity", *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"ks_mean", "ks_max", "ks", "auc_row", "auc_pair", "auc_day", "lead",
            "sibling", "twin", "duty", "switches", "tags"} <= set(found)  # fmt: skip
    assert len(found["ks"]) == 43
    assert len(found["spread"]["ks_mean"]) == 2
    assert found["sibling"]["ks_max"] == 0.0
    assert 0 < found["ks_mean"] < 0.5
    assert found["auc_day"] is None  # two days are too few to tell
    assert set(found["lead"]) == {"1", "3", "24"}
    assert (tmp_path / "runs/fidelity/fidelity.png").stat().st_size > 50_000
    assert json.loads((tmp_path / "runs/fidelity/fidelity.json").read_text()) == found


def test_a_file_of_unknown_labels_is_refused(file, tmp_path):
    unknown = tmp_path / "unknown.csv"
    unknown.write_text(file.read_text().replace(",1\n", ",-999\n"))
    done = hydrotwin("fidelity", "--against", unknown, cwd=tmp_path)
    assert done.returncode == 2
    assert "10 hours are labelled -999" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_year_cannot_be_told_from_batadals(ctown, batadal_folder):
    """The targets of the design, which hold for the median of seeds, with room for one seed."""
    record = read(batadal_folder / "BATADAL_dataset03.csv", ctown.tag_names)
    found = assess(ctown, record, seeds=1)
    figures = found.as_dict()
    assert figures["ks_mean"] < 0.010
    assert figures["ks_max"] < 0.04
    assert figures["auc_row"] < 0.54
    assert figures["auc_pair"] < 0.54
    assert figures["auc_day"] < 0.60
    assert max(map(abs, figures["duty"].values())) < 0.005
    often = [t for t in figures["switches"] if figures["tags"][t]["record"]["switches"] > 0.5]
    assert len(often) == 6
    assert max(abs(figures["switches"][tag]) for tag in often) < 0.06
    assert figures["lead"]["1"] < 0.03
    assert figures["lead"]["24"] < 0.8
    assert len(plot_fidelity(found).axes) == 48
