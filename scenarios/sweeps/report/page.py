"""The report of a sweep: its pictures, and one HTML page with all of them inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from scenarios.report.style import plotting
from scenarios.sweeps.report.attacks import delays, heat_map, impact, spread
from scenarios.sweeps.report.curves import detection_curves, false_alarms, harm_curves
from scenarios.sweeps.report.operating import operating_curve
from scenarios.sweeps.report.told import Picture, Told
from scenarios.sweeps.report.where import network_map
from scenarios.sweeps.summary import WORDS, shown, summary
from twin.errors import InputError

PAGE = "report.html"
_ROWS = 40  # values of a field; of more there is no table, as pictures tell more
DRAWN: tuple[Callable[[Told], Iterator[Picture]], ...] = (
    detection_curves,
    heat_map,
    delays,
    spread,
    impact,
    harm_curves,
    network_map,
    operating_curve,
    false_alarms,
)
"""What is drawn, in order; each yields no picture where the table has nothing to answer with."""


def write(folder: Path, warn: Callable[[str], object]) -> list[Path]:
    """Write report.html and its pictures into the folder of a sweep, and return their paths.

    Parameters
    ----------
    folder : Path
    warn : callable
        Told of a picture that could not be drawn; the others are.

    Raises
    ------
    InputError
        If the folder holds no results, or cannot be written.
    """
    told = Told.read(folder)
    pictures: list[Picture] = []
    for draw in DRAWN:
        with plotting(draw.__name__.replace("_", " "), warn):
            pictures += draw(told)
    images = {picture.name: _png(picture) for picture in pictures}
    parted = [name for name in ("attack", "detector") if told.rows[name].nunique() > 1]
    fields = [name for name in told.magnitudes if told.rows[name].nunique() <= _ROWS]
    groups = [parted, *([*parted, field] for field in fields)]
    loader = PackageLoader("scenarios", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("sweep.html").render(
        name=folder.absolute().name,
        told=told,
        pictures=pictures,
        images={name: base64.b64encode(image).decode() for name, image in images.items()},
        tables=[shown(summary(told.rows, by)) for by in groups],
        words=WORDS,
    )
    try:
        for name, image in images.items():
            (folder / f"{name}.png").write_bytes(image)
        (folder / PAGE).write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror or error}") from None
    return [folder / PAGE, *(folder / f"{name}.png" for name in images)]


def _png(picture: Picture) -> bytes:
    image = io.BytesIO()
    picture.figure.savefig(image, format="png", dpi=130)
    return image.getvalue()
