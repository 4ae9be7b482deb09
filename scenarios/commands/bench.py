"""`hydrotwin bench`: how fast the twin is on this machine, and what detectors notice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import Json, Plugins, figures_table, names_in, print_json, publish
from twin.units import counted

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    help="Measure how fast the parts are, and what detectors notice.", no_args_is_help=True
)


Detectors = Annotated[
    str | None,
    typer.Option(
        help=r"Kinds or *.safetensors files, separated by commas. \[default: all that ship]",
        metavar="A,B,…",
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help=r"Processes. \[default: one a core]")]


@app.callback()
def bench() -> None:
    """Measure how fast the parts are, and what detectors notice."""


@app.command(epilog="Example: hydrotwin bench twin --days 30")
def twin(
    days: Annotated[int, typer.Option(min=1, help="Days of loop against bare EPANET.")] = 30,
    as_json: Json = False,
) -> None:
    """Measure the full loop against bare EPANET, WNTR and, where installed, EPyT-Flow."""
    from rich.console import Console
    from rich.table import Table

    from scenarios.validation.speed import measure_speed

    # Lines, no spinner: one that turns in this process would be measured with it.
    speed = measure_speed(days, tell=Console(stderr=True).print)
    if as_json:
        print_json(speed.as_dict())
        return
    hour = speed.loop_s / days / 24
    table = Table("what", "s a simulated hour", "hours a second", "times the loop", box=None)
    rows = {"bare EPANET, own controls": speed.bare_s / days / 24, "full loop": hour, **speed.peers}
    for name, seconds in rows.items():
        table.add_row(name, f"{seconds:.2e}", f"{1 / seconds:,.0f}", f"{seconds / hour:.2f}")
    out = Console()
    out.print(table)
    out.print(
        f"The full loop takes {speed.ratio:.2f} times bare EPANET over {counted(days, 'day')}."
    )
    for run in speed.growth:
        rate = run.days * 24 / run.seconds
        peak = f", peak {run.peak_mb:.0f} MB"
        alone = f"{counted(run.days, 'day')} alone"
        out.print(f"{alone}: {run.seconds:.1f} s, {rate:,.0f} hours a second{peak}")


@app.command(epilog="Example: hydrotwin bench sweep --seeds 20")
def sweep(
    seeds: Annotated[
        int, typer.Option(min=1, help="Seeds of each attacked week in the library.")
    ] = 2,
    as_json: Json = False,
) -> None:
    """Measure sweeps: attacked weeks a minute, detector, workers, the driver, and memory."""
    from rich.console import Console

    from scenarios.experiments.speed import DETECTOR, measure_sweeps

    speed = measure_sweeps(seeds, tell=Console(stderr=True).print)
    if as_json:
        print_json(speed.as_dict())
        return
    out = Console()
    out.print(
        f"{speed.weeks_a_minute:.0f} attacked weeks a minute, {counted(speed.workers, 'worker')}, "
        f"no detector ({speed.weeks} weeks, their pairs and warm-ups run too)"
    )
    out.print(f"with {DETECTOR}: {speed.detector:.2f} times as long")
    out.print(f"1 to {counted(speed.workers, 'worker')}: {speed.speedup:.2f} times as fast")
    for runs, share in speed.driver.items():
        out.print(
            f"the driver, {runs:,} runs: {share:.1%} of their time, "
            f"peak {speed.driver_mb[runs]:.0f} MB"
        )
    for runs, peak in speed.worker_mb.items():
        out.print(f"a worker, {runs} runs: peak {peak:.0f} MB")


@app.command(
    epilog="Examples: hydrotwin bench detection · hydrotwin bench detection --detectors "
    "physics,mine.safetensors --draws 0"
)
def detection(
    detectors: Detectors = None,
    weeks: Annotated[int, typer.Option(min=1, help="Normal weeks, a seed each.")] = 14,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each incident.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="The first seed: SEED, SEED + 1, …")] = 9000,
    draws: Annotated[
        int, typer.Option(min=0, help="Of each error of the shadow twin; 0 for none.")
    ] = 5,
    plugin: Plugins = None,
    workers: Workers = None,
    out: Annotated[
        Path, typer.Option(help="Its folder; started again, it does only what is missing.")
    ] = Path("bench/detection"),
    as_json: Json = False,
) -> None:
    """Try detectors on attacks, faults and normal weeks: what they notice, and what it costs."""
    from functools import partial

    from scenarios.bench.detection import Bench, planned, run
    from scenarios.bench.figures import figures
    from scenarios.bench.picture import plot_bench
    from scenarios.bench.recipes import cases
    from scenarios.sweeps.sweep import cores

    named, plugins = _chosen(detectors, plugin)
    bench = Bench(named, seed, draws, plugins)
    tries, refits = planned(bench, cases(weeks, runs, seed, plugins), out)
    rows = run(tries, out, refits=refits, workers=workers or cores(), progress=not as_json)
    found = {"seeds": [seed, seed + weeks - 1], "runs": runs, "draws": draws, **figures(rows)}
    rows.drop(columns="key").to_parquet(out / "cases.parquet", compression="zstd")
    title = f"What detectors notice on C-Town: seeds {seed} to {seed + weeks - 1}, "
    title += f"{counted(runs, 'run')} of each incident"
    publish(out / "bench", found, lambda: plot_bench(found, title), partial(_tell, found), as_json)
    raise typer.Exit(1 if found["failed"] else 0)


@app.command(epilog="Example: hydrotwin bench evasion --detectors physics --runs 1")
def evasion(
    detectors: Detectors = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each case, a seed each.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="The first seed: SEED, SEED + 1, …")] = 9100,
    plugin: Plugins = None,
    workers: Workers = None,
    out: Annotated[
        Path, typer.Option(help="Its folder; started again, it does only what is missing.")
    ] = Path("bench/evasion"),
    as_json: Json = False,
) -> None:
    """Let attackers who reach more and more tags hide from each detector: what they still do."""
    from functools import partial

    from scenarios.bench import evasion as table
    from scenarios.bench.detection import Bench, run, watches
    from scenarios.bench.picture import plot_evasion
    from scenarios.sweeps.sweep import cores

    named, plugins = _chosen(detectors, plugin)
    known, _ = watches(Bench(named, seed, 0, plugins), out)
    tries = table.attempts(known, runs, seed, plugins)
    rows = run(tries, out, workers=workers or cores(), progress=not as_json)
    found = {"seeds": [seed, seed + runs - 1], **table.figures(rows)}
    rows.drop(columns="key").to_parquet(out / "cases.parquet", compression="zstd")
    title = f"Who hides from whom on C-Town: seeds {seed} to {seed + runs - 1}"
    publish(
        out / "bench",
        found,
        lambda: plot_evasion(found, table.reaches(), title),
        partial(_tell_evasion, found),
        as_json,
    )
    raise typer.Exit(1 if found["failed"] else 0)


def _tell_evasion(found: dict[str, Any], console: Console) -> None:
    """Print what each attacker does, and until when."""
    from scenarios.bench.words import EVASION_HEADS, evasion_rows

    table = figures_table(EVASION_HEADS, box=None, pad_edge=False)
    for name, disguises in found["detectors"].items():
        for row in evasion_rows(name, disguises):
            table.add_row(*row)
    console.print(table)
    if found["failed"]:
        console.print(f"{found['failed']} rows failed: see `error` in cases.parquet.", markup=False)


def _chosen(
    detectors: str | None, plugin: list[Path] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what --detectors names, or all that ship, and the plug-ins, loaded."""
    from scenarios.bench.detection import shipped
    from scenarios.definition.plugins import load_plugin

    for path in plugin or ():
        load_plugin(path)
    named = shipped() if detectors is None else tuple(names_in(detectors))
    return named, tuple(str(path.resolve()) for path in plugin or ())


def _tell(found: dict[str, Any], console: Console) -> None:
    """Print the tables, and what they say."""
    from scenarios.bench.words import HEADS, SHADOW_HEADS, advice, detector_row, shadow_row

    table = figures_table(HEADS, box=None, pad_edge=False)
    for name, one in found["detectors"].items():
        table.add_row(*detector_row(name, one))
    console.print(table)
    wrong = [
        (setting, name, one)
        for name, settings in found["shadows"].items()
        for setting, one in settings.items()
    ]
    if wrong:
        console.print()
        table = figures_table(SHADOW_HEADS, box=None, pad_edge=False)
        for setting, name, one in wrong:
            table.add_row(*shadow_row(setting, name, one))
        console.print(table)
    console.print()
    for line in advice(found):
        console.print(line, markup=False)
    if found["failed"]:
        console.print(f"{found['failed']} rows failed: see `error` in cases.parquet.", markup=False)
