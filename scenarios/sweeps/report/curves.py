"""What grows with a swept field: detection, harm, false alarms."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from scenarios.report.style import shortened
from scenarios.sweeps.report.told import Picture, Told, by_value, facets, panels, scale, shares
from twin.units import DAY, HOUR

_WEEK_H = 7 * DAY / HOUR


def detection_curves(told: Told) -> Iterator[Picture]:
    """Draw by each field how many attacks were noticed."""
    rows = told.watched
    for field in told.magnitudes if len(rows) else []:
        names = facets(told.attacks(rows))
        figure, axes = panels(len(names))
        for name, panel in zip(names, axes, strict=True):
            shown = rows if name is None else rows[rows["attack"] == name]
            for detector in told.detectors:
                table = shares(shown[shown["detector"] == detector], field)
                colour = told.colour(detector)
                panel.fill_between(
                    table["at"], table["low"], table["high"], color=colour, alpha=0.15, lw=0
                )
                panel.plot(table["at"], table["share"], "o-", color=colour, ms=4, label=detector)
            _finish(panel, told, field, name)
            panel.set_ylim(-0.03, 1.03)
            panel.yaxis.set_major_formatter(PercentFormatter(1.0))
        figure.supylabel("runs whose attack was noticed", fontsize=9)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4,
                      frameon=False, fontsize=9)  # fmt: skip
        yield Picture(
            f"detection-{_stem(field)}",
            f"From which {field} on is an attack noticed?",
            "The share of runs whose attack raised an alarm; the bands are Wilson's 95 % "
            f"confidence intervals. {_pooled(told, field, names)}",
            figure,
        )


def harm_curves(told: Told) -> Iterator[Picture]:
    """Draw by each field what the attacks cost."""
    rows = told.attacked[told.attacked["lost_m3"].notna()]
    if not rows["lost_m3"].gt(0).any():
        return
    for field in told.magnitudes:
        names = facets(told.attacks(rows))
        figure, axes = panels(len(names))
        for name, panel in zip(names, axes, strict=True):
            shown = rows if name is None else rows[rows["attack"] == name]
            groups = by_value(shown, field)
            at = [value for value, _ in groups]
            lost = [group["lost_m3"] for _, group in groups]
            low, high = [each.min() for each in lost], [each.max() for each in lost]
            panel.fill_between(at, low, high, color="#c0392b", alpha=0.15, lw=0)
            panel.plot(at, [each.mean() for each in lost], "o-", color="#c0392b", ms=4)
            _finish(panel, told, field, name)
        figure.supylabel("water spilled, leaked or not delivered [m³]", fontsize=9)
        yield Picture(
            f"harm-{_stem(field)}",
            f"What does {field} do to the water?",
            "The mean over runs of what was spilled, leaked or not delivered beyond the same run "
            f"without the attack; the band reaches from the least to the most. "
            f"{_pooled(told, field, names)}",
            figure,
        )


def false_alarms(told: Told) -> Iterator[Picture]:
    """Draw by each field, but those of attacks, how many false episodes a week there were."""
    rows = told.rows[told.rows["false_episodes"].notna()]
    if not rows["false_episodes"].gt(0).any():
        return
    for field in [name for name in told.magnitudes if not name.startswith("attacks.")]:
        figure, (panel,) = panels(1)
        for detector in told.detectors:
            mine = rows[rows["detector"] == detector]
            points = [(at, *_weekly(group)) for at, group in by_value(mine, field)]
            at, rate, low, high = (np.array(each) for each in zip(*points, strict=True))
            panel.fill_between(at, low, high, color=told.colour(detector), alpha=0.15, lw=0)
            panel.plot(at, rate, "o-", color=told.colour(detector), ms=4, label=detector)
        _finish(panel, told, field, None)
        panel.set_ylabel("false episodes a week", fontsize=9)
        panel.set_ylim(bottom=0)
        panel.legend(fontsize=8, frameon=False)
        yield Picture(
            f"false-{_stem(field)}",
            f"What does {field} do to false alarms?",
            "Alarm episodes outside attacks and faults and a day after them, a week of simulated "
            "time; the bands are the mean's 95 % interval over runs (normal approximation).",
            figure,
        )


def _weekly(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Return the mean of false episodes a week, and the ends of its 95 % interval."""
    rate = rows["false_episodes"] / (rows["hours"] / _WEEK_H)
    half = 1.96 * float(rate.std(ddof=1)) / len(rate) ** 0.5 if len(rate) > 1 else 0.0
    return float(rate.mean()), max(float(rate.mean()) - half, 0.0), float(rate.mean()) + half


def _finish(panel: Axes, told: Told, field: str, name: str | None) -> None:
    scale(panel, told.rows[field].dropna())
    if panel.xaxis.get_tick_params()["labelbottom"]:
        panel.set_xlabel(shortened(told.words(field), 44 if name else 90), fontsize=8)
    panel.set_title(shortened(name or "", 40), fontsize=9)
    panel.grid(alpha=0.25)


def _pooled(told: Told, field: str, names: object) -> str:
    """Say over which other fields the figures of a field are pooled."""
    others = [name for name in told.magnitudes if name != field]
    if "seed" in told.fields:
        others.append("seed")
    if names == [None] and len(told.attacks(told.rows)) > 1:
        others.append("all attacks")
    return f"Pooled over {', '.join(others)}." if others else ""


def _stem(field: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in field)
