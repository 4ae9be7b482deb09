"""The detectors: score against threshold, what explains it, their episodes."""

from __future__ import annotations

import math
from typing import Any

from nicegui import ui

from scenarios.live.pages.frame import frame
from scenarios.live.pages.pens import CLOCK
from scenarios.live.pages.tables import show, table
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot
from scenarios.live.source import DetectorView
from scenarios.live.users import Visitor
from scenarios.live.values import number

_MOST = 1500  # scores in a chart
_CAUSES = 6


def detector(room: Room, visitor: Visitor) -> None:
    """Fill the page."""
    with frame(room, visitor, "/detector", "Detector") as refreshers:
        views = room.source.detectors()
        if not views:
            ui.label("No detector watches this plant.").classes("note")
        for place, view in enumerate(views):
            with ui.column().classes("card w-full"):
                panel = _Panel(room, view.name)

                def refresh(_: Snapshot, place: int = place, panel: _Panel = panel) -> None:
                    panel.show(room.source.detectors()[place])

                refreshers.append(refresh)


class _Panel:
    """What one detector says."""

    def __init__(self, room: Room, name: str):
        self._room, self._seen = room, -1
        with ui.row().classes("items-baseline w-full"):
            ui.label(name).classes("text-h6")
            self._state = ui.label().classes("clock").mark("detector-state")
        self._chart = ui.echart(_CHART()).classes("w-full").style("height: 280px")
        with ui.row().classes("w-full items-start"):
            with ui.column().classes("col"):
                ui.html("<h2>What explains the last score</h2>", sanitize=False)
                self._causes = table(name="tag or equation", share="share", words="")
            with ui.column().classes("col"):
                ui.html("<h2>Its alarms, apart from the process alarms</h2>", sanitize=False)
                self._episodes = table(
                    start="from", end="to", peak="highest score", tags="tags", plc="PLC"
                ).mark("episodes")

    def show(self, view: DetectorView) -> None:
        """Show what it has said by now."""
        if len(view.scores) == self._seen:
            return
        self._seen = len(view.scores)
        scores = [s for s in view.scores[-_MOST:] if not math.isnan(s.value)]
        if not scores:
            self._state.text = "its window is not full yet: no score"
            return
        last = scores[-1]
        about = "above" if last.alarm else "below"
        self._state.text = (
            f"{number(last.value, 4)}, {about} its threshold {number(last.threshold, 4)}, at "
            f"{self._room.hour_words(last.time)}"
        )
        stamp = self._room.stamp
        series = self._chart.options["series"]
        series[0]["data"] = [[stamp(s.time), s.value] for s in scores]
        series[1]["data"] = [[stamp(s.time), s.threshold] for s in scores]
        series[2]["data"] = [[stamp(s.time), s.value] for s in scores if s.alarm]
        self._chart.update()
        show(
            self._causes,
            [
                {"id": i, "name": name, "share": f"{share:.0%}", "words": words}
                for i, (name, share, words) in enumerate(view.causes[:_CAUSES])
            ],
        )
        hours = self._room.hour_words
        show(
            self._episodes,
            [
                {
                    "id": i,
                    "start": hours(e.start),
                    "end": hours(e.end),
                    "peak": number(e.peak, 4),
                    "tags": ", ".join(e.tags),
                    "plc": e.plc,
                }
                for i, e in reversed([*enumerate(view.episodes)])
            ],
        )


def _CHART() -> dict[str, Any]:  # noqa: N802
    line = {"type": "line", "showSymbol": False}
    return {
        "animation": False,
        "useUTC": True,
        "legend": {"top": 0},
        "tooltip": {"trigger": "axis"},
        "grid": {"left": 70, "right": 24, "top": 32, "bottom": 56},
        "dataZoom": [{"type": "inside"}, {"type": "slider", "height": 18, "bottom": 4}],
        "xAxis": {"type": "time", "axisLabel": {"formatter": CLOCK}},
        "yAxis": {"type": "value", "name": "score"},
        "series": [
            {**line, "name": "score", "color": "#22282c"},
            {**line, "name": "threshold", "color": "#b3261e", "lineStyle": {"type": "dashed"}},
            {"type": "scatter", "name": "alarm", "symbol": "triangle", "symbolSize": 9,
             "color": "#b3261e"},
        ],
    }  # fmt: skip
