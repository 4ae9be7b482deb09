"""`hydrotwin scenarios` and `hydrotwin attacks`: what there is, and what each is."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

scenarios = typer.Typer(
    help="The shipped scenarios.",
    epilog="Example: hydrotwin scenarios list",
    no_args_is_help=True,
)
attacks = typer.Typer(
    help="The kinds of attack a scenario can use.",
    epilog="Example: hydrotwin attacks show replay",
    no_args_is_help=True,
)
_Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]


@scenarios.command("list", epilog="Example: hydrotwin scenarios list")
def list_scenarios(as_json: _Json = False) -> None:
    """List the shipped scenarios."""
    from scenarios.schema import library, load

    _table(
        ["scenario", "what happens"],
        [[name, load(name).description] for name in library()],
        as_json,
    )


@scenarios.command("show", epilog="Example: hydrotwin scenarios show normal > mine.yaml")
def show_scenario(name: str) -> None:
    """Print a scenario's file, to read or to start your own from."""
    from scenarios.schema import path_of

    sys.stdout.write(path_of(name).read_text(encoding="utf-8"))


@attacks.command("list", epilog="Example: hydrotwin attacks list")
def list_attacks(as_json: _Json = False) -> None:
    """List the kinds of attack."""
    from attacks.base import kinds

    rows = [
        [name, ", ".join(f"{port}:…" for port in cls.ports), _summary(cls)]
        for name, cls in kinds().items()
    ]
    _table(["attack", "works on", "what it does"], rows, as_json)


@attacks.command("show", epilog="Example: hydrotwin attacks show replay")
def show_attack(name: str, as_json: _Json = False) -> None:
    """Explain a kind of attack: its ports, fields, end, and an example."""
    from attacks.base import fields, kinds
    from twin.errors import InputError, nearest

    known = kinds()
    if name not in known:
        raise InputError(f"unknown attack {name!r}: {nearest(name, known)}")
    cls = known[name]
    if as_json:
        keys = ("name", "type", "unit", "default")
        data = {
            "kind": name,
            "ports": list(cls.ports),
            "fields": [dict(zip(keys, row, strict=True)) for row in fields(cls)],
            "at_end": cls.at_end,
            "example": cls.example,
        }
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        return
    lines = [f"{name}: {_text(cls)}", "", "on:   " + ", ".join(f"{p}:…" for p in cls.ports)]
    units = {"tag": "the tag's unit", "s": "", "setting": "open, closed, or a relative speed"}
    for field, written, unit, default in fields(cls):
        shown = "required" if default == "required" else f"default {default}"
        extra = units.get(unit, unit)
        lines.append(f"do:   {field} ({written}{f', {extra}' if extra else ''}, {shown})")
    lines += [f"end:  {cls.at_end}"]
    lines += ["", "attacks:", f"  - {cls.example}"] if cls.example else []
    sys.stdout.write("\n".join(lines) + "\n")


def _text(cls: Any) -> str:
    from inspect import cleandoc

    return cleandoc(cls.__doc__)


def _summary(cls: Any) -> str:
    return _text(cls).splitlines()[0]


def _table(header: list[str], rows: list[list[str]], as_json: bool) -> None:
    if as_json:
        data = [dict(zip(header, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
