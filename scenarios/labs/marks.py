"""The marks of a class as a CSV file: a row a hand-in, with each criterion and its reason."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from scenarios.labs.grading import Mark


def write_marks(path: Path, marks: Sequence[Mark]) -> None:
    """Write marks, whole or not at all."""
    criteria = list(dict.fromkeys(name for mark in marks for name in mark.verdicts))
    heads = ["hand_in", "student", "lab", "mark", "of", *criteria]
    heads += [f"why_{name}" for name in criteria] + ["why"]
    draft = path.with_name(f"{path.name}.draft")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, heads, restval="")
        writer.writeheader()
        for mark in marks:
            row = {
                "hand_in": _plain(mark.hand_in),
                "student": _plain(mark.student),
                "lab": mark.lab,
                "mark": mark.mark,
                "of": mark.of,
                "why": _plain(mark.why),
            }
            for name, verdict in mark.verdicts.items():
                row[name] = round(verdict.share, 3)
                row[f"why_{name}"] = _plain(verdict.why)
            writer.writerow(row)
    draft.replace(path)


def _plain(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
