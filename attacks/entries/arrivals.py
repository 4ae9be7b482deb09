"""Random arrivals: how long until the next one, and how long it lasts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.errors import InputError, nearest
from twin.files import shown
from twin.units import duration, readable, spoken

SHORTEST = 1.0  # [s]

_DISTRIBUTIONS: dict[str, tuple[str, Callable[..., float]]] = {
    "always": ("2 h", lambda rng, value: value),
    "exponential": ("{exponential: 36 h}", lambda rng, mean: rng.exponential(mean)),
    "uniform": ("{uniform: [1 h, 4 h]}", lambda rng, low, high: rng.uniform(low, high)),
}
"""By kind: how it is written, and how a duration is sampled."""
_RANDOM = [form for kind, (form, _) in _DISTRIBUTIONS.items() if kind != "always"]


def _form_meant(written: object) -> str:
    """Return how a distribution is written that was written in another way, to end a message."""
    text = str(written)
    name = next((kind for kind in _DISTRIBUTIONS if text.casefold().startswith(kind[:3])), "")
    lengths = re.findall(r"\d+\.?\d*\s*[a-z]+", text)
    if name == "exponential" and len(lengths) == 1:
        return f"; drawn at random it is {{exponential: {lengths[0]}}}"
    if len(lengths) == 2:
        return f"; drawn at random between two it is {{uniform: [{', '.join(lengths)}]}}"
    return f"; drawn at random it is {' or '.join(_RANDOM)}"


@dataclass(frozen=True)
class RandomDuration:
    """A distribution of durations, which is sampled anew each time.

    Attributes
    ----------
    kind : str
        `always` the same, `exponential` (by its mean) or `uniform` (from the first to the second).
    values : tuple of float
        Its parameters [s].
    """

    kind: str
    values: tuple[float, ...]

    @classmethod
    def read(cls, written: object) -> RandomDuration:
        """Read `2 h`, `{exponential: 36 h}` or `{uniform: [1 h, 4 h]}`.

        Raises
        ------
        ValueError
            If it is none of these, or never as long as a second.
        """
        if isinstance(written, RandomDuration):
            return written
        kind, given = "always", written
        if isinstance(written, Mapping) and len(written) == 1:
            ((kind, given),) = written.items()
        forms = ", ".join(form for form, _ in _DISTRIBUTIONS.values())
        if isinstance(given, Mapping) or not isinstance(kind, str):
            raise InputError(f"{shown(written)} is no duration to draw: write one of {forms}")
        if kind not in _DISTRIBUTIONS or (kind == "always" and isinstance(written, Mapping)):
            known = [name for name in _DISTRIBUTIONS if name != "always"]
            raise InputError(f"unknown distribution {kind!r}: {nearest(kind, known)}")
        bounds = list(given) if isinstance(given, list | tuple) else []
        if len(bounds) != (2 if kind == "uniform" else 0):
            what = "a duration that is always the same" if kind == "always" else kind
            mend = _form_meant(" ".join(map(str, bounds))) if kind == "always" else ""
            raise InputError(f"{what} is written like {_DISTRIBUTIONS[kind][0]}{mend}")
        try:
            values = tuple(duration(str(value)) for value in bounds or [given])
        except ValueError as error:
            raise ValueError(f"{error}{_form_meant(given) if kind == 'always' else ''}") from None
        if max(values) < SHORTEST:
            raise InputError(f"{spoken(max(values))} is too short to draw: {SHORTEST:g} s at least")
        if values != tuple(sorted(set(values))):
            raise InputError("uniform draws between two durations, the shorter first")
        return cls(kind, values)

    def written(self) -> Any:
        """Return it as a scenario file writes it."""
        words = [readable(value) for value in self.values]
        if self.kind == "always":
            return words[0]
        return {self.kind: words if len(words) > 1 else words[0]}

    def sample(self, rng: np.random.Generator) -> float:
        """Return a random duration [s]."""
        return float(_DISTRIBUTIONS[self.kind][1](rng, *self.values))


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """Occurrences at random.

    Attributes
    ----------
    gap : RandomDuration
        From the end of one (and from the beginning) to the next.
    lasts : RandomDuration
        How long one lasts.
    """

    gap: RandomDuration
    lasts: RandomDuration

    def spans(self, begins: float, rng: np.random.Generator) -> Iterator[tuple[float, float]]:
        """Yield when one occurrence after the other begins and ends [s], from `begins` [s] on."""
        while True:
            start = begins + self.gap.sample(rng)
            begins = start + self.lasts.sample(rng)
            yield start, begins
