import numpy as np
import pandas as pd
import pytest

import scenarios
from detector.benchmark import batadal
from detector.records.record import Record, read
from scenarios.definition.schema import from_data
from scenarios.experiments.dataset import write, write_parquet
from tests.command import hydrotwin
from twin.errors import InputError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    entry = {
        "on": "link:PLC8->SCADA",
        "do": {"offset": {"by": -1.0}},
        "when": {"from": "90 min", "to": "4 h"},
    }
    data = {"name": "x", "start": "2016-09-13 22:00", "duration": "8 h", "attacks": [entry]}
    out = tmp_path_factory.mktemp("run") / "run"
    return scenarios.run(from_data({**data, "detector": None}), out=out)


def test_a_run_goes_round_through_the_benchmarks_format(run, tmp_path):
    args = ["--batadal", "run.csv", "--parquet", "run.parquet"]
    done = hydrotwin("export", run.folder, *args, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "run.csv").read_text().splitlines()
    assert text[0] == ",".join(["DATETIME", *batadal.TAGS, "ATT_FLAG"])
    assert text[1].startswith("13/09/16 22,")
    found = batadal.read(tmp_path / "run.csv")
    hourly = run.scada[run.scada.index % 3600 == 0]
    assert found.table.shape == (8, 43)
    assert (found.table.to_numpy() == (hourly.to_numpy().round(2))).all()
    assert not any("unrounded" in note for note in found.notes)
    stored = pd.read_parquet(tmp_path / "run.parquet")
    assert (stored.pop("ATT_FLAG").to_numpy() == found.flags).all()
    assert (stored.index == found.table.index).all()
    assert (stored.to_numpy() == found.table.to_numpy()).all()


def test_hours_at_which_an_attack_is_active_are_labelled(run, tmp_path):
    hydrotwin("export", run.folder, "--batadal", "run.csv", cwd=tmp_path)
    # Active from 1:30 on and before 4:00.
    assert batadal.read(tmp_path / "run.csv").flags.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_a_run_without_attacks_is_labelled_normal(tmp_path):
    scenarios.run(
        from_data({"name": "x", "duration": "3 h", "detector": None}), out=tmp_path / "run"
    )
    hydrotwin("export", "run", "--batadal", "run.csv", cwd=tmp_path)
    assert batadal.read(tmp_path / "run.csv").flags.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "name --batadal FILE.csv"),
        (["--batadal", "no/such/x.csv"], "cannot be written"),
        (["--parquet", "no/such/x.parquet"], "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_said(run, tmp_path, args, says):
    done = hydrotwin("export", run.folder, *args, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_no_run_is_said(tmp_path):
    done = hydrotwin("export", tmp_path, "--batadal", "x.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "no run folder" in done.stderr


def test_a_damaged_run_is_said(run, tmp_path):
    for name in ("scenario.yaml", "labels.parquet"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    (tmp_path / "scada.parquet").write_bytes(b"not parquet")
    done = hydrotwin("export", tmp_path, "--batadal", "x.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "run the scenario again" in done.stderr


def test_what_is_written_reads_back_at_two_decimals(tmp_path):
    hours = pd.date_range("2014-01-06", periods=3, freq="h")
    table = pd.DataFrame({"L_A": [1.234, np.nan, -0.001], "S_A": [1.0, 0.0, 0.0]}, index=hours)
    flags = np.array([0, -999, 1])
    again = tmp_path / "again.csv"
    write(Record(again, table, flags))
    assert again.read_text().splitlines() == [
        "DATETIME,L_A,S_A,ATT_FLAG",
        "06/01/14 00,1.23,1,0",
        "06/01/14 01,,0,-999",
        "06/01/14 02,0.00,0,1",
    ]
    write_parquet(Record(tmp_path / "again.parquet", table, flags))
    stored = pd.read_parquet(tmp_path / "again.parquet")
    read_back = read(again, ("L_A", "S_A")).table
    pd.testing.assert_frame_equal(stored[["L_A", "S_A"]], read_back, check_freq=False)


def test_a_record_whose_folder_is_not_there_is_said(tmp_path):
    record = Record(tmp_path / "no" / "x.csv", pd.DataFrame({"L_A": [1.0]}), np.zeros(1, dtype=int))
    for writer in (write, write_parquet):
        with pytest.raises(InputError, match="cannot be written"):
            writer(record)
