"""The teacher's overlay: the truth beside what PLCs and SCADA believe, and attacks by hand."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import ui

from attacks.discovery import kinds
from attacks.registry import summary
from scenarios.live.by_hand import entry_of, example
from scenarios.live.pages.frame import Refresh, frame
from scenarios.live.pages.pens import CLOCK
from scenarios.live.pages.tables import show, table
from scenarios.live.plant import LivePlant
from scenarios.live.shared import Room
from scenarios.live.snapshot import EntryView, Snapshot
from scenarios.live.spills import Spill
from scenarios.live.users import Visitor
from scenarios.live.values import DECIMALS, number
from twin.errors import InputError
from twin.tags import Tag

_APART = {"level": 0.05, "flow": 1.0, "pressure": 0.5, "status": 0.5}
"""How far apart [the tag's unit] two views of a tag are marked as different."""
_BEGIN = "drop"


def teacher(room: Room, visitor: Visitor) -> None:
    """Fill the page; for a visitor who is no teacher, say so."""
    with frame(room, visitor, "/teacher", "Teacher") as refreshers:
        if not visitor.teacher:
            how = (
                "enter the teacher's password at your name"
                if room.door.has_teacher
                else "the room has to be started with --teacher or --teacher-password"
            )
            ui.label(f"This page is the teacher's: {how}.")
            return
        with ui.row().classes("w-full items-stretch"):
            with ui.column().classes("card col"):
                ui.html("<h2>Attacks and faults</h2>", sanitize=False)
                refreshers.append(_bars(room))
                refreshers.append(_entries(room, visitor))
            if isinstance(room.source, LivePlant):
                with ui.column().classes("card col-5"):
                    _launcher(room, room.source, visitor)
        ui.html("<h2>Spilled</h2>", sanitize=False)
        refreshers.append(_spilled(room))
        ui.html("<h2>Truth, and what each believes</h2>", sanitize=False)
        only = ui.checkbox("Only where they differ", value=False)
        refreshers.append(_beliefs(room, only))


def _spilled(room: Room) -> Refresh:
    """Say of each tank that spilled, or does, since when and how much."""
    label = ui.label().classes("whitespace-pre-line").mark("spilled")

    def refresh(_: Snapshot) -> None:
        hours = room.hour_words
        label.text = (
            "\n".join(
                f"{spill.tank}: {_volume(spill)} since {hours(spill.begin)}, it goes on"
                if spill.end is None
                else f"{spill.tank}: {_volume(spill)} from {hours(spill.begin)} to "
                f"{hours(spill.end)}"
                for spill in reversed(room.source.spills.all)
            )
            or "Nothing."
        )

    return refresh


def _volume(spill: Spill) -> str:
    return f"{spill.volume:.1f} m³" if spill.volume >= 0.05 else "less than 0.1 m³"


def _bars(room: Room) -> Refresh:
    """Show when each entry was active, as bars."""
    chart = ui.echart(
        {
            "animation": False,
            "useUTC": True,
            "grid": {"left": 150, "right": 24, "top": 8, "bottom": 26},
            "xAxis": {"type": "time", "axisLabel": {"formatter": CLOCK}},
            "yAxis": {"type": "category", "data": [], "axisTick": {"show": False}},
            "tooltip": {},
            "series": [],
        }
    ).classes("w-full")

    def refresh(now: Snapshot) -> None:
        names = [entry.name for entry in now.entries]
        stamp = room.stamp
        chart.style(f"height: {60 + 30 * max(len(names), 1)}px")
        chart.options["yAxis"]["data"] = names
        chart.options["xAxis"] |= {"min": stamp(0.0), "max": stamp(max(now.time, 3600.0))}
        chart.options["series"] = [
            {
                "type": "line",
                "name": entry.name,
                "symbol": "none",
                "lineStyle": {
                    "width": 14,
                    "color": "#b3261e" if entry.label == "attack" else "#7a6a00",
                },
                "data": [
                    point
                    for begin, end in entry.spans
                    for point in (
                        [stamp(begin), entry.name],
                        [stamp(min(end, now.time)), entry.name],
                        [stamp(end), None],
                    )
                ],
            }
            for entry in now.entries
        ]
        chart.update()

    return refresh


def _entries(room: Room, visitor: Visitor) -> Refresh:
    made = table(name="name", on="at", kind="kind", state="state")
    source = room.source
    chosen = ui.select([], label="Active entry").props("outlined dense").style("min-width: 200px")

    async def stop() -> None:
        if isinstance(source, LivePlant) and chosen.value:
            name = str(chosen.value)
            (entry,) = (one for one in source.snapshot.entries if one.name == name)
            try:
                await asyncio.wrap_future(source.end(name, visitor.name))
            except InputError as error:
                ui.notify(str(error), type="negative")
            else:
                ui.notify(stopped_words(source, entry), close_button="Close", timeout=15000)

    button = ui.button("Stop it", on_click=stop).props("no-caps outline color=primary")
    chosen.visible = button.visible = isinstance(source, LivePlant)

    def refresh(now: Snapshot) -> None:
        show(
            made,
            [
                {"id": e.name, "name": e.name, "on": e.on, "kind": e.kind, "state": _state(room, e)}
                for e in now.entries
            ],
        )
        active = [entry.name for entry in now.entries if entry.active]
        if chosen.options != active:
            chosen.set_options(active, value=chosen.value if chosen.value in active else None)

    return refresh


def stopped_words(source: LivePlant, entry: EntryView) -> str:
    """Return what is left of an entry that was stopped, and what its PLC still holds by hand."""
    words = f"{entry.name} is stopped; then: {kinds()[entry.kind].at_end}"
    plc, now = entry.on.removeprefix("plc:"), source.snapshot
    kept = [
        f"{name} is {source.spec.command(name, order)}"
        for name, order in (now.plcs[plc].orders.items() if plc in now.plcs else ())
        if order == order and order != now.ordered.get(name)
    ]
    return f"{words}. {plc} still holds by hand: {', '.join(kept)}" if kept else words


def _state(room: Room, entry: Any) -> str:
    if entry.active:
        return f"active since {room.hour_words(entry.spans[-1][0])}"
    return f"ended {room.hour_words(entry.spans[-1][1])}" if entry.spans else "waits"


def _launcher(room: Room, plant: LivePlant, visitor: Visitor) -> None:
    """Let an attack of the catalogue be written and launched."""
    ui.html("<h2>Launch an attack</h2>", sanitize=False)
    names = [name for name, kind in kinds().items() if kind.example]
    kind = ui.select(names, value=_BEGIN, label="From the catalogue", with_input=True)
    kind.props("outlined dense").classes("w-full")
    about = ui.label(summary(kinds()[_BEGIN])).classes("note")
    words = "Its entry, as in a scenario file; it begins now"
    # A value set later is sent once more after the page stands, over what is typed by then.
    text = ui.textarea(words, value=example(_BEGIN)).classes("w-full")
    text.props('outlined input-style="font-family: monospace; min-height: 130px"').mark("entry")

    def choose() -> None:
        if kind.value in names:
            about.text, text.value = summary(kinds()[kind.value]), example(kind.value)

    kind.on_value_change(choose)

    async def launch() -> None:
        try:
            taken = [entry.name for entry in plant.snapshot.entries]
            entry = entry_of(str(text.value), plant.scenario.folder, taken)
            await asyncio.wrap_future(plant.launch(entry, visitor.name))
        except InputError as error:
            ui.notify(str(error), type="negative", close_button="Close", timeout=15000)
        else:
            words = f"{entry.name} is launched"
            ui.notify(words, type="positive", close_button="Close", timeout=15000)

    ui.button("Launch", on_click=launch).props("no-caps color=primary")


def _beliefs(room: Room, only: ui.checkbox) -> Refresh:
    spec = room.source.spec
    made = table(tag="tag", truth="true", plcs="PLCs believe", seen="SCADA shows", note="")
    made.mark("beliefs")

    def refresh(now: Snapshot) -> None:
        rows = [_belief(now, tag, place) for place, tag in enumerate(spec.tags)]
        show(made, [row for row in rows if row["note"] or not only.value])

    only.on_value_change(lambda: refresh(room.source.snapshot))
    return refresh


def _belief(now: Snapshot, tag: Tag, place: int) -> dict[str, Any]:
    """Return a tag's row: what is true, what each PLC that has it believes, what SCADA shows."""
    decimals = DECIMALS[tag.quantity]
    true, seen = float(now.truth[place]), float(now.seen[place])
    held = {name: plc.inputs[tag.name] for name, plc in now.plcs.items() if tag.name in plc.inputs}
    wrong = [name for name, value in {**held, "SCADA": seen}.items() if _apart(tag, true, value)]
    return {
        "id": tag.name,
        "tag": f"{tag.name} [{tag.unit}]" if tag.unit else tag.name,
        "truth": number(true, decimals),
        "plcs": ", ".join(f"{name} {number(value, decimals)}" for name, value in held.items()),
        "seen": number(seen, decimals),
        "note": f"▲ deceived or late: {', '.join(wrong)}" if wrong else "",
    }


def _apart(tag: Tag, true: float, value: float) -> bool:
    return not abs(true - value) <= _APART[tag.quantity]
