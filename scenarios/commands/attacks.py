"""`hydrotwin attacks`: list, show, write and check kinds of attack."""

from __future__ import annotations

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any

import typer

from scenarios.commands.output import (
    Force,
    Json,
    check_free,
    print_json,
    print_promises,
    print_table,
)

app = typer.Typer(
    help="The kinds of attack a scenario can use, and writing one.",
    epilog="Example: hydrotwin attacks show replay",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: hydrotwin attacks list")
def list_attacks(as_json: Json = False) -> None:
    """List the kinds of attack."""
    from attacks.discovery import kinds
    from attacks.registry import summary

    rows = [
        {
            "kind": name,
            "ports": list(cls.ports) if as_json else _ports(cls),
            "summary": summary(cls),
        }
        for name, cls in kinds().items()
    ]
    heads = {"kind": "attack", "ports": "works on", "summary": "what it does"}
    print_table(heads, rows, as_json)


@app.command("show", epilog="Example: hydrotwin attacks show replay")
def show_attack(
    name: Annotated[str, typer.Argument(help="A kind, or a Python file with kinds of your own.")],
    as_json: Json = False,
) -> None:
    """Explain a kind of attack: its ports, fields, end, technique, and an example."""
    from attacks.discovery import kinds, load_file
    from twin.errors import InputError, nearest

    own = load_file(Path(name)) if name.endswith(".py") else ()
    known = kinds()
    if not own and name not in known:
        hint = f"{nearest(name, known)} (kinds of your own: hydrotwin attacks show FILE.py)"
        raise InputError(f"unknown attack {name!r}: {hint}")
    if as_json:
        print_json({kind: _data(known[kind]) for kind in own} if own else _data(known[name]))
    else:
        sys.stdout.write("\n".join(_explained(known[kind]) for kind in own or (name,)))


def _data(cls: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from attacks.fields import fields
    from attacks.techniques import techniques

    return {
        "kind": cls.kind,
        "ports": list(cls.ports),
        "fields": [asdict(field) for field in fields(cls)],
        "at_end": cls.at_end,
        "technique": cls.technique,
        "techniques": techniques(cls),
        "example": cls.example,
    }


def _explained(cls: Any) -> str:
    from attacks.fields import fields
    from attacks.techniques import techniques

    ports_of = techniques(cls)
    lines = [f"{cls.kind}: {cleandoc(cls.__doc__)}", "", f"on:   {_ports(cls)}"]
    lines += [f"do:   {field}" for field in fields(cls)]
    lines += [f"end:  {cls.at_end}"]
    if len(ports_of) == 1:
        lines += [f"MITRE ATT&CK for ICS: {next(iter(ports_of))}"]
    elif ports_of:
        lines += ["MITRE ATT&CK for ICS:"]
        lines += [f"  {technique} on {', '.join(ports)}" for technique, ports in ports_of.items()]
    lines += ["", "attacks:", f"  - {cls.example}"] if cls.example else []
    return "\n".join(lines) + "\n"


@app.command("new", epilog="Example: hydrotwin attacks new my-attack")
def new_attack(
    name: Annotated[
        str, typer.Argument(help="The kind's name; NAME.py is written in this folder.")
    ],
    force: Force = False,
) -> None:
    """Write an attack of your own that works at once, to change; a file that exists is kept."""
    from scenarios.definition.templates import attack, write

    text, path = attack(name), Path(f"{name}.py")
    check_free(path, force=force)
    write(path, text)
    typer.echo(f"wrote {path}; now: hydrotwin attacks check {path}")
    typer.echo(f"In a scenario file beside it: plugins: [{path}]")


@app.command("check", epilog="Example: hydrotwin attacks check my-attack.py")
def check_attack(
    file: Annotated[Path, typer.Argument(help="A Python file with attacks of your own.")],
    as_json: Json = False,
) -> None:
    """Test your own attacks against the rules for every attack; exit status 1 if one fails."""
    from attacks.contract import check
    from attacks.discovery import kinds, load_file

    results = {kind: check(kinds()[kind]) for kind in load_file(file)}
    print_promises(results, as_json)


def _ports(cls: Any) -> str:
    return ", ".join(port if port == "scada" else f"{port}:…" for port in cls.ports)
