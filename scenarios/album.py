"""The pictures of a run, drawn into its folder."""

from __future__ import annotations

from pathlib import Path

from scenarios.drawing import drawing
from scenarios.pictures import pictures
from scenarios.result import Run
from scenarios.story import story


def draw(folder: Path, run: Run) -> list[str]:
    """Write each picture of a run as PNG; return which of them failed, and why."""
    failed: list[str] = []
    for name, picture in {"story": story, **pictures(run)}.items():
        path = folder / f"{name}.png"
        with drawing(path.name, failed.append):
            picture(run).savefig(path, dpi=140)
    return failed
