"""One hand-in examined in a process of its own: `python -m scenarios.labs.examination`.

Its arguments are a lab's name, the hand-in's folder, a file with the draws and the seeds, and where
the verdicts are written. It answers for itself: whatever breaks in it is a reason, not a crash.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scenarios.labs.lab import Lab, Verdict, Verdicts


def examine(lab: Lab, hand_in: Path, draws: dict[str, object], seeds: Sequence[int]) -> Verdicts:
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


def main(arguments: Sequence[str]) -> None:
    """Examine, and write the verdicts as JSON."""
    from scenarios.labs.course import lab_of

    name, hand_in, order, out = arguments
    told = json.loads(Path(order).read_text(encoding="utf-8"))
    verdicts = examine(lab_of(name), Path(hand_in), told["draws"], told["seeds"])
    data = {name: asdict(verdict) for name, verdict in verdicts.items()}
    Path(out).write_text(json.dumps(data), encoding="utf-8")


def read_verdicts(text: str) -> dict[str, Verdict]:
    """Return verdicts as `main` writes them."""
    return {name: Verdict(**verdict) for name, verdict in json.loads(text).items()}


if __name__ == "__main__":
    main(sys.argv[1:])
