"""Lab 6, evade: a tank overflows while the shipped detector raises no alarm of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

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

_SPILL_M3 = 20.0
_FORGED = 3  # tags on their way to SCADA
_DETECTOR = "cnn-lstm"
_TOLD = {"T4": 2.5}
"""By tank, what the solution tells the PLC [m]: its first pump runs at it, its second rests."""
_PUMPS = {"T4": "PU7"}
"""The first pump."""


def _start(draws: Draws, folder: Path) -> None:
    write_start(draws, folder, "evade", _DETECTOR)


def _solve(draws: Draws, folder: Path) -> None:
    tank, link, begin = draws["tank"], LINKS[draws["tank"]], draws["access_min"]
    sender, receiver = link.split("->")
    pump = _PUMPS[tank]
    attacks = f"""\
  - name: overfill                     # the first pump runs, the second rests as usual
    incident: overflow
    on: link:{link}
    tags: [L_{tank}]
    do: {{constant: {{value: {_TOLD[tank]}}}}}
    when: {{from: {begin} min, for: 16 h}}
  - name: hide-level                   # SCADA sees the day before, over and over
    incident: overflow
    on: link:{sender}->SCADA
    tags: [L_{tank}]
    do: {{replay: {{window: 1 d}}}}
    when: {{from: {begin} min}}
  - name: hide-pump
    incident: overflow
    on: link:{receiver}->SCADA
    tags: [S_{pump}, F_{pump}]
    do: {{replay: {{window: 1 d}}}}
    when: {{from: {begin} min}}
"""
    write(folder, "evade", attacks, _DETECTOR)


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    scenario = read_attacks(hand_in, draws)
    forged = forged_for_scada(scenario.attacks)
    if len(forged) > _FORGED:
        raise InputError(f"{joined(forged)} are forged for SCADA: {_FORGED} tags at most")
    run = on_seed(scenario, seed, detector=_DETECTOR, pair=False)
    normal = on_seed(replace(scenario, attacks=()), seed, detector=_DETECTOR, pair=False)
    damage = spilled(run.truth, normal.truth, draws["tank"], _SPILL_M3)
    if damage.share < 1.0:
        return {"damage": damage, "evasion": Verdict(0.0, "too little overflowed to notice")}
    return {"damage": damage, "evasion": _evasion(run, normal)}


def _evasion(run: Run, normal: Run) -> Verdict:
    """Return whether no frame is alarmed that the week without the attack lacks."""
    brought = run.scores["alarm"] & ~normal.scores["alarm"].reindex(run.scores.index)
    shares = run.scores["score"] / run.scores["threshold"]
    if not brought.any():
        said = f"no alarm by the attack; the highest score is {shares.max():.2f} of the threshold"
        return Verdict(1.0, said)
    at, most = float(str(brought.idxmax())) / HOUR, shares[brought].max()
    return Verdict(0.0, f"an alarm by the attack at h {at:g}: {most:.2f} of the threshold at most")


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
            "evasion", 60, "the detector alarms no hour that it does not in the week without it"
        ),
    ),
    draw=lambda rng: draw(rng, tuple(_TOLD)),
    start=_start,
    solve=_solve,
    examine=_examine,
    limit_s=180.0,
)
