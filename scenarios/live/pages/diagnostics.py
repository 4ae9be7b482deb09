"""Diagnostics: links, polls, servers, how late pages are, and what happened."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from nicegui import ui

from scenarios.live.pages.frame import frame
from scenarios.live.pages.tables import show, table
from scenarios.live.plant import LivePlant
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot
from scenarios.live.users import Visitor
from scenarios.live.values import age
from twin.tags import Quality
from twin.units import counted, readable

_EVENTS = 200
_SEEN = ("operator", "limit")
"""The kinds of event that SCADA knows of; the others are true, and the teacher's."""


def diagnostics(room: Room, visitor: Visitor) -> None:
    """Fill the page."""
    source = room.source
    with frame(room, visitor, "/diagnostics", "Diagnostics") as refreshers:
        with ui.row().classes("w-full items-start"):
            with ui.column().classes("col"):
                ui.html("<h2>PLCs</h2>", sanitize=False)
                plcs = table(
                    plc="PLC", state="state", every="polled every", age="answered",
                    stale="old values", bad="bad values",
                )  # fmt: skip
            with ui.column().classes("col"):
                ui.html("<h2>This room</h2>", sanitize=False)
                about = ui.label().classes("whitespace-pre-line")
                ui.html("<h2>Servers</h2>", sanitize=False)
                servers = table(protocol="protocol", address="address", what="serves")
                servers.rows[:] = [
                    {"id": i, "protocol": s.protocol, "address": s.address, "what": s.what}
                    for i, s in enumerate(room.servers)
                ]
        ui.html("<h2>Events, the latest first</h2>", sanitize=False)
        events = table(time="time", kind="kind", source="source", what="what")

        def refresh(now: Snapshot) -> None:
            show(plcs, [_plc(room, now, name) for name in now.plcs])
            about.text = "\n".join(_about(room))
            every = heapq.merge(source.events(), source.spills.events(), key=lambda e: e.time)
            known = [e for e in every if visitor.teacher or e.kind in _SEEN]
            events.rows[:] = [
                {"id": i, "time": room.hour_words(e.time), "kind": e.kind, "source": e.source,
                 "what": e.what}
                for i, e in reversed([*enumerate(known)][-_EVENTS:])
            ]  # fmt: skip
            events.update()

        refreshers.append(refresh)


def _about(room: Room) -> list[str]:
    late = np.array(room.lateness or [0.0])
    lines = [
        f"{counted(room.pages, 'page')} open",
        f"pages show a change {np.median(late) * 1e3:.0f} ms after it (median), "
        f"{late.max() * 1e3:.0f} ms at most",
    ]
    if isinstance(room.source, LivePlant):
        lines.append(f"the plant is {room.source.late * 1e3:.0f} ms behind its clock")
    return lines


def _plc(room: Room, now: Snapshot, name: str) -> dict[str, Any]:
    """Return a PLC's row."""
    spec, plc = room.source.spec, now.plcs[name]
    quality = [Quality(int(now.quality[i])) for i, tag in enumerate(spec.tags) if tag.plc == name]
    return {
        "id": name,
        "plc": name,
        "state": "runs" if plc.running else "does not run",
        "every": readable(spec.plcs[name].polling),
        "age": age(now.time - plc.answered),
        "stale": quality.count(Quality.STALE),
        "bad": quality.count(Quality.BAD),
    }
