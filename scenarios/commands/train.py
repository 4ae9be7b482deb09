"""`hydrotwin train`: fit a detector on normal data and save it with its card."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.output import Force, check_free, epoch_bar, warn
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
    kind: Annotated[str, typer.Option(help="The kind of detector: cnn-lstm or pca.")] = "cnn-lstm",
    epochs: Annotated[
        int | None, typer.Option(min=1, help=r"At most so many passes. \[default: the kind's own]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    force: Force = False,
) -> None:
    """Train a detector on normal data; Ctrl-C keeps the best epoch so far.

    Files that exist are kept: replace them with --force.
    """
    from rich.console import Console

    from detector import DataError
    from detector.benchmark.pictures import draw_loss, save
    from detector.checkpoint import SUFFIX
    from detector.registry import kind_class
    from scenarios.experiments.training import read_normal
    from scenarios.experiments.training import train as fit
    from scenarios.report.style import plotting

    kind_class(kind)
    if out.suffix != SUFFIX:
        raise DataError(f"--out {out}: a checkpoint's name must end in {SUFFIX}.")
    card, picture = out.with_suffix(".json"), out.with_name(f"{out.stem}-loss.png")
    check_free(out, card, picture, force=force)
    tables, described = read_normal(data)
    with epoch_bar() as progress:
        detector = fit(
            tables,
            described,
            kind,
            command=_command(data, out, kind, epochs, seed, device),
            seed=seed,
            epochs=epochs,
            device=device,
            progress=partial(progress, kind),
        )
    detector.save(out)
    written = [out, card]
    if "history" in detector.about:
        with plotting(f"{picture}", warn):
            written.append(save(draw_loss(detector.about["history"]), picture))
    _tell(Console(), detector, written)
    if detector.about.get("history", {}).get("stopped") == "interrupted":
        raise KeyboardInterrupt("the weights of the best epoch so far are kept")


def _command(
    data: list[Path], out: Path, kind: str, epochs: int | None, seed: int, device: str
) -> str:
    words = ["hydrotwin", "train", *map(str, data), "--out", str(out), "--kind", kind]
    words += ["--epochs", str(epochs)] if epochs is not None else []
    words += ["--seed", str(seed), "--device", device]
    return shlex.join(words)


def _tell(console: Console, detector: Detector, written: list[Path]) -> None:
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
    rule = about["threshold"]
    console.print(
        f"threshold {detector.threshold:.5g} = mean {rule['mean']:.5g} + {rule['sigmas']:g} x "
        f"{rule['deviation']:.5g} of {about['held_out']['rows']} held-out rows; on these "
        f"{about['held_out']['false_episodes_per_week']:.2f} false episodes a week"
    )
    for path in written:
        console.print(f"wrote {path}", soft_wrap=True, highlight=False)
