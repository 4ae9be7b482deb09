"""`hydrotwin fidelity`: how well the twin's year can be told from a published one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import share_bar, warn

if TYPE_CHECKING:
    from rich.console import Console

PICTURES = Path("runs/fidelity")


def fidelity(
    against: Annotated[
        Path,
        typer.Option(help="The record: an hourly BATADAL-style CSV, dataset03.", metavar="FILE"),
    ],
    sibling: Annotated[
        Path | None,
        typer.Option(help="More of the same water, labelled: dataset04.", metavar="FILE"),
    ] = None,
    plant: Annotated[str, typer.Option(help="A shipped plant's name, or a folder.")] = "ctown",
    seeds: Annotated[int, typer.Option(min=1, help="How many years of the twin.")] = 5,
    days: Annotated[int, typer.Option(min=1, help="Length of each.")] = 365,
    out: Annotated[
        Path, typer.Option(help="Where picture and figures go.", metavar="DIR")
    ] = PICTURES,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON only.")] = False,
) -> None:
    """Compare the twin's normal year with a record: distributions, classifiers, lead times.

    An AUC of .5 says that a classifier cannot tell twin and record apart. The year of each seed
    starts on the record's first day.
    """
    from json import dumps

    from rich.console import Console

    from scenarios.report.style import drawing
    from scenarios.validation.fidelity import assess
    from scenarios.validation.fidelity_picture import draw_fidelity
    from twin.errors import InputError
    from twin.plants.spec import load_plant
    from twin.records.batadal import UNKNOWN, read

    spec = load_plant(plant)
    record = read(against, spec.tag_names)
    other = None if sibling is None else read(sibling, spec.tag_names)
    for each in (record, other):
        if each is not None and (each.flags == UNKNOWN).any():
            hours = int((each.flags == UNKNOWN).sum())
            raise InputError(
                f"{hours} hours are labelled {UNKNOWN} (unknown), so nobody knows which are "
                "normal: give the file with all attacks labelled",
                each.path,
            )
        if each is not None and (each.flags == 0).sum() < 48:
            raise InputError("fewer than 48 normal hours: nothing to compare with", each.path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be a folder: {error.strerror}") from None
    with share_bar(Console(stderr=True)) as progress:
        found = assess(spec, record, sibling=other, seeds=seeds, days=days, progress=progress)
    figures = {"against": str(against), "plant": spec.name, **found.as_dict()}
    text = dumps(figures, indent=2, allow_nan=False)
    written = [out / "fidelity.json"]
    written[0].write_text(text + "\n", encoding="utf-8")
    picture = out / "fidelity.png"
    with drawing(f"{picture}", warn):
        draw_fidelity(found).savefig(picture, dpi=110)
        written.append(picture)
    if json:
        typer.echo(text)
        return
    console = Console()
    _tell(console, figures)
    console.print(f"wrote {', '.join(map(str, written))}", soft_wrap=True, highlight=False)


def _tell(console: Console, figures: dict[str, Any]) -> None:
    from rich.table import Table

    def shown(value: float | None, digits: int = 3) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    table = Table(title="two samples of hourly rows", title_justify="left")
    heads = ["", "KS mean", "KS worst", "AUC row", "AUC pair", "AUC day"]
    for head in heads:
        table.add_column(head, justify="left" if not head else "right")
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

    table = Table(title="statuses, hourly", title_justify="left")
    for head in ("tag", "duty, record", "twin", "switches a day, record", "twin", "more by"):
        table.add_column(head, justify="left" if head == "tag" else "right")
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
