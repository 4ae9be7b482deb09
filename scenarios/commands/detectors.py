"""`hydrotwin detectors`: list, show, write and check kinds of detector."""

from __future__ import annotations

import sys
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import (
    Force,
    Json,
    check_free,
    print_json,
    print_promises,
    print_table,
)

if TYPE_CHECKING:
    from detector import Detector

EXPORT_WEEK = "t2-starved"
"""The scenario that an exported network is tried on: most of its hours are attacked."""

app = typer.Typer(
    help="The kinds of detector that can watch a run, and writing one.",
    epilog="Example: hydrotwin detectors show cnn-lstm",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: hydrotwin detectors list")
def list_detectors(as_json: Json = False) -> None:
    """List the kinds of detector."""
    from detector.registry import kind_class, kinds

    rows = [
        {
            "kind": kind,
            "columns": kind_class(kind).columns_wanted,
            "summary": _text(kind_class(kind)).splitlines()[0],
        }
        for kind in kinds()
    ]
    heads = {"kind": "detector", "columns": "scores", "summary": "what it does"}
    print_table(heads, rows, as_json)


@app.command("show", epilog="Example: hydrotwin detectors show cnn-lstm")
def show_detector(
    name: Annotated[
        str,
        typer.Argument(
            help="A kind, a Python file with detectors of your own, or a fitted one, *.safetensors."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Explain a kind of detector, its options and the trained ones, or how one was fitted."""
    from detector.checkpoint import SUFFIX, read_card
    from detector.registry import kind_class

    if name.endswith(SUFFIX):
        card = read_card(Path(name))
        if as_json:
            print_json(card)
        else:
            sys.stdout.write(_fitted(name, card))
        return
    kinds = _own(Path(name)) if name.endswith(".py") else (name,)
    data = [_data(kind_class(kind)) for kind in kinds]
    if as_json:
        print_json(data if name.endswith(".py") else data[0])
    else:
        sys.stdout.write("\n".join(_explained(kind_class(kind)) for kind in kinds))


def _data(cls: type[Detector]) -> dict[str, Any]:
    from detector.checkpoint import shipped

    return {
        "kind": cls.kind,
        "columns": cls.columns_wanted,
        "options": [
            {"name": name, "default": option.default, "meaning": option.description or ""}
            for name, option in cls.Options.model_fields.items()
        ],
        "trained": [
            {"plant": plant, "interval_s": interval} for plant, interval in shipped(cls.kind)
        ],
    }


def _explained(cls: type[Detector]) -> str:
    from twin.units import readable

    data = _data(cls)
    columns = {"tags": "the tags", "tags+shadow": "the tags, and a shadow twin's residuals"}
    lines = [f"{cls.kind}: {_text(cls)}", "", f"scores:   {columns[cls.columns_wanted]}"]
    lines += [
        f"--option  {each['name']}={each['default']}: {each['meaning']}" for each in data["options"]
    ]
    trained = [f"{each['plant']}, every {readable(each['interval_s'])}" for each in data["trained"]]
    lines += [f"trained:  {'; '.join(trained) or 'none ships: hydrotwin train'}"]
    return "\n".join(lines) + "\n"


def _fitted(name: str, card: dict[str, Any]) -> str:
    """Return what the card of a fitted detector says, in lines."""
    from detector.registry import kinds
    from twin.units import counted, readable

    tags, about = card["tags"], [("made by", card.get("command", "not written in its card"))]
    about += [
        ("from", f"{each['file']}, {counted(each['rows'], 'row')}; {'; '.join(each['found'])}")
        for each in card.get("data", ())
    ]
    held_out = card.get("held_out", {})
    if {"false_episodes_per_week", "rows"} <= {*held_out}:  # of `supervised` they are weeks
        words = f"{held_out['false_episodes_per_week']:.2f} false episodes a week"
        about.append(("held out", f"{words} in {counted(held_out['rows'], 'row')}"))
    more = f"; what that is: hydrotwin detectors show {card['kind']}"
    lines = [
        f"{name}: a fitted {card['kind']}{more if card['kind'] in kinds() else ''}",
        "",
        f"scores:   frames {readable(card['interval_s'])} apart, {counted(len(tags), 'column')}: "
        f"{tags[0]} … {tags[-1]}",
        f"alarm:    above {card['threshold']['value']:.5g}",
        *(f"{head + ':':<10}{words}" for head, words in about),
    ]
    return "\n".join(lines) + "\n"


@app.command("new", epilog="Example: hydrotwin detectors new my-detector")
def new_detector(
    name: Annotated[str, typer.Argument(help="Of the kind; NAME.py is written here.")],
    force: Force = False,
) -> None:
    """Write a detector of your own that works at once, to change; a file that exists is kept."""
    from scenarios.definition.templates import detector, write

    text, path = detector(name), Path(f"{name}.py")
    check_free(path, force=force)
    write(path, text)
    typer.echo(f"wrote {path}; now: hydrotwin detectors check {path}")
    typer.echo(
        f"Train it: hydrotwin train runs/year --kind {name} --plugin {path} "
        f"--out {name}.safetensors"
    )
    typer.echo(f"In a scenario file beside it: plugins: [{path}] and detector: {name}.safetensors")


@app.command("check", epilog="Example: hydrotwin detectors check my-detector.py")
def check_detector(
    name: Annotated[
        str, typer.Argument(help="A Python file with detectors of your own, or a kind.")
    ],
    as_json: Json = False,
) -> None:
    """Try on detectors what every detector must keep to; exit status 1 if one does not."""
    from detector.contract import check
    from detector.registry import kind_class

    kinds = _own(Path(name)) if name.endswith(".py") else (name,)
    results = {kind: check(kind_class(kind)) for kind in kinds}
    print_promises(results, as_json)


@app.command("export", epilog="Example: hydrotwin detectors export cnn-lstm.onnx")
def export_detector(
    out: Annotated[Path, typer.Argument(help="The ONNX file.", metavar="FILE.onnx")],
    detector: Annotated[
        str, typer.Option(help="A kind whose model is a network, or a checkpoint of one.")
    ] = "cnn-lstm",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write a trained network as ONNX, and let both score a week under attack side by side."""
    from dataclasses import asdict

    from detector import DataError, load
    from detector.benchmark.beside import beside
    from detector.methods.network import NetworkDetector
    from detector.networks.export import export
    from scenarios.bench.recording import record
    from scenarios.definition.schema import load as load_scenario

    if out.suffix != ".onnx":
        raise DataError(
            f"{out}: the file that is written must end in .onnx; a detector of your own is named "
            "by --detector"
        )
    check_free(out, force=force)
    trained = load(detector, interval_s=None)
    if not isinstance(trained, NetworkDetector):
        raise DataError(f"{detector}: its model is no network, and only a network is written so")
    found = export(trained.model, trained.length, trained.channels(), out)
    week = load_scenario(EXPORT_WEEK)
    shown = record(week, week.plant_spec()).frames
    both = None
    if {*trained.tags} <= {*shown.columns}:
        both = beside(trained, out, shown[shown.index % trained.interval_s == 0])
    if as_json:
        print_json({**asdict(found), "week": None if both is None else asdict(both)})
        return
    typer.echo(
        f"wrote {out}: {found.parameters:,} parameters, {found.megabytes:.2f} MB, float32; in: a "
        f"window of {trained.length} x {trained.channels()} scaled values; out: its reconstruction"
    )
    typer.echo(
        f"differs from torch by {found.difference:.1e} at most; one window takes "
        f"{found.eager_ms:.2f} ms in torch and {found.onnx_ms:.2f} ms in ONNX Runtime, one thread"
    )
    if both is None:
        typer.echo("no frames were scored by both: its columns are not the tags of C-Town")
        return
    same = "the same in both" if not both.alarms_apart else f"{both.alarms_apart} in one only"
    typer.echo(
        f"{EXPORT_WEEK}, {both.frames:,} frames: {both.alarms} alarmed, {same}; scores differ by "
        f"{both.difference:.1e} of the threshold at most; a frame takes {both.eager_ms:.2f} ms in "
        f"torch (float64) and {both.onnx_ms:.2f} ms in ONNX Runtime (float32)"
    )


def _own(file: Path) -> tuple[str, ...]:
    from scenarios.definition.plugins import load_plugin
    from twin.errors import InputError

    kinds = load_plugin(file).detectors
    if not kinds:
        raise InputError(
            f'plug-in {file.name} registers no detector: its class needs @register("name"), '
            "imported from `detector`"
        )
    return kinds


def _text(cls: type[Detector]) -> str:
    return cleandoc(cls.__doc__ or "(no docstring)")
