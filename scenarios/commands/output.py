"""What commands print: rows for people or programs, warnings, and bars for long work."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from detector import Epoch


def warn(what: str) -> None:
    """Say on stderr what the user should know beside the result."""
    sys.stderr.write(f"warning: {what}\n")


def print_json(data: Any) -> None:
    """Print data as JSON and nothing else."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


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


@contextmanager
def share_bar(console: Console) -> Iterator[Callable[[str, float], None]]:
    """Show a bar a task; yield what is to be called with a task's name and its share done."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, Any] = {}

        def moved(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=1.0)
            bar.update(tasks[what], completed=share)

        yield moved
