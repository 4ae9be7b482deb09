"""Folders given out to students, and hand-ins checked and marked."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenarios.labs import keys, sandbox
from scenarios.labs.course import lab_of
from scenarios.labs.examination import read_verdicts
from scenarios.labs.lab import GLOSSARY, Lab, Verdict, fill
from twin.errors import InputError
from twin.files import read_yaml

CARD = "lab.yaml"
"""Names the student and the lab in every folder that is given out and handed in."""
_HIDDEN = 3  # seeds; the median counts
_START_S = 60.0  # beside the examinations: imports, and the first reading of plant and detector


@dataclass(frozen=True)
class Mark:
    """What a hand-in is given.

    Attributes
    ----------
    hand_in : str
        Its folder's name.
    student, lab : str
        Empty where the folder does not say.
    verdicts : dict of str to Verdict
        By criterion; none where it could not be examined.
    mark, of : float
        The points it has, and the most there are.
    why : str
        Why it could not be examined.
    """

    hand_in: str
    student: str
    lab: str
    verdicts: dict[str, Verdict]
    mark: float
    of: float
    why: str = ""


def start(lab: Lab, student: str, key: bytes, out: Path) -> Path:
    """Write the folder of one student: the sheet, what the student begins with, and its card.

    Raises
    ------
    InputError
        If the student's ID names no folder, or the folder is there already.
    """
    keys.check_student(student)
    folder = out / f"{lab.folder}-{student}"
    if folder.exists():
        raise InputError(f"{folder} is there already: what is in it is kept; move it away first")
    draws = dict(lab.draw(keys.generator(key, student, lab.name, "draws")))
    (sample,) = keys.seeds(key, student, lab.name, "sample", 1)
    folder.mkdir(parents=True)
    if lab.own is None:
        fill(lab.sheet.parent, folder)
    sheet = lab.sheet.read_text(encoding="utf-8").replace("{rubric}", lab.rubric)
    (folder / lab.sheet.name).write_text(sheet, encoding="utf-8")
    shutil.copy(GLOSSARY, folder)
    lab.start(draws, folder)
    card = {"lab": lab.name, "student": student, "sample_seed": sample, "draws": draws}
    write_card(folder / CARD, card)
    return folder


def write_card(path: Path, card: dict[str, Any]) -> None:
    """Write a folder's card."""
    from ruamel.yaml import YAML

    with path.open("w", encoding="utf-8") as file:
        YAML().dump(card, file)


def read_card(folder: Path) -> dict[str, Any]:
    """Return a folder's card.

    Raises
    ------
    InputError
        If there is none, or it is not one.
    """
    if not (folder / CARD).is_file():
        raise InputError(f"no {CARD} in {folder}: it is no folder of a lab")
    card = read_yaml(folder / CARD)
    wanted = {"lab": str, "student": str, "sample_seed": int, "draws": dict}
    for name, kind in wanted.items():
        if not isinstance(card, dict) or not isinstance(card.get(name), kind):
            raise InputError(f"{name} is missing or was changed", folder / CARD)
    return dict(card)


def check(folder: Path) -> Mark:
    """Examine a student's own folder with its sample seed.

    Raises
    ------
    InputError
        If it is no folder of a lab.
    """
    card = read_card(folder)
    lab = lab_of(card["lab"])
    return _examined(folder, lab, card["student"], card["draws"], [card["sample_seed"]])


def hand_ins(folder: Path) -> list[Path]:
    """Return the hand-ins in a folder: the folders in it, or itself if it is one.

    Raises
    ------
    InputError
        If there is none.
    """
    if (folder / CARD).is_file():
        return [folder]
    found = sorted(path for path in folder.glob("*") if path.is_dir()) if folder.is_dir() else []
    if not found:
        raise InputError(f"no hand-in in {folder}: each is a folder with its {CARD}")
    return found


def grade(folder: Path, key: bytes, count: int = _HIDDEN, own: Lab | None = None) -> Iterator[Mark]:
    """Mark every hand-in in a folder, on seeds that only the key's owner knows.

    With a teacher's own exercise, those of that exercise. Whatever is wrong with one is the reason
    of its mark, and the next is examined.

    Yields
    ------
    Mark
        In the order of the folders' names.
    """
    for hand_in in hand_ins(folder):
        student = lab_name = ""
        try:
            card = read_card(hand_in)
            student, lab_name = card["student"], card["lab"]
            lab = _chosen(lab_name, own)
            if not _is_named(hand_in.resolve().name, f"{lab.folder}-{student}"):
                raise InputError(
                    f"the card in {hand_in.name} is {student}'s: a hand-in keeps the name of the "
                    f"folder that was given out, {lab.folder}-{student}"
                )
            draws = dict(lab.draw(keys.generator(key, student, lab.name, "draws")))
            hidden = keys.seeds(key, student, lab.name, "hidden", count)
        except InputError as error:
            yield Mark(hand_in.resolve().name, student, lab_name, {}, 0.0, 0.0, str(error))
            continue
        yield _examined(hand_in, lab, student, draws, hidden)


def _chosen(name: str, own: Lab | None) -> Lab:
    if own is None:
        return lab_of(name)
    if name != own.name:
        raise InputError(f"it is of the lab {name!r}, not of {own.name!r}")
    return own


def _is_named(name: str, given: str) -> bool:
    """Return whether a folder has its name still, or one like `lab4-s1 (2)`."""
    rest = name.removeprefix(given)
    return name.startswith(given) and (not rest or rest[0] in " (")


def _examined(
    hand_in: Path, lab: Lab, student: str, draws: dict[str, Any], seeds: list[int]
) -> Mark:
    why, verdicts = "", lab.none("not examined")
    seconds = _START_S + lab.limit_s * len(seeds)
    try:
        with sandbox.copied(hand_in) as place, tempfile.TemporaryDirectory() as name:
            order, out = Path(name) / "order.json", Path(name) / "verdicts.json"
            order.write_text(json.dumps({"draws": draws, "seeds": seeds}), encoding="utf-8")
            command = ("-m", "scenarios.labs.examination", lab.own or lab.name, place, order, out)
            outcome = sandbox.run_python([str(part) for part in command], place, seconds=seconds)
            if out.is_file():
                verdicts = read_verdicts(out.read_text(encoding="utf-8"))
            else:
                last = outcome.output.splitlines()[-1:] or ["it printed nothing"]
                why = outcome.why or f"the examination broke: {last[0]}"
    except (InputError, OSError) as error:
        why = str(error)
    if why:
        verdicts = lab.none(why)
    mark = lab.mark(verdicts)
    return Mark(hand_in.resolve().name, student, lab.name, dict(verdicts), mark, lab.points, why)
