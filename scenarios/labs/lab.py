"""What a lab is: what is drawn for a student, what is handed in, and how that is examined."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SHEETS = Path(__file__).parent / "sheets"
GLOSSARY = Path(__file__).parent / "GLOSSARY.md"
SLIM = Path(__file__).parent / "slim.txt"
NOTEBOOK = Path(__file__).parent / "notebooks" / "first.ipynb"
SOLUTIONS = Path(__file__).parent / "solutions"

Draws = Mapping[str, Any]
"""What a student's plant or task has of its own, by name; ready for YAML."""


@dataclass(frozen=True)
class Criterion:
    """One line of a rubric.

    Attributes
    ----------
    name : str
    points : int
        Given for all of it.
    asks : str
        What is asked, in a sentence.
    """

    name: str
    points: int
    asks: str


@dataclass(frozen=True)
class Verdict:
    """How far a hand-in meets a criterion in one examination.

    Attributes
    ----------
    share : float
        Of the criterion's points, 0 to 1.
    why : str
        What was measured.
    """

    share: float
    why: str


Verdicts = Mapping[str, Verdict]
"""By a criterion's name."""


@dataclass(frozen=True)
class Lab:
    """A lab.

    Attributes
    ----------
    number : int
    name, title : str
        The name is also that of its folder in `sheets/`.
    minutes : int
        How long a student takes, about.
    hands_in : tuple of str
        The files that are handed in.
    technique : str
        Of MITRE ATT&CK for ICS.
    criteria : tuple of Criterion
    draw : callable
        Given a random generator, returns a student's draws.
    start : callable
        Given the draws and a folder, writes what a student begins with beside the sheet.
    solve : callable
        Given the draws and a folder, writes a hand-in that meets all criteria; teachers only.
    examine : callable
        Given the folder of a hand-in, the draws and a seed, returns a verdict on every criterion.
    limit_s : float
        The longest one examination may take [s].
    own : Path or None
        The folder of a teacher's own exercise.
    """

    number: int
    name: str
    title: str
    minutes: int
    hands_in: tuple[str, ...]
    technique: str
    criteria: tuple[Criterion, ...]
    draw: Callable[[np.random.Generator], Draws]
    start: Callable[[Draws, Path], None]
    solve: Callable[[Draws, Path], None]
    examine: Callable[[Path, Draws, int], Verdicts]
    limit_s: float = 120.0
    own: Path | None = None

    @property
    def sheet(self) -> Path:
        """The sheet, in Markdown; in students' copies the rubric stands for its `{rubric}`."""
        return (self.own or SHEETS / self.name) / "sheet.md"

    @property
    def folder(self) -> str:
        """What students' folders are called, before the student's ID."""
        return self.name if self.own else f"lab{self.number}"

    @property
    def rubric(self) -> str:
        """The criteria, as a table in Markdown."""
        rows = [f"| {each.name} | {each.points} | {each.asks} |" for each in self.criteria]
        return "\n".join(["| criterion | points | what is asked |", "|---|---|---|", *rows])

    def mark(self, verdicts: Verdicts) -> float:
        """Return the points that verdicts come to."""
        shares = [each.points * verdicts[each.name].share for each in self.criteria]
        return round(sum(shares), 1)

    @property
    def points(self) -> int:
        """The most that can be reached."""
        return sum(criterion.points for criterion in self.criteria)

    def none(self, why: str) -> dict[str, Verdict]:
        """Return no points on any criterion, for one reason."""
        return {criterion.name: Verdict(0.0, why) for criterion in self.criteria}


def fill(origin: Path, folder: Path) -> None:
    """Copy what is in a folder into another; `NAME.py.txt` becomes `NAME.py`."""
    shutil.copytree(origin, folder, dirs_exist_ok=True)
    for text in folder.glob("*.py.txt"):
        text.replace(text.with_suffix(""))
