"""An exported network scores frames as its original does, and one that does not is told."""

from pathlib import Path

import pytest
import torch

from detector import DataError
from detector.base import Training
from detector.benchmark.beside import beside
from detector.methods.cnn_lstm import CnnLstm
from detector.networks.cnn_lstm import CnnLstmAutoencoder
from detector.networks.export import export
from tests.detector.conftest import TAGS, make_days

pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


@pytest.fixture(scope="module")
def trained() -> CnnLstm:
    detector = CnnLstm(TAGS)
    detector.fit(make_days(20, seed=1), Training(options={"epochs": 3}))
    return detector


@pytest.fixture(scope="module")
def exported(trained: CnnLstm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    export(trained.model, trained.length, trained.channels(), path)
    return path


def test_both_raise_the_same_alarms(trained: CnnLstm, exported: Path) -> None:
    week = make_days(7, seed=2)
    week.iloc[72:84, :2] += 2.0
    found = beside(trained, exported, week)
    alarms = trained.score(week)[24:] > trained.threshold
    assert (found.frames, found.alarms) == (144, alarms.sum())
    assert 0 < found.alarms < found.frames
    assert found.alarms_apart == 0
    assert found.difference < 1e-4
    assert found.eager_ms > 0 < found.onnx_ms


def test_another_network_is_told_apart(trained: CnnLstm, exported: Path) -> None:
    torch.manual_seed(9)
    other = trained.with_model(CnnLstmAutoencoder(len(TAGS)).double())
    found = beside(other, exported, make_days(7, seed=2))
    assert found.difference > 0.1
    assert found.alarms_apart > 0


def test_frames_that_fill_no_window_are_refused(trained: CnnLstm, exported: Path) -> None:
    with pytest.raises(DataError, match="20 frames do not fill a window of 24"):
        beside(trained, exported, make_days(7, seed=2).iloc[:20])
