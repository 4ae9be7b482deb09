"""The report of a run: one HTML page with its pictures inside."""

from __future__ import annotations

import base64
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from scenarios.account import account, clock
from scenarios.pictures import draw
from scenarios.result import Run

_CAPTIONS = {
    "map": "Where: the network, and what the attack acts on or lies about.",
    "levels": "Tank levels: the truth against what the operator was shown.",
    "pumps": "When pumps and driven valves ran.",
    "score": "The detector's score, its threshold, and the alarms it raised.",
}
_COUNTERS = {
    "overflow_m3": "overflow [m³]",
    "empty_tank_h": "empty tanks [h]",
    "unmet_m3": "demand not delivered [m³]",
    "pump_starts": "pump starts",
    "energy_kwh": "pump energy [kWh]",
}


def _words(counter: str) -> str:
    """Name a row of the impact table: a counter, or one of it by tank."""
    if counter in _COUNTERS:
        return _COUNTERS[counter]
    what, rest = counter.split("_", 1)
    tank, unit = rest.rsplit("_", 1)
    return f"· {what}, tank {tank} [{unit.replace('m3', 'm³')}]"


def write(folder: Path, run: Run) -> None:
    """Write report.html and each picture as PNG into `folder`."""
    pictures = {}
    for name, figure in draw(run).items():
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=140)
        pictures[name] = base64.b64encode(path.read_bytes()).decode()
    loader = PackageLoader("scenarios", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("report.html").render(
        run=run,
        sections=account(run),
        pictures=pictures,
        captions=_CAPTIONS,
        words=_words,
        clock=clock,
        compared=bool(run.scenario.entries) and run.paired is not None,
        scenario=run.scenario.to_yaml(),
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
