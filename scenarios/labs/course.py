"""The labs of the course, in order."""

from __future__ import annotations

from scenarios.labs.hide_it import LAB as HIDE_IT
from scenarios.labs.lab import Lab
from twin.errors import InputError, nearest

LABS: tuple[Lab, ...] = (HIDE_IT,)


def lab_of(name: str) -> Lab:
    """Return a lab by its number or its name.

    Raises
    ------
    InputError
        If there is none.
    """
    known = {str(key): lab for lab in LABS for key in (lab.number, lab.name)}
    if name not in known:
        raise InputError(f"no lab {name!r}: {nearest(name, known)}")
    return known[name]
