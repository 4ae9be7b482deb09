"""Where every picture is drawn: one that fails costs the picture, and nothing that was computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MultipleLocator

from scenarios.results.run import Run
from twin.units import HOUR


@contextmanager
def drawing(picture: str, tell: Callable[[str], object]) -> Iterator[None]:
    """Draw a picture inside; where that fails, go on behind it.

    Parameters
    ----------
    picture : str
        What is drawn, as the user knows it.
    tell : callable
        Told which picture is missing, and why.
    """
    try:
        yield
    except Exception as error:
        tell(f"{picture} could not be drawn: {type(error).__name__}: {error}")


TRUTH, VIEW, PAIR, ATTACK, ALARM = "#1b4f72", "#e67e22", "#9aa5ab", "#f5b7b1", "#c0392b"
ENTRY = {"attack": ALARM, "fault": "#b7950b"}
SHADES = {"attack": ATTACK, "fault": "#f7dc6f"}
"""The colours of entries, and of the time in which they are active, by their label."""


def on_spans(hours: Any, on: Any) -> list[tuple[float, float]]:
    """Return start and length [h] of each stretch of rows that are on; shape (T,) both."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(on, dtype=int), [0]))))
    ends = np.append(hours, 2 * hours[-1] - hours[-2] if len(hours) > 1 else hours[-1:])
    return [
        (float(ends[first]), float(ends[last] - ends[first]))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]


def shade(axes: Axes, run: Run) -> None:
    """Shade the time in which attacks, and faults, were active."""
    active = run.labels[run.labels["active"].astype(bool)]
    for label, color in SHADES.items():
        mine = run.truth.index.isin(active.loc[active["label"] == label, "time"])
        for begin, length in on_spans(run.truth.index / HOUR, mine):
            axes.axvspan(begin, begin + length, color=color, alpha=0.5, lw=0)


def shade_signs(run: Run) -> list[Any]:
    """Return what the shades mean."""
    some = {"attack": run.scenario.attacks, "fault": run.scenario.faults}
    return [
        Patch(color=color, alpha=0.5, label=f"{label} active")
        for label, color in SHADES.items()
        if some[label]
    ]


def spacing(hours: float) -> float:
    """Return how many hours apart ticks are: a day or a few, or a part of one in short runs."""
    parts = [part for part in (0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 12) if hours / part <= 10]
    return parts[0] if parts else 24 * math.ceil(hours / 24 / 10)


def hours_axis(axes: Axes, run: Run) -> None:
    """Label the time axis in hours since the start, with about ten ticks."""
    axes.xaxis.set_major_locator(MultipleLocator(spacing(run.hours)))
    axes.set_xlim(0, run.hours)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(f"hours since {run.scenario.start:%a %Y-%m-%d %H:%M}", fontsize=8)


CHARACTERS = 130  # what fits across a panel
WHITE = [withStroke(linewidth=2.5, foreground="white")]


def short(text: str, length: int) -> str:
    """Return a text cut to so many characters."""
    return text if len(text) <= length else text[: length - 1] + "…"
