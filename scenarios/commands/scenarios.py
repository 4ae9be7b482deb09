"""`hydrotwin scenarios`: list, show, write and check scenario files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.output import Force, Json, check_free, print_json, print_table, tell_plugins

app = typer.Typer(
    help="The shipped scenarios, and writing one.",
    epilog="Example: hydrotwin scenarios list",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: hydrotwin scenarios list")
def list_scenarios(as_json: Json = False) -> None:
    """List the shipped scenarios."""
    from scenarios.definition.schema import library, load

    rows = [{"name": name, "summary": load(name).description} for name in library()]
    print_table({"name": "scenario", "summary": "what happens"}, rows, as_json)


@app.command("show", epilog="Example: hydrotwin scenarios show normal")
def show_scenario(name: str, as_json: Json = False) -> None:
    """Print a scenario's file."""
    from scenarios.definition.schema import path_of
    from twin.files import plain, read_yaml

    path = path_of(name)
    if as_json:
        print_json(plain(read_yaml(path)))
    else:
        sys.stdout.write(path.read_text(encoding="utf-8"))


@app.command("new", epilog="Example: hydrotwin scenarios new mine --from t2-starved")
def new_scenario(
    name: Annotated[str, typer.Argument(help="Its name; NAME.yaml is written in this folder.")],
    origin: Annotated[
        str | None, typer.Option("--from", help="A shipped scenario, instead of the template.")
    ] = None,
    force: Force = False,
) -> None:
    """Write a commented scenario file that runs, to change; one that exists is kept."""
    from scenarios.definition.templates import scenario, write

    text, path = scenario(name, origin), Path(f"{name}.yaml")
    check_free(path, force=force)
    write(path, text)
    typer.echo(f"wrote {path}; now: hydrotwin run {path} --dry-run")


@app.command("check", epilog="Example: hydrotwin scenarios check mine.yaml")
def check_scenario(
    file: Annotated[str, typer.Argument(help="A scenario's file or name.")], as_json: Json = False
) -> None:
    """Find what is wrong with a scenario, ports and conditions too, without running it."""
    from scenarios.definition.check import check
    from twin.errors import InputError
    from twin.units import counted

    try:
        tell_plugins(file)
        scenario, notices = check(file)
    except InputError as error:
        if not as_json:
            raise
        print_json(
            {
                "ok": False,
                "file": None if error.file is None else str(error.file),
                "line": error.line,
                "column": error.column,
                "message": error.message,
            }
        )
        raise typer.Exit(2) from None
    count = len(scenario.entries)
    if as_json:
        warnings = [{"line": n.line, "column": n.column, "message": n.message} for n in notices]
        data = {"ok": True, "scenario": scenario.name, "entries": count, "warnings": warnings}
        print_json(data)
        return
    for notice in notices:
        typer.echo(f"{notice.file}:{notice.line}:{notice.column}: warning: {notice.message}")
    entries = counted(count, "entry", "entries")
    verdict = f"it runs, with {counted(len(notices), 'warning')}" if notices else "nothing wrong"
    typer.echo(f"{file}: {verdict}; {entries}")


@app.command("schema", epilog="Example: hydrotwin scenarios schema my-attack.py > my.schema.json")
def print_schema(
    plugins: Annotated[
        list[Path] | None, typer.Argument(help="Files with attacks of your own.", metavar="PLUGIN")
    ] = None,
) -> None:
    """Print the JSON Schema of scenario files, by which an editor completes and checks them."""
    from scenarios.definition.json_schema import text
    from scenarios.definition.plugins import load_plugin

    for path in plugins or ():
        load_plugin(path)
    sys.stdout.write(text())
