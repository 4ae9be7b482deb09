"""`hydrotwin batadal`: the detectors on the public benchmark, and fetching its files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.output import warn
from scenarios.commands.reenact import reenact
from twin.units import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from detector.benchmark.evaluate import BenchmarkResult, Evaluation

app = typer.Typer(help="Evaluate detectors on the BATADAL benchmark, or fetch its files.")

app.command(epilog="Example: hydrotwin batadal reenact 3 --data data/dataset04_labelled.csv")(
    reenact
)

PICTURES = Path("runs/batadal")


@app.callback(
    invoke_without_command=True,
    epilog="Example: hydrotwin batadal fetch --to data && hydrotwin batadal --data data "
    "--test data/BATADAL_test_dataset.csv",
)
def evaluate(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="The folder of dataset03 and dataset04.", metavar="DIR")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="A further file to score: the test set.", metavar="FILE")
    ] = None,
    detectors: Annotated[
        str, typer.Option(help="Kinds of detector, separated by commas.")
    ] = "cnn-lstm,pca",
    predictions: Annotated[
        Path | None,
        typer.Option(help="Write each detector's hourly scores and alarms here.", metavar="DIR"),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the pictures go.", metavar="DIR")] = PICTURES,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training.")] = 0,
    epochs: Annotated[
        int | None, typer.Option(min=1, help=r"At most so many passes. \[default: the kind's own]")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON only.")] = False,
) -> None:
    """Fit detectors on BATADAL's normal year and judge them on its attacks.

    Labels are the published intervals of the 14 attacks; no threshold sees the data it is judged
    on.
    """
    if context.invoked_subcommand is not None:
        return
    from json import dumps

    from rich.console import Console

    from detector import DataError
    from detector.benchmark.evaluate import FIRST, evaluate, write_predictions
    from detector.benchmark.pictures import draw_evaluation
    from scenarios.commands.output import epoch_bar
    from scenarios.report.style import plotting

    if data is None:
        raise DataError("--data DIR is missing. To get the data: hydrotwin batadal fetch --to DIR")
    kinds = list(dict.fromkeys(each.strip() for each in detectors.split(",") if each.strip()))
    if not kinds:
        raise DataError("--detectors names none; for instance: --detectors cnn-lstm,pca")
    with epoch_bar() as progress:
        result = evaluate(
            data,
            test=test,
            kinds=kinds,
            seed=seed,
            epochs=epochs,
            device=device,
            progress=progress,
        )
    written = write_predictions(result, predictions) if predictions is not None else []
    pictures: list[Path] = []
    with plotting(f"a picture in {out}", warn):
        pictures = draw_evaluation(result, out, FIRST)
    if json:
        typer.echo(dumps(result.as_dict(), indent=2, allow_nan=False))
    else:
        console = Console()
        _tell(console, result)
        for path in written:
            console.print(f"wrote {path}", soft_wrap=True, highlight=False)
        console.print(
            f"{counted(len(pictures), 'picture')} in {out}", soft_wrap=True, highlight=False
        )
    for kind, detector in result.detectors.items():
        if detector.about.get("history", {}).get("stopped") == "interrupted":
            raise KeyboardInterrupt(f"{kind} was judged by the best epoch so far")


@app.command()
def fetch(
    to: Annotated[Path, typer.Option(help="The folder for the CSV files.", metavar="DIR")],
) -> None:
    """Download the official files, check their sums and put them into a folder."""
    from detector.benchmark.batadal import CITATION, LICENCE
    from detector.benchmark.fetch import BASE_URL
    from detector.benchmark.fetch import fetch as download

    typer.echo(f"BATADAL from {BASE_URL}\nLicence: {LICENCE}\nPlease cite: {CITATION}")
    for path in download(to):
        typer.echo(f"verified {path}")


def _tell(console: Console, result: BenchmarkResult) -> None:
    for record in result.records.values():
        console.print(f"{record.path}: {'; '.join(record.notes)}", soft_wrap=True, highlight=False)
    for kind, detector in result.detectors.items():
        about = detector.about
        rule = about["threshold"]
        console.print(
            f"{kind}: threshold {detector.threshold:.5g} = {rule['mean']:.5g} + "
            f"{rule['sigmas']:g} x {rule['deviation']:.5g} of held-out normal scores",
            highlight=False,
        )
    for name, rows in result.evaluations.items():
        attacks = [attack.number for attack, _ in result.records[name].attacks]
        console.print(_figures(name, rows))
        if attacks:
            console.print(_delays(name, attacks, rows))
    console.print(
        "ttd: hours from an attack's start to its first alarm, - if undetected. "
        "false/w: alarm episodes raised outside attacks, a week. Nothing is point-adjusted. "
        "published: this network on dataset04, 4153 windows.",
        highlight=False,
    )


def _figures(name: str, rows: dict[str, Evaluation]) -> Table:
    from rich.table import Table

    from detector.benchmark.evaluate import PUBLISHED

    columns = {
        "auc": "AUC",
        "pr_auc": "PRAUC",
        "accuracy": "acc",
        "precision": "prec",
        "recall": "recall",
        "f1": "F1",
        "S": "S",
        "S_TTD": "S_TTD",
        "S_CLF": "S_CLF",
        "event_recall": "event",
        "false_episodes_per_week": "false/w",
    }
    some = next(iter(rows.values())).metrics
    table = Table(title=f"{name}: {some.rows} hours judged", box=None, padding=(0, 1, 0, 0))
    table.add_column("detector", no_wrap=True)
    for head in columns.values():
        table.add_column(head, justify="right", no_wrap=True)
    figures = {each: evaluation.metrics.as_dict() for each, evaluation in rows.items()}
    if name == "dataset04":
        figures["published"] = dict(PUBLISHED)
    for each, row in figures.items():
        shown = [row.get(key) for key in columns]
        table.add_row(each, *("" if value is None else f"{value:.3f}" for value in shown))
    return table


def _delays(name: str, attacks: list[int], rows: dict[str, Evaluation]) -> Table:
    from rich.table import Table

    table = Table(title=f"{name}: ttd of attack, hours")
    table.add_column("detector")
    for number in attacks:
        table.add_column(str(number), justify="right")
    for each, evaluation in rows.items():
        hours = evaluation.metrics.ttd_hours
        table.add_row(each, *("-" if value is None else f"{value:g}" for value in hours))
    return table
