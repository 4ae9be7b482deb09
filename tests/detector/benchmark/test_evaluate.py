"""The evaluation, its pictures and predictions, on a small plant in BATADAL's format."""

import csv
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from detector import DataError
from detector.benchmark.evaluate import (
    FIRST,
    PUBLISHED,
    BenchmarkResult,
    evaluate,
    write_predictions,
)
from detector.benchmark.pictures import draw_evaluation
from tests.detector.conftest import write_batadal


@pytest.fixture(scope="module")
def result(small_batadal: Path) -> BenchmarkResult:
    return evaluate(small_batadal, test=small_batadal / "BATADAL_DATASET04.CSV", epochs=3)


def test_a_plain_disturbance_is_found(result: BenchmarkResult) -> None:
    found = result.as_dict()
    assert set(found) == {"dataset04", "test"}
    assert set(found["dataset04"]) == {"cnn-lstm", "pca", "always", "never", "random"}
    pca = found["dataset04"]["pca"]
    assert pca["auc"] > 0.95
    # The first attack shows three hours after it begins, the second at once.
    assert pca["ttd_hours"] == [3.0, 0.0]
    # A window is judged by the row after it: the network cannot see row 98 before row 99.
    assert 4 <= found["dataset04"]["cnn-lstm"]["ttd_hours"][0] < 20
    assert found["test"] == found["dataset04"]


def test_the_naive_rows_frame_the_table(result: BenchmarkResult) -> None:
    rows = result.as_dict()["dataset04"]
    assert (rows["always"]["S"], rows["never"]["S"]) == (0.75, 0.25)
    assert rows["always"]["recall"] == 1.0
    assert rows["always"]["auc"] == rows["never"]["auc"] == 0.5
    assert rows["always"]["rows"] == 480 - FIRST
    alarms = result.evaluations["dataset04"]["random"].alarms
    assert 0.02 < alarms.mean() < 0.08


def test_the_json_names_are_fixed(result: BenchmarkResult) -> None:
    names = set(result.as_dict()["dataset04"]["pca"])
    wanted = "auc pr_auc accuracy precision recall f1 S S_TTD S_CLF ttd_hours"
    assert names >= set(wanted.split())
    assert set(PUBLISHED) <= names


def test_the_threshold_never_sees_what_it_judges(result: BenchmarkResult, tmp_path: Path) -> None:
    write_batadal(tmp_path / "dataset03.csv", "2014-01-06", 60, 1, [])
    write_batadal(tmp_path / "dataset04.csv", "2016-09-10", 20, 9, [slice(0, 480)])
    other = evaluate(tmp_path, kinds=["pca"])
    assert other.detectors["pca"].threshold == result.detectors["pca"].threshold


def test_predictions_have_a_row_an_hour(result: BenchmarkResult, tmp_path: Path) -> None:
    written = write_predictions(result, tmp_path)
    assert [str(each.relative_to(tmp_path)) for each in written] == [
        "dataset04/cnn-lstm.csv",
        "dataset04/pca.csv",
        "test/cnn-lstm.csv",
        "test/pca.csv",
    ]
    with written[0].open(newline="") as file:
        rows = list(csv.DictReader(file))
    verdict = result.evaluations["dataset04"]["cnn-lstm"]
    assert len(rows) == 480
    assert rows[23] == {"DATETIME": "10/09/16 23", "score": "", "alarm": "0"}
    assert rows[0]["DATETIME"] == "10/09/16 00"
    assert float(rows[100]["score"]) == pytest.approx(verdict.scores[100], rel=1e-8)
    assert [row["alarm"] == "1" for row in rows] == verdict.alarms.tolist()


def test_every_picture_is_drawn(result: BenchmarkResult, tmp_path: Path) -> None:
    drawn = draw_evaluation(result, tmp_path / "pictures", FIRST)
    names = {each.name for each in drawn}
    assert names == {"loss-cnn-lstm.png"} | {
        f"{each}.png"
        for data in ("dataset04", "test")
        for each in (
            f"curves-{data}",
            *(f"{what}-{data}-{kind}" for what in ("confusion", "timeline") for kind in KINDS),
        )
    }
    for each in drawn:
        assert np.ptp(imread(each)[..., :3]) > 0.9


KINDS = ("cnn-lstm", "pca")


def test_attacked_data_is_refused_for_training(small_batadal: Path, tmp_path: Path) -> None:
    write_batadal(tmp_path / "dataset03.csv", "2016-09-10", 20, 2, [])
    write_batadal(tmp_path / "dataset04.csv", "2016-09-10", 20, 2, [])
    with pytest.raises(DataError, match=r"dataset03\.csv: holds hours under attack"):
        evaluate(tmp_path, kinds=["pca"])


def test_bad_names_and_short_files_are_said(small_batadal: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Did you mean 'pca'"):
        evaluate(small_batadal, kinds=["pcaa"])
    write_batadal(tmp_path / "short.csv", "2016-09-10", 1, 2, [])
    with pytest.raises(DataError, match=r"short\.csv: 24 rows do not fill a window"):
        evaluate(small_batadal, test=tmp_path / "short.csv", kinds=["pca"])


@pytest.mark.slow
def test_pca_on_the_public_data(batadal_folder: Path) -> None:
    """Measured: AUC .954, F1 .818, S .900; a wide margin below, so that only a fault fails."""
    pca = evaluate(batadal_folder, kinds=["pca"]).as_dict()["dataset04"]["pca"]
    assert pca["rows"] == 4153
    assert pca["auc"] > 0.93
    assert pca["f1"] > 0.75
    assert pca["S"] > 0.85


@pytest.mark.slow
def test_cnn_lstm_on_the_public_data(batadal_folder: Path) -> None:
    """The network, fully trained, ranks attacks better than its published area of .677."""
    row = evaluate(batadal_folder, kinds=["cnn-lstm"]).as_dict()["dataset04"]["cnn-lstm"]
    assert row["rows"] == 4153
    assert row["auc"] > PUBLISHED["auc"]
    assert row["S"] > 0.6
