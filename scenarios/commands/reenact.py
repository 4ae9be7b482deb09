"""`hydrotwin batadal reenact`: a published attack, re-enacted and compared with its record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import FiguresAsJson, figures_table, make_folder, publish, share_bar

if TYPE_CHECKING:
    from rich.console import Console

    from detector.records.record import Record
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
            help=rf"The normal year, for σ. \[default: {NORMAL} beside --data, or else --data]",
            metavar="FILE",
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where picture and figures go.", metavar="DIR")
    ] = PICTURES,
    as_json: FiguresAsJson = False,
) -> None:
    """Re-enact an attack of BATADAL under the levels and demands of its own rows.

    The scenario batadal-ID runs over the attack and a day on either side, and what our SCADA shows
    is compared with the record, tag by tag: RMSE over the tag's standard deviation σ. Free is the
    median of eight runs that start from the first row, within the rounding of its values; guided
    simulates each hour anew, from the levels and statuses of its row that were not forged.
    """
    from detector.records.record import DECIMALS
    from scenarios.definition.schema import load
    from scenarios.validation.plant_record import read_record
    from scenarios.validation.reenact import reenact as run
    from scenarios.validation.reenact_picture import plot_reenactment

    scenario = load(f"batadal-{attack:02}")
    spec = scenario.plant_spec()
    record = read_record(data, spec)
    beside = data.parent / NORMAL
    normal = dataset03 or (beside if beside.is_file() else None)
    usual = None if normal is None else read_record(normal, spec)
    spread = None if usual is None else usual.table.round(DECIMALS).std(ddof=0)
    make_folder(out)
    with share_bar() as progress:
        reenactment = run(scenario, record, spread, lambda share: progress(scenario.name, share))
    publish(
        out / scenario.name,
        {**reenactment.as_dict(), "id": attack},
        lambda: plot_reenactment(reenactment),
        lambda console: _tell(console, reenactment, f"{normal or data}", record),
        as_json,
    )


def _tell(console: Console, reenactment: Reenactment, unit: str, record: Record) -> None:
    from scenarios.definition.words import entries_in_words

    console.print(record.told, soft_wrap=True, highlight=False)
    console.print(
        f"{reenactment.scenario.name}: {reenactment.scenario.description}", highlight=False
    )
    for line in entries_in_words(reenactment.scenario.attacks, reenactment.scenario.plant_spec()):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    heads = ("", "free", "guided", "guided, normal week")
    table = figures_table(heads, title=f"RMSE / σ of {unit}", title_justify="left", box=None)
    figures: dict[str, Any] = reenactment.as_dict()
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
            low, high = reenactment.free.attacked_range
            table.add_row("… of single runs", f"{low:.3f} to {high:.3f}")
    for name in reenactment.attacked:
        row = cells([None if c is None else c["tags"].get(name) for c in columns])
        table.add_row(f"  {name}", *row)
    console.print(table)
