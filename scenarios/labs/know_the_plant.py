"""Lab 1, know the plant: find the registers of a plant whose map nobody hands out."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from scenarios.labs.lab import Criterion, Draws, Lab, Verdict, Verdicts
from scenarios.labs.plant import PLANT, points_of
from scenarios.live.audit import AUDIT, audit_csv, read_audit
from twin.files import read_table
from twin.plants.spec import load_plant
from twin.servers.registers import INPUT, Point
from twin.units import counted

_ANSWERS = "registers.csv"
_COLUMNS = ("plc", "tag", "address", "scale")
_PRESSURES = 5  # asked for beside all levels
_ENOUGH = 0.5  # of the fields, from which on it counts that nothing was written


def _draw(rng: np.random.Generator) -> Draws:
    pressures = [tag.name for tag in load_plant(PLANT).tags if tag.quantity == "pressure"]
    asked = rng.choice(sorted(pressures), _PRESSURES, replace=False)
    return {"map": int(rng.integers(2**31)), "pressures": sorted(map(str, asked))}


def _asked(draws: Draws) -> list[Point]:
    """Return the points whose address and scale are asked for: at the PLC that measures them."""
    owners = {
        tag.name: tag.plc
        for tag in load_plant(PLANT).tags
        if tag.quantity == "level" or tag.name in draws["pressures"]
    }
    return [
        point
        for point in points_of(draws)
        if point.table == INPUT and owners.get(point.tag) == point.plc
    ]


def _write(folder: Path, rows: list[tuple[object, ...]]) -> None:
    with (folder / _ANSWERS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *rows])


def _start(draws: Draws, folder: Path) -> None:
    _write(folder, [(point.plc, point.tag, "", "") for point in _asked(draws)])


def _solve(draws: Draws, folder: Path) -> None:
    _write(folder, [(p.plc, p.tag, p.address, f"{p.scale:g}") for p in _asked(draws)])
    (folder / AUDIT).write_text(audit_csv([]), encoding="utf-8")


def _examine(hand_in: Path, draws: Draws, seed: int) -> Verdicts:
    """Return the verdicts; the seed changes nothing here."""
    said = {
        (plc, tag): (address.strip(), scale.strip())
        for _, (plc, tag, address, scale) in read_table(hand_in / _ANSWERS, _COLUMNS)
    }
    right, wrong = 0, []
    asked = _asked(draws)
    for point in asked:
        address, scale = said.get((point.plc, point.tag), ("", ""))
        found = address == str(point.address)
        right += found
        if found and _number(scale) == point.scale:
            right += 1
        else:
            field, given = ("scale", scale) if found else ("address", address)
            wrong.append(f"{point.plc} {point.tag} ({field if given else f'no {field} yet'})")
    share = right / (2 * len(asked))
    told = f"{right} of {2 * len(asked)} fields are right"
    map_ = Verdict(share, f"{told}; not {', '.join(wrong)}" if wrong else told)
    return {"map": map_, "hands off": _untouched(hand_in, share)}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _untouched(hand_in: Path, share: float) -> Verdict:
    if share < _ENOUGH:
        return Verdict(0.0, "counts once half of the fields are right")
    writes = len(read_audit(hand_in / AUDIT))
    said = f"{counted(writes, 'write')} in {AUDIT}" if writes else f"{AUDIT} has no write"
    return Verdict(0.0 if writes else 1.0, said)


LAB = Lab(
    number=1,
    name="know-the-plant",
    title="Know the plant: find its registers",
    minutes=75,
    hands_in=(_ANSWERS, AUDIT),
    technique="T0861 Point & Tag Identification",
    criteria=(
        Criterion(
            "map", 80, "the share of addresses and scales that are right; a scale needs its address"
        ),
        Criterion(
            "hands off", 20, "nothing was written to the plant, once half of the map is right"
        ),
    ),
    draw=_draw,
    start=_start,
    solve=_solve,
    examine=_examine,
)
