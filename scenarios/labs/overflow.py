"""What labs 4 and 6 share: a tank to overflow, the minute to begin at, the spill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from attacks.entries.entry import Entry
from scenarios.definition.scenario import Scenario
from scenarios.labs.lab import Draws, Verdict
from scenarios.labs.scenario_file import read
from twin.errors import InputError

SCENARIO = "attack.yaml"
LINKS = {"T3": "PLC4->PLC3", "T4": "PLC6->PLC3", "T5": "PLC7->PLC5", "T7": "PLC9->PLC5"}
"""The tanks there are to overflow: over which link their level reaches the PLC that fills them."""
_MINUTE = 60.0


def draw(rng: np.random.Generator, tanks: Sequence[str] = tuple(LINKS)) -> Draws:
    """Draw a student's tank, and the minute at which the attacker gets to the network."""
    return {
        "tank": str(rng.choice(sorted(tanks))),
        "access_min": int(rng.integers(24 * 60, 48 * 60)),
    }


def write(folder: Path, name: str, attacks: str, detector: str = "null") -> None:
    """Write a scenario with the text of its attacks."""
    head = f"name: {name}\nduration: 4 d\ndetector: {detector}\nattacks:\n"
    (folder / SCENARIO).write_text(head + attacks, encoding="utf-8")


def write_start(draws: Draws, folder: Path, name: str, detector: str = "null") -> None:
    """Write a scenario that runs and does nothing to the water yet."""
    tank = draws["tank"]
    attacks = f"""\
  - name: overfill                     # your attack on what fills {tank}
    incident: overflow
    on: link:{LINKS[tank]}
    tags: [L_{tank}]
    do: {{offset: {{by: -0.01}}}}
    when: {{from: {draws["access_min"]} min}}
"""
    write(folder, name, attacks, detector)


def read_attacks(hand_in: Path, draws: Draws, forbidden: Sequence[str] = ()) -> Scenario:
    """Return the scenario that is handed in, without attacks of forbidden kinds.

    Raises
    ------
    InputError
        If an attack uses more than the lab allows, or the first does not begin when it should.
    """
    scenario = read(hand_in / SCENARIO)
    if not scenario.attacks:
        raise InputError("the scenario has no attack")
    for entry in scenario.attacks:
        _check(entry, forbidden)
    access, first = draws["access_min"], min(map(_begins, scenario.attacks)) / _MINUTE
    if not access <= first < access + 1:
        raise InputError(
            f"the attack begins at minute {first:g}: yours gets to the network at minute {access}, "
            "and begins then (say so by from, or by not_before where there is a start)"
        )
    return scenario


def _begins(entry: Entry) -> float:
    return entry.when.begins if entry.when.start is None else entry.when.not_before


def _check(entry: Entry, forbidden: Sequence[str]) -> None:
    port = entry.port
    plcs = port.sender.startswith("PLC") or port.receiver == "SCADA"
    if port.family != "link" or not plcs:
        raise InputError(
            f"{entry.name}: {entry.on} is out of reach: only what a PLC sends another or SCADA, "
            "like link:PLC4->PLC3 or link:PLC4->SCADA"
        )
    if entry.do.kind in forbidden:
        raise InputError(f"{entry.name}: {entry.do.kind} is not allowed in this lab")


def spilled(truth: pd.DataFrame, normal: pd.DataFrame, tank: str, asked: float) -> Verdict:
    """Return how much of what is asked [m³] a tank spilled more than in a week without attack."""
    column = f"overflow_{tank}_m3"
    more = float(truth[column].iloc[-1] - normal[column].iloc[-1])
    said = f"{tank} spilled {more:,.0f} m³ more than without the attack, {asked:g} asked"
    return Verdict(float(np.clip(more / asked, 0.0, 1.0)), said)


def forged_for_scada(attacks: Sequence[Entry]) -> list[str]:
    """Return the tags that entries forge on their way to SCADA.

    Raises
    ------
    InputError
        If one does not name its tags.
    """
    tags: list[str] = []
    for entry in attacks:
        if entry.port.receiver == "SCADA":
            if not entry.tags:
                raise InputError(f"{entry.name} on {entry.on}: name its `tags`; they are counted")
            tags += entry.tags
    return sorted(set(tags))
