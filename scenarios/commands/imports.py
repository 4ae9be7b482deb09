"""`hydrotwin import`: reads other tools' scenario files into scenario files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.output import Force, check_free
from twin.errors import InputError, listed

if TYPE_CHECKING:
    from scenarios.importers.imported import Imported


_FILES = ("*.cpa", "*.yaml", "*.yml")


def import_(
    file: Annotated[Path, typer.Argument(help="epanetCPA's .cpa or DHALSIM's YAML.")],
    plant: Annotated[
        str, typer.Option(help="The plant to run it on: a shipped name, or a folder.")
    ] = "ctown",
    out: Annotated[
        Path | None,
        typer.Option(
            help=r"The scenario file. \[default: FILE's name, here]", metavar="SCENARIO.yaml"
        ),
    ] = None,
    without_companions: Annotated[
        bool,
        typer.Option(
            "--without-companions",
            help="Where a file it names is missing, use the plant's own, and say so.",
        ),
    ] = False,
    force: Force = False,
) -> None:
    """Convert another tool's scenario into a scenario file, and print what differs in it.

    Files that exist are kept: name others, or replace them with --force.
    """
    from scenarios.importers.dhalsim.experiment import read_dhalsim
    from scenarios.importers.epanetcpa.experiment import read_cpa
    from twin.plants.spec import plants

    if file.is_dir():
        files = sorted(one.name for pattern in _FILES for one in file.glob(pattern))
        inside = f": name one of its files, {listed(files)}" if files else ""
        raise InputError(f"{file} is a folder, and a scenario to import is a file{inside}")
    if not file.is_file():
        raise InputError(f"no such file: {file}")
    if plant not in plants():
        plant = str(Path(plant).absolute())
    wanted = not without_companions
    if file.suffix.casefold() == ".cpa":
        imports = [read_cpa(file, plant, wanted)]
    elif file.suffix.casefold() in (".yaml", ".yml"):
        _refuse_own(file)
        imports = read_dhalsim(file, plant, wanted)
    else:
        raise InputError(f"{file.name} is neither a .cpa file (epanetCPA) nor a .yaml (DHALSIM)")
    target = out or Path(f"{file.stem}.yaml")
    texts = files_of(imports, target)
    for path in (target, *texts):
        if path.exists() and path.samefile(file):
            raise InputError(f"{path} is the file to import: name another with --out")
    check_free(*texts, force=force)
    for path, text in texts.items():
        beside = path.with_name(f".{path.name}.tmp")
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105
    for note in dict.fromkeys(str(note) for imported in imports for note in imported.notes):
        typer.echo(note)
    names = ", ".join(str(path) for path in texts)
    typer.echo(f"Wrote {names}. Run it with: hydrotwin run {next(iter(texts))}")


def _refuse_own(file: Path) -> None:
    """Raise InputError for a scenario of ours: DHALSIM's experiments have an INP and no name."""
    from twin.files import load_yaml

    data = load_yaml(file)
    if isinstance(data, Mapping) and "name" in data and "inp_file" not in data:
        raise InputError(f"{file} is a hydrotwin scenario already: hydrotwin run {file}")


def files_of(imports: list[Imported], target: Path) -> dict[Path, str]:
    """Return the texts of the files to write, by path: the scenarios, then their tables."""
    scenarios: dict[Path, str] = {}
    tables: dict[Path, str] = {}
    for number, imported in enumerate(imports):
        stem = target.stem if len(imports) == 1 else f"{target.stem}-{number}"
        names = {key: f"{stem}-{key}.csv" for key in imported.tables}
        imported.name_tables(names)
        scenarios[target.with_name(f"{stem}{target.suffix}")] = imported.to_yaml()
        tables |= {target.with_name(names[key]): text for key, text in imported.tables.items()}
    return {**scenarios, **tables}
