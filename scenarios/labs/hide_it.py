"""Lab 4, hide it: a tank overflows while SCADA's own limits stay silent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from attacks.entries.entry import Entry
from scenarios.definition.words import joined
from scenarios.labs.lab import Criterion, Draws, Lab, Verdict, Verdicts
from scenarios.labs.scenario_file import on_seed, read
from scenarios.results.run import Run
from twin.errors import InputError
from twin.plants.spec import load_plant
from twin.units import HOUR, counted

_SCENARIO = "attack.yaml"
_LINKS = {"T3": "PLC4->PLC3", "T4": "PLC6->PLC3", "T5": "PLC7->PLC5", "T7": "PLC9->PLC5"}
"""The tanks there are to overflow: over which link their level reaches the PLC that fills them."""
_PORTS = ("link", "sensor")
_SPILL_M3 = 100.0


def _draw(rng: np.random.Generator) -> Draws:
    return {
        "tank": str(rng.choice(sorted(_LINKS))),
        "not_before_h": int(rng.integers(24, 49)),
    }


def _start(draws: Draws, folder: Path) -> None:
    tank, link = draws["tank"], _LINKS[draws["tank"]]
    (folder / _SCENARIO).write_text(
        f"""# Lab 4: {tank} overflows, and no limit alarm of SCADA's tells.
name: hide-it
duration: 7 d
detector: null
attacks:
  - name: overfill                     # your attack on what fills {tank}
    incident: overflow
    on: link:{link}
    tags: [L_{tank}]
    do: {{offset: {{by: -0.01}}}}
    when: {{from: {draws["not_before_h"]} h}}
""",
        encoding="utf-8",
    )


def _solve(draws: Draws, folder: Path) -> None:
    tank, link = draws["tank"], _LINKS[draws["tank"]]
    sender = link.partition("->")[0]
    begin, limits = draws["not_before_h"], load_plant("ctown").wiring.limits[f"L_{tank}"]
    low, high = np.nanmax([limits.LL, limits.L]), np.nanmin([limits.H, limits.HH])
    (folder / _SCENARIO).write_text(
        f"""name: hide-it
duration: 7 d
detector: null
attacks:
  - name: overfill
    incident: overflow
    on: link:{link}
    tags: [L_{tank}]
    do: {{constant: {{value: 0.2}}}}
    when: {{from: {begin} h, for: 12 h}}
  - name: hide
    incident: overflow
    on: link:{sender}->SCADA
    tags: [L_{tank}]
    do: {{replay: {{window: 1 d, low: {low + 0.1:g}, high: {high - 0.1:g}}}}}
    when: {{from: {begin} h}}
""",
        encoding="utf-8",
    )


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    scenario = read(hand_in / _SCENARIO)
    _check(scenario.attacks, draws)
    run = on_seed(scenario, seed)
    damage = _damage(run, draws["tank"])
    if damage.share < 1.0:
        return {"damage": damage, "silence": Verdict(0.0, "too little overflowed to hide")}
    return {"damage": damage, "silence": _silence(run, draws["tank"])}


def _check(attacks: Sequence[Entry], draws: Draws) -> None:
    """Raise InputError if an attack uses more than the lab allows."""
    if not attacks:
        raise InputError("the scenario has no attack")
    begin = draws["not_before_h"] * HOUR
    for entry in attacks:
        if entry.port.family not in _PORTS or entry.do.kind in ("covert", "suppress-alarms"):
            message = f"{entry.name}: {entry.do.kind} on {entry.on} is not allowed in this lab"
            raise InputError(message)
        first = entry.when.begins if entry.when.start is None else entry.when.not_before
        if first < begin:
            message = f"{entry.name} may act from h {begin / HOUR:g} on: say so by from, or by"
            raise InputError(f"{message} not_before where there is a start")


def _damage(run: Run, tank: str) -> Verdict:
    column = f"overflow_{tank}_m3"
    assert run.paired is not None
    spilled = float(run.truth[column].iloc[-1] - run.paired[column].iloc[-1])
    said = f"{tank} spilled {spilled:,.0f} m³ more than without the attack, {_SPILL_M3:g} asked"
    return Verdict(float(np.clip(spilled / _SPILL_M3, 0.0, 1.0)), said)


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
    hands_in=(_SCENARIO,),
    technique="T0832 Manipulation of View",
    criteria=(
        Criterion("damage", 50, f"the tank spills at least {_SPILL_M3:g} m³ by the attack"),
        Criterion(
            "silence", 50, "SCADA raises no limit alarm that the week without the attack lacks"
        ),
    ),
    draw=_draw,
    start=_start,
    solve=_solve,
    examine=_examine,
)
