"""`hydrotwin fidelity`: how well the twin's year can be told from a published one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import FiguresAsJson, figures_table, make_folder, publish, share_bar

if TYPE_CHECKING:
    from rich.console import Console

    from detector.records.record import Record

PICTURES = Path("runs/fidelity")


def fidelity(
    against: Annotated[
        Path,
        typer.Option(help="The record: an hourly BATADAL-style CSV, dataset03.", metavar="FILE"),
    ],
    sibling: Annotated[
        Path | None,
        typer.Option(
            help="A second, labelled record of the same network: dataset04.", metavar="FILE"
        ),
    ] = None,
    plant: Annotated[str, typer.Option(help="A shipped plant's name, or a folder.")] = "ctown",
    seeds: Annotated[int, typer.Option(min=1, help="How many years of the twin.")] = 5,
    days: Annotated[int, typer.Option(min=1, help="Length of each.")] = 365,
    out: Annotated[
        Path, typer.Option(help="Where picture and figures go.", metavar="DIR")
    ] = PICTURES,
    as_json: FiguresAsJson = False,
) -> None:
    """Compare the twin's normal year with a record: distributions, classifiers, lead times.

    An AUC of .5 says that a classifier cannot tell twin and record apart. The year of each seed
    starts on the record's first day.
    """
    from scenarios.validation.fidelity import assess
    from scenarios.validation.fidelity_picture import plot_fidelity
    from scenarios.validation.plant_record import read_record
    from twin.errors import InputError
    from twin.plants.spec import load_plant

    spec = load_plant(plant)
    record = read_record(against, spec)
    other = None if sibling is None else read_record(sibling, spec)
    for each in (record, other):
        if each is None:
            continue
        each.check_labels()
        if each.normal.sum() < 48:
            raise InputError("fewer than 48 normal hours: nothing to compare with", each.path)
    make_folder(out)
    with share_bar() as progress:
        result = assess(spec, record, sibling=other, seeds=seeds, days=days, progress=progress)
    figures = {"against": str(against), "plant": spec.name, **result.as_dict()}
    publish(
        out / "fidelity",
        figures,
        lambda: plot_fidelity(result),
        lambda console: _tell(console, figures, [each for each in (record, other) if each]),
        as_json,
    )


def _tell(console: Console, figures: dict[str, Any], records: list[Record]) -> None:
    for each in records:
        console.print(each.told, soft_wrap=True, highlight=False)

    def shown(value: float | None, digits: int = 3) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    heads = ("", "KS mean", "KS worst", "AUC row", "AUC pair", "AUC day")
    table = figures_table(heads, title="two samples of hourly rows", title_justify="left")
    keys = {"ks_mean": 4, "ks_max": 4, "auc_row": 3, "auc_pair": 3, "auc_day": 3}
    for name, row in (
        ("record and twin", figures),
        ("record and sibling", figures["sibling"]),
        ("twin and twin", figures["twin"]),
    ):
        if row is None:
            continue
        cells = []
        for key, digits in keys.items():
            values = [value for value in row["spread"][key] if value is not None]
            cell = shown(row[key], digits)
            if len(values) > 1:
                cell += f"\n{min(values):.{digits}f}–{max(values):.{digits}f}"
            cells.append(cell)
        table.add_row(name, *cells)
    console.print(table)

    heads = ("tag", "duty, record", "twin", "switches a day, record", "twin", "more by")
    table = figures_table(heads, title="statuses, hourly", title_justify="left")
    for tag in figures["duty"]:
        record, twin = figures["tags"][tag]["record"], figures["tags"][tag]["twin"]
        more = figures["switches"].get(tag)
        table.add_row(
            tag,
            *(shown(each["duty"], 4) for each in (record, twin)),
            *(shown(each["switches"]) for each in (record, twin)),
            "-" if more is None else f"{100 * more:+.1f} %",
        )
    console.print(table)
    lead = ", ".join(f"{hours} h {shown(value)}" for hours, value in figures["lead"].items())
    console.print(
        f"restarted from {figures['restarts']} rows, error / standard deviation, mean over tags: "
        f"{lead}",
        highlight=False,
    )
    console.print(
        "Medians of the seeds, and their range. AUC .5: a classifier cannot tell the two apart.",
        highlight=False,
    )
