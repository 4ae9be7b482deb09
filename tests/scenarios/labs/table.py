"""Print who gets full marks, and who any: `python -m tests.scenarios.labs.table seen|fresh LAB…`.

Each seed has a student of its own, with draws of that student's; the answer of another student is
that of the seed before. Each mark that is not as it should be is told at once, with its reasons,
and each seed that is done.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from scenarios.labs.course import LABS, lab_of
from scenarios.labs.grading import CARD
from tests.scenarios.labs.test_labs import MANY, given, points, solved

SEEDS = {"seen": MANY, "fresh": range(401, 421)}
"""Those that the labs were mended by, and those named before any lab was run on them."""


def answers(lab, student, other, place):
    """Return by its name each folder that is examined for a student."""
    starter = given(lab, student, place / "starter")
    empty = given(lab, student, place / "empty")
    for name in lab.hands_in:
        (empty / name).unlink(missing_ok=True)
    another = given(lab, student, place / "another")
    theirs = solved(lab, other, place / "theirs")
    shutil.copytree(theirs, another, dirs_exist_ok=True, ignore=lambda *_: [CARD])
    return {
        "solution": solved(lab, student, place / "solution"),
        "starter": starter,
        "empty": empty,
        "another student's answer": another,
    }


def row(lab, seeds):
    """Return a lab's row: of each answer, with how many seeds it has full marks, or any."""
    full, some = {}, {}
    for seed in seeds:
        student, other = f"s{seed}", f"s{seed - 1}"
        with tempfile.TemporaryDirectory() as name:
            for who, folder in answers(lab, student, other, Path(name)).items():
                mark, why = points(lab, folder, student, seed)
                full[who] = full.get(who, 0) + (mark == lab.points)
                some[who] = some.get(who, 0) + (mark > 0)
                if mark if who != "solution" else mark < lab.points:
                    print(f"{lab.name}, seed {seed}, {who}: {mark} {why}", file=sys.stderr)
        print(f"{lab.name}, seed {seed}: full {full}, any {some}", file=sys.stderr)
    cells = [
        f"{full[who]} of {len(seeds)}" if who == "solution" else str(some[who]) for who in full
    ]
    return f"| {' | '.join([lab.name, *cells])} |"


if __name__ == "__main__":
    print("| lab | solution | starter | empty | another student's answer |")
    print("|---|---|---|---|---|")
    seeds, *names = sys.argv[1:]
    for lab in map(lab_of, names or [lab.name for lab in LABS]):
        print(row(lab, SEEDS[seeds]), flush=True)
