"""The weeks of lab 5 that no student has seen: one with two attacks, one with none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.definition.schema import from_data
from scenarios.labs.scenario_file import on_seed
from twin.units import DAY, HOUR

WEEK = 7 * DAY
_FIRST_H, _SECOND_H = (40.0, 60.0), (115.0, 130.0)  # between which each attack begins
_LASTS_H = (14.0, 20.0)

_PUMPS = {
    "T3": ("PLC4->PLC3", "PLC3", "PU4", 3.9, 4.0, 0.5),
    "T4": ("PLC6->PLC3", "PLC3", "PU7", 3.6, 3.7, 1.5),
    "T7": ("PLC9->PLC5", "PLC5", "PU10", 3.4, 3.5, 0.5),
}
"""By tank: the link of its level, the PLC, its first pump, a narrow band, a level that starts
both pumps [m]."""


@dataclass(frozen=True)
class Attacked:
    """A week with attacks.

    Attributes
    ----------
    frames : DataFrame
        What SCADA showed, a column a tag, indexed by time [s].
    families : tuple of str
        Of its attacks, in order.
    spans : tuple of (float, float)
        When each began and ended [s].
    """

    frames: pd.DataFrame
    families: tuple[str, ...]
    spans: tuple[tuple[float, float], ...]


def attacked_week(seed: int) -> Attacked:
    """Return a week with two attacks of different families, drawn by a seed."""
    rng = np.random.default_rng([seed, 1])
    families = tuple(str(name) for name in rng.choice(sorted(_FAMILIES), 2, replace=False))
    attacks, spans = [], []
    for number, (family, (low, high)) in enumerate(
        zip(families, (_FIRST_H, _SECOND_H), strict=True)
    ):
        start, lasts = rng.uniform(low, high), rng.uniform(*_LASTS_H)
        tank = str(rng.choice(sorted(_PUMPS)))
        when = {"from": f"{start:.3f} h", "for": f"{lasts:.3f} h"}
        for part, entry in enumerate(_FAMILIES[family](tank, rng)):
            attacks.append({"name": f"a{number}-{part}", "when": when, **entry})
        spans.append((start * HOUR, (start + lasts) * HOUR))
    return Attacked(_frames(seed, attacks), families, tuple(spans))


def normal_week(seed: int) -> pd.DataFrame:
    """Return the frames of another week, without attacks."""
    return _frames(int(np.random.default_rng([seed, 2]).integers(2**31)), [])


def _frames(seed: int, attacks: list[dict[str, object]]) -> pd.DataFrame:
    data = {"name": "week", "duration": f"{WEEK:g} s", "detector": None, "attacks": attacks}
    return on_seed(from_data(data), seed, duration=WEEK, pair=False).scada


Entries = list[dict[str, object]]


def _spoofed(tank: str, rng: np.random.Generator) -> Entries:
    link, *_, low = _PUMPS[tank]
    told: dict[str, object] = {"constant": {"value": low}}
    return [{"on": f"link:{link}", "tags": [f"L_{tank}"], "do": told}]


def _concealed(tank: str, rng: np.random.Generator) -> Entries:
    sender = _PUMPS[tank][0].partition("->")[0]
    hidden = {"replay": {"window": "1 d"}}
    shown: dict[str, object] = {"on": f"link:{sender}->SCADA", "tags": [f"L_{tank}"], "do": hidden}
    return [*_spoofed(tank, rng), shown]


def _frozen(tank: str, rng: np.random.Generator) -> Entries:
    sender = _PUMPS[tank][0].partition("->")[0]
    return [{"on": f"link:{sender}->SCADA", "tags": [f"L_{tank}"], "do": {"freeze": {}}}]


def _narrowed(tank: str, rng: np.random.Generator) -> Entries:
    _, plc, pump, low, high, _ = _PUMPS[tank]
    band = {"actuators": [pump], "opens_below": low, "closes_above": high}
    return [{"on": f"plc:{plc}", "do": {"setpoint": band}}]


def _forced(tank: str, rng: np.random.Generator) -> Entries:
    pump = str(rng.choice(["PU3", "PU9", "PU5"]))
    return [{"on": f"actuator:{pump}", "do": {"force": {"to": "open"}}}]


_FAMILIES = {
    "a level spoofed to a PLC": _spoofed,
    "a level spoofed to a PLC and replayed to SCADA": _concealed,
    "a level frozen for SCADA": _frozen,
    "setpoints moved together": _narrowed,
    "a spare pump forced on": _forced,
}
