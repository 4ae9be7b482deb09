"""An exported network beside its original: the same frames, scored by both."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from detector.benchmark.cost import stream_timed
from detector.errors import DataError
from detector.methods.network import NetworkDetector
from detector.networks.cnn_lstm import one_thread
from detector.networks.export import OnnxNetwork


@dataclass(frozen=True)
class Beside:
    """What torch and ONNX Runtime made of the same frames, streamed one by one.

    Attributes
    ----------
    frames
        How many both scored.
    alarms
        Of these alarmed, in torch.
    alarms_apart
        Of these alarmed by one of the two only.
    difference
        Largest difference of a score, as a share of the threshold.
    eager_ms, onnx_ms
        Median time a frame, from its values to its score and causes, on one thread [ms]; torch
        computes in float64 as detectors do, ONNX Runtime in float32.
    """

    frames: int
    alarms: int
    alarms_apart: int
    difference: float
    eager_ms: float
    onnx_ms: float


@one_thread()
def beside(detector: NetworkDetector, exported: Path, frames: pd.DataFrame) -> Beside:
    """Score frames by a detector and by the same detector with its network in ONNX.

    Parameters
    ----------
    detector
        Fitted.
    exported
        Its network, as `detector.networks.export.export` wrote it.
    frames
        At the detector's interval, ``(T, C)``.

    Raises
    ------
    DataError
        If the frames do not fill a window.
    """
    eager, eager_ms = stream_timed(detector, frames)
    onnx, onnx_ms = stream_timed(detector.with_model(OnnxNetwork(exported)), frames)
    known = np.isfinite(eager)
    if not known.any():
        raise DataError(f"{len(frames)} frames do not fill a window of {detector.length}")
    alarms = eager[known] > detector.threshold
    return Beside(
        frames=int(known.sum()),
        alarms=int(alarms.sum()),
        alarms_apart=int((alarms != (onnx[known] > detector.threshold)).sum()),
        difference=float(np.abs(eager - onnx)[known].max() / detector.threshold),
        eager_ms=eager_ms,
        onnx_ms=onnx_ms,
    )
