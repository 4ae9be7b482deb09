"""Lab 4, hide it: a tank overflows while SCADA's own limits stay silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scenarios.definition.words import joined
from scenarios.labs.lab import Criterion, Draws, Lab, Verdict, Verdicts
from scenarios.labs.overflow import (
    LINKS,
    SCENARIO,
    draw,
    read_attacks,
    spilled,
    write,
    write_start,
)
from scenarios.labs.scenario_file import on_seed
from scenarios.results.run import Run
from twin.plants.spec import load_plant
from twin.units import counted

_SPILL_M3 = 100.0


def _start(draws: Draws, folder: Path) -> None:
    write_start(draws, folder, "hide-it")


def _solve(draws: Draws, folder: Path) -> None:
    tank, link, begin = draws["tank"], LINKS[draws["tank"]], draws["access_min"]
    low, high = _between_limits(tank)
    attacks = f"""\
  - name: overfill
    incident: overflow
    on: link:{link}
    tags: [L_{tank}]
    do: {{constant: {{value: 0.2}}}}
    when: {{from: {begin} min, for: 12 h}}
  - name: hide
    incident: overflow
    on: link:{link.partition("->")[0]}->SCADA
    tags: [L_{tank}]
    do: {{replay: {{window: 1 d, low: {low:g}, high: {high:g}}}}}
    when: {{from: {begin} min}}
"""
    for other in sorted({"T1", "T2", *LINKS} - {tank}):  # what it does to them must not tell
        low, high = _between_limits(other)
        attacks += f"""\
  - name: hide-{other}
    incident: overflow
    on: link:*->SCADA
    tags: [L_{other}]
    do: {{clip: {{below: {low:g}, above: {high:g}}}}}
    when: {{from: {begin} min}}
"""
    write(folder, "hide-it", attacks)


def _between_limits(tank: str) -> tuple[float, float]:
    """Return between which levels [m] SCADA raises no limit alarm, with some to spare."""
    limits = load_plant("ctown").wiring.limits[f"L_{tank}"]
    low, high = np.nanmax([limits.LL, limits.L]), np.nanmin([limits.H, limits.HH])
    return float(low) + 0.1, float(high) - 0.1


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    run = on_seed(read_attacks(hand_in, draws, ("covert",)), seed)
    assert run.paired is not None
    damage = spilled(run.truth, run.paired, draws["tank"], _SPILL_M3)
    if damage.share < 1.0:
        return {"damage": damage, "silence": Verdict(0.0, "too little overflowed to hide")}
    return {"damage": damage, "silence": _silence(run, draws["tank"])}


def _silence(run: Run, tank: str) -> Verdict:
    assert run.paired is not None
    normal = run.paired
    brought = [
        str(alarm["tag"])
        for alarm in run.limits.loc[0.0:].reset_index().to_dict("records")
        if not _passed(normal[alarm["tag"]].loc[alarm["time"]], alarm["limit"], alarm["bound"])
    ]
    if not brought:
        return Verdict(1.0, "SCADA raised no limit alarm by the attack")
    tags = joined(list(dict.fromkeys(brought)))
    said = f"SCADA raised {counted(len(brought), 'limit alarm')} by the attack, of {tags}"
    return Verdict(0.0 if f"L_{tank}" in brought else 0.5, said)


def _passed(value: float, limit: str, bound: float) -> bool:
    """Return whether a value lies beyond a limit, `H` or `HH` above it and `L` or `LL` below."""
    return value > bound if limit.startswith("H") else value < bound


LAB = Lab(
    number=4,
    name="hide-it",
    title="Hide it: replay and polyline",
    minutes=75,
    hands_in=(SCENARIO,),
    technique="T0832 Manipulation of View",
    criteria=(
        Criterion("damage", 50, f"the tank spills at least {_SPILL_M3:g} m³ by the attack"),
        Criterion(
            "silence", 50, "SCADA raises no limit alarm that the week without the attack lacks"
        ),
    ),
    draw=draw,
    start=_start,
    solve=_solve,
    examine=_examine,
)
