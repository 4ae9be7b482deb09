"""`hydrotwin batadal reenact`: a published attack, re-enacted and set against its rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import share_bar, warn

if TYPE_CHECKING:
    from rich.console import Console

    from scenarios.validation.reenact import Reenactment

PICTURES = Path("runs/reenact")
NORMAL = "BATADAL_dataset03.csv"


def reenact(
    attack: Annotated[
        int, typer.Argument(help="Its number in the publication.", metavar="ID", min=1, max=14)
    ],
    data: Annotated[
        Path,
        typer.Option(help="The file that holds it: dataset04 or the test set.", metavar="FILE"),
    ],
    dataset03: Annotated[
        Path | None,
        typer.Option(
            help=f"The normal year, for σ. [default: {NORMAL} beside --data, or else --data]",
            metavar="FILE",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where picture and figures go.", metavar="DIR")
    ] = PICTURES,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON only.")] = False,
) -> None:
    """Re-enact an attack of BATADAL under the levels and demands of its own rows.

    The scenario batadal-ID runs over the attack and a day on either side, and what our SCADA shows
    is compared with the record, tag by tag: RMSE over the tag's standard deviation σ. Free is the
    median of eight runs from the first row, begun within its rounding; guided goes an hour ahead
    from each row's unforged levels and statuses.
    """
    from json import dumps

    from rich.console import Console

    from scenarios.definition.schema import load
    from scenarios.report.style import drawing
    from scenarios.validation.reenact import reenact as run
    from scenarios.validation.reenact_picture import draw_reenactment
    from twin.errors import InputError
    from twin.records.batadal import DECIMALS, read

    scenario = load(f"batadal-{attack:02}")
    tags = scenario.plant_spec().tag_names
    record = read(data, tags)
    beside = data.parent / NORMAL
    normal = dataset03 or (beside if beside.is_file() else None)
    spread = None if normal is None else read(normal, tags).table.round(DECIMALS).std(ddof=0)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be a folder: {error.strerror}") from None
    with share_bar(Console(stderr=True)) as progress:
        found = run(scenario, record, spread, lambda share: progress(scenario.name, share))
    text = dumps({**found.as_dict(), "id": attack}, indent=2, allow_nan=False)
    written = [out / f"{scenario.name}.json"]
    written[0].write_text(text + "\n", encoding="utf-8")
    picture = out / f"{scenario.name}.png"
    with drawing(f"{picture}", warn):
        draw_reenactment(found).savefig(picture, dpi=110)
        written.append(picture)
    if json:
        typer.echo(text)
        return
    console = Console()
    _tell(console, found, f"{normal or data}")
    console.print(f"wrote {', '.join(map(str, written))}", soft_wrap=True, highlight=False)


def _tell(console: Console, found: Reenactment, unit: str) -> None:
    from rich.table import Table

    from scenarios.definition.words import entries_in_words

    console.print(f"{found.scenario.name}: {found.scenario.description}", highlight=False)
    for line in entries_in_words(found.scenario.attacks, found.scenario.plant_spec()):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    table = Table(title=f"RMSE / σ of {unit}", title_justify="left", box=None)
    for head in ("", "free", "guided", "guided, normal week"):
        table.add_column(head, justify="right" if head else "left")
    figures: dict[str, Any] = found.as_dict()
    columns = [figures[key] for key in ("free", "guided", "normal")]

    def cells(values: list[float | None]) -> list[str]:
        return ["-" if value is None else f"{value:.3f}" for value in values]

    words = {
        "attacked": "attacked tags, median",
        "attacked_without": "… of a run without the attack",
        "median": "all tags, median",
        "max": "all tags, largest",
    }
    for key, label in words.items():
        table.add_row(label, *cells([None if c is None else c.get(key) for c in columns]))
        if key == "attacked":
            low, high = found.free.attacked_range
            table.add_row("… of single runs", f"{low:.3f} to {high:.3f}")
    for name in found.attacked:
        row = cells([None if c is None else c["tags"].get(name) for c in columns])
        table.add_row(f"  {name}", *row)
    console.print(table)
