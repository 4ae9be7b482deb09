"""`hydrotwin plant`: show what a plant has, draft one from an EPANET file, check the draft."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from scenarios.commands.output import Force, Json, check_free, print_json, share_bar

app = typer.Typer(help="What a plant has; bringing your own.", no_args_is_help=True)


@app.callback()
def plant() -> None:
    """Look at a plant, or bring your own."""


@app.command(epilog="Example: hydrotwin plant show ctown")
def show(
    plant: Annotated[str, typer.Argument(help="A shipped plant or a plant folder.")] = "ctown",
    as_json: Json = False,
) -> None:
    """Print what each PLC measures, receives, drives and decides: the names scenarios use."""
    from dataclasses import asdict

    from scenarios.report.plant import plant_in_words, plant_summary
    from twin.plants.spec import load_plant

    summary = plant_summary(load_plant(plant))
    if as_json:
        print_json(asdict(summary))
    else:
        typer.echo("\n".join(plant_in_words(summary)))


@app.command(epilog="Example: hydrotwin plant new my-town.inp --out my-town")
def new(
    file: Annotated[Path, typer.Argument(help="An EPANET file, in any units.", metavar="FILE.inp")],
    out: Annotated[Path, typer.Option(help="The plant folder to write.", metavar="DIR")],
    force: Force = False,
) -> None:
    """Draft a plant folder: the network, its tags, and PLCs with the file's controls and rules.

    A folder that exists is kept: --force replaces what a draft writes in a plant's folder, and
    leaves its other files as they are.
    """
    from twin.drafting.draft import RECORD, draft, record

    with share_bar() as tell:
        if force and (out / "plcs.yaml").is_file():
            with TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as beside:
                drafted = draft(file, Path(beside) / out.name, tell)
                for path in (Path(beside) / out.name).iterdir():
                    path.replace(out / path.name)
        else:
            drafted = draft(file, out, tell)
    typer.echo(record(drafted, file.name))
    typer.echo(f"{out} is a plant now; {RECORD} in it holds the above. Run it with:")
    typer.echo(f"  hydrotwin run normal --plant {out}")


@app.command(epilog="Example: hydrotwin plant check my-town")
def check(
    plant: Annotated[str, typer.Argument(help="A plant folder, or a shipped plant.")],
    as_json: Json = False,
) -> None:
    """Hold a plant against the EPANET file it was drafted from, two days, and say how far apart.

    Exit status is 1 where it does otherwise than the file.
    """
    from dataclasses import asdict

    from twin.drafting.draft import check
    from twin.drafting.proof import table, verdict

    with share_bar() as tell:
        source, proof = check(plant, tell)
    if as_json:
        print_json({"file": str(source), "holds": proof.holds, **asdict(proof)})
    else:
        typer.echo("\n".join([*verdict(proof), "", *table(proof)]))
    if not proof.holds:
        raise typer.Exit(1)


@app.command(epilog="Example: hydrotwin plant registers ctown --out registers.csv")
def registers(
    plant: Annotated[str, typer.Argument(help="A shipped plant or a plant folder.")] = "ctown",
    out: Annotated[
        Path | None, typer.Option(help="Write it here, not to the screen.", metavar="FILE.csv")
    ] = None,
    force: Force = False,
) -> None:
    """Print the Modbus register map: what stands at which address of which PLC, as CSV."""
    from twin.plants.spec import load_plant
    from twin.servers.registers import register_map, write_map

    check_free(out, option="--out", force=force)
    table = write_map(register_map(load_plant(plant)))
    if out is None:
        typer.echo(table, nl=False)
    else:
        out.write_text(table, encoding="utf-8")
        typer.echo(f"wrote {out}")
