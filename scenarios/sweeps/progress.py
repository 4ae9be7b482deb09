"""What a sweep shows while it runs: how far it has come, how long it will take, best and worst."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

_LOST = ("difference_overflow_m3", "difference_unmet_m3")


class Display:
    """A live display on stderr.

    Parameters
    ----------
    runs, skipped, left : int
        Of the sweep; those done before; those to do now.
    shown : bool
    """

    def __init__(self, runs: int, skipped: int, left: int, *, shown: bool):
        self._began = time.monotonic()
        self._left, self._ended, self._failed, self._skipped = left, 0, 0, skipped
        self._best: tuple[float, str] | None = None
        self._worst: tuple[float, str] | None = None
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"),
            TextColumn("left"), TimeRemainingColumn(),
        )  # fmt: skip
        self._task = self._bar.add_task("", total=runs, completed=skipped)
        self._live = Live(console=Console(stderr=True, quiet=not shown), refresh_per_second=4)
        self._show()

    def update(self, record: Mapping[str, Any], label: str) -> None:
        """Count a run that has ended; `label` says which it is."""
        self._ended += 1
        self._failed += any(row["status"] != "done" for row in record["rows"])
        for row in record["rows"]:
            known = standing(row)
            if known is not None:
                rank, words = known
                entry = (rank, f"{label}: {words}" if label else words)
                self._best = min(self._best or entry, entry)
                self._worst = max(self._worst or entry, entry)
        self._bar.advance(self._task)
        self._show()

    def _show(self) -> None:
        rate = 60 * self._ended / max(time.monotonic() - self._began, 1e-9)
        skipped = f" · {self._skipped} done before" if self._skipped else ""
        words = f"{self._ended - self._failed} done · {self._failed} failed · "
        words += f"{self._left - self._ended} left{skipped} · {rate:.3g} a minute"
        self._bar.update(self._task, description=words)
        lines = [
            Text(f"{name}: {entry[1]}")
            for name, entry in (("best ", self._best), ("worst", self._worst))
            if entry is not None and self._worst is not None and self._worst[0] > 0
        ]
        self._live.update(Group(self._bar, *lines))

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._live.stop()
        if not self._live.console.is_terminal:  # there a display's last state has no end of line
            self._live.console.line()


def standing(row: Mapping[str, Any]) -> tuple[float, str] | None:
    """Rank a row from the defender's side, low is good, and say by what; None where it has none.

    With a detector, by how soon the attack was detected; else by the water lost and not delivered.
    """
    lost = [row[name] for name in _LOST if row.get(name) is not None]
    water = f"{sum(lost):,.0f} m³ lost or not delivered" if lost else ""
    if row.get("detected") is not None:
        late = row["delay_h"] if row["detected"] else float("inf")
        words = f"noticed after {late:g} h" if row["detected"] else "not noticed"
        return late, ", ".join(filter(None, (words, water)))
    return (sum(lost), water) if lost else None
