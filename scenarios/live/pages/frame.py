"""What surrounds every page: clock, pace, who one is, the alarm banner, the ways to other pages."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from nicegui import ui
from nicegui.events import GenericEventArguments

from scenarios.live.alarms import LiveAlarm, classes
from scenarios.live.pages.entry import who_dialog
from scenarios.live.pages.verdicts import Verdicts
from scenarios.live.recording import Recording
from scenarios.live.shared import Room
from scenarios.live.snapshot import Snapshot
from scenarios.live.users import Visitor
from scenarios.live.values import SHAPES

_TICK = 0.25  # s
_FREE = 0.0
_SPEEDS = {speed: f"{speed:g} ×" for speed in (1.0, 10.0, 60.0, 300.0, 1200.0, 6000.0)}
_SPEEDS[_FREE] = "as fast as possible"
_LINKS = {
    "/": "Overview",
    "/trends": "Trends",
    "/alarms": "Alarms",
    "/detector": "Detector",
    "/audit": "Audit",
    "/diagnostics": "Diagnostics",
}

Refresh = Callable[[Snapshot], object]


@contextlib.contextmanager
def frame(room: Room, visitor: Visitor, path: str, title: str) -> Iterator[list[Refresh]]:
    """Give the inside of a page to fill, and a list of what is called when something changed.

    Parameters
    ----------
    room : Room
    visitor : Visitor
    path : str
        Of the page, as `_LINKS` has it.
    title : str
    """
    source = room.source
    ui.page_title(f"{title} · {source.scenario.name}")
    ui.colors(primary="#37474f", accent="#1f5fa8")
    refreshers: list[Refresh] = []
    with ui.row().classes("bar").props('role="banner"'):
        ui.label(f"{source.spec.name} · {source.scenario.name}").classes("text-weight-bold")
        clock = ui.label().classes("clock").mark("clock")
        _pace(room, visitor, refreshers)
        ui.space()
        teacher = [("/teacher", "Teacher")] if visitor.teacher else []
        with ui.row().classes("nav gap-0").props('role="navigation"'):
            for href, words in [*_LINKS.items(), *teacher]:
                link = ui.link(words, href)
                if href == path:
                    link.classes("here").props('aria-current="page"')
        _who(room, visitor)
    banner = _Banner()
    if isinstance(source, Recording):
        _scrub(source, room)
    with ui.column().classes("room").props('role="main"'):
        yield refreshers
    shown: object = None
    looked = float("inf")  # what came before the page is not late
    verdicts = Verdicts(source, visitor)

    def tick() -> None:
        nonlocal shown, looked
        now = source.snapshot
        clock.text = _clock(room, now)
        alarms = source.alarms.standing()
        since = source.detecting()
        about = "" if since is None else f"detector: alarm since {room.hour_words(since)}"
        banner.show(alarms, len(source.alarms.shelved()), about)
        listed = tuple((alarm.key, alarm.state) for alarm in alarms)
        pace = source.pace.paused, source.pace.speed
        state = (now.number, now.status, listed, pace, id(source.alarms))
        if state != shown:
            shown = state
            for refresh in refreshers:
                refresh(now)
            verdicts.tell()
            room.note_shown(looked)
        looked = time.monotonic()

    tick()
    ui.timer(_TICK, tick)


def _clock(room: Room, now: Snapshot) -> str:
    if now.frame == float("-inf"):
        return "preparing: the run without attacks, then the warm-up …"
    if now.time < 0:
        return f"warming up, {-now.time / 3600:.0f} h to go"
    over = {"done": ", the run is over", "failed": f", the run failed: {now.reason}"}
    return room.time_words(now.time) + over.get(now.status, "")


def _pace(room: Room, visitor: Visitor, refreshers: list[Refresh]) -> None:
    """Show the pace, and let engineers change it."""
    source = room.source
    speed = source.pace.speed or _FREE
    options = {speed: f"{speed:g} ×", **_SPEEDS}

    def pause() -> None:
        source.pace.paused = not source.pace.paused
        follow(source.snapshot)

    def change() -> None:
        source.pace.speed = select.value or None

    button = ui.button(on_click=pause).props("flat dense no-caps color=primary")
    select = ui.select(options, value=speed, on_change=change)
    select.props('dense borderless options-dense aria-label="speed"')
    if not (visitor.may("engineer") or visitor.teacher):
        button.disable()
        select.disable()

    def follow(_: Snapshot) -> None:
        button.visible = select.visible = source.snapshot.status in ("running", "recorded")
        button.text = "Go on" if source.pace.paused else "Pause"
        button.props(f"icon={'play_arrow' if source.pace.paused else 'pause'}")
        present = source.pace.speed or _FREE
        if present in options:
            select.value = present

    refreshers.append(follow)


def _who(room: Room, visitor: Visitor) -> None:
    words = f"{visitor.name} · {visitor.role}{' · teacher' if visitor.teacher else ''}"
    dialog = who_dialog(room, visitor)
    ui.button(words, icon="person", on_click=dialog.open).props("flat dense no-caps color=primary")


def _scrub(source: Recording, room: Room) -> None:
    """Show where in the record one is, and let it be moved."""
    with ui.row().classes("bar"):
        ui.label("Recorded run")
        slider = ui.slider(min=0, max=source.end, step=source.spec.step, value=0)
        slider.classes("col").props('aria-label="time in the record"')
        where = ui.label().classes("clock")
        held = False

        def follow() -> None:
            where.text = room.hour_words(source.snapshot.time)
            if not held:
                slider.value = source.snapshot.time

        def hold(event: GenericEventArguments) -> None:
            nonlocal held
            held = event.args == "start"

        def move(event: GenericEventArguments) -> None:
            source.seek(float(event.args))

        slider.on("pan", hold)
        slider.on("change", move)
        ui.timer(0.5, follow)


class _Banner:
    """The worst alarm, and how many there are of each priority; on every page."""

    def __init__(self) -> None:
        with ui.row().classes("banner").props('role="status" aria-live="polite"'):
            self._counts = {
                priority: self._count(priority)
                for priority in sorted({cls.priority for cls in classes().values()})
            }
            self._words = ui.label().classes("text-weight-medium").mark("banner")
            ui.space()
            self._detector = ui.link("", "/detector").classes("differs").mark("detector-banner")
            self._shelved = ui.label().classes("note")
            ui.link("to the alarm list", "/alarms")

    def _count(self, priority: int) -> tuple[ui.element, ui.label]:
        with ui.element("span").classes("badge none") as badge:
            ui.html(
                f'<svg width="22" height="22" viewBox="-11 -11 22 22" class="mark p{priority}" '
                f'aria-hidden="true"><path d="{SHAPES[priority]}"/>'
                f'<text y="4.5">{priority}</text></svg>',
                sanitize=False,
            )
            return badge, ui.label("0")

    def show(self, alarms: list[LiveAlarm], shelved: int, detector: str) -> None:
        self._detector.text, self._detector.visible = detector, bool(detector)
        for priority, (badge, label) in self._counts.items():
            count = sum(alarm.cls.priority == priority for alarm in alarms)
            label.text = str(count)
            badge.classes(remove="none") if count else badge.classes("none")
        new = [alarm for alarm in alarms if not alarm.acknowledged]
        if new:
            words = f"{new[0].key.source} {new[0].cls.title}, {new[0].detail}"
            more = f"; {len(new) - 1} more not acknowledged" if len(new) > 1 else ""
            self._words.text = f"{words}{more}"
        else:
            self._words.text = "No unacknowledged alarm" if alarms else "No process alarm"
        self._shelved.text = f"{shelved} shelved" if shelved else ""
