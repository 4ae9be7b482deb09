"""The labs of the course, in order."""

from __future__ import annotations

from pathlib import Path

from scenarios.labs.catch_it import LAB as CATCH_IT
from scenarios.labs.evade import LAB as EVADE
from scenarios.labs.hide_it import LAB as HIDE_IT
from scenarios.labs.know_the_plant import LAB as KNOW_THE_PLANT
from scenarios.labs.lab import Lab
from scenarios.labs.man_in_the_middle import LAB as MAN_IN_THE_MIDDLE
from scenarios.labs.own import RUBRIC, own_lab
from scenarios.labs.spoofed_command import LAB as SPOOFED_COMMAND
from twin.errors import InputError, nearest

LABS: tuple[Lab, ...] = (
    KNOW_THE_PLANT,
    SPOOFED_COMMAND,
    MAN_IN_THE_MIDDLE,
    HIDE_IT,
    CATCH_IT,
    EVADE,
)


def lab_of(name: str) -> Lab:
    """Return a lab by its number or its name, or a teacher's own exercise by its folder.

    Raises
    ------
    InputError
        If there is none.
    """
    known = {str(key): lab for lab in LABS for key in (lab.number, lab.name)}
    if name not in known and (Path(name) / RUBRIC).is_file():
        return own_lab(Path(name))
    if name not in known:
        raise InputError(f"no lab {name!r}: {nearest(name, known)}")
    return known[name]
