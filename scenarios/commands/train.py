"""`hydrotwin train`: fit a detector on normal data and save it with its card."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.tables import warn

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from detector import Detector, Epoch


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
    kind: Annotated[str, typer.Option(help="Which detector.")] = "cnn-lstm",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="At most so many passes. [default: the kind's own]")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training.")] = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Train a detector on normal data; Ctrl-C keeps the best epoch so far."""
    from rich.console import Console

    from detector import DataError, create
    from detector.base import HOUR, kind_class
    from detector.checkpoint import SUFFIX
    from detector.pictures import draw_loss, save
    from scenarios.drawing import drawing

    console = Console(stderr=True)
    kind_class(kind)
    if out.suffix != SUFFIX:
        raise DataError(f"--out {out}: a checkpoint's name must end in {SUFFIX}.")
    tables, described = _read_all(data)
    detector = create(kind, [str(tag) for tag in tables[0].columns], HOUR)
    with epoch_bar(console) as progress:
        detector.fit(
            tables,
            seed=seed,
            epochs=epochs,
            device=device,
            progress=lambda epoch: progress(kind, epoch),
        )
    detector.about = {
        "command": _command(data, out, kind, epochs, seed, device),
        "data": described,
        "seed": seed,
        "versions": _versions(),
        **detector.about,
    }
    detector.save(out)
    written = [out, out.with_suffix(".json")]
    if "history" in detector.about:
        picture = out.with_name(f"{out.stem}-loss.png")
        with drawing(f"{picture}", warn):
            written.append(save(draw_loss(detector.about["history"]), picture))
    _tell(Console(), detector, described, written)
    if detector.about.get("history", {}).get("stopped") == "interrupted":
        raise KeyboardInterrupt("the weights of the best epoch so far are kept")


@contextmanager
def epoch_bar(console: Console) -> Iterator[Callable[[str, Epoch], None]]:
    """Show a bar that moves with every epoch; yield what is to be called with kind and epoch."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, Any] = {}

        def moved(kind: str, epoch: Epoch) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(kind, total=epoch.of)
            bar.update(
                tasks[kind],
                completed=epoch.number,
                description=f"{kind}: epoch {epoch.number} of {epoch.of} at most, "
                f"loss {epoch.loss:.5f}, held out {epoch.held_out:.5f}",
            )

        yield moved


def _read_all(data: list[Path]) -> tuple[list[pd.DataFrame], list[dict[str, Any]]]:
    from detector import DataError

    tables: list[pd.DataFrame] = []
    described: list[dict[str, Any]] = []
    for path in data:
        table, words = _read_run(path) if path.is_dir() else _read_csv(path)
        if tables and list(table.columns) != list(tables[0].columns):
            raise DataError(f"{path}: its tags are not those of {data[0]}; train on one plant.")
        tables.append(table)
        described.append({"file": str(path), "rows": len(table), "found": words})
    return tables, described


def _read_csv(path: Path) -> tuple[pd.DataFrame, list[str]]:
    from detector import DataError
    from detector.batadal import read

    found = read(path)
    if found.labels.any() or (found.flags is not None and (found.flags == 1).any()):
        raise DataError(f"{path}: holds hours under attack. Train on normal data only.")
    return found.table, list(found.notes)


def _read_run(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return the hourly frames of a run: the rows a detector of C-Town sees."""
    import pandas as pd
    from pyarrow import ArrowException

    from detector import DataError
    from detector.base import HOUR

    place = folder / "scada.parquet"
    if not place.is_file():
        raise DataError(f"{folder}: no scada.parquet; name a run folder or a BATADAL CSV file.")
    labels = folder / "labels.parquet"
    try:
        frames = pd.read_parquet(place)
        marks = pd.read_parquet(labels) if labels.is_file() else pd.DataFrame({"label": []})
    except (ArrowException, OSError) as error:
        raise DataError(f"{folder}: damaged: {error}. Run the scenario again.") from error
    if (marks["label"] == "attack").any():
        raise DataError(f"{folder}: a run under attack. Train on normal runs only.")
    if "time" not in frames.columns:
        raise DataError(f"{place}: no column 'time'; this is no run of the twin.")
    hourly = frames[frames["time"] % HOUR == 0].reset_index(drop=True)
    if hourly.empty:
        raise DataError(f"{place}: no frame falls on a full hour.")
    first, last = hourly["time"].iloc[0] / HOUR, hourly["time"].iloc[-1] / HOUR
    words = [f"hourly frames, hour {first:g} to {last:g} of the run"]
    metrics = folder / "metrics.json"
    if metrics.is_file():
        made = json.loads(metrics.read_text(encoding="utf-8"))
        words.append(f"scenario {made['scenario']}, seed {made['seed']}")
    return hourly.drop(columns="time"), words


def _command(
    data: list[Path], out: Path, kind: str, epochs: int | None, seed: int, device: str
) -> str:
    words = ["hydrotwin", "train", *map(str, data), "--out", str(out), "--kind", kind]
    words += ["--epochs", str(epochs)] if epochs is not None else []
    words += ["--seed", str(seed), "--device", device]
    return shlex.join(words)


def _versions() -> dict[str, str]:
    import platform
    from importlib.metadata import version

    names = ("hydrotwin", "torch", "scikit-learn", "numpy", "pandas")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _tell(
    console: Console, detector: Detector, described: list[dict[str, Any]], written: list[Path]
) -> None:
    for each in described:
        console.print(f"{each['file']}: {each['rows']} rows; {'; '.join(each['found'])}")
    about = detector.about
    if "history" in about:
        history = about["history"]
        best = history["best_epoch"]
        console.print(
            f"{len(history['loss'])} epochs ({history['stopped']}), kept number {best}: "
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
