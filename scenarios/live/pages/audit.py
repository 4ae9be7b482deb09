"""The audit log: who wrote what, from where, and what came of it."""

from __future__ import annotations

from nicegui import ui

from scenarios.live.audit import Write, audit_csv
from scenarios.live.pages.frame import frame
from scenarios.live.pages.tables import show, table
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot
from scenarios.live.users import Visitor

_SHOWN = 300
_HEADS = {
    "time": "time",
    "who": "who",
    "protocol": "by",
    "plc": "PLC or port",
    "tag": "what",
    "old": "old",
    "new": "new",
    "result": "result",
}


def audit(room: Room, visitor: Visitor) -> None:
    """Fill the page."""
    with frame(room, visitor, "/audit", "Audit") as refreshers:
        with ui.row().classes("items-center w-full"):
            search = ui.input("Filter by any word").props("outlined dense clearable")
            search.classes("col")

            def export() -> None:
                ui.download.content(audit_csv(writes()), "audit.csv")

            ui.button("Export as CSV", on_click=export).props("no-caps outline color=primary")
        made = table(25, **_HEADS).bind_filter_from(search, "value").mark("audit")
        made.add_slot("no-data", "Nobody has written anything.")

        def writes() -> list[Write]:
            """Return the lines; what an attacker does is the teacher's to know."""
            every = room.source.audit.writes()
            return [w for w in every if visitor.teacher or w.protocol != "attack"]

        def refresh(_: Snapshot) -> None:
            rows = [
                {"id": i, "time": room.hour_words(w.time)}
                | {name: getattr(w, name) for name in _HEADS if name != "time"}
                for i, w in enumerate(writes())
            ]
            show(made, rows[: -_SHOWN - 1 : -1])

        refreshers.append(refresh)
