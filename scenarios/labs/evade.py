"""Lab 6, evade: a tank overflows while the shipped detector raises no alarm of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.episodes import MERGE_GAP_S
from scenarios.definition.words import joined
from scenarios.labs.lab import Criterion, Draws, Lab, Verdict, Verdicts
from scenarios.labs.overflow import (
    LINKS,
    SCENARIO,
    draw,
    forged_for_scada,
    read_attacks,
    spilled,
    write,
    write_start,
)
from scenarios.labs.scenario_file import on_seed
from scenarios.results.run import Run
from twin.errors import InputError
from twin.units import HOUR

_SPILL_M3 = 50.0
_LATE_H = 6.0  # an alarm so long after the damage comes too late
_FORGED = 3  # tags on their way to SCADA
_DETECTOR = "cnn-lstm"
_TANK = "T7"
_TOLD = 2.0
"""What the solution tells the PLC [m]: its first pump runs at it, its second rests."""
_SHOWN = 4.9
"""The highest that the solution shows SCADA [m]: about the highest of a normal week."""


def _start(draws: Draws, folder: Path) -> None:
    write_start(draws, folder, "evade", _DETECTOR)


def _solve(draws: Draws, folder: Path) -> None:
    tank, link, begin = draws["tank"], LINKS[draws["tank"]], draws["access_min"]
    attacks = f"""\
  - name: overfill                     # the first pump runs on, the second rests as usual
    incident: overflow
    on: link:{link}
    tags: [L_{tank}]
    do: {{constant: {{value: {_TOLD}}}}}
    when: {{from: {begin} min, for: 24 h}}
  - name: hide
    incident: overflow
    on: link:{link.partition("->")[0]}->SCADA
    tags: [L_{tank}]
    do: {{clip: {{above: {_SHOWN}}}}}
    when: {{from: {begin} min}}
"""
    write(folder, "evade", attacks, _DETECTOR)


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    scenario = read_attacks(hand_in, draws, ("covert",))
    forged = forged_for_scada(scenario.attacks)
    if len(forged) > _FORGED:
        raise InputError(f"{joined(forged)} are forged for SCADA: {_FORGED} tags at most")
    run = on_seed(scenario, seed, detector=_DETECTOR, pair=False)
    normal = on_seed(replace(scenario, attacks=()), seed, detector=_DETECTOR, pair=False)
    damage = spilled(run.truth, normal.truth, draws["tank"], _SPILL_M3)
    if damage.share < 1.0:
        return {"damage": damage, "evasion": Verdict(0.0, "too little overflowed to notice")}
    return {"damage": damage, "evasion": _evasion(run, normal, draws["tank"])}


def _evasion(run: Run, normal: Run, tank: str) -> Verdict:
    """Return whether the detector's alarm, if it raises one, comes too late.

    Pumps switch at other times for days after an attack, and by chance that raises the score of one
    week and lowers another's: what counts is up to some hours after the damage. An alarm that is of
    one episode with one of the week without the attack is not the attack's.
    """
    column = f"overflow_{tank}_m3"
    done = float(str((run.truth[column] - normal.truth[column] >= _SPILL_M3).idxmax()))
    scores = run.scores.loc[: done + _LATE_H * HOUR]
    usual = normal.scores.index[normal.scores["alarm"]].to_numpy(dtype=float)
    own = [not np.any(np.abs(usual - time) <= MERGE_GAP_S) for time in scores.index]
    brought = scores["alarm"] & np.array(own)
    spilt = f"{_SPILL_M3:g} m³ were spilled by h {done / HOUR:.1f}"
    if not brought.any():
        return Verdict(1.0, f"{spilt}, and no alarm by the attack up to {_LATE_H:g} h later")
    at = float(str(brought.idxmax())) / HOUR
    over = (scores["score"] / scores["threshold"])[brought].max()
    return Verdict(0.0, f"{spilt}; an alarm by the attack at h {at:g}, {over:.2f} of the threshold")


LAB = Lab(
    number=6,
    name="evade",
    title="Evade the detector",
    minutes=75,
    hands_in=(SCENARIO,),
    technique="T0856 Spoof Reporting Message",
    criteria=(
        Criterion("damage", 40, f"the tank spills at least {_SPILL_M3:g} m³ by the attack"),
        Criterion(
            "evasion",
            60,
            f"up to {_LATE_H:g} h after that, the detector raises no alarm that it does not raise "
            "in the week without the attack",
        ),
    ),
    draw=lambda rng: draw(rng, (_TANK,)),
    start=_start,
    solve=_solve,
    examine=_examine,
    limit_s=180.0,
)
