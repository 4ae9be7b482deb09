"""The alarm list, what is shelved, the journal, and how many alarms come."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from scenarios.live.alarms import RATE_WINDOW, Key, LiveAlarm, classes, journal_csv
from scenarios.live.pages.frame import Refresh, frame
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot
from scenarios.live.users import Visitor
from scenarios.live.values import SHAPES
from twin.errors import InputError
from twin.units import spoken

_SHOWN = 300  # lines of the journal
_FLOOD = 10  # alarms in ten minutes, by ISA-18.2
_LASTS = {900: "15 min", 3600: "1 h", 4 * 3600: "4 h", 8 * 3600: "8 h"}
_MARK = """
<q-td :props="props"><svg width="24" height="24" viewBox="-12 -12 24 24" role="img"
 :aria-label="'priority ' + props.value"
 :class="'mark p' + props.value + (props.row.new ? ' new' : '')">
<path :d="props.row.shape"/><text y="4.5">{{ props.value }}</text></svg></q-td>
"""


def alarms(room: Room, visitor: Visitor) -> None:
    """Fill the page."""
    with frame(room, visitor, "/alarms", "Alarms") as refreshers:
        with ui.tabs().props("dense no-caps align=left") as tabs:
            for name in ("List", "Shelved", "Journal", "Rate"):
                ui.tab(name)
        with ui.tab_panels(tabs, value="List").classes("w-full").style("background: transparent"):
            for name, panel in (
                ("List", _list),
                ("Shelved", _shelved),
                ("Journal", _journal),
                ("Rate", _rate),
            ):
                with ui.tab_panel(name).classes("q-pa-none"):
                    refreshers.append(panel(room, visitor))


def _columns(**heads: str) -> list[dict[str, Any]]:
    return [
        {"name": n, "field": n, "label": head, "align": "left", "sortable": True}
        for n, head in heads.items()
    ]


def _row(room: Room, alarm: LiveAlarm) -> dict[str, Any]:
    cls = alarm.cls
    return {
        "id": f"{alarm.key.source}|{alarm.key.kind}",
        "priority": cls.priority,
        "shape": SHAPES[cls.priority],
        "new": not alarm.acknowledged,
        "time": room.hour_words(alarm.raised),
        "what": f"{alarm.key.source} {cls.title}",
        "detail": alarm.detail,
        "state": alarm.state + (f" by {alarm.acknowledged}" if alarm.acknowledged else ""),
        "consequence": cls.consequence,
        "response": cls.response,
    }


def _key(row: dict[str, Any]) -> Key:
    return Key(*str(row["id"]).rsplit("|", 1))


def _list(room: Room, visitor: Visitor) -> Refresh:
    source = room.source
    with ui.row().classes("items-center w-full"):
        acknowledge = ui.button("Acknowledge the chosen").props("no-caps color=primary")
        every = ui.button("Acknowledge all").props("no-caps outline color=primary")
        shelve = ui.button("Shelve the chosen …").props("no-caps outline color=primary")
    columns = _columns(
        priority="", time="raised", what="what", detail="value", state="state",
        consequence="if nobody answers", response="what to do",
    )  # fmt: skip
    table = ui.table(columns=columns, rows=[], selection="multiple", pagination=0)
    table.classes("w-full").props("wrap-cells dense flat hide-pagination").mark("alarms")
    table.add_slot("body-cell-priority", _MARK)
    table.add_slot("no-data", "No alarm stands.")

    def answer(rows: list[dict[str, Any]]) -> None:
        if not visitor.may("operate"):
            ui.notify(f"{visitor.name} may look only: choose the role operate", type="negative")
            return
        source.alarms.acknowledge([_key(row) for row in rows], visitor.name)
        table.selected.clear()

    acknowledge.on_click(lambda: answer(table.selected))
    every.on_click(lambda: answer(table.rows))
    shelve.on_click(lambda: _shelve(room, visitor, [_key(row) for row in table.selected]))

    def refresh(_: Snapshot) -> None:
        table.rows[:] = [_row(room, alarm) for alarm in source.alarms.standing()]
        table.update()

    return refresh


def _shelve(room: Room, visitor: Visitor, keys: list[Key]) -> None:
    """Ask why and for how long alarms are put aside."""
    if not keys:
        ui.notify("Choose alarms first, by the boxes at the left", type="warning")
        return
    if not visitor.may("operate"):
        ui.notify(f"{visitor.name} may look only: choose the role operate", type="negative")
        return
    with ui.dialog() as dialog, ui.card().classes("card"):
        ui.label(f"Shelve {', '.join(f'{k.source} {classes()[k.kind].title}' for k in keys)}")
        reason = ui.input("Why").props("outlined dense autofocus").classes("w-full")
        lasts = ui.select(_LASTS, value=3600, label="For").props("outlined dense")

        def put() -> None:
            try:
                for key in keys:
                    room.source.alarms.shelve(
                        key, visitor.name, str(reason.value or ""), float(lasts.value)
                    )
            except InputError as error:
                ui.notify(str(error), type="negative")
            else:
                dialog.close()

        with ui.row():
            ui.button("Shelve", on_click=put).props("no-caps color=primary")
            ui.button("Cancel", on_click=dialog.close).props("no-caps flat color=primary")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _shelved(room: Room, visitor: Visitor) -> Refresh:
    back = ui.button("Bring the chosen back").props("no-caps outline color=primary")
    columns = _columns(what="what", reason="why", by="by", until="comes back")
    table = ui.table(columns=columns, rows=[], selection="multiple", pagination=0)
    table.classes("w-full").props("wrap-cells dense flat hide-pagination")
    table.add_slot("no-data", "Nothing is shelved.")

    def bring() -> None:
        if visitor.may("operate"):
            for row in table.selected:
                room.source.alarms.unshelve(_key(row), visitor.name)
            table.selected.clear()

    back.on_click(bring)

    def refresh(now: Snapshot) -> None:
        table.rows[:] = [
            {
                "id": f"{key.source}|{key.kind}",
                "what": f"{key.source} {classes()[key.kind].title}",
                "reason": shelf.reason,
                "by": shelf.by,
                "until": f"{room.hour_words(shelf.until)}, in {spoken(shelf.until - now.frame)}",
            }
            for key, shelf in room.source.alarms.shelved().items()
        ]
        table.update()

    return refresh


def _journal(room: Room, visitor: Visitor) -> Refresh:
    with ui.row().classes("items-center w-full"):
        search = ui.input("Filter by any word").props("outlined dense clearable").classes("col")

        def export() -> None:
            ui.download.content(journal_csv(room.source.alarms.lines()), "alarm-journal.csv")

        ui.button("Export as CSV", on_click=export).props("no-caps outline color=primary")
    columns = _columns(
        time="time", what="what", source="alarm", priority="priority", by="by", detail="detail"
    )
    table = ui.table(columns=columns, rows=[], pagination=25).classes("w-full")
    table.props("wrap-cells dense flat").bind_filter_from(search, "value")
    table.add_slot("no-data", "Nothing has happened.")

    def refresh(_: Snapshot) -> None:
        lines = room.source.alarms.lines()[-_SHOWN:]
        table.rows[:] = [
            {
                "id": i,
                "time": room.hour_words(line.time),
                "what": line.what,
                "source": f"{line.key.source} {classes()[line.key.kind].title}",
                "priority": line.priority,
                "by": line.by,
                "detail": line.detail,
            }
            for i, line in reversed([*enumerate(lines)])
        ]
        table.update()

    return refresh


def _rate(room: Room, visitor: Visitor) -> Refresh:
    ui.label(
        f"Alarms raised in each {spoken(RATE_WINDOW)} of the plant; more than {_FLOOD} are a flood."
    ).classes("note")
    chart = ui.echart(
        {
            "animation": False,
            "useUTC": True,
            "xAxis": {"type": "time"},
            "yAxis": {"type": "value", "minInterval": 1, "name": "alarms"},
            "tooltip": {},
            "series": [
                {
                    "type": "bar",
                    "data": [],
                    "itemStyle": {"color": "#4d565c"},
                    "markLine": {
                        "symbol": "none",
                        "data": [{"yAxis": _FLOOD, "name": "flood"}],
                        "lineStyle": {"color": "#b3261e"},
                    },
                }
            ],
        }
    ).classes("w-full").style("height: 320px")  # fmt: skip

    def refresh(_: Snapshot) -> None:
        rate = room.source.alarms.rate()
        chart.options["series"][0]["data"] = [[room.stamp(at), count] for at, count in rate]
        chart.update()

    return refresh
