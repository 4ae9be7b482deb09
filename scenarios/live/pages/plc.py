"""One PLC: what it believes, commands and was told, and the rules it goes by."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from nicegui import ui

from scenarios.live.pages.frame import frame
from scenarios.live.pages.tables import show, table
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot, held
from scenarios.live.users import Visitor
from scenarios.live.values import DECIMALS, age, number, quality_words, shown
from twin.errors import nearest
from twin.plants.logic import state
from twin.tags import Tag
from twin.units import readable


def plc(room: Room, visitor: Visitor, name: str) -> None:
    """Fill the page."""
    spec = room.source.spec
    with frame(room, visitor, "", name) as refreshers:
        if name not in spec.plcs:
            ui.label(f"There is no PLC {name}: {nearest(name, spec.plcs)}")
            return
        known = spec.plcs[name]
        ui.html(f"<h1>{escape(name)}</h1>", sanitize=False)
        about = ui.label().classes("note")
        with ui.row().classes("w-full items-start"):
            with ui.column().classes("col"):
                ui.html("<h2>Inputs</h2>", sanitize=False)
                inputs = table(tag="tag", comes="from", believed="it holds", shown="SCADA shows",
                                quality="quality")  # fmt: skip
            with ui.column().classes("col"):
                if known.actuators:
                    ui.html("<h2>Commands</h2>", sanitize=False)
                    coils = table(device="device", command="it commands", order="it holds by hand",
                                  scada="SCADA ordered")  # fmt: skip
                    with ui.row():
                        for actuator in known.actuators:
                            ui.link(actuator, f"/device/{actuator}")
                ui.html("<h2>Rules</h2>", sanitize=False)
                for rule in known.rules:
                    ui.label(f"when {rule.when.text}: {rule.actuator} {state(rule.command)}")
                if not known.rules:
                    ui.label("It measures only.").classes("note")

        def refresh(now: Snapshot) -> None:
            here = now.plcs.get(name)
            if here is None:
                return
            runs = "runs" if here.running else "does not run"
            about.text = (
                f"{runs}, scans every {readable(known.scan)}, polled every "
                f"{readable(known.polling)}, answered {age(now.time - here.answered)}"
            )
            show(
                inputs,
                [
                    _input(room, now, name, tag, visitor)
                    for tag in spec.tags
                    if tag.name in here.inputs
                ],
            )
            if known.actuators:
                show(
                    coils,
                    [
                        {
                            "id": actuator,
                            "device": actuator,
                            "command": _coil(here.coils.get(actuator, math.nan)),
                            "order": spec.command(actuator, held(now, name, actuator)),
                            "scada": spec.command(actuator, now.ordered.get(actuator, math.nan)),
                        }
                        for actuator in known.actuators
                    ],
                )

        refreshers.append(refresh)


def _coil(command: float) -> str:
    return "not recorded" if math.isnan(command) else state(command)


def _input(room: Room, now: Snapshot, name: str, tag: Tag, visitor: Visitor) -> dict[str, Any]:
    spec = room.source.spec
    known, here = spec.plcs[name], now.plcs[name]
    place = spec.tag_names.index(tag.name)
    believed = f"{number(here.inputs[tag.name], DECIMALS[tag.quantity])} {tag.unit}".strip()
    believed = f"bad {believed}" if tag.name in here.bad else believed
    return {
        "id": tag.name,
        "tag": tag.name,
        "comes": known.receives.get(tag.name, "its own instrument"),
        "believed": believed
        if visitor.may("engineer") or visitor.teacher
        else "an engineer's to see",
        "shown": shown(spec, now, tag.name),
        "quality": quality_words(int(now.quality[place])),
    }
