"""What a course key makes of a student: the same draws and hidden seeds each time, for nobody else.

All is drawn from HMAC-SHA256(course key, student, lab, purpose). Whoever has the key can work out
every student's hidden seeds; whoever has not, none.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

import numpy as np

from twin.errors import InputError

PRACTICE = b"practice"
"""The key where a teacher gives none: its hidden seeds are no secret."""
_SHORTEST = 16  # bytes of a key file


def read_key(path: Path | None) -> bytes:
    """Return the course key of a file, or the public practice key without one.

    Raises
    ------
    InputError
        If the file cannot be read, or is too short to be secret.
    """
    if path is None:
        return PRACTICE
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise InputError(f"no course key: {error.strerror or error}", path) from None
    if len(key) < _SHORTEST:
        message = f"a course key of {len(key)} bytes is guessed: {_SHORTEST} random ones at least"
        raise InputError(message, path)
    return key


def read_students(path: Path) -> list[str]:
    """Return the students' IDs in a file, one a line.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig").split()
    except (OSError, UnicodeError) as error:
        raise InputError(f"no list of students: {error}", path) from None


def check_student(student: str) -> None:
    """Raise InputError unless a student's ID can name a folder on every system."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", student):
        message = f"student {student!r}: up to 40 letters, digits and . - _ ; it names a folder"
        raise InputError(message)


def generator(key: bytes, student: str, lab: str, purpose: str) -> np.random.Generator:
    """Return the random stream of one student, lab and purpose."""
    text = "\0".join((student, lab, purpose)).encode()
    digest = hmac.new(key, text, hashlib.sha256).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def seeds(key: bytes, student: str, lab: str, purpose: str, count: int) -> list[int]:
    """Return scenario seeds: the sample one of a student, or the hidden ones."""
    drawn = generator(key, student, lab, purpose).integers(0, 2**31, count)
    return [int(seed) for seed in drawn]
