"""The story's entries: a bar for each, with what it does in words beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from attacks.entries.entry import Entry
from scenarios.definition.words import entry_in_words
from scenarios.report.style import CHARACTERS, ENTRY, OUTLINE, TRUTH, on_spans, shortened
from scenarios.results.run import Run
from twin.units import HOUR

_LINE = 0.34  # of a row: a line of words


@dataclass(frozen=True)
class EntryBar:
    """The row of an entry on the time line.

    Attributes
    ----------
    entry : Entry
    spans : list of (float, float)
        Start and length [h] of each time in which it was active.
    words : str
        What the entry does, on one line or two.
    at : float
        Where the words begin, or, if `right_aligned`, end [h]: at the first span or the last.
    right_aligned : bool
    """

    entry: Entry
    spans: list[tuple[float, float]]
    words: str
    at: float
    right_aligned: bool

    @property
    def height(self) -> float:
        """Its height in rows."""
        return 1.0 + _LINE * self.words.count("\n")


def entry_bars(run: Run) -> list[EntryBar]:
    """Return the time line's rows: those of one port together, in the order they are written."""
    bars = []
    for entry in run.scenario.entries:
        rows = run.labels[run.labels["entry"] == entry.name]
        active = rows["active"].to_numpy(dtype=bool)
        bars.append(_bar(run, entry, on_spans(rows["time"].to_numpy() / HOUR, active)))
    ports = list(dict.fromkeys(bar.entry.on for bar in bars))
    return sorted(bars, key=lambda bar: ports.index(bar.entry.on))


def _bar(run: Run, entry: Entry, spans: list[tuple[float, float]]) -> EntryBar:
    """Return an entry's bar, its words where there is more room: after its start or before its end.

    They are cut where they need more than two lines.
    """
    part = f" ({entry.incident})" if entry.name != entry.incident and len(run.incidents) > 1 else ""
    words = f"{entry.name}{part}: {entry_in_words(entry, run.spec)}"
    words = words if spans else f"never acted: {words}"
    start, end = (spans[0][0], min(sum(spans[-1]), run.hours)) if spans else (0.0, 0.0)
    after, before = (int(CHARACTERS * h / run.hours) for h in (run.hours - start, end))
    right = len(words) > after and before > after
    lines = textwrap.wrap(words, max(after, before), max_lines=2, placeholder=" …")
    return EntryBar(entry, spans, "\n".join(lines), end if right else start, right)


def plot_entries(axes: Axes, run: Run, bars: Sequence[EntryBar]) -> None:
    """Plot each entry as a bar, with what it does in words above it."""
    names = {}
    below = -0.65
    for bar in bars:
        below += bar.height
        row = below - 0.35
        names[row] = shortened(bar.entry.on, 22)
        axes.broken_barh(bar.spans, (row, 0.34), facecolors=ENTRY[bar.entry.label], lw=0)
        shift = (-0.003 if bar.right_aligned else 0.003) * run.hours
        axes.text(bar.at + shift, row - 0.06, bar.words, va="bottom", fontsize=7.5,
                  ha="right" if bar.right_aligned else "left", linespacing=1.05,
                  color="#1c2833" if bar.spans else "#7b7d7d", path_effects=OUTLINE)  # fmt: skip
    if run.written:
        below += 1.0
        names[below - 0.35] = "operator"
        _plot_orders(axes, run, below - 0.35)
    axes.set_yticks([row + 0.17 for row in names], list(names.values()))
    axes.set_ylim(below + 0.3, -0.65)


def _plot_orders(axes: Axes, run: Run, row: float) -> None:
    """Mark when the operator wrote, and what: in words above or below, where either fits."""
    free_from = {row - 0.06: -1.0, row + 0.32: -1.0}  # hour from which a line of words has room
    for time, what in run.written.items():
        at = time / HOUR
        axes.plot([at], [row + 0.17], marker="v", ms=5, color=TRUTH)
        words = shortened(what, 40)
        y = next((y for y, hour in free_from.items() if at >= hour), None)
        if y is not None:
            axes.text(at, y, words, va="bottom" if y < row else "top", fontsize=7.5,
                      path_effects=OUTLINE)  # fmt: skip
            free_from[y] = at + (len(words) + 2) * run.hours / CHARACTERS
