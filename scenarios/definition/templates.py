"""Files to start from: a scenario, and Python files with a kind of attack or of detector."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path

from attacks.discovery import kinds
from detector import registry
from scenarios.definition.json_schema import PATH
from scenarios.definition.schema import path_of
from twin.errors import InputError
from twin.files import SCHEMA_LINE


def scenario(name: str, origin: str | None = None) -> str:
    """Return the text of a new scenario's file.

    Parameters
    ----------
    name : str
    origin : str, optional
        A scenario to start from, instead of the commented template.

    Raises
    ------
    InputError
        If it cannot be called so, or there is no such origin.
    """
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise InputError(f"a scenario cannot be called {name!r}: letters, digits and . + - _ only")
    header = f"{SCHEMA_LINE}{PATH.as_uri()}"
    if origin is None:
        return _template("scenario.yaml.txt").format(name=name, file=f"{name}.yaml", header=header)
    text = path_of(origin).read_text(encoding="utf-8")
    text = re.sub(rf"^{re.escape(SCHEMA_LINE)}.*\n", "", text)
    measured = r"^# (Measured|The water, as measured).*\n(#   .*\n)*"
    text = re.sub(measured, "", text, flags=re.M)  # it will not hold
    return f"{header}\n" + re.sub(r"^name:.*$", f"name: {name}", text, count=1, flags=re.M)


def attack(name: str) -> str:
    """Return the text of a new kind's file.

    Raises
    ------
    InputError
        If it cannot be called so, or there is one of that name.
    """
    return _kind(name, "attack", kinds())


def detector(name: str) -> str:
    """Return the text of a new detector's file.

    Raises
    ------
    InputError
        If it cannot be called so, or there is one of that name.
    """
    return _kind(name, "detector", registry.kinds())


def _kind(name: str, what: str, known: Collection[str]) -> str:
    a = "an" if what == "attack" else "a"
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name) or keyword.iskeyword(name):
        message = "small letters, digits and - between them, starting with a letter"
        raise InputError(f"{a} {what} cannot be called {name!r}: {message}")
    if name in known:
        raise InputError(f"there is {a} {what} {name!r} already: hydrotwin {what}s show {name}")
    cls = "".join(word.capitalize() for word in re.split(r"[-_]", name))
    return _template(f"{what}.py.txt").format(name=name, cls=cls, file=f"{name}.py")


def write(path: Path, text: str) -> None:
    """Write a file.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _template(name: str) -> str:
    return files("scenarios").joinpath("templates", name).read_text(encoding="utf-8")
