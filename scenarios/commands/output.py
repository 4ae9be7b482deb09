"""What commands print and write: tables, JSON, warnings, pictures, and bars for long work."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console
    from rich.table import Table

    from detector import Step

Json = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
FiguresAsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON only.")]

Force = Annotated[bool, typer.Option("--force", help="Replace what is there already.")]

Plugins = Annotated[
    list[Path] | None, typer.Option(help="A Python file with detectors of your own.")
]


def names_in(text: str, option: str = "--detectors") -> list[str]:
    """Return the detectors that an option names, separated by commas, each once.

    Raises
    ------
    InputError
        If it names none.
    """
    from twin.errors import InputError

    names = list(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    if not names:
        raise InputError(f"{option} names none; for instance: {option} physics,pca")
    return names


def check_free(
    *paths: Path | None, force: bool, option: str = "--out", needs_folder: bool = True
) -> None:
    """Raise InputError for a file to be written that exists already or has no folder to be in.

    Every command that writes a file under a name it is given asks here first, before any work.

    Parameters
    ----------
    *paths : Path or None
        The files; None for one that is not asked for.
    force : bool
        Whether to replace what exists.
    option : str
        What names them, for the message.
    needs_folder : bool
        Whether their folder must exist; else the command makes it.
    """
    from twin.errors import InputError

    for path in paths:
        if path is None:
            continue
        if path.is_dir():
            raise InputError(f"{option} {path} is a folder: name a file")
        if path.exists() and not force:
            raise InputError(
                f"{path} exists already: choose another name, or replace it with --force"
            )
        if needs_folder and not path.parent.is_dir():
            raise InputError(f"{option} {path} cannot be written: there is no folder {path.parent}")


def warn(message: str) -> None:
    """Print a warning on stderr."""
    sys.stderr.write(f"warning: {message}\n")


def tell_plugins(scenario: str) -> None:
    """Say on stderr whose code a scenario's file will run, before it is read."""
    from scenarios.definition.schema import path_of
    from twin.files import read_yaml

    path = path_of(scenario)
    data = read_yaml(path)
    listed = data.get("plugins") if isinstance(data, dict) else None
    if isinstance(listed, list) and listed:
        names = ", ".join(str(path.parent / str(name)) for name in listed)
        sys.stderr.write(f"{path} runs Python code with your rights, its plug-ins: {names}\n")


def print_json(data: Any) -> None:
    """Print data as JSON and nothing else."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def json_of(figures: dict[str, Any]) -> str:
    """Return figures as JSON text in ASCII; raises ValueError on NaN."""
    return json.dumps(figures, indent=2, allow_nan=False)


def print_promises(results: Mapping[str, Sequence[Any]], as_json: bool) -> None:
    """Print, by kind, which promises of its contract it keeps; exit status 1 if one is broken.

    Parameters
    ----------
    results : mapping
        By kind: dataclass instances with `promise`, `kept` and `why`.
    as_json : bool
    """
    if as_json:
        print_json({kind: [asdict(result) for result in each] for kind, each in results.items()})
    else:
        for kind, each in results.items():
            typer.echo(kind)
            for result in each:
                typer.echo(f"  {'kept  ' if result.kept else 'BROKEN'}  {result.promise}")
                if result.why:
                    typer.echo(f"          {result.why}")
    if not all(result.kept for each in results.values() for result in each):
        raise typer.Exit(1)


def print_table(heads: dict[str, str], rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print rows as a table whose keys have these heads, or as a JSON list of objects."""
    if as_json:
        print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads.values(), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(row[key] for key in heads))
    Console().print(table)


def figures_table(heads: Sequence[str], **options: Any) -> Table:
    """Return an empty table: its first column aligned left, the others, of figures, right.

    Parameters
    ----------
    heads : sequence of str
    **options
        Of `rich.table.Table`.
    """
    from rich.table import Table

    table = Table(**options)
    for place, head in enumerate(heads):
        table.add_column(head, justify="right" if place else "left", overflow="fold")
    return table


def make_folder(out: Path) -> None:
    """Make the folder that --out names, with its parents."""
    from twin.errors import InputError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be a folder: {error.strerror}") from None


def publish(
    stem: Path,
    figures: dict[str, Any],
    plot: Callable[[], Figure],
    tell: Callable[[Console], None],
    as_json: bool,
) -> None:
    """Write figures as STEM.json and their picture as STEM.png, and print them.

    Parameters
    ----------
    stem : Path
        Both files, without their endings.
    figures : dict
    plot : callable
        Returns the picture; if it raises, there is a warning and no picture.
    tell : callable
        Prints the figures for people.
    as_json : bool
        Whether to print them as JSON instead.
    """
    from rich.console import Console

    from scenarios.report.style import plotting

    text = json_of(figures)
    written = [stem.with_name(f"{stem.name}.json")]
    written[0].write_text(text + "\n", encoding="utf-8")
    picture = stem.with_name(f"{stem.name}.png")
    with plotting(f"{picture}", warn):
        plot().savefig(picture, dpi=110)
        written.append(picture)
    if as_json:
        typer.echo(text)
        return
    console = Console()
    tell(console)
    console.print(f"wrote {', '.join(map(str, written))}", soft_wrap=True, highlight=False)


@contextmanager
def epoch_bar() -> Iterator[Callable[[str, Step], None]]:
    """Show a bar that moves with every epoch; yield what is to be called with kind and epoch."""
    with bars() as move:
        yield lambda kind, epoch: move(kind, epoch_words(kind, epoch), epoch.number, epoch.of)


@contextmanager
def share_bar() -> Iterator[Callable[[str, float], None]]:
    """Show a bar a task; yield what is to be called with a task's name and its share done."""
    with bars() as move:
        yield lambda task, share: move(task, task, share, 1.0)


def epoch_words(kind: str, epoch: Step) -> str:
    """Return how a training stands."""
    words = f"{kind}: epoch {epoch.number} of {epoch.of} at most, "
    return words + f"loss {epoch.loss:.5f}, held out {epoch.held_out:.5f}"


@contextmanager
def bars() -> Iterator[Callable[[str, str, float, float], None]]:
    """Show a bar a task; yield what is called with its name, words, and how much of how much."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(*columns, console=Console(stderr=True))
    tasks: dict[str, Any] = {}

    def move(task: str, words: str, completed: float, total: float) -> None:
        progress.start()
        if task not in tasks:
            tasks[task] = progress.add_task(task, total=total)
        progress.update(tasks[task], completed=completed, description=words)

    try:
        yield move
    finally:
        if tasks:
            progress.stop()
