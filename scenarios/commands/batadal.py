"""`hydrotwin batadal`: the detectors on the public benchmark, and fetching its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import Plugins, figures_table, json_of, names_in, warn
from scenarios.commands.reenact import reenact
from scenarios.commands.supervise import supervise
from twin.units import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from detector.benchmark.dragged import Dragged
    from detector.benchmark.evaluate import BenchmarkResult

app = typer.Typer(help="Evaluate detectors on the BATADAL benchmark, or fetch its files.")

app.command(epilog="Example: hydrotwin batadal reenact 3 --data data/dataset04_labelled.csv")(
    reenact
)

app.command(epilog="Example: hydrotwin batadal supervise --out supervised.safetensors")(supervise)

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
        str,
        typer.Option(
            help="Kinds to fit, *.safetensors files to judge as they are, or supervised, separated "
            "by commas; or all.",
            metavar="A,B,…",
        ),
    ] = "all",
    plugin: Plugins = None,
    train: Annotated[
        str,
        typer.Option(
            help="What to fit on: dataset03, or so many normal years of the twin, twin:10."
        ),
    ] = "dataset03",
    predictions: Annotated[
        Path | None,
        typer.Option(help="Write each detector's hourly scores and alarms here.", metavar="DIR"),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where pictures and tables go.", metavar="DIR")
    ] = PICTURES,
    seed: Annotated[int, typer.Option(min=0, help="First seed of the training.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds; figures are their mean.")] = 1,
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
    from rich.console import Console

    from detector import DataError
    from detector.benchmark.evaluate import FIRST, evaluate, write_predictions
    from detector.benchmark.pictures import draw_evaluation
    from detector.benchmark.tables import write_tables
    from scenarios.commands.output import bars, epoch_words
    from scenarios.definition.plugins import load_plugin
    from scenarios.definition.scenario import Scenario
    from scenarios.experiments.benchmark import chosen, shadowed, twin_years, years_of
    from scenarios.experiments.plant_card import plant_card
    from scenarios.report.style import plotting
    from scenarios.simulation.cache import cache

    if data is None:
        raise DataError("--data DIR is missing. To get the data: hydrotwin batadal fetch --to DIR")
    for path in plugin or ():
        load_plugin(path)
    kinds, as_they_are = chosen(names_in(detectors))
    years = years_of(train)
    options = {"device": device, "plant": plant_card(Scenario(name="record").plant_spec())}
    with bars() as move:
        result = evaluate(
            data,
            test=test,
            kinds=kinds,
            seed=seed,
            seeds=seeds,
            normal=twin_years(years, lambda share: move("years", "normal years", share, 1.0))
            if years
            else None,
            shadow=shadowed,
            options=options | ({} if epochs is None else {"epochs": epochs}),
            frozen=as_they_are,
            kept=cache() / "fits",
            progress=lambda kind, step: move(kind, epoch_words(kind, step), step.number, step.of),
            on_fit=lambda done, of: move("fits", f"{done} of {of} fits", done, of),
        )
    written = write_predictions(result, predictions) if predictions is not None else []
    tables = write_tables(result, out)
    pictures: list[Path] = []
    with plotting(f"a picture in {out}", warn):
        pictures = draw_evaluation(result, out, FIRST)
    if json:
        typer.echo(json_of(_figures_of(result, seeds)))
    else:
        console = Console()
        _tell(console, result, seeds)
        for path in written:
            console.print(f"wrote {path}", soft_wrap=True, highlight=False)
        console.print(
            f"{counted(len(pictures), 'picture')} and {counted(len(tables), 'table')} in {out}",
            soft_wrap=True,
            highlight=False,
        )
    for kind in kinds:
        if result.detectors[kind].about.get("history", {}).get("stopped") == "interrupted":
            raise KeyboardInterrupt(f"{kind} was judged by the best epoch so far")


def _figures_of(result: BenchmarkResult, seeds: int) -> dict[str, Any]:
    """Return by record and detector the figures for programs; of several seeds the spread too."""
    from detector.metrics import FIGURES

    def chosen(records: dict[str, Any]) -> dict[str, Any]:
        return {
            record: {
                each: {name: row[name] for name in FIGURES if name in row}
                for each, row in rows.items()
            }
            for record, rows in records.items()
        }

    figures = chosen(result.as_dict())
    if seeds > 1:
        figures["deviations"] = chosen(result.deviations())
    return figures


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


def _tell(console: Console, result: BenchmarkResult, seeds: int) -> None:
    for record in result.records.values():
        console.print(f"{record.path}: {'; '.join(record.notes)}", soft_wrap=True, highlight=False)
    normal = result.records["dataset03"].table
    constant = [str(tag) for tag, column in normal.items() if column.nunique() == 1]
    if constant:
        console.print(
            f"constant in dataset03: {', '.join(constant)}. One of them that moves is an alarm by "
            "itself",
            soft_wrap=True,
            highlight=False,
        )
    for kind, detector in result.detectors.items():
        rule = detector.about.get("threshold", {})
        words = kind if kind == detector.kind else f"{kind}, a fitted {detector.kind}"
        words += f": threshold {detector.threshold:.5g}"
        if "sigmas" in rule:
            words += f" = {rule['mean']:.5g} + {rule['sigmas']:g} x {rule['deviation']:.5g} "
            words += "of held-out normal scores"
        cost = result.costs[kind]
        words += f"; {cost.ms_a_frame:.2g} ms a frame, {cost.megabytes:.2g} MB of fitted numbers"
        console.print(words, soft_wrap=True, highlight=False)
    from detector.benchmark.dragged import dragged

    means, deviations = result.as_dict(), result.deviations()
    for name, rows in means.items():
        attacks = [attack.number for attack, _ in result.records[name].attacks]
        for table in _figures(name, rows, deviations[name] if seeds > 1 else {}):
            console.print(table)
        if attacks:
            console.print(_delays(name, attacks, rows))
        for kind, detector in result.detectors.items():
            found = dragged(result.records[name], detector, result.evaluations[name][kind])
            if found is not None:
                console.print(_dragged(kind, name, found), soft_wrap=True, highlight=False)
    if seeds > 1:
        console.print(
            f"mean ± standard deviation over {seeds} seeds, where the seed matters", highlight=False
        )
    console.print(
        "ttd: hours from an attack's start to its first alarm, - if undetected. "
        "false/w: alarm episodes raised outside attacks, a week. Nothing is point-adjusted. "
        f"VUS: volume under the precision-recall surface, buffers up to {_buffer()} h. "
        "S_bl: S without the hour before and the day after attacks. "
        "published: this network on dataset04, 4153 windows.",
        highlight=False,
    )


def _dragged(kind: str, record: str, found: Dragged) -> str:
    lost = ", ".join(map(str, found.lost))
    return (
        f"{kind} on {record} with a rolling threshold, mean + {found.sigmas:g} deviations of the "
        f"last week's scores: {found.rolling_hours} attacked hours alarmed instead of "
        f"{found.fixed_hours}; attack {found.attack} drags it from {found.start:.2g} to "
        f"{found.end:.2g}{f'; attack {lost} goes unnoticed' if lost else ''}"
    )


def _buffer() -> int:
    from detector.metrics import BUFFER

    return BUFFER


_COLUMNS = (
    {
        "auc": "AUC",
        "pr_auc": "PRAUC",
        "vus_pr": "VUS",
        "accuracy": "acc",
        "precision": "prec",
        "recall": "recall",
        "f1": "F1",
    },
    {
        "S": "S",
        "S_TTD": "S_TTD",
        "S_CLF": "S_CLF",
        "S_blanked": "S_bl",
        "event_recall": "event",
        "false_episodes_per_week": "false/w",
    },
)  # two tables, since one is wider than a terminal


def _figures(name: str, rows: dict[str, Any], deviations: dict[str, Any]) -> Iterator[Table]:
    from detector.benchmark.evaluate import PUBLISHED

    some = next(iter(rows.values()))
    figures = dict(rows)
    if name == "dataset04":
        figures["published"] = dict(PUBLISHED)
    for columns in _COLUMNS:
        title = f"{name}: {some['rows']} hours judged"
        table = figures_table(("detector", *columns.values()), title=title, box=None)
        for each, row in figures.items():
            if not row.keys().isdisjoint(columns):
                spread = deviations.get(each, {})
                table.add_row(each, *(_shown(row.get(key), spread.get(key)) for key in columns))
        yield table


def _shown(value: float | None, deviation: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}±{deviation:.3f}" if deviation else f"{value:.3f}"


def _delays(name: str, attacks: list[int], rows: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(title=f"{name}: ttd of attack, hours")
    table.add_column("detector")
    for number in attacks:
        table.add_column(str(number), justify="right")
    for each, row in rows.items():
        table.add_row(each, *("-" if hours is None else f"{hours:g}" for hours in row["ttd_hours"]))
    return table
