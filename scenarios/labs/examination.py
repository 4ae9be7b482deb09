"""One hand-in examined in a process of its own: `python -m scenarios.labs.examination`.

Its arguments are a lab's name, the hand-in's folder, a file with the draws and the seeds, and where
the verdicts are written. It answers for itself: whatever breaks in it is a reason, not a crash.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from scenarios.labs.lab import Draws, Lab, Verdict, Verdicts, fill


def examine(lab: Lab, hand_in: Path, draws: Draws, seeds: Sequence[int]) -> Verdicts:
    """Return the median verdict on each criterion over examinations with several seeds."""
    from twin.errors import InputError, RunError

    missing = [name for name in lab.hands_in if not (hand_in / name).is_file()]
    if missing:
        return lab.none(f"{missing[0]} is not handed in")
    runs: list[Verdicts] = []
    for seed in seeds:
        try:
            runs.append(lab.examine(hand_in, draws, seed))
        except (InputError, RunError) as error:
            runs.append(lab.none(" ".join(str(error).split())))
    verdicts = {}
    for criterion in lab.criteria:
        each = sorted((run[criterion.name] for run in runs), key=lambda verdict: verdict.share)
        verdicts[criterion.name] = each[(len(each) - 1) // 2]
    return verdicts


def prove(lab: Lab, seeds: Sequence[int], place: Path) -> dict[str, list[float]]:
    """Return what the reference and the starter are given [points], seed by seed.

    Parameters
    ----------
    lab : Lab
    seeds : sequence of int
    place : Path
        An empty folder to work in.
    """
    marks: dict[str, list[float]] = {"reference": [], "starter": []}
    for seed in seeds:
        draws = lab.draw(np.random.default_rng(seed))
        for name, make in (("reference", lab.solve), ("starter", lab.start)):
            folder = place / f"{name}-{seed}"
            folder.mkdir()
            if lab.own is None:
                fill(lab.sheet.parent, folder)
            make(draws, folder)
            marks[name].append(lab.mark(examine(lab, folder, draws, [seed])))
    return marks


def main(arguments: Sequence[str]) -> None:
    """Examine, and write the verdicts as JSON."""
    from scenarios.labs.course import lab_of

    name, hand_in, order, out = arguments
    told = json.loads(Path(order).read_text(encoding="utf-8"))
    Path(order).unlink()  # the seeds are no business of what it may run
    verdicts = examine(lab_of(name), Path(hand_in), told["draws"], told["seeds"])
    inside = f"{hand_in}{os.sep}"  # a reason names files as the student does
    data = {
        name: asdict(replace(verdict, why=verdict.why.replace(inside, "")))
        for name, verdict in verdicts.items()
    }
    Path(out).write_text(json.dumps(data), encoding="utf-8")


def read_verdicts(text: str) -> dict[str, Verdict]:
    """Return verdicts as `main` writes them."""
    return {name: Verdict(**verdict) for name, verdict in json.loads(text).items()}


if __name__ == "__main__":
    main(sys.argv[1:])
