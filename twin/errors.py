"""What the twin says when it is given something it cannot use, or the water cannot be solved."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """Something the user gave cannot be used.

    Parameters
    ----------
    message : str
        What is wrong, its value, and how to mend it.
    file : Path or str, optional
        Where it stands.
    line : int, optional
        Line in `file`, counted from 1.
    keys : sequence of str or int, optional
        Where it stands in a mapping whose file is not known yet.
    column : int, optional
        Column in `line`, counted from 1.
    """

    def __init__(
        self,
        message: str,
        file: Path | str | None = None,
        line: int | None = None,
        keys: Sequence[str | int] = (),
        column: int | None = None,
    ):
        self.message, self.file, self.keys = message, file, tuple(keys)
        self.line, self.column = line, column
        place = ":".join(str(part) for part in (file, line, column) if part)
        super().__init__(f"{place}: {message}" if file else message)

    def under(self, *keys: str | int) -> InputError:
        """Return the same error for a mapping that holds the present one under `keys`."""
        return InputError(self.message, self.file, self.line, (*keys, *self.keys), self.column)


class PlantError(RuntimeError):
    """EPANET could not go on; what was recorded so far is kept."""


@contextmanager
def under(*keys: str | int) -> Iterator[None]:
    """Let an InputError raised inside say that it stands under `keys`."""
    try:
        yield
    except InputError as error:
        raise error.under(*keys) from None


def nearest(name: str, options: Iterable[str]) -> str:
    """Return a hint naming what was probably meant, or every option where nothing is near.

    Examples
    --------
    >>> nearest("L_T11", ["L_T1", "L_T2"])
    'did you mean L_T1?'
    """
    names = sorted(options)
    folded = {option.casefold(): option for option in reversed(names)}
    found = difflib.get_close_matches(name.casefold(), folded, n=1)
    if found:
        return f"did you mean {folded[found[0]]}?"
    if not names:
        return "there is none"
    shown = names if len(names) <= 45 else [*names[:45], "…"]
    return "one of: " + ", ".join(shown)
