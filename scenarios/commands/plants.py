"""`hydrotwin plant`: plants of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Bring your own plant.", no_args_is_help=True)


@app.callback()
def plant() -> None:
    """Bring your own plant."""


@app.command(epilog="Example: hydrotwin plant new my-town.inp --out my-town")
def new(
    file: Annotated[Path, typer.Argument(help="An EPANET file, in any units.", metavar="FILE.inp")],
    out: Annotated[Path, typer.Option(help="The plant folder to write.", metavar="DIR")],
) -> None:
    """Draft a plant folder: the network, its tags, and PLCs with the file's controls and rules."""
    from twin.draft import RECORD, draft, record

    made = draft(file, out)
    typer.echo(record(made, file.name))
    typer.echo(f"{out} is a plant now; {RECORD} in it holds the above. Run it with:")
    typer.echo(f"  hydrotwin run normal --plant {out}")
