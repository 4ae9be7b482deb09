"""The overview: the process picture."""

from __future__ import annotations

import json

from nicegui import ui

from scenarios.live.pages.frame import frame
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot
from scenarios.live.users import Visitor
from scenarios.live.values import Changes, changed

SCRIPT = """
window.hydrotwin = changes => {
  for (const [id, part] of Object.entries(changes)) {
    const element = document.getElementById(id);
    if (!element) continue;
    for (const [name, value] of Object.entries(part)) {
      if (name === 'text') element.textContent = value; else element.setAttribute(name, value);
    }
  }
};
"""
"""Writes what changed into the picture: as text and attributes only, never as markup."""


def overview(room: Room, visitor: Visitor) -> None:
    """Fill the page."""
    before: Changes = {}
    with frame(room, visitor, "/", "Overview") as refreshers:
        ui.html(room.drawing.svg, sanitize=False).classes("w-full").mark("process")

        def refresh(_: Snapshot) -> None:
            nonlocal before
            now = room.changes(room.source.alarms.standing())
            parts = changed(before, now)
            before = now
            if parts:
                ui.run_javascript(f"hydrotwin({_script_safe(parts)})")

        refreshers.append(refresh)


def _script_safe(parts: Changes) -> str:
    """Return changes as JSON that is also a JavaScript literal, whatever a name contains."""
    return json.dumps(parts).replace("<", "\\u003c")
