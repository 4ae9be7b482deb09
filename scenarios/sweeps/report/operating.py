"""The operating curve: what a higher or lower threshold would have cost and found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from detector import Episodes
from scenarios.results.folder import read_table
from scenarios.results.incidents import AFTERMATH, merged
from scenarios.sweeps.report.told import Picture, Told
from twin.units import DAY, HOUR

_WEEK_H = 7 * DAY / HOUR

FACTORS = np.round(np.geomspace(0.25, 8.0, 31), 4)
"""Thresholds, relative to the detector's own; 1 is among them."""


def operating_curve(told: Told) -> Iterator[Picture]:
    """Draw false episodes and detection against the threshold, from the scores that were kept."""
    places = told.streams()
    runs = told.runs[told.runs["run"].isin(list(places))]
    if runs.empty or not told.detectors:
        return
    counts = pd.concat(
        [_counts(places[run]).assign(hours=hours) for run, hours in
         runs[["run", "hours"]].itertuples(index=False)]
    )  # fmt: skip
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    cost, trade = figure.subplots(1, 2, sharey=True)
    for detector in [name for name in told.detectors if name in set(counts["detector"])]:
        mine = counts[counts["detector"] == detector].groupby("factor")
        rate = mine["false"].sum() / (mine["hours"].sum() / _WEEK_H)
        colour = told.colour(detector)
        cost.plot(rate.index, rate, color=colour, label=detector)
        cost.plot([1.0], [rate[1.0]], "o", color=colour)
        known = counts[(counts["detector"] == detector) & counts["found"].notna()]
        if len(known):
            found = known.groupby("factor")["found"].mean()
            trade.plot(found, rate, color=colour, label=detector)
            trade.plot([found[1.0]], [rate[1.0]], "o", color=colour)
    cost.set_yscale("symlog", linthresh=0.1)
    cost.set_ylim(bottom=0)
    cost.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    cost.set_xscale("log", base=2)
    cost.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    cost.set_ylabel("false episodes a week", fontsize=9)
    cost.set_xlabel("threshold, relative to the detector's own", fontsize=9)
    trade.set_xlabel("attacked runs noticed", fontsize=9)
    trade.set_xlim(-0.03, 1.03)
    trade.xaxis.set_major_formatter(PercentFormatter(1.0))
    for panel in (cost, trade):
        panel.axhline(1.0, color="#9aa5ab", lw=0.8, ls=":")
        panel.grid(alpha=0.25)
    cost.legend(fontsize=8, frameon=False)
    yield Picture(
        "operating-curve",
        "What would another threshold have cost, and found?",
        f"From the scores of {len(runs)} runs; dots: the detector's own threshold; dotted: one "
        "false episode a week, what an operator may be asked to bear. An alarm that never ends "
        "is one episode, so that very low thresholds have few; and one raised before the attack "
        "does not count as noticing it, so that at low thresholds the noticed share falls again. "
        "A threshold is chosen on other runs than it is judged on: this picture judges, "
        "it does not choose.",
        figure,
    )


def _counts(place: Path) -> pd.DataFrame:
    """Return by detector and factor a run's false episodes, and whether its attack was found."""
    scores, labels = read_table(place, "scores"), read_table(place, "labels")
    active = labels[labels["active"].astype(bool)]
    step = float(labels["time"].diff().loc[lambda apart: apart > 0].min()) if len(labels) else HOUR
    spans = {
        label: merged((at, at + step) for at in active.loc[active["label"] == label, "time"])
        for label in ("attack", "fault")
    }
    excused = [*spans["attack"], *spans["fault"]]
    found = []
    for detector, table in scores.groupby("detector"):
        relative = (table["score"] / table["threshold"]).to_numpy()
        times = table.index.to_numpy(dtype=float)
        for factor in FACTORS:
            raised = [each.start for each in Episodes.of(times, relative > factor)]
            false = sum(not _within(at, excused, AFTERMATH) for at in raised)
            hit = any(_within(at, merged(spans["attack"], AFTERMATH)) for at in raised)
            found.append((detector, factor, false, float(hit) if spans["attack"] else np.nan))
    return pd.DataFrame(found, columns=["detector", "factor", "false", "found"])


def _within(at: float, spans: list[tuple[float, float]], after: float = 0.0) -> bool:
    return any(begin <= at < end + after for begin, end in spans)
