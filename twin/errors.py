"""Errors: unusable input with its place in a file, failed runs, and hints at the nearest name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import SequenceMatcher
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
    beside : sequence of InputError, optional
        What else is wrong in the same file.
    """

    def __init__(
        self,
        message: str,
        file: Path | str | None = None,
        line: int | None = None,
        keys: Sequence[str | int] = (),
        column: int | None = None,
        beside: Sequence[InputError] = (),
    ):
        self.beside = tuple(beside)
        self.message, self.file, self.keys = message, file, tuple(keys)
        self.line, self.column = line, column
        place = ":".join(str(part) for part in (file, line, column) if part)
        super().__init__(f"{place}: {message}" if file else message)

    def under(self, *keys: str | int) -> InputError:
        """Return the same error for a mapping that holds the present one under `keys`."""
        beside = [other.under(*keys) for other in self.beside]
        keys = (*keys, *self.keys)
        return InputError(self.message, self.file, self.line, keys, self.column, beside)


def together(errors: Sequence[InputError]) -> InputError:
    """Return the first of some errors, with the others beside it."""
    first, *others = errors
    beside = (*first.beside, *others)
    return InputError(first.message, first.file, first.line, first.keys, first.column, beside)


class RunError(RuntimeError):
    """A run could not go on; what was recorded so far is kept."""


class PlantError(RunError):
    """EPANET could not go on."""


@contextmanager
def under(*keys: str | int) -> Iterator[None]:
    """Let an InputError raised inside say that it stands under `keys`."""
    try:
        yield
    except InputError as error:
        raise error.under(*keys) from None


@contextmanager
def noting(wrong: list[InputError], *keys: str | int) -> Iterator[None]:
    """Keep an InputError raised inside, which stands under `keys`, to go on; see `together`."""
    try:
        with under(*keys):
            yield
    except InputError as error:
        wrong.append(error)


_NUMBER = re.compile(r"(\d+)")
_PART = re.compile(r"[^\W_]+")
_SURE, _LIKE, _ALIKE = 0.85, 0.75, 0.6
"""Similarity, 0 to 1, from which on an option is surely meant, is likely meant, and is meant if its
first letter is the same."""
_TIE = 0.005  # options whose similarity differs by less are all named
_MANY, _FEW = 45, 12  # of more names than `_MANY`, the first `_FEW` are listed


def nearest(name: str, options: Iterable[str]) -> str:
    """Return a hint naming what was probably meant, or every option where nothing is near.

    A number that nothing has is answered with those there are, for any of them may be meant.

    Examples
    --------
    >>> pumps = [f"PU{i}" for i in range(1, 12)]
    >>> nearest("PU12", pumps)
    'there are PU1 to PU11'
    >>> nearest("PU33", pumps)
    'did you mean PU3?'
    >>> nearest("T1", ["L_T1", "L_T2", "t"])
    'did you mean L_T1?'
    >>> nearest("pump", pumps)
    'one of: PU1 to PU11'
    """
    names = list(dict.fromkeys(options))
    folded = name.casefold()
    if not names:
        return "there is none"
    for slip in ({folded}, _doubled(folded)):
        if alike := [option for option in names if option.casefold() in slip]:
            return _meant(alike)
    series = [option for option in names if _shape(option) == _shape(name)]
    if len(series) == 1 < len(names):
        return _meant(series)
    if series and _NUMBER.search(name):
        shown = series if len(_runs(series)) <= _FEW else _by_number(name, series)
        return f"there {'are' if len(shown) > 1 else 'is only'} {listed(shown)}"
    ratios = {name: SequenceMatcher(None, name.casefold(), folded).ratio() for name in names}
    best = max(ratios.values())
    near = [option for option in names if ratios[option] >= best - _TIE]
    if best >= _SURE:
        return _meant(near)
    if parts := [option for option in names if _within(option, name) or _within(name, option)]:
        return _meant(parts)
    if best < _LIKE:
        near = [n for n in near if best >= _ALIKE and n[:1].casefold() == folded[:1]]
    return _meant(near) if near else f"one of: {listed(names)}"


def listed(names: Iterable[str]) -> str:
    """Return names in the order of their numbers, `PU1 to PU11, V2`; of very many, the first."""
    ordered = sorted(names, key=natural)
    runs = _runs(ordered)
    shown = runs if len(runs) <= _MANY else [*runs[:_FEW], f"… ({len(ordered)} in all)"]
    return ", ".join(shown)


def _meant(names: list[str]) -> str:
    shown = names if len(names) <= _FEW else [*names[:_FEW], "…"]
    return f"did you mean {' or '.join(shown)}?"


def natural(name: str) -> list[tuple[str, int]]:
    """Return what sorts names by their numbers, not by their digits."""
    parts = _NUMBER.split(name)
    numbers = [int(part) for part in parts[1::2]] + [-1]
    return list(zip(parts[::2], numbers, strict=True))


def _runs(names: Iterable[str]) -> list[str]:
    """Return names in order, three and more of them whose last numbers follow as `PU1 to PU3`."""
    runs: list[list[str]] = []
    for name in sorted(names, key=natural):
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    long = [[f"{run[0]} to {run[-1]}"] if len(run) > 2 else run for run in runs]
    return [name for run in long for name in run]


def _follows(before: str, name: str) -> bool:
    number = re.fullmatch(r"(.*?)(\d+)", before)
    return number is not None and name == f"{number[1]}{int(number[2]) + 1:0{len(number[2])}}"


def _doubled(name: str) -> set[str]:
    """Return what a name may have been before one of its keys was pressed twice."""
    return {name[:i] + name[i + 1 :] for i in range(1, len(name)) if name[i] == name[i - 1]}


def _shape(name: str) -> str:
    return _NUMBER.sub("#", name.casefold())


def _by_number(name: str, series: list[str]) -> list[str]:
    """Return the few of a series whose numbers are nearest to a name's."""
    wanted = [number for _, number in natural(name)]

    def distance(option: str) -> int:
        numbers = [number for _, number in natural(option)]
        return sum(abs(a - b) for a, b in zip(numbers, wanted, strict=True))

    return sorted(series, key=distance)[: _FEW // 2]


def _within(short: str, long: str) -> bool:
    """Return whether all parts of a name, like `T1` or `one.active`, stand in another in order."""
    parts = iter(_PART.findall(long.casefold()))
    wanted = _PART.findall(short.casefold())
    return bool(wanted) and all(part in parts for part in wanted)
