"""The story's entries: a bar for each, with what it does in words beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from attacks.entries.entry import Entry
from scenarios.definition.words import entry_in_words, order_in_words
from scenarios.report.style import CHARACTERS, ENTRY, TRUTH, WHITE, on_spans, short
from scenarios.results.run import Run
from twin.units import HOUR

_LINE = 0.34  # of a row: a line of words


@dataclass(frozen=True)
class Bar:
    """A row of the time line.

    Attributes
    ----------
    entry : Entry
    spans : list of (float, float)
        Each start and length [h] of its acting.
    words : str
        What it is, on one line or two.
    at : float
        Where the words begin, or, where `ends`, end [h]: with the first bar or the last.
    ends : bool
    """

    entry: Entry
    spans: list[tuple[float, float]]
    words: str
    at: float
    ends: bool

    @property
    def tall(self) -> float:
        """Its height in rows."""
        return 1.0 + _LINE * self.words.count("\n")


def bars_of(run: Run) -> list[Bar]:
    """Return the time line's rows: those of one port together, in the order they are written."""
    bars = []
    for entry in run.scenario.entries:
        mine = run.labels[run.labels["entry"] == entry.name]
        active = mine["active"].to_numpy(dtype=bool)
        bars.append(_bar(run, entry, on_spans(mine["time"].to_numpy() / HOUR, active)))
    ports = list(dict.fromkeys(bar.entry.on for bar in bars))
    return sorted(bars, key=lambda bar: ports.index(bar.entry.on))


def _bar(run: Run, entry: Entry, spans: list[tuple[float, float]]) -> Bar:
    """Word an entry, from where its first bar begins or up to where its last ends."""
    part = f" ({entry.incident})" if entry.name != entry.incident and len(run.incidents) > 1 else ""
    words = f"{entry.name}{part}: {entry_in_words(entry, run.spec)}"
    words = words if spans else f"never acted: {words}"
    start, end = (spans[0][0], min(sum(spans[-1]), run.hours)) if spans else (0.0, 0.0)
    after, before = (int(CHARACTERS * h / run.hours) for h in (run.hours - start, end))
    ends = len(words) > after and before > after
    lines = textwrap.wrap(words, max(after, before), max_lines=2, placeholder=" …")
    return Bar(entry, spans, "\n".join(lines), end if ends else start, ends)


def draw_entries(axes: Axes, run: Run, bars: Sequence[Bar]) -> None:
    """Draw each entry as a bar, with what it is in words above it."""
    names = {}
    below = -0.65
    for bar in bars:
        below += bar.tall
        row = below - 0.35
        names[row] = short(bar.entry.on, 22)
        axes.broken_barh(bar.spans, (row, 0.34), facecolors=ENTRY[bar.entry.label], lw=0)
        shift = (-0.003 if bar.ends else 0.003) * run.hours
        axes.text(bar.at + shift, row - 0.06, bar.words, va="bottom", fontsize=7.5,
                  ha="right" if bar.ends else "left", linespacing=1.05,
                  color="#1c2833" if bar.spans else "#7b7d7d", path_effects=WHITE)  # fmt: skip
    if run.scenario.operator:
        below += 1.0
        names[below - 0.35] = "operator"
        _draw_orders(axes, run, below - 0.35)
    axes.set_yticks([row + 0.17 for row in names], list(names.values()))
    axes.set_ylim(below + 0.3, -0.65)


def _draw_orders(axes: Axes, run: Run, row: float) -> None:
    """Mark when the operator wrote, and what: in words above or below, where either fits."""
    free = {row - 0.06: -1.0, row + 0.32: -1.0}
    for order in run.scenario.operator:
        at = order.at / HOUR
        axes.plot([at], [row + 0.17], marker="v", ms=5, color=TRUTH)
        words = short(order_in_words(order, run.spec), 40)
        spot = next((spot for spot, until in free.items() if at >= until), None)
        if spot is not None:
            axes.text(at, spot, words, va="bottom" if spot < row else "top", fontsize=7.5,
                      path_effects=WHITE)  # fmt: skip
            free[spot] = at + (len(words) + 2) * run.hours / CHARACTERS
