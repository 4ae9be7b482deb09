"""`hydrotwin demand`: the demands behind a record, and a profile to draw new ones from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import FiguresAsJson, Force, check_free, json_of, share_bar, warn

if TYPE_CHECKING:
    from rich.console import Console

    from twin.plants.profile import Profile

_WEEK = 168  # hours

app = typer.Typer(help="The demands behind a record.", no_args_is_help=True)


@app.callback()
def demand() -> None:
    """Find the demands behind a record, and fit a profile to draw new ones from."""


@app.command(
    "fit",
    epilog="Example: hydrotwin demand fit data/BATADAL_dataset03.csv --plant ctown "
    "--out my-plant/demand.csv",
)
def fit_profile(
    file: Annotated[Path, typer.Argument(help="A record: an hourly BATADAL-style CSV.")],
    plant: Annotated[str, typer.Option(help="A shipped plant's name, or a folder.")] = "ctown",
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write the profile; a plant uses the demand.csv in its folder."),
    ] = None,
    per_dma: Annotated[
        bool, typer.Option("--per-dma", help="A profile for each DMA, not one for all.")
    ] = False,
    force: Force = False,
    as_json: FiguresAsJson = False,
) -> None:
    """Infer the DMAs' hourly demand multipliers from a record and fit their day-type profile.

    Hours under attack, and those whose label is unknown, are left out. A file that exists is kept:
    replace it with --force.
    """
    from rich.console import Console

    from scenarios.validation.demand_fit import fit_demands
    from scenarios.validation.plant_record import read_record
    from twin.errors import InputError
    from twin.plants.profile import write
    from twin.plants.spec import load_plant

    spec = load_plant(plant)
    check_free(out, force=force)
    record = read_record(file, spec)
    weeks = record.normal.sum() / _WEEK
    if weeks < 2:
        warn(
            f"{file}: {weeks:.1f} weeks are little to fit a profile on, for which some hours come "
            "but once; give a record of two weeks, better four"
        )
    with share_bar() as progress:
        fit = fit_demands(
            spec, record, shared=not per_dma, on_share=lambda share: progress("demands", share)
        )
    if out is not None:
        try:
            write(fit.profile, tuple(spec.dmas), out)
        except OSError as error:
            raise InputError(f"--out {out} cannot be written: {error.strerror}") from None
    if as_json:
        typer.echo(json_of(fit.as_dict()))
        return
    console = Console(highlight=False)
    console.print(record.told, soft_wrap=True)
    _tell(console, fit.as_dict(), fit.profile, fit.names)
    if out is not None:
        console.print(f"wrote {out}", soft_wrap=True)


def _tell(
    console: Console, figures: dict[str, Any], profile: Profile, names: tuple[str, ...]
) -> None:
    from rich.table import Table

    from twin.plants.profile import DAY_TYPES

    for i, name in enumerate(names):
        table = Table(title=f"{name}: demand multiplier, mean ± standard deviation")
        table.add_column("hour", justify="right")
        for day in DAY_TYPES:
            table.add_column(day, justify="right")
        for hour in range(24):
            cells = [
                f"{profile.mean[i, kind, hour]:.3f} ± {profile.std[i, kind, hour]:.3f}"
                for kind in range(len(DAY_TYPES))
            ]
            table.add_row(str(hour), *cells)
        console.print(table)
    console.print(
        f"{figures['hours']} of {figures['rows']} hours used; what the demands leave unexplained, "
        f"error / standard deviation over flows and pressures: median {figures['residual']:.2g}, "
        f"95 % of hours below {figures['residual_95']:.2g}"
    )
    lags = ", ".join(f"{lag} h {value:+.3f}" for lag, value in figures["autocorrelation"].items())
    console.print(
        f"multipliers, standardised, against the normal distribution: KS distance "
        f"{figures['ks']:.4f}, p = {figures['p']:.2f}; autocorrelation: {lags}"
    )
