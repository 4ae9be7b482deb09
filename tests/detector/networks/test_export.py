"""A network in ONNX says what it says in torch."""

from pathlib import Path

import numpy as np
import pytest
import torch

from detector import DataError
from detector.networks import export as exporting
from detector.networks.cnn_lstm import CnnLstmAutoencoder
from detector.networks.export import export

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")


def test_onnx_and_torch_agree(tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = CnnLstmAutoencoder(5).double()
    path = tmp_path / "model.onnx"
    found = export(model, 24, 5, path)
    assert found.difference < 1e-5
    assert found.parameters == sum(each.numel() for each in model.parameters())
    assert found.megabytes == pytest.approx(path.stat().st_size / 2**20)
    window = np.linspace(0, 1, 120, dtype=np.float32).reshape(1, 24, 5)
    (told,) = onnxruntime.InferenceSession(str(path)).run(None, {"window": window})
    expected = model(torch.from_numpy(window).double()).detach().numpy()
    np.testing.assert_allclose(told, expected, atol=1e-5)
    # The model itself scores in double precision still.
    assert next(model.parameters()).dtype == torch.float64


@pytest.mark.slow
def test_a_file_that_differs_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "CLOSE", -1.0)
    with pytest.raises(DataError, match="ONNX differs from torch by"):
        export(CnnLstmAutoencoder(3), 24, 3, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
