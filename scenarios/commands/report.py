"""`hydrotwin report`: a sweep told in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.output import Json, print_json, warn


def report(
    folder: Annotated[Path, typer.Argument(help="A sweep's folder.", metavar="DIR")],
    as_json: Json = False,
) -> None:
    """Draw what a sweep answers: report.html, one page that opens anywhere, and its pictures."""
    from scenarios.results.folder import SCENARIO
    from scenarios.sweeps.report.page import write
    from twin.errors import InputError

    if (folder / SCENARIO).is_file():
        message = f"{folder} is the folder of one run: its report is {folder / 'report.html'}"
        raise InputError(message)
    page, *pictures = write(folder, warn)
    if as_json:
        print_json({"report": str(page), "pictures": [str(picture) for picture in pictures]})
        return
    typer.echo(f"wrote {page}, and {len(pictures)} pictures beside it")
