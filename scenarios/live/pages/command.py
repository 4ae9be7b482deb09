"""How a value is written: range check, "old → new", write; it is read back afterwards."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from nicegui import ui

from scenarios.live.commands import check, plc_of, ranges, setpoint_tag
from scenarios.live.plant import LivePlant
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot, held
from scenarios.live.users import Visitor
from scenarios.live.values import number
from twin.errors import InputError
from twin.tags import Quality


def write(room: Room, visitor: Visitor, name: str, value: float) -> None:
    """Check a value and ask whether to write it, `old → new`.

    Parameters
    ----------
    room : Room
    visitor : Visitor
    name : str
        An actuator or a setpoint.
    value : float
    """
    source = room.source
    if not isinstance(source, LivePlant):
        ui.notify("This is a record: nothing can be written.", type="negative")
        return
    spec = source.spec
    plc = plc_of(spec, name)
    try:
        check(spec, source.snapshot, visitor, name, value)
    except InputError as error:
        words = spec.command(name, value)
        source.refused(plc, name, words, visitor.name, "room", error.message)
        ui.notify(str(error), type="negative", close_button="Close", timeout=8000)
        return
    old, new = (spec.command(name, v) for v in (held(source.snapshot, plc, name), value))

    async def send() -> None:
        dialog.close()
        try:
            await asyncio.wrap_future(source.operate({name: value}, visitor.name))
        except InputError as error:
            ui.notify(str(error), type="negative")
        else:
            ui.notify(f"{name}: {old} → {new} written; {plc} takes it at SCADA's next poll")

    with ui.dialog() as dialog, ui.card().classes("card"):
        ui.label(f"Write to {plc}?").classes("text-weight-bold")
        ui.label(f"{name}: {old} → {new}").classes("text-h6").mark("old-new")
        stale = _stale_inputs(room, name)
        if stale:
            ui.label(stale).classes("differs")
        with ui.row():
            ui.button("Write", on_click=send).props("no-caps color=primary autofocus")
            ui.button("Cancel", on_click=dialog.close).props("no-caps flat color=primary")
    dialog.on("hide", dialog.delete)
    dialog.open()


def typed(text: str) -> float:
    """Return a number as somebody typed it, with a decimal point or comma.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{text!r} is no number: write one like 5.5")
    return value


def write_typed(room: Room, visitor: Visitor, name: str, text: str) -> None:
    """Write what somebody typed; see `write`."""
    try:
        write(room, visitor, name, typed(text))
    except InputError as error:
        ui.notify(f"{name}: {error}", type="negative")


def _stale_inputs(room: Room, name: str) -> str:
    """Say that what the command would be decided by is old or missing; empty if it is good."""
    spec, now = room.source.spec, room.source.snapshot
    tag = setpoint_tag(spec, name)
    if not tag or now.quality[spec.tag_names.index(tag)] == Quality.GOOD:
        return ""
    return f"what SCADA shows of {tag} is not good: it is old, or its instrument failed"


def setpoints(room: Room, visitor: Visitor, names: list[str]) -> Callable[[Snapshot], None]:
    """Show setpoints with fields to write others; return what shows their present values."""
    spec = room.source.spec
    labels: list[tuple[str, str, ui.label]] = []
    for name in names:
        plc, unit = plc_of(spec, name), spec.unit(name)
        allowed, possible = ranges(spec, name)
        limits = possible if visitor.may("engineer") else allowed
        with ui.row().classes("items-center"):
            ui.label(name).style("min-width: 150px")
            present = ui.label().classes("clock").style("min-width: 80px").mark(f"held-{name}")
            labels.append((plc, name, present))
            if not isinstance(room.source, LivePlant):
                continue
            field = ui.input(f"new, {limits.low:g} to {limits.high:g} {unit}")
            field.props(f'dense outlined inputmode=decimal aria-label="new {name}"')
            field.style("width: 220px")

            def send(name: str = name, field: ui.input = field) -> None:
                write_typed(room, visitor, name, str(field.value or ""))

            field.on("keydown.enter", send)
            ui.button("Write …", on_click=send).props(
                f'no-caps flat color=primary aria-label="write {name}"'
            )

    def refresh(now: Snapshot) -> None:
        for plc, name, label in labels:
            value = held(now, plc, name)
            label.text = f"{number(value, 2)} {spec.unit(name)}"

    return refresh
