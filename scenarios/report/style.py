"""What all pictures share: colours, axes, the spans of a signal that is on, cut texts."""

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

TRUTH, VIEW, PAIR, ATTACK, ALARM = "#1b4f72", "#e67e22", "#9aa5ab", "#f5b7b1", "#c0392b"
ENTRY = {"attack": ALARM, "fault": "#b7950b"}
SHADES = {"attack": ATTACK, "fault": "#f7dc6f"}
"""The colours of entries, and of the time in which they are active, by their label."""
CHARACTERS = 130
"""How many characters fit across the panels of the story."""
OUTLINE = [withStroke(linewidth=2.5, foreground="white")]
"""The path effect that keeps text readable on lines and bars."""


@contextmanager
def plotting(picture: str, warn: Callable[[str], object]) -> Iterator[None]:
    """Guard the code that draws a picture: if it raises, warn and go on without the picture.

    Parameters
    ----------
    picture : str
        The picture's name in the warning.
    warn : callable
        Called with the message: which picture is missing, and why.
    """
    try:
        yield
    except Exception as error:
        warn(f"{picture} could not be drawn: {type(error).__name__}: {error}")


def on_spans(hours: Any, on: Any) -> list[tuple[float, float]]:
    """Return start and length [h] of each stretch of rows that are on; shape (T,) both."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(on, dtype=int), [0]))))
    ends = np.append(hours, 2 * hours[-1] - hours[-2] if len(hours) > 1 else hours[-1:])
    return [
        (float(ends[first]), float(ends[last] - ends[first]))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]


def shade_active(axes: Axes, run: Run) -> None:
    """Shade the time in which attacks, and faults, were active."""
    active = run.labels[run.labels["active"].astype(bool)]
    for label, color in SHADES.items():
        rows = run.truth.index.isin(active.loc[active["label"] == label, "time"])
        for begin, length in on_spans(run.truth.index / HOUR, rows):
            axes.axvspan(begin, begin + length, color=color, alpha=0.5, lw=0)


def shade_handles(run: Run) -> list[Any]:
    """Return the legend's handles of `shade_active`."""
    entries = {"attack": run.scenario.attacks, "fault": run.scenario.faults}
    return [
        Patch(color=color, alpha=0.5, label=f"{label} active")
        for label, color in SHADES.items()
        if entries[label]
    ]


def tick_spacing(hours: float) -> float:
    """Return how many hours apart ticks are: a day or a few, or a part of one in short runs."""
    parts = [part for part in (0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 12) if hours / part <= 10]
    return parts[0] if parts else 24 * math.ceil(hours / 24 / 10)


def hours_axis(axes: Axes, run: Run) -> None:
    """Label the time axis in hours since the start, with about ten ticks."""
    axes.xaxis.set_major_locator(MultipleLocator(tick_spacing(run.hours)))
    axes.set_xlim(0, run.hours)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(f"hours since {run.scenario.start:%a %Y-%m-%d %H:%M}", fontsize=8)


def legend_beside(axes: Axes) -> None:
    """Place a panel's legend at its right."""
    axes.legend(loc="center left", bbox_to_anchor=(1.005, 0.5), fontsize=7, frameon=False,
                handlelength=1.8, labelspacing=0.25, borderaxespad=0.0)  # fmt: skip


def shortened(text: str, length: int) -> str:
    """Return a text cut to `length` characters, the last of them an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"
