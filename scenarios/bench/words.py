"""A bench in words: its tables, and which detector to use, how sure that is, what it misses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenarios.report.alarm import length

_MISSED = 0.5  # a family of which less is noticed is named as missed
_SWINGS = 5  # incidents at most that are named


def percent(share: float | None) -> str:
    """Write a share, or a dash where there is none."""
    return "–" if share is None else f"{share:.0%}".replace("%", " %")


def delay(minutes: float | None) -> str:
    """Write a delay; a dash where it is never over."""
    if minutes is None:
        return "–"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.3g} h"


def between(interval: list[float] | None) -> str:
    """Write the interval of a share."""
    return "" if interval is None else f" ({interval[0]:.0%}–{interval[1]:.0%})".replace("%", " %")


HEADS = (
    "detector", "noticed of visible", "without covert", "median / 90 % delay", "before damage",
    "top 1 / 3", "its PLC", "by chance", "stood ≤ 1 h", "false a week",
)  # fmt: skip


def detector_row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a detector came to, a cell a head."""
    every, bare, normal = one["all"], one["without_covert"], one["normal"]
    low, high = normal["interval"]
    return (
        name,
        percent(every["detected"]) + between(every["interval"]),
        percent(bare["detected"]),
        f"{delay(every['median_min'])} / {delay(every['p90_min'])}",
        f"{percent(every['before_damage'])} of {every['harmful']}",
        f"{percent(every['tag_top1'])} / {percent(every['tag_top3'])}",
        percent(every["plc_top1"]),
        percent(every["by_chance"]),
        percent(every["brief"]),
        f"{normal['per_week']:.2f} ({low:.2f}–{high:.2f})",
    )


SHADOW_HEADS = (
    "shadow twin", "detector", "noticed of visible", "by draw", "without covert", "before damage",
    "false a week", "by draw",
)  # fmt: skip


def shadow_row(setting: str, name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a detector came to beside a wrong shadow twin."""
    every, normal = one["all"], one["normal"]
    low, high = normal["interval"]
    rates = one["per_week_by_draw"]
    draws = one["detected_by_draw"]
    return (
        setting,
        name,
        percent(every["detected"]) + between(every["interval"]),
        "–" if draws is None else f"{draws[0]:.0%}–{draws[1]:.0%}".replace("%", " %"),
        percent(one["without_covert"]["detected"]),
        percent(every["before_damage"]),
        f"{normal['per_week']:.2f} ({low:.2f}–{high:.2f})",
        f"{rates[0]:.2f}–{rates[1]:.2f}",
    )


EVASION_HEADS = (
    "detector", "disguise", "reach", "visible", "noticed", "median delay", "the alarm lasted",
    "water lost [m³]", "of it, before the alarm",
)  # fmt: skip


def evasion_rows(name: str, disguises: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return what attackers come to against a detector, a row a disguise and reach."""
    return [
        (
            name,
            disguise,
            reach,
            f"{one['visible']} of {one['runs']}",
            percent(one["noticed"]),
            delay(one["median_min"]),
            "–" if one["stood_h"] is None else length(one["stood_h"]),
            f"{one['harm_m3']:,.0f}",
            f"{one['harm_until_noticed_m3']:,.0f}",
        )
        for disguise, reaches in disguises.items()
        for reach, one in reaches.items()
    ]


def advice(figures: Mapping[str, Any]) -> list[str]:
    """Say which detector notices most, how sure that is, what it costs and what it misses.

    Parameters
    ----------
    figures : mapping
        As `scenarios.bench.figures.figures` returns them.
    """
    known = {name: one for name, one in figures["detectors"].items() if one["all"]["visible"]}
    if not known:
        return ["No incident was to be seen: there is nothing to choose by."]
    best = max(known, key=lambda name: known[name]["all"]["detected"])
    one = known[best]
    every, normal = one["all"], one["normal"]
    low, high = every["interval"]
    lines = [
        f"{best} notices most: {percent(every['detected'])} of {every['visible']} visible "
        f"incidents, and with 95 % confidence {percent(low)} to {percent(high)} of such."
    ]
    rivals = [
        name for name, other in known.items() if name != best and other["all"]["interval"][1] >= low
    ]
    if rivals:
        lines.append(f"So many runs do not tell it from {', '.join(rivals)}.")
    lines.append(
        f"It costs {normal['per_week']:.2f} false episodes a normal week "
        f"({normal['interval'][0]:.2f} to {normal['interval'][1]:.2f}), and "
        f"{one['ms_a_frame']:.2g} ms of a processor a frame; {percent(every['by_chance'])} of the "
        "incidents would have been noticed by false episodes of the same weeks alone."
    )
    lines += _reasons(one)
    missed = [
        f"{name} ({percent(part['detected'])} of {part['visible']})"
        for name, part in one["families"].items()
        if part["detected"] is not None and part["detected"] < _MISSED
    ]
    lines.append(f"It misses most of: {', '.join(missed)}." if missed else
                 "There is no family of which it misses more than half.")  # fmt: skip
    swings = one["swinging"]
    if swings:
        lines.append(
            f"{len(swings)} of its incidents swing by seed, noticed with some and missed with "
            f"others: {'; '.join(swing['what'] for swing in swings[:_SWINGS])}"
            f"{' …' if len(swings) > _SWINGS else ''}."
        )
    return lines


def _reasons(one: Mapping[str, Any]) -> list[str]:
    """Say how often a detector names the law that is broken, and whether its score tells why."""
    attacks, faults = one["all"], one["faults"]["all"]
    if attacks["law"] is None or faults["law"] is None or one["told_apart"] is None:
        return []
    return [
        f"Its first cause is of the law that is broken in {percent(attacks['law'])} of "
        f"{attacks['lawful']} attacks and {percent(faults['law'])} of {faults['lawful']} faults; "
        f"by the score alone, attacks are told from faults with an AUC of {one['told_apart']:.2f}."
    ]
