"""`hydrotwin live`: a scenario in real time, with a control room in the browser."""

from __future__ import annotations

import contextlib
import socket
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scenarios.definition.scenario import Scenario
    from scenarios.live.shared import Room
    from scenarios.live.users import Door
    from scenarios.simulation.pace import Pace
    from twin.servers.registers import Point

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NEEDED = ("nicegui", "pymodbus", "asyncua")
_PORT = 8080
_PATIENCE = 2.0  # s; how long the instant under way may take when the end comes


def live(
    scenario: Annotated[
        str | None, typer.Argument(help="A shipped scenario's name, or a file.")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(help="A run folder to show instead, from its start on.", metavar="RUN"),
    ] = None,
    lab: Annotated[
        Path | None,
        typer.Option(
            help="A student's folder of a lab: open that student's plant.", metavar="FOLDER"
        ),
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
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the control room.")] = _PORT,
    port_offset: Annotated[
        int,
        typer.Option(
            min=0, max=40000, help="Added to every port, so that several plants run on one machine."
        ),
    ] = 0,
    host: Annotated[
        str,
        typer.Option(help="Where room and servers listen; other than loopback needs a password."),
    ] = _LOOPBACK[0],
    wire: Annotated[
        bool,
        typer.Option("--wire", help="Readings travel over real TCP connections one can sit on."),
    ] = False,
    wire_table: Annotated[
        Path | None,
        typer.Option(help="A CSV file link,host,port: where receivers ask instead. With --wire."),
    ] = None,
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

    if any(find_spec(name) is None for name in _NEEDED):
        raise InputError("the control room needs: pip install 'hydrotwin[live]'")
    if sum(given is not None for given in (scenario, replay, lab)) != 1:
        raise InputError(
            "name a scenario, or a run folder to show again with --replay RUN, or a student's "
            "folder with --lab FOLDER"
        )
    if wire_table is not None and not wire:
        raise InputError("--wire-table belongs to --wire")
    if host not in _LOOPBACK and password is None:
        raise InputError(
            f"--host {host} lets others in: give a --password, or the variable HYDROTWIN_PASSWORD"
        )
    at = _Address(host, port + port_offset, port_offset)
    at.check()
    door = Door(password, teacher_password, teacher)
    try:
        pace = Pace(speed)
    except ValueError as error:
        raise InputError(f"--speed: {error}") from None
    if replay is not None:
        _show_again(replay, door, pace, at)
    elif lab is not None:
        _open_lab(lab, seed, out, door, pace, at)
    else:
        assert scenario is not None
        _open(scenario, seed, out, not no_detector, door, pace, at, wire, wire_table)


@dataclass(frozen=True)
class _Address:
    """Where the room is served, and by how much the servers' ports are moved."""

    host: str
    port: int
    offset: int

    @property
    def url(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    def check(self) -> None:
        """Raise InputError where nothing can be served."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind((self.host, self.port))
        except (OSError, OverflowError) as error:
            raise InputError(
                f"{self.host}, port {self.port} cannot be served: {error}; choose another --port "
                "or --port-offset"
            ) from None


def _show_again(replay: Path, door: Door, pace: Pace, at: _Address) -> None:
    from scenarios.live.recording import Recording
    from scenarios.live.shared import Room
    from scenarios.results.folder import open_run

    source = Recording(open_run(replay), pace)
    _serve(Room(source, door), at)
    source.stop(_PATIENCE)


def _open(
    name: str,
    seed: int | None,
    out: Path | None,
    watch: bool,
    door: Door,
    pace: Pace,
    at: _Address,
    wire: bool,
    table: Path | None,
) -> None:
    """Run a shipped scenario or a file."""
    from dataclasses import replace

    from scenarios.definition.schema import load, located, path_of

    chosen = load(name)
    chosen = chosen if seed is None else replace(chosen, seed=seed)
    place = out or Path("runs") / f"{chosen.name}-live-{_stamp()}"
    try:
        _simulate(chosen, place, watch, door, pace, at, wire, table)
    except InputError as error:
        raise located(error, path_of(name)) from None


def _open_lab(
    folder: Path, seed: int | None, out: Path | None, door: Door, pace: Pace, at: _Address
) -> None:
    """Run the plant of a student's folder; what is written to it is added to the folder's audit."""
    from scenarios.labs.grading import read_card
    from scenarios.labs.plant import WIRE, add_audit, points_of, scenario_of, write_ports
    from scenarios.live.audit import AUDIT

    card = read_card(folder)
    points = points_of(card["draws"])
    chosen = scenario_of(card["sample_seed"] if seed is None else seed)
    write_ports(folder, {point.plc: point.port + at.offset for point in points}, at.host)
    place = out or folder / "runs" / _stamp()
    table = folder / WIRE if (folder / WIRE).is_file() else None
    try:
        _simulate(chosen, place, False, door, pace, at, table is not None, table, points)
    finally:
        if (place / AUDIT).is_file():
            add_audit(folder / AUDIT, place / AUDIT)


def _stamp() -> str:
    from datetime import datetime

    return f"{datetime.now():%Y%m%d-%H%M%S}"


def _simulate(
    chosen: Scenario,
    place: Path,
    watch: bool,
    door: Door,
    pace: Pace,
    at: _Address,
    wire: bool,
    table: Path | None,
    points: Sequence[Point] | None = None,
) -> None:
    """Run a scenario until its end or Ctrl-C, and keep it as a run folder."""
    from rich.console import Console

    from scenarios.commands.terminal import tell
    from scenarios.live.alarms import journal_csv
    from scenarios.live.audit import AUDIT, audit_csv
    from scenarios.live.plant import LivePlant
    from scenarios.live.servers import servers
    from scenarios.live.shared import Room
    from scenarios.report import pictures  # noqa: F401, imported before the end, which is short
    from scenarios.results import folder
    from scenarios.simulation.pace import Pace
    from scenarios.simulation.run import keep
    from scenarios.simulation.session import Session

    with folder.draft(place) as draft:
        session = Session.open(chosen, folder=draft, watch=watch, pace=Pace())
        with session:
            plant = LivePlant(session, pace)
            with servers(plant, door, at.host, at.offset, wire, table, points) as served:
                _serve(Room(plant, door, served), at)
                ended = plant.stop(_PATIENCE)
            if plant.failed is not None:
                raise plant.failed
            if not ended or session.now <= 0:
                typer.echo("ended in the warm-up: nothing was recorded yet")
                raise typer.Exit(1)
            made = session.conclude()
            (draft / AUDIT).write_text(audit_csv(plant.audit.writes()), encoding="utf-8")
            (draft / "alarm-journal.csv").write_text(
                journal_csv(plant.alarms.lines()), encoding="utf-8"
            )
            made = keep(draft, made, place)
    tell(Console(highlight=False), made)


def _serve(room: Room, at: _Address) -> None:
    """Serve a room until Ctrl-C or TERM."""
    from scenarios.live.room import serve

    typer.echo(f"Control room  {at.url}   (Ctrl-C ends it)")
    for served in room.servers:
        typer.echo(f"{served.protocol:13} {served.address}   {served.what}")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        serve(room, at.host, at.port, room.source.start)
