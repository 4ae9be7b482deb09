"""What a bench comes to: shares, delays, false episodes, each with how sure it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from detector.thresholds.rule import weekly_interval
from scenarios.bench.recipes import SIZES
from scenarios.bench.trial import noticed

_BRIEF = 1.0  # h; an alarm that stood no longer than an hour is told apart
_TOP = (1, 3)


def figures(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the figures of every detector, as JSON has them.

    Parameters
    ----------
    rows : DataFrame
        A row a case and detector, as `scenarios.bench.trial.attempt` makes them.

    Returns
    -------
    dict
        `detectors`: of each as it ships, over all attacks, by family and by size, and of faults;
        `shadows`: of each that was fitted to a wrong shadow twin, by what is wrong with it;
        `failed`: how many rows have an error instead.
    """
    done = rows[rows["status"] == "done"]
    return {
        "failed": int((rows["status"] != "done").sum()),
        "detectors": {
            str(name): _detector(group)
            for name, group in done[done["setting"] == ""].groupby("detector", sort=False)
        },
        "shadows": {
            str(name): {
                str(setting): _setting(part)
                for setting, part in group.groupby("setting", sort=False)
            }
            for name, group in done[done["setting"] != ""].groupby("detector", sort=False)
        },
    }


def _detector(rows: pd.DataFrame) -> dict[str, Any]:
    attacks, faults = rows[rows["label"] == "attack"], rows[rows["label"] == "fault"]
    usual = rows[rows["label"] == "normal"].set_index("seed")["episodes_s"].to_dict()

    def by_family(some: pd.DataFrame) -> dict[str, Any]:
        groups = some.groupby("family", sort=False)
        return {str(name): _incidents(group, usual) for name, group in groups}

    return {
        "all": _incidents(attacks, usual),
        "without_covert": _incidents(attacks[attacks["family"] != "covert"], usual),
        "families": by_family(attacks),
        "sizes": {size: _incidents(attacks[attacks["size"] == size], usual) for size in SIZES},
        "faults": {"all": _incidents(faults, usual), "families": by_family(faults)},
        "swinging": _swinging(attacks),
        "told_apart": _told_apart(attacks, faults),
        "normal": false_episodes(rows),
        "interval_s": float(rows["interval_s"].iloc[0]),
        "ms_a_frame": float(rows["ms"].median()),
    }


def _setting(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the figures under one error of the shadow twin, and how far its draws are apart."""
    attacks = rows[rows["label"] == "attack"]
    by_draw = {int(str(draw)): group for draw, group in rows.groupby("draw")}
    shares = [_incidents(group[group["label"] == "attack"], {}) for group in by_draw.values()]
    known = [one["detected"] for one in shares if one["detected"] is not None]
    rates = [false_episodes(group)["per_week"] for group in by_draw.values()]
    return {
        "draws": len(by_draw),
        "all": _incidents(attacks, {}),
        "without_covert": _incidents(attacks[attacks["family"] != "covert"], {}),
        "detected_by_draw": [min(known), max(known)] if known else None,
        "normal": false_episodes(rows),
        "per_week_by_draw": [min(rates), max(rates)],
    }


def false_episodes(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the false episodes of normal weeks, and Garwood's (1936) interval of their rate."""
    normal = rows[rows["label"] == "normal"]
    episodes, weeks = int(normal["episodes_s"].str.len().sum()), float(normal["weeks"].sum())
    return {
        "weeks": weeks,
        "episodes": episodes,
        "per_week": episodes / weeks if weeks else float("nan"),
        "interval": list(weekly_interval(episodes, weeks)) if weeks else None,
    }


def _incidents(rows: pd.DataFrame, usual: dict[Any, list[list[float]]]) -> dict[str, Any]:
    """Return what came of some incidents.

    Delays count from the first frame that shows an incident; one that was missed is later than any
    other.
    """
    seen = rows[rows["visible_s"].notna()]
    hit = seen["detected"].astype(bool) if len(seen) else pd.Series(dtype=bool)
    harmful = seen[seen["damage_h"].notna()]
    late = np.where(hit, seen["delay_min"].astype(float), np.inf) if len(seen) else np.array([])
    named = seen[hit & (seen["localisable"].eq(True))] if len(seen) else seen
    lawful = seen[hit & seen["law"].ne("") & seen["named_law"].ne("")] if len(seen) else seen
    chance = [
        noticed(usual[row["seed"]], row["spans_s"], row["visible_s"]) is not None
        for _, row in seen.iterrows()
        if row["seed"] in usual
    ]
    return {
        "runs": len(rows),
        "visible": len(seen),
        "detected": _share(hit),
        "interval": wilson(int(hit.sum()), len(seen)),
        "median_min": quantile(late, 0.5),
        "p90_min": quantile(late, 0.9),
        "brief": _share(seen.loc[hit, "stood_h"] <= _BRIEF) if len(seen) else None,
        "by_chance": _share(pd.Series(chance, dtype=bool)),
        "already_on": _share(seen["already_on"].astype(bool)) if len(seen) else None,
        "harmful": len(harmful),
        "harmful_detected": _share(harmful["detected"].astype(bool)) if len(harmful) else None,
        "before_damage": _share(harmful["before_damage"].astype(bool)) if len(harmful) else None,
        "law": _share(lawful["named_law"] == lawful["law"]),
        "lawful": len(lawful),
        **{
            f"{what}_top{place}": _share(named[f"{what}_place"] <= place) if len(named) else None
            for what in ("tag", "plc")
            for place in _TOP
        },
    }


def _told_apart(attacks: pd.DataFrame, faults: pd.DataFrame) -> float | None:
    """Return how often an attack's alarm has the higher peak than a fault's: its AUC."""
    first, second = (
        some.loc[some["detected"].eq(True), "peak"].to_numpy(float) for some in (attacks, faults)
    )
    if not len(first) or not len(second):
        return None
    above = stats.mannwhitneyu(first, second).statistic
    return float(above / (len(first) * len(second)))


def _swinging(attacks: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the incidents that are noticed with some seeds and not with others."""
    seen = attacks[attacks["visible_s"].notna()]
    swings = []
    for (family, size, what), group in seen.groupby(["family", "size", "what"], sort=False):
        hits = group["detected"].astype(bool)
        if 0 < hits.sum() < len(hits):
            swings.append(
                {
                    "family": family,
                    "size": size,
                    "what": what,
                    "noticed_with": group.loc[hits, "seed"].tolist(),
                    "missed_with": group.loc[~hits, "seed"].tolist(),
                }
            )
    return swings


def _share(hits: pd.Series[bool]) -> float | None:
    return float(hits.mean()) if len(hits) else None


def wilson(hits: int, of: int) -> list[float] | None:
    """Return Wilson's (1927) 95 % interval of a share; None of nothing."""
    if not of:
        return None
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return [max(float(middle - half), 0.0), min(float(middle + half), 1.0)]


def quantile(late: Any, at: float) -> float | None:
    """Return the delay that so many incidents are noticed within; None if fewer ever are."""
    if not len(late):
        return None
    value = float(np.quantile(late, at, method="inverted_cdf"))
    return value if np.isfinite(value) else None
