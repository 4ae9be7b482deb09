"""The control room served to browsers: its pages, its cookie, its address."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from nicegui import app, ui
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response

from scenarios.live.pages.alarms import alarms
from scenarios.live.pages.audit import audit
from scenarios.live.pages.detector import detector
from scenarios.live.pages.device import device
from scenarios.live.pages.diagnostics import diagnostics
from scenarios.live.pages.entry import entry_page
from scenarios.live.pages.overview import SCRIPT, overview
from scenarios.live.pages.plc import plc
from scenarios.live.pages.teacher import teacher
from scenarios.live.pages.trends import trends
from scenarios.live.shared import Room

COOKIE = "hydrotwin"
_CSS = Path(__file__).with_name("room.css")
_GRACE = 1  # s; how long open pages may hold the end up
_PAGES: dict[str, Callable[..., None]] = {
    "/": overview,
    "/device/{name}": device,
    "/plc/{name}": plc,
    "/trends": trends,
    "/alarms": alarms,
    "/detector": detector,
    "/audit": audit,
    "/diagnostics": diagnostics,
    "/teacher": teacher,
}


def serve(room: Room, host: str, port: int, on_start: Callable[[], None]) -> None:
    """Serve a room until Ctrl-C or TERM.

    Parameters
    ----------
    room : Room
    host : str
    port : int
    on_start : callable
        Called when the server is about to answer.
    """
    os.environ["NICEGUI_STORAGE_PATH"] = tempfile.gettempdir()
    ui.add_css(_CSS.read_text(encoding="utf-8"), shared=True)
    ui.add_head_html(f"<script>{SCRIPT}</script>", shared=True)
    if not room.door.guarded:  # a page elsewhere may not pretend that its name is ours
        app.add_middleware(
            TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]", "::1"]
        )
    app.middleware("http")(_cookie)
    for path, page in _PAGES.items():
        _register(room, path, page)
    app.on_startup(on_start)
    app.on_connect(functools.partial(_count, room, 1))
    app.on_disconnect(functools.partial(_count, room, -1))
    ui.run(
        host=host,
        port=port,
        title="hydrotwin",
        reload=False,
        show=False,
        show_welcome_message=False,
        timeout_graceful_shutdown=_GRACE,
    )


def _count(room: Room, change: int) -> None:
    room.pages += change


async def _cookie(request: Request, call_next: Callable[[Request], object]) -> Response:
    """Give a browser its cookie with the first page it asks for."""
    response: Response = await call_next(request)  # type: ignore[misc]
    token = getattr(request.state, "token", None)
    if token is not None:
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict")
    return response


def _register(room: Room, path: str, page: Callable[..., None]) -> None:
    """Let a page be asked for at a path; what stands in braces there is given to it."""

    def asked(request: Request) -> None:
        token, visitor = room.door.visitor(request.cookies.get(COOKIE))
        request.state.token = token
        if not visitor.entered:
            entry_page(room, visitor)
        else:
            page(room, visitor, **request.path_params)

    ui.page(path)(asked)
