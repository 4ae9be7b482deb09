"""The incidents that detectors are tried on: read from a table, each with seeds and a start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import from_data
from twin.files import flow, plain, read_yaml
from twin.seeds import generator
from twin.units import HOUR

RECIPES = Path(__file__).with_name("recipes.yaml")
SIZES = ("small", "medium", "large")
_STEP = 300.0  # s; an incident starts at one
_EARLIEST, _LATEST = 48 * HOUR, 72 * HOUR  # its start is drawn between these
_LENGTH, _WEEK = "6 d", "7 d"


@dataclass(frozen=True)
class Recipe:
    """An incident before its time and seed are drawn.

    Attributes
    ----------
    label : str
        `attack` or `fault`.
    family, size : str
    entries : tuple of mapping
        As in a scenario file, their times counted from the incident's start.
    law : str
        Which law it breaks, as `physics` calls it; empty where no single one.
    """

    label: str
    family: str
    size: str
    entries: tuple[dict[str, Any], ...]
    law: str = ""

    @property
    def words(self) -> str:
        """What its entries do and where, as a scenario file says it."""
        return " + ".join(f"{flow(entry['do'])} on {entry['on']}" for entry in self.entries)


@dataclass(frozen=True)
class Case:
    """A scenario that detectors are tried on.

    Attributes
    ----------
    label : str
        `attack`, `fault` or `normal`.
    family, size, words : str
        Of its recipe; empty for a normal week.
    run : int
        Which of the runs of its recipe it is, from 0.
    scenario : Scenario
    law : str
        Of its recipe.
    """

    label: str
    family: str
    size: str
    words: str
    run: int
    scenario: Scenario
    law: str = ""


@cache
def recipes(path: Path = RECIPES) -> tuple[Recipe, ...]:
    """Return the incidents of the table, attacks first."""
    table = plain(read_yaml(path))
    return tuple(
        Recipe(label, row["family"], row["size"], tuple(row["entries"]), row.get("law", ""))
        for label in ("attack", "fault")
        for row in table[f"{label}s"]
    )


def cases(
    weeks: int, runs: int, seed: int, plugins: Sequence[str] = (), chosen: Sequence[Recipe] = ()
) -> list[Case]:
    """Return normal weeks, and each incident so many times.

    Parameters
    ----------
    weeks : int
        Their seeds are `seed`, `seed` + 1, …
    runs : int
        Of each incident; they take the same seeds in turn, so that each is paired with a week
        that was watched too.
    seed : int
    plugins : sequence of str
        Python files whose detectors take part.
    chosen : sequence of Recipe
        Instead of the table's.
    """
    common = {"detector": None, "plugins": list(plugins)}
    made = [
        Case("normal", "", "", "", 0, from_data(
            {"name": f"normal-{week}", "duration": _WEEK, "seed": seed + week, **common}
        ))
        for week in range(weeks)
    ]  # fmt: skip
    listed = chosen or recipes()
    for run in range(runs):
        for number, recipe in enumerate(listed):
            drawn = seed + (number + run * len(listed)) % max(weeks, 1)
            scenario = _scenario(recipe, number, drawn, common)
            about = (recipe.label, recipe.family, recipe.size, recipe.words)
            made.append(Case(*about, run, scenario, recipe.law))
    return made


def _scenario(recipe: Recipe, number: int, seed: int, common: dict[str, Any]) -> Scenario:
    first, last = int(_EARLIEST // _STEP), int(_LATEST // _STEP)
    steps = generator(seed, f"bench:{number}").integers(first, last)
    minutes = int(steps) * int(_STEP) // 60
    entries = [
        {**entry, "incident": "incident", "when": {"from": f"{minutes} min", **entry["when"]}}
        for entry in recipe.entries
    ]
    name = f"{recipe.label}-{number}"
    data = {"name": name, "duration": _LENGTH, "seed": seed, **common}
    return from_data({**data, f"{recipe.label}s": entries})


@cache
def shadows(path: Path = RECIPES) -> dict[str, dict[str, float]]:
    """Return the errors of each wrong shadow twin, by what it is called."""
    return {row["setting"]: dict(row["errors"]) for row in plain(read_yaml(path))["shadows"]}
