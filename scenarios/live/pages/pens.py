"""A chart of several tags over time: one panel a unit, limits, a cursor, zoom."""

from __future__ import annotations

import math
from typing import Any

from nicegui import ui

from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot
from scenarios.live.values import DECIMALS
from twin.plants.equipment import LEVELS
from twin.tags import Quality, Tag

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7a6a00")
"""Of pens: readable to the colour-blind too (Okabe and Ito 2008)."""
_STYLES = ("solid", "dashed", "dotted")
_MOST = 400  # points of a pen
CLOCK = {"day": "{MMM} {d}", "hour": "{HH}:{mm}", "minute": "{HH}:{mm}"}
"""How charts write the plant's time."""
_BESIDE = ("Start", "Middle", "End")
_ABOVE = {"HH": "Top", "H": "Bottom", "L": "Top", "LL": "Top"}
"""Where the names of limits stand, so that those of three pens do not cover each other."""
_ASIDE = ([0, 0, 0, 70], [0, 0, 0, 140], [0, 70, 0, 0])
"""By how much [px] the name LL is moved from each place: above its line too, it clears L."""


class Pens:
    """A chart of tags.

    Parameters
    ----------
    room : Room
    tags : list of str
    span : float
        How far back it shows [s].
    height : str
        As CSS has it.
    truth : bool, default False
        Whether the true values are drawn too, for a teacher.
    """

    def __init__(self, room: Room, tags: list[str], span: float, height: str, truth: bool = False):
        self._room, self.tags, self.span, self.truth = room, list(tags), span, truth
        self.limits, self.held = True, False
        self._chart = ui.echart({}).classes("w-full").style(f"height: {height}")

    def refresh(self, now: Snapshot) -> None:
        """Draw what is there now, unless the chart is held."""
        if not self.held:
            self.draw(now)

    def draw(self, now: Snapshot) -> None:
        """Draw the chart."""
        known = {tag.name: tag for tag in self._room.source.spec.tags}
        tags = [known[tag] for tag in self.tags]
        groups = list(dict.fromkeys(tag.quantity for tag in tags))
        first = max(now.time - self.span, 0.0)
        options = self._axes(groups, first, now.time)
        options["series"] = [
            series
            for place, tag in enumerate(tags)
            for series in self._series(tag, groups.index(tag.quantity), place, first)
        ]
        self._chart.options.clear()
        self._chart.options.update(options)
        self._chart.update()

    def _axes(self, groups: list[str], first: float, last: float) -> dict[str, Any]:
        """Return a panel a quantity, one under the other, on one time axis."""
        stamp, count = self._room.stamp, max(len(groups), 1)
        high = 74.0 / count
        units = {"level": "level [m]", "flow": "flow [L/s]", "pressure": "pressure [m]",
                 "status": "on"}  # fmt: skip
        every = [*range(count)]
        return {
            "animation": False,
            "useUTC": True,
            "legend": {"top": 0, "type": "scroll"},
            "tooltip": {"trigger": "axis", "axisPointer": {"type": "cross"}},
            "axisPointer": {"link": [{"xAxisIndex": "all"}]},
            "dataZoom": [
                {"type": "inside", "xAxisIndex": every},
                {"type": "slider", "xAxisIndex": every, "height": 18, "bottom": 4},
            ],
            "grid": [
                {"left": 64, "right": 24, "top": f"{13 + i * high:.1f}%",
                 "height": f"{high - 8:.1f}%"}
                for i in every
            ],
            "xAxis": [
                {"type": "time", "gridIndex": i, "min": stamp(first), "max": stamp(last),
                 "axisLabel": {"show": i == count - 1, "formatter": CLOCK}}
                for i in every
            ],
            "yAxis": [
                {"type": "value", "gridIndex": i, "name": units[group], "scale": group != "status",
                 "nameTextStyle": {"align": "left"}, "nameGap": 8,
                 "splitNumber": 2 if count > 1 else 5}
                | ({"min": 0, "max": 1.2, "interval": 1} if group == "status" else {})
                for i, group in enumerate(groups)
            ],
        }  # fmt: skip

    def _series(self, tag: Tag, panel: int, place: int, first: float) -> list[dict[str, Any]]:
        color, style = COLORS[place % len(COLORS)], _STYLES[place // len(COLORS) % len(_STYLES)]
        common = {
            "type": "line",
            "xAxisIndex": panel,
            "yAxisIndex": panel,
            "showSymbol": False,
            "itemStyle": {"color": color},
            "step": "end" if tag.quantity == "status" else False,
        }
        past = self._room.source.history.of(tag.name, first, most=_MOST)
        shown = {
            **common,
            "name": tag.name,
            "lineStyle": {"color": color, "type": style, "width": 2},
            "data": self._points(past.times.tolist(), past.values.tolist(), tag),
        }
        limits = self._room.source.spec.wiring.limits.get(tag.name)
        if self.limits and limits is not None:
            lines = [(n, float(getattr(limits, n))) for n in LEVELS]
            shown["markLine"] = {
                "symbol": "none",
                "silent": True,
                "lineStyle": {"color": color, "type": "dotted", "width": 1},
                "data": [
                    {
                        "yAxis": value,
                        "name": f"{tag.name} {name}",
                        "label": {
                            "formatter": "{b}",
                            "fontSize": 11,
                            "padding": _ASIDE[place % 3] if name == "LL" else 0,
                            "position": f"inside{_BESIDE[place % 3]}{_ABOVE[name]}",
                        },
                    }
                    for name, value in lines
                    if not math.isnan(value)
                ],
            }
        series = [shown]
        poor = past.quality != Quality.GOOD
        if poor.any():
            values = [v if bad else math.nan for v, bad in zip(past.values, poor, strict=True)]
            series.append(
                {
                    **common,
                    "name": f"{tag.name}, not good",
                    "showSymbol": True,
                    "symbol": "triangle",
                    "symbolSize": 5,
                    "lineStyle": {"opacity": 0},
                    "data": self._points(past.times.tolist(), values, tag),
                }
            )
        if self.truth:
            true = self._room.source.history.of(tag.name, first, truth=True, most=_MOST)
            series.append(
                {
                    **common,
                    "name": f"{tag.name}, true",
                    "lineStyle": {"color": color, "type": "dotted", "width": 3},
                    "data": self._points(true.times.tolist(), true.values.tolist(), tag),
                }
            )
        return series

    def _points(self, times: list[float], values: list[float], tag: Tag) -> list[list[Any]]:
        decimals = DECIMALS[tag.quantity] + 1
        return [
            [self._room.stamp(at), None if math.isnan(value) else round(value, decimals)]
            for at, value in zip(times, values, strict=True)
        ]
