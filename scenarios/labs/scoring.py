"""A handed-in detector scores weeks of frames: `python -m scenarios.labs.scoring`.

Its arguments are the Python file and a folder with `NAME.parquet`, the frames of each week;
`NAME.npy` is written beside each: whether every frame is an alarm. It runs in a process that knows
no label, no seed and no mark.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import detector as _  # noqa: F401 - ours, before a hand-in of the same name can be found


def main(detector: Path, weeks: Path) -> None:
    """Let the detector score every week.

    Raises
    ------
    SystemExit
        With the reason, if it has no `score` or `THRESHOLD`, or its scores are no such array.
    """
    sys.path.append(str(detector.parent))  # what it may import from beside it
    given = runpy.run_path(str(detector))
    for name in ("score", "THRESHOLD"):
        if name not in given:
            raise SystemExit(f"{detector.name} has no {name}")
    threshold = float(given["THRESHOLD"])
    for path in sorted(weeks.glob("*.parquet")):
        frames = pd.read_parquet(path)
        scores = np.asarray(given["score"](frames.copy()), dtype=float)
        if scores.shape != (len(frames),):
            raise SystemExit(
                f"score returned an array of shape {scores.shape} for {len(frames)} frames: "
                "one number a frame, NaN where there is none"
            )
        np.save(path.with_suffix(".npy"), scores > threshold)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
