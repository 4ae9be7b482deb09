"""`hydrotwin train`: fit a detector on normal data and save it with its card."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.output import Force, Plugins, check_free, epoch_bar, warn
from twin.units import counted

if TYPE_CHECKING:
    from rich.console import Console

    from detector import Detector


def train(
    data: Annotated[
        list[Path],
        typer.Argument(
            help="Normal data: BATADAL-style CSV files, or run folders.", metavar="DATA..."
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The weights, *.safetensors; card and loss curve go beside.")
    ],
    kind: Annotated[str, typer.Option(help="One of `hydrotwin detectors list`.")] = "cnn-lstm",
    option: Annotated[
        list[str] | None,
        typer.Option(
            help="Of the kind, see `hydrotwin detectors show KIND`.", metavar="NAME=VALUE"
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help=r"At most so many passes. \[default: the kind's own]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda, for kinds that can use it.")] = "cpu",
    interval: Annotated[
        str, typer.Option(help='From frame to frame, like "5 min"; SCADA\'s frames or fewer.')
    ] = "1 h",
    plugin: Plugins = None,
    force: Force = False,
) -> None:
    """Train a detector on normal data; Ctrl-C keeps the best epoch so far.

    Files that exist are kept: replace them with --force.
    """
    from rich.console import Console

    from detector import DataError, Training
    from detector.benchmark.pictures import draw_loss, save
    from detector.checkpoint import SUFFIX
    from detector.registry import kind_class
    from scenarios.definition.plugins import load_plugin
    from scenarios.experiments.training import read_normal
    from scenarios.experiments.training import train as fit
    from scenarios.report.style import plotting

    for path in plugin or ():
        load_plugin(path)
    kind_class(kind)
    if out.suffix != SUFFIX:
        raise DataError(f"--out {out}: a checkpoint's name must end in {SUFFIX}.")
    card, picture = out.with_suffix(".json"), out.with_name(f"{out.stem}-loss.png")
    check_free(out, card, picture, force=force, needs_folder=False)
    interval_s = _seconds(interval)
    options = _options(option or [])
    if epochs is not None:
        options["epochs"] = epochs
    if "device" in kind_class(kind).Options.model_fields or device != "cpu":
        options["device"] = device
    kind_class(kind).options(Training(options=options))  # before anything long is read
    normal = read_normal(data, interval_s)
    with epoch_bar() as progress:
        detector = fit(
            normal,
            kind,
            Training(seed, options, partial(progress, kind)),
            command=_command(data, out, kind, option or [], epochs, seed, device, interval, plugin),
            interval_s=interval_s,
        )
    detector.save(out)
    written = [out, card]
    if "history" in detector.about:
        with plotting(f"{picture}", warn):
            written.append(save(draw_loss(detector.about["history"]), picture))
    _tell(Console(), detector, written)
    if detector.about.get("history", {}).get("stopped") == "interrupted":
        raise KeyboardInterrupt("the weights of the best epoch so far are kept")


def _seconds(interval: str) -> float:
    """Return what --interval says [s]."""
    from detector import DataError
    from twin.units import duration

    try:
        seconds = duration(interval)
    except ValueError as error:
        raise DataError(f"--interval: {error}") from None
    if seconds <= 0:
        raise DataError(f"--interval {interval}: longer than nothing, like 5 min.")
    return seconds


def _options(written: list[str]) -> dict[str, Any]:
    """Return what --option says, by name."""
    from detector import DataError

    options: dict[str, Any] = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not equals:
            raise DataError(f"--option {each}: write NAME=VALUE.")
        options[name.strip()] = value.strip()
    return options


def _command(
    data: list[Path],
    out: Path,
    kind: str,
    option: list[str],
    epochs: int | None,
    seed: int,
    device: str,
    interval: str,
    plugin: list[Path] | None,
) -> str:
    words = ["hydrotwin", "train", *map(str, data), "--out", str(out), "--kind", kind]
    words += [word for each in option for word in ("--option", each)]
    words += ["--epochs", str(epochs)] if epochs is not None else []
    words += ["--seed", str(seed), "--device", device]
    words += ["--interval", interval] if interval != "1 h" else []
    words += [word for path in plugin or () for word in ("--plugin", str(path))]
    return shlex.join(words)


def _tell(console: Console, detector: Detector, written: list[Path]) -> None:
    from detector.base import WEEK
    from detector.thresholds.rule import weekly_interval

    about = detector.about
    for each in about["data"]:
        console.print(f"{each['file']}: {counted(each['rows'], 'row')}; {'; '.join(each['found'])}")
    if "history" in about:
        history = about["history"]
        best = history["best_epoch"]
        console.print(
            f"{counted(len(history['loss']), 'epoch')} ({history['stopped']}), kept number {best}: "
            f"held-out loss {history['held_out'][best - 1]:.5f}"
        )
    rule, held_out = about.get("threshold", {}), about.get("held_out", {})
    words = f"threshold {detector.threshold:.5g}"
    if "sigmas" in rule:
        words += f" = mean {rule['mean']:.5g} + {rule['sigmas']:g} x {rule['deviation']:.5g}"
    if "rows" in held_out:
        words += f" of {held_out['rows']} held-out rows"
    if "false_episodes_per_week" in held_out:
        weeks = held_out["rows"] * detector.interval_s / WEEK
        rate = held_out["false_episodes_per_week"]
        low, high = weekly_interval(round(rate * weeks), weeks)
        words += f"; on these {rate:.2f} false episodes a week (95 %: {low:.2g} to {high:.2g})"
    console.print(words)
    for path in written:
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
