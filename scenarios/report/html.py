"""The report of a run: one HTML page with its pictures inside."""

from __future__ import annotations

import base64
import re
from importlib.resources import files
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from scenarios.definition.schema import to_yaml
from scenarios.definition.words import blamed, clock
from scenarios.report.account import account
from scenarios.report.words import COUNTER_WORDS, figure
from scenarios.results.run import Run

_CAPTIONS = {
    "story": "The story: who was deceived and when, what they saw, what was done, what broke.",
    "map": "Where: the network, and what attacks and faults act on or lie about.",
    "levels": "Tank levels: the truth against what the operator was shown.",
    "pumps": "When pumps and driven valves ran.",
    "score": "The detector's score, its threshold, and the alarms it raised.",
}
_UNITS = {"m3": "m³", "h": "h", "percent": "%"}
_USUAL = {"percent": 100.0}


def _words(row: str) -> str:
    """Name a row of the impact table: a counter, or one of a tank or a district."""
    if row in COUNTER_WORDS:
        return COUNTER_WORDS[row]
    what, rest = row.split("_", 1)
    where, unit = rest.rsplit("_", 1)
    return f"· {what}, {where} [{_UNITS[unit]}]"


def _rows(impact: pd.DataFrame) -> pd.DataFrame:
    """Return the impact table without the tanks and districts to which nothing happened."""
    usual = pd.Series([_USUAL.get(row.rpartition("_")[2], 0.0) for row in impact.index])
    parts = impact[["run", "paired"]].fillna({"paired": 0.0})
    happened = parts.sub(usual.to_numpy(), axis=0).abs().gt(0.05)
    keep = happened["run"] | (happened["paired"] & impact["paired"].notna())
    return impact[keep | impact.index.isin(list(COUNTER_WORDS))]


def glossary() -> list[tuple[str, str]]:
    """Return the words of the glossary and what they mean."""
    page = files("scenarios").joinpath("labs", "GLOSSARY.md").read_text(encoding="utf-8")
    return re.findall(r"^- \*\*(.+?)\*\*: (.+)$", page, re.M)


def write(folder: Path, run: Run) -> None:
    """Write report.html into `folder`, with the pictures that are there."""
    paths = {name: folder / f"{name}.png" for name in _CAPTIONS}
    images = {
        name: base64.b64encode(path.read_bytes()).decode()
        for name, path in paths.items()
        if path.is_file()
    }
    loader = PackageLoader("scenarios", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    page = environment.get_template("report.html").render(
        run=run,
        sections=account(run),
        pictures=images,
        captions=_CAPTIONS,
        words=_words,
        figure=figure,
        impact=_rows(run.impact),
        clock=clock,
        blamed=blamed(run.scenario),
        compared=bool(run.scenario.entries) and run.paired is not None,
        scenario=to_yaml(run.scenario),
        glossary=glossary(),
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
