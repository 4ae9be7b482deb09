"""`hydrotwin live`: a scenario in real time, with a control room in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.errors import InputError

if TYPE_CHECKING:
    from scenarios.live.shared import Room
    from scenarios.live.users import Door
    from scenarios.simulation.pace import Pace

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PATIENCE = 2.0  # s; how long the instant under way may take when the end comes


def live(
    scenario: Annotated[
        str | None, typer.Argument(help="A shipped scenario's name, or a file.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(help="A run folder to show instead, from its start on.", metavar="RUN"),
    ] = None,
    speed: Annotated[float, typer.Option(help="Simulated seconds in a real second.")] = 60.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help=r"The run folder. \[default: runs/SCENARIO-live-DATE-TIME]"),
    ] = None,
    no_detector: Annotated[
        bool, typer.Option("--no-detector", help="Run without a detector.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the control room.")] = 8080,
    host: Annotated[
        str, typer.Option(help="Another address than loopback needs a password.")
    ] = _LOOPBACK[0],
    password: Annotated[
        str | None,
        typer.Option(envvar="HYDROTWIN_PASSWORD", help="What one needs to enter the room."),
    ] = None,
    teacher: Annotated[
        bool,
        typer.Option("--teacher", help="Everybody who enters sees the truth and may attack."),
    ] = False,
    teacher_password: Annotated[
        str | None,
        typer.Option(envvar="HYDROTWIN_TEACHER_PASSWORD", help="What makes one a teacher."),
    ] = None,
) -> None:
    """Run a scenario in real time, with a control room in the browser."""
    from scenarios.live.users import Door
    from scenarios.simulation.pace import Pace

    if (scenario is None) == (replay is None):
        raise InputError("name a scenario, or a run folder to show again with --replay RUN")
    if host not in _LOOPBACK and password is None:
        raise InputError(
            f"--host {host} lets others in: give a --password, or the variable HYDROTWIN_PASSWORD"
        )
    _check_port(host, port)
    door = Door(password, teacher_password, teacher)
    try:
        pace = Pace(speed)
    except ValueError as error:
        raise InputError(f"--speed: {error}") from None
    if replay is not None:
        _show_again(replay, door, pace, host, port)
    else:
        assert scenario is not None
        _simulate(scenario, seed, out, not no_detector, door, pace, host, port)


def _check_port(host: str, port: int) -> None:
    """Raise InputError where nothing can be served."""
    import socket

    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        raise InputError(
            f"{host}, port {port} cannot be served: {error.strerror}; choose another --port"
        ) from None


def _show_again(replay: Path, door: Door, pace: Pace, host: str, port: int) -> None:
    from scenarios.live.recording import Recording
    from scenarios.live.shared import Room
    from scenarios.results.folder import open_run

    source = Recording(open_run(replay), pace)
    _serve(Room(source, door), host, port)
    source.stop(_PATIENCE)


def _simulate(
    name: str,
    seed: int | None,
    out: Path | None,
    watch: bool,
    door: Door,
    pace: Pace,
    host: str,
    port: int,
) -> None:
    """Run a scenario until its end or Ctrl-C, and keep it as a run folder."""
    from dataclasses import replace
    from datetime import datetime

    from rich.console import Console

    from scenarios.commands.terminal import tell
    from scenarios.definition.schema import load, located, path_of
    from scenarios.live.alarms import journal_csv
    from scenarios.live.audit import audit_csv
    from scenarios.live.plant import LivePlant
    from scenarios.live.shared import Room
    from scenarios.report import pictures  # noqa: F401, imported before the end, which is short
    from scenarios.results import folder
    from scenarios.simulation.run import keep
    from scenarios.simulation.session import Session

    chosen = load(name)
    chosen = chosen if seed is None else replace(chosen, seed=seed)
    place = out or Path("runs") / f"{chosen.name}-live-{datetime.now():%Y%m%d-%H%M%S}"
    with folder.draft(place) as draft:
        try:
            session = Session.open(chosen, folder=draft, watch=watch)
        except InputError as error:
            raise located(error, path_of(name)) from None
        with session:
            plant = LivePlant(session, pace)
            _serve(Room(plant, door), host, port)
            ended = plant.stop(_PATIENCE)
            if plant.failed is not None:
                raise plant.failed
            if not ended or session.now <= 0:
                typer.echo("ended in the warm-up: nothing was recorded yet")
                raise typer.Exit(1)
            made = session.conclude()
            (draft / "audit.csv").write_text(audit_csv(plant.audit.writes()), encoding="utf-8")
            (draft / "alarm-journal.csv").write_text(
                journal_csv(plant.alarms.lines()), encoding="utf-8"
            )
            made = keep(draft, made, place)
    tell(Console(highlight=False), made)


def _serve(room: Room, host: str, port: int) -> None:
    """Serve a room until Ctrl-C or TERM."""
    import contextlib
    import signal

    from scenarios.live.room import serve

    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"Control room  http://{shown}:{port}/   (Ctrl-C ends it)")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        serve(room, host, port, room.source.start)
