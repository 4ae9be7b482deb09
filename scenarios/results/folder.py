"""The run folder: written beside its place and renamed, so that it is whole or absent."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenarios.definition.schema import to_yaml
from scenarios.report import html as report
from twin.errors import InputError

if TYPE_CHECKING:
    from scenarios.results.run import Run

_MARK = "scenario.yaml"  # what makes a folder a run folder
_METRICS = "metrics.json"


@contextlib.contextmanager
def draft(out: Path | str) -> Iterator[Path]:
    """Give an empty folder beside `out` to write into; it is gone afterwards, unless `fill`ed.

    Raises
    ------
    InputError
        If `out` is something else than a run folder, an empty folder, or nothing.
    """
    out = Path(out)
    if out.is_dir():
        names = {path.name for path in out.iterdir()}
        if names and not {_MARK, _METRICS} <= names:
            raise InputError(
                f"{out} is a folder that holds something else than a run: name another --out"
            )
    elif out.exists():
        raise InputError(f"{out} is a file: name a folder for --out")
    new = [parent for parent in out.absolute().parents if not parent.exists()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
        for parent in new:  # only those that stayed empty go
            with contextlib.suppress(OSError):
                parent.rmdir()


def fill(place: Path, run: Run) -> Run:
    """Write what the historian has not into `place`, and rename it to the run's folder.

    Returns
    -------
    Run
        With what became of its pictures: a note of each that failed, and interrupted if the user
        stopped them.
    """
    out = run.folder
    assert out is not None
    try:
        from scenarios.report.pictures import write_pictures

        failed = write_pictures(place, run)
    except KeyboardInterrupt:
        if run.status == "done":
            run = replace(run, status="interrupted", reason="stopped by the user at its pictures")
    else:
        run = replace(run, notes=(*run.notes, *failed)) if failed else run
    (place / _MARK).write_text(to_yaml(run.scenario), encoding="utf-8")
    for name in ("labels", "scores", "alarms", "limits", "events"):
        table: pd.DataFrame = getattr(run, name)
        table.to_parquet(place / f"{name}.parquet", compression="zstd")
    summary = json.dumps(run.summary(), indent=2, ensure_ascii=False)
    (place / _METRICS).write_text(summary + "\n", encoding="utf-8")
    lines = [
        f"{at / 3600:9.3f} h  {source}: {what}"
        for at, source, what in zip(
            run.events.index, run.events["source"], run.events["what"], strict=True
        )
    ]
    lines = [f"status: {run.status} {run.reason}".strip(), *run.notes, *lines]
    (place / "run.log").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report.write(place, run)
    place.chmod(0o755)
    if out.is_dir():
        shutil.rmtree(out)
    place.rename(out)
    return run
