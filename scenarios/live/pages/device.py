"""The faceplate of one device: a pump's or valve's mode, command and feedback; a tank's level."""

from __future__ import annotations

import math
from html import escape

from nicegui import ui

from scenarios.live.alarms import LiveAlarm
from scenarios.live.commands import setpoint_tag
from scenarios.live.pages.command import setpoints, write, write_typed
from scenarios.live.pages.frame import Refresh, frame
from scenarios.live.pages.pens import Pens
from scenarios.live.plant import LivePlant
from scenarios.live.process import tag_of
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot, held
from scenarios.live.users import Visitor
from scenarios.live.values import age, shown
from twin.errors import nearest
from twin.plants.spec import PlantSpec
from twin.units import HOUR

_SPAN = 24 * HOUR


def device(room: Room, visitor: Visitor, name: str) -> None:
    """Fill the page."""
    spec = room.source.spec
    owner = {actuator: plc for plc, known in spec.plcs.items() for actuator in known.actuators}
    links = [*spec.model.pump_name_list, *spec.model.valve_name_list, *owner]
    known = [*spec.model.tank_name_list, *links]
    with frame(room, visitor, "", name) as refreshers:
        if name not in known:
            ui.label(f"Nothing is called {name}: {nearest(name, known)}")
            return
        with ui.row().classes("w-full items-stretch"):
            with ui.column().classes("card col"):
                if name in spec.model.tank_name_list:
                    refreshers.append(_tank(room, name))
                else:
                    refreshers.append(_drive(room, visitor, name, owner.get(name, "")))
            with ui.column().classes("card col-7"):
                ui.html("<h2>The last 24 hours</h2>", sanitize=False)
                refreshers.append(Pens(room, _tags(spec, name), _SPAN, "420px").refresh)
        with ui.column().classes("card w-full"):
            refreshers.append(_setpoints(room, visitor, name))
        with ui.column().classes("card w-full"):
            refreshers.append(_alarms(room, {name, *_tags(spec, name)}))


def _tags(spec: PlantSpec, name: str) -> list[str]:
    """Return the tags of a device, and the levels its rules go by."""
    own = [tag.name for tag in spec.tags if tag.element == name]
    for plc in spec.plcs.values():
        own += [n for rule in plc.rules if rule.actuator == name for n in rule.when.names]
    return [tag for tag in dict.fromkeys(own) if tag in spec.tag_names]


def _facts(rows: list[str]) -> dict[str, ui.label]:
    labels = {}
    with ui.element("div").classes("fact"):
        for row in rows:
            ui.label(row).classes("note")
            labels[row] = ui.label().classes("clock").mark(f"fact-{row}")
    return labels


def _tank(room: Room, name: str) -> Refresh:
    spec = room.source.spec
    node = spec.model.get_node(name)
    tag = tag_of(spec, name, "level")
    ui.html(f"<h1>Tank {escape(name)}</h1>", sanitize=False)
    facts = _facts(["level", "bottom and rim", "limits", "measured by", "polled"])
    facts["bottom and rim"].text = f"{node.min_level:.2f} m and {node.max_level:.2f} m"
    limits = spec.wiring.limits.get(tag)
    facts["limits"].text = "none" if limits is None else ", ".join(
        f"{level} {value:.2f} m"
        for level in ("LL", "L", "H", "HH")
        if not math.isnan(value := float(getattr(limits, level)))
    )  # fmt: skip
    plc = next((known.plc for known in spec.tags if known.name == tag), "")
    facts["measured by"].text = f"{tag}, {plc}" if tag else "nothing"

    def refresh(now: Snapshot) -> None:
        facts["level"].text = shown(spec, now, tag) if tag else "not measured"
        if plc in now.plcs:
            facts["polled"].text = age(now.time - now.plcs[plc].answered)

    return refresh


def _drive(room: Room, visitor: Visitor, name: str, plc: str) -> Refresh:
    spec = room.source.spec
    pump = name in spec.model.pump_name_list
    kind = "Pump" if pump else "Valve"
    ui.html(f"<h1>{kind} {escape(name)}</h1>", sanitize=False)
    facts = _facts(["mode", "command of its PLC", "feedback", "flow", "PLC", "polled"])
    differs = ui.label().classes("differs").mark("mismatch")
    facts["PLC"].text = plc or "none drives it"
    status, flow = (tag_of(spec, name, quantity) for quantity in ("status", "flow"))
    if plc and not isinstance(room.source, LivePlant):
        ui.label("A record: nothing can be commanded.").classes("note")
    elif plc:
        _buttons(room, visitor, name, pump)

    def refresh(now: Snapshot) -> None:
        by_hand = held(now, plc, name)
        if math.isnan(by_hand):
            facts["mode"].text = f"automatic: {plc} decides" if plc else "not driven"
        else:
            facts["mode"].text = f"by hand: {spec.command(name, by_hand)}"
        known = now.plcs.get(plc)
        coil = known.coils.get(name, math.nan) if known else math.nan
        facts["command of its PLC"].text = (
            "not recorded" if math.isnan(coil) else spec.command(name, coil)
        )
        facts["feedback"].text = shown(spec, now, status) if status else "not measured"
        facts["flow"].text = shown(spec, now, flow) if flow else "not measured"
        facts["polled"].text = age(now.time - known.answered) if known else ""
        alarms = {alarm.key: alarm for alarm in room.source.alarms.standing()}
        wrong = [a for k, a in alarms.items() if k.source == name and k.kind == "mismatch"]
        differs.visible = bool(wrong)
        differs.text = f"{name} {wrong[0].cls.title}: {wrong[0].detail}" if wrong else ""

    return refresh


def _buttons(room: Room, visitor: Visitor, name: str, pump: bool) -> None:
    """Show what it can be told."""
    words = ("Run by hand", "Stop by hand") if pump else ("Open by hand", "Close by hand")
    with ui.row():
        for label, value in zip((*words, "Leave to its PLC"), (1.0, 0.0, math.nan), strict=True):
            ui.button(label, on_click=lambda value=value: write(room, visitor, name, value)).props(
                "no-caps outline color=primary"
            )
    if pump:
        with ui.row().classes("items-center"):
            speed = ui.input("relative speed, 0.5 to 1.2").props("dense outlined inputmode=decimal")
            speed.style("width: 220px")

            def send() -> None:
                write_typed(room, visitor, name, str(speed.value or ""))

            speed.on("keydown.enter", send)
            ui.button("Set speed …", on_click=send).props("no-caps flat color=primary")


def _setpoints(room: Room, visitor: Visitor, name: str) -> Refresh:
    """Show the setpoints of a device, or those by which others fill and empty a tank."""
    spec = room.source.spec
    names = [
        order
        for plc in spec.plcs.values()
        for order in plc.setpoints
        if spec.element(order) == name
        or next(t.element for t in spec.tags if t.name == setpoint_tag(spec, order)) == name
    ]
    ui.html("<h2>Setpoints</h2>", sanitize=False)
    if not names:
        ui.label("None.").classes("note")
    return setpoints(room, visitor, names)


def _alarms(room: Room, sources: set[str]) -> Refresh:
    ui.html("<h2>Alarms</h2>", sanitize=False)
    label = ui.label().classes("whitespace-pre-line")

    def words(alarm: LiveAlarm) -> str:
        cls = alarm.cls
        return (
            f"priority {cls.priority}, {alarm.state}: {alarm.key.source} {cls.title}, "
            f"{alarm.detail}. {cls.consequence} {cls.response}"
        )

    def refresh(_: Snapshot) -> None:
        found = [a for a in room.source.alarms.standing() if a.key.source in sources]
        label.text = "\n".join(words(alarm) for alarm in found) or "None."

    return refresh
