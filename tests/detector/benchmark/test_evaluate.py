"""The evaluation, its pictures and predictions, on a small plant in BATADAL's format."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from detector import DataError
from detector.benchmark.dragged import dragged
from detector.benchmark.evaluate import (
    FIRST,
    PUBLISHED,
    BenchmarkResult,
    evaluate,
    write_predictions,
)
from detector.benchmark.pictures import draw_evaluation
from detector.benchmark.tables import write_tables
from detector.registry import kind_class
from tests.detector.conftest import write_batadal


@pytest.fixture(scope="module")
def result(small_batadal: Path) -> BenchmarkResult:
    return evaluate(
        small_batadal, test=small_batadal / "BATADAL_DATASET04.CSV", options={"epochs": 3}
    )


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


def test_rows_of_a_test_file_change_no_other_output(small_batadal: Path, tmp_path: Path) -> None:
    write_batadal(tmp_path / "a.csv", "2017-01-14", 12, 3, [])
    write_batadal(tmp_path / "b.csv", "2017-01-14", 12, 4, [slice(0, 288)])
    found = [
        evaluate(small_batadal, test=test, kinds=["pca", "masked-trees"], options={"rounds": 3})
        for test in (None, tmp_path / "a.csv", tmp_path / "b.csv")
    ]
    assert found[1].as_dict()["test"] != found[2].as_dict()["test"]
    for each in found[1:]:
        assert each.as_dict()["dataset04"] == found[0].as_dict()["dataset04"]
        for kind, detector in each.detectors.items():
            assert detector.threshold == found[0].detectors[kind].threshold
            np.testing.assert_array_equal(
                each.evaluations["dataset04"][kind].scores,
                found[0].evaluations["dataset04"][kind].scores,
            )


def test_several_seeds_have_a_mean_and_a_spread(small_batadal: Path) -> None:
    found = evaluate(small_batadal, kinds=["pca", "isolation-forest"], seed=3, seeds=2)
    rows = found.repeats["dataset04"]
    assert {name: len(each) for name, each in rows.items()} == {
        "pca": 1, "isolation-forest": 2, "always": 2, "never": 2, "random": 2,
    }  # fmt: skip
    mean = found.as_dict()["dataset04"]["isolation-forest"]
    pr_auc = [each.pr_auc for each in rows["isolation-forest"]]
    assert pr_auc[0] != pr_auc[1]
    assert mean["pr_auc"] == pytest.approx(np.mean(pr_auc))
    spread = found.deviations()["dataset04"]
    assert spread["isolation-forest"]["pr_auc"] == pytest.approx(np.std(pr_auc))
    assert spread["pca"]["pr_auc"] == 0.0


def test_a_fit_is_kept_by_what_went_into_it(
    small_batadal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(small_batadal, kinds=["pca"], kept=tmp_path)
    (kept,) = tmp_path.glob("pca-*.safetensors")
    monkeypatch.setattr(kind_class("pca"), "fit", None)
    again = evaluate(small_batadal, kinds=["pca"], kept=tmp_path)
    assert again.as_dict() == first.as_dict()
    monkeypatch.undo()
    kept.write_bytes(b"damaged")
    assert evaluate(small_batadal, kinds=["pca"], kept=tmp_path).as_dict() == first.as_dict()
    table = first.records["dataset03"].table
    evaluate(small_batadal, kinds=["pca"], normal=[table.iloc[:-1]], kept=tmp_path)
    assert len(list(tmp_path.glob("pca-*.safetensors"))) == 2


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
            f"alarms-{data}",
            f"curves-{data}",
            *(f"{what}-{data}-{kind}" for what in ("confusion", "timeline") for kind in KINDS),
        )
    }
    for each in drawn:
        assert np.ptp(imread(each)[..., :3]) > 0.9


KINDS = ("cnn-lstm", "pca")


def test_tables_hold_what_was_measured(result: BenchmarkResult, tmp_path: Path) -> None:
    written = write_tables(result, tmp_path / "tables")
    assert [each.stem for each in written] == [
        "figures-dataset04", "figures-test", "layers-cnn-lstm",
    ]  # fmt: skip
    figures = pd.read_csv(written[0], index_col="detector")
    assert [*figures.index] == ["cnn-lstm", "pca", "always", "never", "random", "published"]
    means = result.as_dict()["dataset04"]
    for kind in KINDS:
        assert figures.loc[kind, "f1"] == pytest.approx(means[kind]["f1"], rel=1e-5)
        assert figures.loc[kind, ["ms_a_frame", "megabytes"]].gt(0).all()
        assert figures.loc[kind, ["ttd_1_h", "ttd_2_h"]].tolist() == means[kind]["ttd_hours"][:2]
    assert figures.loc["published", "recall"] == PUBLISHED["recall"]
    assert "published" not in pd.read_csv(written[1], index_col="detector").index
    layers = pd.read_csv(written[2], index_col="layer")
    assert layers.loc["squeeze", "output"] == "12 x 32"
    assert layers.loc["all", ["parameters", "one_bias"]].tolist() == [83_627, 82_859]
    assert layers["parameters"].iloc[:-1].sum() == 83_627


def test_attacks_drag_a_rolling_threshold_along(result: BenchmarkResult) -> None:
    rows = result.evaluations["dataset04"]["pca"]
    found = dragged(result.records["dataset04"], result.detectors["pca"], rows)
    assert found is not None
    assert found.rolling_hours < found.fixed_hours
    assert found.end > 2 * found.start
    # No level sees its own row or a later one.
    cut = replace(rows, scores=np.where(np.arange(480) < 200, rows.scores, 1e3))
    other = dragged(result.records["dataset04"], result.detectors["pca"], cut)
    assert other is not None
    np.testing.assert_array_equal(other.levels[:201], found.levels[:201])
    assert other.levels[201] > found.levels[201]


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
