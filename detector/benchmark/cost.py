"""What a detector costs to run: time a frame, and memory."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pandas as pd

from detector.base import DAY, WEEK, Detector, Floats
from detector.checkpoint import SUFFIX
from detector.networks.cnn_lstm import one_thread


@dataclass(frozen=True)
class Cost:
    """What a fitted detector costs to run.

    Attributes
    ----------
    ms_a_frame
        Median time from a frame's values to its score and causes, streamed one by one on one
        thread [ms]; of a detector that wants a shadow twin's columns without the shadow twin.
    megabytes
        Of its fitted numbers, as saved; the libraries that compute with them are not in it.
    """

    ms_a_frame: float
    megabytes: float


@one_thread()
def cost_of(detector: Detector, table: pd.DataFrame) -> Cost:
    """Measure a fitted detector on the first eight days of a table, of which it scores seven."""
    rows = round((WEEK + DAY) / detector.interval_s)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"saved{SUFFIX}"
        detector.save(path)
        megabytes = path.stat().st_size / 2**20
    return Cost(stream_timed(detector, table.iloc[:rows])[1], megabytes)


def stream_timed(detector: Detector, frames: pd.DataFrame) -> tuple[Floats, float]:
    """Return the score of each frame, ``(T,)``, one by one, and how long one took [ms, median].

    Frames before the first score are not timed.
    """
    stream, scores, took = detector.stream(), [], []
    for at, values in enumerate(frames[list(detector.tags)].to_numpy(dtype=np.float64)):
        began = perf_counter()
        scores.append(stream.score_one(at * detector.interval_s, values).value)
        took.append(perf_counter() - began)
    found = np.array(scores)
    scored = np.array(took)[np.isfinite(found)]
    return found, 1000 * float(np.median(scored)) if len(scored) else float("nan")
