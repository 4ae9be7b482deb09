"""A network as an ONNX file, checked against torch, and how fast and how large both are."""

from __future__ import annotations

import copy
import logging
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from detector.errors import DataError
from detector.networks.cnn_lstm import one_thread

CLOSE = 1e-4
"""Largest difference between ONNX and torch, both in float32, of values scaled to 0 to 1."""

_CHECKED = 200  # windows
_TIMED = 100  # windows, after as many to warm up


@dataclass(frozen=True)
class Exported:
    """An exported network beside its original.

    Attributes
    ----------
    difference
        Largest difference of a reconstructed value, scaled.
    parameters
        How many numbers it has; torch keeps two biases an LSTM gate.
    megabytes
        Of the ONNX file.
    eager_ms, onnx_ms
        Median time for one window on one thread [ms], in float32.
    """

    difference: float
    parameters: int
    megabytes: float
    eager_ms: float
    onnx_ms: float


class OnnxNetwork(nn.Module):
    """An ONNX file in a network's place: ONNX Runtime, one window at a time, in float32.

    Parameters
    ----------
    path
        Written by `export`.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        super().__init__()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def forward(self, windows: Tensor) -> Tensor:
        """Return what the network returns for these windows, ``(N, rows, C)``."""
        found = [self._session.run(None, {"window": each[None].numpy()})[0]
                 for each in windows.float()]  # fmt: skip
        return torch.from_numpy(np.concatenate(found)).to(windows.dtype)


@one_thread()
@torch.no_grad()
def export(model: nn.Module, rows: int, channels: int, path: Path) -> Exported:
    """Write a network as ONNX for one window at a time, in float32, and check it against torch.

    ONNX Runtime has no convolution in float64, in which detectors score: an exported score differs
    from the seventh digit on.

    Parameters
    ----------
    model
        Fitted.
    rows, channels
        Of a window.
    path
        The file, ``.onnx``.

    Raises
    ------
    DataError
        If the extra ``onnx`` is not installed, the file cannot be written, or both differ by more
        than `CLOSE`; the file is gone then.
    """
    try:
        import onnx  # noqa: F401 - torch's exporter needs onnx and onnxscript
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise DataError(f"{error.name} is not installed: pip install 'hydrotwin[onnx]'") from None
    single = copy.deepcopy(model).float().eval()
    windows = torch.rand(_CHECKED, 1, rows, channels, generator=torch.Generator().manual_seed(0))
    logging.disable(logging.WARNING)  # torch's exporter tells at length of itself
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                single,
                (windows[0],),
                path,
                input_names=["window"],
                output_names=["reconstruction"],
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}.") from error
    finally:
        logging.disable(logging.NOTSET)
    by_onnx = OnnxNetwork(path)
    difference = max(float((by_onnx(each) - single(each)).abs().max()) for each in windows)
    if not difference <= CLOSE:
        path.unlink()
        raise DataError(f"{path}: ONNX differs from torch by {difference:g}, more than {CLOSE:g}")
    return Exported(
        difference,
        sum(each.numel() for each in model.parameters()),
        path.stat().st_size / 2**20,
        _median_ms(single, windows),
        _median_ms(by_onnx, windows),
    )


def _median_ms(run: Callable[[Tensor], object], windows: Tensor) -> float:
    for window in windows[:_TIMED]:
        run(window)
    took = []
    for window in windows[:_TIMED]:
        begun = time.perf_counter()
        run(window)
        took.append(time.perf_counter() - begun)
    return 1000 * float(np.median(took))
