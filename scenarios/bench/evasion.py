"""How far an attacker reaches against what he still does to the water, by detector and disguise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.bench.figures import quantile, wilson
from scenarios.bench.recipes import Case, Recipe, cases
from scenarios.bench.trial import Watch
from twin.files import plain, read_yaml

TABLE = Path(__file__).with_name("evasion.yaml")
NOTHING = "nothing"
"""The disguise of an attacker who alters nothing that SCADA shows."""


@cache
def table(path: Path = TABLE) -> dict[str, Any]:
    """Return harms, with the tags that each reach has, and disguises."""
    read: dict[str, Any] = plain(read_yaml(path))
    return read


def reaches() -> list[str]:
    """Return what attackers reach, the least first."""
    return list(dict.fromkeys(reach for harm in table()["harms"] for reach in harm["reach"]))


def attempts(
    watches: Sequence[Watch], runs: int, seed: int, plugins: Sequence[str] = ()
) -> list[tuple[Case, tuple[Watch, ...]]]:
    """Return all cases, each with the detectors that watch it.

    A disguise that hides from one detector is watched by that one; others, by all. The latter come
    first in each run: they take seconds, where hiding from `physics` takes minutes and more.

    Parameters
    ----------
    watches : sequence of Watch
    runs : int
        Of each case; their seeds are `seed`, `seed` + 1, …
    seed : int
    plugins : sequence of str
    """
    everyone = tuple(watches)
    found: list[tuple[Case, tuple[Watch, ...]]] = []
    recipes = sorted(
        _recipes(everyone), key=lambda one: -1 if one[1] is everyone else everyone.index(one[1][0])
    )
    for run in range(runs):
        for recipe, watching in recipes:
            (case,) = cases(1, 1, seed + run, plugins, [recipe])[1:]
            found.append((case, watching))
    return found


def _recipes(everyone: tuple[Watch, ...]) -> Iterator[tuple[Recipe, tuple[Watch, ...]]]:
    for harm in table()["harms"]:
        done = tuple(harm["entries"])
        yield Recipe("attack", harm["name"], f"{NOTHING}, none", done), everyone
        for disguise, do in table()["disguises"].items():
            for reach, tags in harm["reach"].items():
                size = f"{disguise}, {reach}"
                for do_so, watching in _disguises(do, everyone):
                    lasts = done[0]["when"]["for"]
                    hides = {"on": "scada", "tags": tags, "do": do_so, "when": {"for": lasts}}
                    yield Recipe("attack", harm["name"], size, (*done, hides)), watching


def _disguises(
    do: Mapping[str, Any], everyone: tuple[Watch, ...]
) -> Iterator[tuple[dict[str, Any], tuple[Watch, ...]]]:
    """Yield a disguise for each detector that it names, or one for all."""
    text = json.dumps(do)
    if "{detector}" not in text:
        yield dict(do), everyone
        return
    for watch in everyone:
        yield json.loads(text.replace("{detector}", watch.detector)), (watch,)


def figures(rows: pd.DataFrame) -> dict[str, Any]:
    """Return, by detector, disguise and reach, how often it is noticed, and what is done till then.

    Parameters
    ----------
    rows : DataFrame
        A row a case and detector, as `scenarios.bench.trial.attempt` makes them.
    """
    done = rows[rows["status"] == "done"]
    found: dict[str, Any] = {}
    for (name, size), group in done.groupby(["detector", "size"], sort=False):
        disguise, reach = str(size).split(", ")
        hits = group["detected"].eq(True)
        late = group["delay_min"].astype(float).where(hits, float("inf")).to_numpy()
        by_name = found.setdefault(str(name), {}).setdefault(disguise, {})
        by_name[reach] = {
            "runs": len(group),
            "visible": int(group["visible_s"].notna().sum()),
            "noticed": float(hits.mean()),
            "interval": wilson(int(hits.sum()), len(group)),
            "median_min": quantile(late, 0.5),
            "stood_h": float(group.loc[hits, "stood_h"].median()) if hits.any() else None,
            "harm_m3": float(group["harm_m3"].mean()),
            "harm_until_noticed_m3": float(group["harm_until_m3"].mean()),
        }
    return {"failed": int((rows["status"] != "done").sum()), "detectors": found}
