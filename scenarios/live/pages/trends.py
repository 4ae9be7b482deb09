"""Trends: the tags one chooses, over hours or days."""

from __future__ import annotations

from nicegui import ui

from scenarios.live.pages.frame import frame
from scenarios.live.pages.pens import Pens
from scenarios.live.shared import Room
from scenarios.live.users import Visitor
from twin.units import DAY, HOUR

_SPANS = {
    6 * HOUR: "6 hours",
    DAY: "a day",
    3 * DAY: "3 days",
    7 * DAY: "a week",
    28 * DAY: "4 weeks",
}
_MOST_PENS = 8


def trends(room: Room, visitor: Visitor) -> None:
    """Fill the page."""
    spec, source = room.source.spec, room.source
    levels = [tag.name for tag in spec.tags if tag.quantity == "level"]
    chosen = (levels or list(spec.tag_names))[:3]
    with frame(room, visitor, "/trends", "Trends") as refreshers:
        with ui.row().classes("items-center w-full"):
            tags = ui.select(
                list(spec.tag_names), value=chosen, multiple=True, label=f"Tags, up to {_MOST_PENS}"
            ).props("outlined dense use-chips")
            tags.classes("col")
            span = ui.select(_SPANS, value=DAY, label="Over").props("outlined dense")
            limits = ui.checkbox("Limits", value=True)
            hold = ui.checkbox("Hold", value=False)
            truth = ui.checkbox("True values", value=False)
            truth.visible = visitor.teacher
        pens = Pens(room, chosen, DAY, "calc(100vh - 210px)")

        def change() -> None:
            pens.tags = list(tags.value)[:_MOST_PENS]
            if len(tags.value) > _MOST_PENS:
                ui.notify(f"{_MOST_PENS} tags at once: the first ones are drawn", type="warning")
            pens.span, pens.limits, pens.held = float(span.value), bool(limits.value), hold.value
            pens.truth = visitor.teacher and bool(truth.value)
            pens.draw(source.snapshot)

        for field in (tags, span, limits, hold, truth):
            field.on_value_change(change)
        refreshers.append(pens.refresh)
