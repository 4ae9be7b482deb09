"""The command `hydrotwin`; what takes time to import is imported by the command that needs it."""

from __future__ import annotations

import atexit
import gc
import signal
import sys
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from scenarios.commands import (
    attacks,
    batadal,
    bench,
    dataset,
    demand,
    detectors,
    labs,
    plants,
)
from scenarios.commands import scenarios as shipped
from scenarios.commands.compare import compare
from scenarios.commands.export import export
from scenarios.commands.fidelity import fidelity
from scenarios.commands.imports import import_
from scenarios.commands.live import live
from scenarios.commands.report import report
from scenarios.commands.results import results
from scenarios.commands.run import run
from scenarios.commands.sweep import sweep
from scenarios.commands.train import train

_LEFT_OUT = {"torch": "torch", "sklearn": "scikit-learn"}
"""What a slim install leaves out: the package by the name it is imported by."""


class _Commands(TyperGroup):
    """All commands; Ctrl-C or TERM ends any of them with a line and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            typer.echo(f"interrupted: {str(stop) or 'stopped before it was done'}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=_Commands,
    help="A digital twin of a water network and its control system, to study attacks on it.",
    epilog="Start with: hydrotwin run t1-overflow-concealed",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hydrotwin {version('hydrotwin')}")
        raise typer.Exit


@app.callback()
def hydrotwin(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Twin a water network and its control system, to study attacks on it."""


app.command(
    epilog="Examples: hydrotwin run normal · hydrotwin run t1-overflow-concealed --seed 3 · "
    "hydrotwin run my-attack.yaml --out runs/mine --json · hydrotwin run normal --plant my-town"
)(run)
app.command(
    epilog="Examples: hydrotwin live t1-overflow-concealed --teacher · hydrotwin live --replay RUN"
)(live)
app.command(
    epilog="Examples: hydrotwin sweep mine.yaml --dry-run · hydrotwin sweep mine.yaml --out DIR"
)(sweep)
app.command(epilog="Example: hydrotwin results DIR --by seed")(results)
app.command(epilog="Example: hydrotwin report sweeps/mine")(report)
app.add_typer(shipped.app, name="scenarios")
app.add_typer(attacks.app, name="attacks")
app.add_typer(detectors.app, name="detectors")
app.add_typer(plants.app, name="plant")
app.add_typer(batadal.app, name="batadal")
app.add_typer(bench.app, name="bench")
app.add_typer(demand.app, name="demand")
app.add_typer(labs.app, name="labs")
app.add_typer(dataset.app, name="dataset")
app.command(
    epilog="Examples: hydrotwin compare t2-starved · hydrotwin compare runs/a runs/b --out ab.png"
)(compare)
app.command(epilog="Example: hydrotwin export runs/year --batadal year.csv")(export)
app.command(
    epilog="Example: hydrotwin fidelity --against data/BATADAL_dataset03.csv "
    "--sibling dataset04_labelled.csv"
)(fidelity)
app.command("import", epilog="Example: hydrotwin import attack.cpa --out mine.yaml")(import_)
app.command(epilog="Example: hydrotwin train runs/year --out my-detector.safetensors")(train)


def main() -> None:
    """Run the command line: exit status 0 done, 1 failed or interrupted, 2 bad input."""
    atexit.register(gc.freeze)  # Python's end looks through all objects else: a second of it
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's, or `kill`
    try:
        app()
    except Exception as error:
        told, status = _told(error)
        if told is None:
            raise
        _fail(told, status)
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.SIG_IGN)  # no traceback while Python shuts down


def _told(error: Exception) -> tuple[str | None, int]:
    """Return what an error says to a user, and the exit status; None if it is a fault of ours."""
    needed = _LEFT_OUT.get(getattr(error, "name", None) or "")
    if isinstance(error, ModuleNotFoundError) and needed is not None:
        return f"this needs {needed}, which a slim install leaves out: pip install {needed}", 2
    from attacks.discovery import plugin_at_fault
    from detector.errors import DataError
    from twin.errors import InputError, RunError

    if isinstance(error, InputError | DataError):
        return str(error), 2
    return str(error) if isinstance(error, RunError) else plugin_at_fault(error), 1


def _fail(error: str, status: int) -> NoReturn:
    typer.secho(f"error: {error}", err=True, fg="red" if sys.stderr.isatty() else None)
    sys.exit(status)
