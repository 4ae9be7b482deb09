"""Two runs side by side: what differs, from when, and by how much."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator
from pyarrow import ArrowException

from scenarios.impact import COUNTERS, DEVIATION, counters, settled
from scenarios.pair import other
from scenarios.pictures import ALARM, PAIR, TRUTH, VIEW, on_spans, spacing
from scenarios.result import Run, known
from scenarios.run import run as run_scenario
from scenarios.schema import Scenario, library, load, located, path_of
from twin.errors import InputError, listed, nearest
from twin.network import Network
from twin.tags import Tag
from twin.units import HOUR

_FILES = ("truth.parquet", "scada.parquet", "metrics.json")
_DRAWN = 5  # tags at most have a panel of their own


@dataclass(frozen=True)
class Side:
    """One of the two.

    Attributes
    ----------
    name : str
    network : Network
    start : datetime
        Of its first hour.
    truth, scada : DataFrame
        As in `Run`.
    totals : dict of str to float or None
        The impact counters' values at its end; the last row of `truth` lacks the last step.
    notes : tuple of str
        As in `Run`.
    """

    name: str
    network: Network
    start: datetime
    truth: pd.DataFrame
    scada: pd.DataFrame
    totals: Mapping[str, float | None]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A tag that is not the same in both.

    Attributes
    ----------
    tag, unit : str
    true_from_h, shown_from_h : float or None
        Since when the truth, and what SCADA showed, differ; None where they never do.
    true_h, shown_h : float
        For how long in all.
    most : float
        The largest difference of the two, in `unit`.
    most_at_h : float
    """

    tag: str
    unit: str
    true_from_h: float | None
    shown_from_h: float | None
    true_h: float
    shown_h: float
    most: float
    most_at_h: float


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs, over the time that both have.

    Attributes
    ----------
    a, b : Side
    hours : float
    differences : tuple of Difference
        The earliest first.
    totals : DataFrame
        The impact counters' values at the end: columns `a`, `b`, `difference`.
    """

    a: Side
    b: Side
    hours: float
    differences: tuple[Difference, ...]
    totals: pd.DataFrame

    def summary(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "a": self.a.name,
            "b": self.b.name,
            "hours": self.hours,
            "differences": [asdict(one) for one in self.differences],
            "totals": {name: known(row) for name, row in self.totals.iterrows()},
            "notes": {"a": list(self.a.notes), "b": list(self.b.notes)},
        }


def sides(first: str, second: str | None) -> tuple[Side, Side]:
    """Return the two runs to compare.

    Parameters
    ----------
    first : str
        A run folder, or a scenario's name or file, which is run.
    second : str or None
        Another one; None for the first without its attacks.

    Raises
    ------
    InputError
        If one of them is neither, or they are of different plants.
    """
    a = _side(first)
    b = _without_attacks(first) if second is None else _side(second)
    if a.network.tags != b.network.tags:
        raise InputError(f"{first} and {second} have different tags: one plant only")
    if a.start != b.start:
        said = (
            f"it starts {b.start}, and {a.name} {a.start}: hours are those since each one's start"
        )
        b = replace(b, notes=(said, *b.notes))
    return a, b


def _side(name: str) -> Side:
    scenario, folder = _scenario(name), Path(name)
    if not folder.is_dir():
        try:
            made = run_scenario(scenario, watch=False, pair=False)
        except InputError as error:
            raise located(error, path_of(name)) from None
        return _of(scenario.name, made)
    lacks = [file for file in _FILES if not (folder / file).is_file()]
    if lacks:
        again = f"hydrotwin run {folder / 'scenario.yaml'} --out {folder}-again"
        raise InputError(f"{folder} lacks {listed(lacks)}: make the run again by {again}")
    try:
        truth, scada = (
            pd.read_parquet(folder / f"{t}.parquet").set_index("time") for t in ("truth", "scada")
        )
        told = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        totals = {name: told["impact"][name] for name in COUNTERS}
        notes = (*_cut(told["status"], told["reason"]), *told["notes"])
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"damaged: {error}; run the scenario again", folder) from None
    return Side(folder.name, scenario.network(), scenario.start, truth, scada, totals, notes)


def _of(of: str, made: Run) -> Side:
    if made.status == "interrupted":
        raise KeyboardInterrupt
    done = made.impact["run"]
    totals = {name: float(done[name]) for name in COUNTERS}
    notes = (*_cut(made.status, made.reason), *made.notes)
    return Side(of, made.network, made.scenario.start, made.truth, made.scada, totals, notes)


def _cut(status: str, reason: str) -> list[str]:
    """Say of a run that did not reach its end why it did not."""
    return [] if status == "done" else [f"the run was {status}: {reason}"]


def _scenario(name: str) -> Scenario:
    """Return the scenario of a run folder, a file or a shipped name."""
    path = Path(name)
    if path.is_dir():
        if not (path / "scenario.yaml").is_file():
            raise InputError(f"{path} is no run folder: it lacks scenario.yaml")
        return load(path / "scenario.yaml")
    if name not in library() and not path.is_file():
        beside = [str(found.parent) for found in path.parent.glob("*/scenario.yaml")]
        hint = nearest(name, [*beside, *library()])
        raise InputError(f"no run folder, scenario file or shipped scenario {name!r}: {hint}")
    return load(name)


def _without_attacks(name: str) -> Side:
    scenario = _scenario(name)
    if not scenario.attacks:
        raise InputError(f"{name} has no attack to leave out: name a second run")
    made = run_scenario(other(scenario), watch=False, pair=False)
    return _of(f"{scenario.name} without its attacks", made)


def compare(a: Side, b: Side) -> Comparison:
    """Compare two runs of one plant, tag by tag.

    Raises
    ------
    InputError
        If they have no instant in common.
    """
    times = a.truth.index.intersection(b.truth.index)
    if not len(times):
        raise InputError(f"{a.name} and {b.name} have no instant in common")
    true = (a.truth.loc[times] - b.truth.loc[times]).abs()
    shows = a.scada.index.intersection(b.scada.index)
    shown = (a.scada.loc[shows] - b.scada.loc[shows]).abs()
    found = []
    for tag in a.network.tags:
        limit = DEVIATION[tag.quantity]
        water, view = true[tag.name] > limit, shown[tag.name] > limit
        if not (water.any() or view.any()):
            continue
        worst = true[tag.name] if water.any() else shown[tag.name]
        found.append(
            Difference(
                tag=tag.name,
                unit=tag.unit,
                true_from_h=_first(water),
                shown_from_h=_first(view),
                true_h=float(water.sum()) * a.network.step / HOUR,
                shown_h=float(view.sum()) * a.network.polling / HOUR,
                most=float(worst.max()),
                most_at_h=float(str(worst.idxmax())) / HOUR,
            )
        )
    found.sort(key=lambda d: min(h for h in (d.true_from_h, d.shown_from_h) if h is not None))
    end = float(times[-1]) + a.network.step
    ends = [_totals(side, end) for side in (a, b)]
    totals = pd.DataFrame(dict(zip("ab", ends, strict=True)), index=list(COUNTERS), dtype=float)
    totals["difference"] = totals["a"] - totals["b"]
    totals = settled(totals, a.network)
    return Comparison(a, b, len(times) * a.network.step / HOUR, tuple(found), totals)


def _totals(side: Side, end: float) -> Mapping[str, float | None]:
    """Return the counters at a time [s]: a row of the truth has those of the steps before it."""
    if end not in side.truth.index:
        return side.totals
    row = counters(side.truth.loc[[end]]).iloc[0]
    return {name: float(row[name]) for name in COUNTERS}


def _first(wrong: pd.Series) -> float | None:
    return float(str(wrong.idxmax())) / HOUR if wrong.any() else None


def picture(made: Comparison) -> Figure:
    """Draw when each tag differs, and the tags that differ most, in both runs."""
    tags = {tag.name: tag for tag in made.a.network.tags}
    names = [one.tag for one in made.differences]
    drawn = _telling(made, tags)
    heights = [0.2 * max(2, len(names)) + 0.3, *[1.2] * len(drawn)]
    figure = Figure(figsize=(10.0, sum(heights) + 1.5), layout="constrained")
    shape: Any = {"height_ratios": heights}
    panels = np.atleast_1d(figure.subplots(len(heights), 1, sharex=True, gridspec_kw=shape))
    _draw_spans(panels[0], made, names, tags)
    for axes, name in zip(panels[1:], drawn, strict=True):
        _draw_both(axes, made, tags[name])
    panels[-1].set_xlim(0, made.hours)
    panels[-1].xaxis.set_major_locator(MultipleLocator(spacing(made.hours)))
    panels[-1].set_xlabel("hours since the start", fontsize=8)
    figure.legend(
        handles=[
            Line2D([], [], color=TRUTH, lw=1.8, label=f"A: {made.a.name}"),
            Line2D([], [], color=PAIR, lw=1.8, label=f"B: {made.b.name}"),
        ],
        loc="outside upper center", ncols=2, fontsize=9, frameon=False,
    )  # fmt: skip
    return figure


def _telling(made: Comparison, tags: dict[str, Tag]) -> list[str]:
    """Return the tags with a panel: levels before others, the longest different first."""
    ranked = sorted(
        made.differences,
        key=lambda d: (tags[d.tag].quantity == "status", tags[d.tag].quantity != "level",
                       -(d.true_h + d.shown_h)),
    )  # fmt: skip
    return [one.tag for one in ranked[:_DRAWN]]


def _draw_spans(axes: Axes, made: Comparison, names: Sequence[str], tags: dict[str, Tag]) -> None:
    if not names:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "nothing differs", transform=axes.transAxes, ha="center", va="center")
        return
    views = [("truth", -0.2, TRUTH, "the water differs"),
             ("scada", 0.2, VIEW, "what SCADA shows differs")]  # fmt: skip
    for table, shift, color, label in views:
        first, second = getattr(made.a, table), getattr(made.b, table)
        times = first.index.intersection(second.index)
        for row, name in enumerate(names):
            apart = (first.loc[times, name] - second.loc[times, name]).abs()
            spans = on_spans(times.to_numpy() / HOUR, apart > DEVIATION[tags[name].quantity])
            axes.broken_barh(spans, (row + shift - 0.2, 0.4), facecolors=color, lw=0,
                             label=label if row == 0 else None)  # fmt: skip
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=7.5, frameon=False)


def _draw_both(axes: Axes, made: Comparison, tag: Tag) -> None:
    style: dict[str, Any] = {} if tag.quantity == "level" else {"drawstyle": "steps-post"}
    for side, color in ((made.b, PAIR), (made.a, TRUTH)):
        axes.plot(side.truth.index / HOUR, side.truth[tag.name], color=color, lw=1.4, **style)
    shows = (made.b, ALARM, "B shown"), (made.a, VIEW, "A shown")
    labels = ["B", "A"]
    for side, color, label in shows:
        lie = (side.scada[tag.name] - side.truth[tag.name]).abs() > DEVIATION[tag.quantity]
        if lie.any():
            view = side.scada[tag.name].where(lie)
            axes.plot(view.index / HOUR, view, color=color, lw=1.2, ls="--", **style)
            labels.append(label)
    axes.legend(labels, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7.5, frameon=False)
    axes.set_ylabel(f"{tag.name}\n[{tag.unit or '0/1'}]", fontsize=8)
    axes.tick_params(labelsize=7.5)
