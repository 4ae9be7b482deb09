"""A long run with a random attack or fault nearly every day: `python -m tests.scenarios.soak 365`.

What a user would notice over a year: memory that grows, samples that are lost, water that is.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from attacks.discovery import kinds
from attacks.entries.armed import arm
from scenarios.definition.scenario import Scenario, testbed
from scenarios.definition.schema import from_data
from scenarios.simulation.scorers import hand_in_scorers
from twin.units import DAY, HOUR

COSTLY = ("covert", "model: twin")  # each runs a second plant, 70 MB, from its start on
BENIGN = ["leak", "demand", "fail", "wear", "dead", "noise", "ramp"]


@dataclass(frozen=True)
class Soak:
    """What a long run showed."""

    entries: int
    began: int  # of these, how many acted
    rows: dict[str, int]
    expected: int
    gap: float  # of the water balance, as a share of what was supplied
    resident_mb: list[float]  # weekly
    seconds: float
    stray: int  # steps that are missing or doubled


def scenario(days: int, seed: int) -> Scenario:
    """Return a year of C-Town on which every kind's own example acts now and then."""
    draw = random.Random(seed)
    examples = {name: YAML(typ="safe").load(cls.example) for name, cls in kinds().items()}
    cheap = [n for n, cls in kinds().items() if not any(word in cls.example for word in COSTLY)]
    lists: dict[str, list[dict[str, object]]] = {"attacks": [], "faults": []}
    for day in range(days):
        benign = draw.random() < 0.3
        kind = draw.choice(BENIGN if benign else cheap)
        entry = dict(examples[kind])
        hour, length = day * 24 + draw.uniform(0, 12), draw.uniform(0.5, 12)
        entry["when"] = {"from": f"{hour:.2f} h", "for": f"{length:.2f} h"}
        entry["name"] = f"{kind}-{day}"
        lists["faults" if benign else "attacks"].append(entry)
    return from_data(
        {
            "name": "soak",
            "seed": seed,
            "duration": f"{days} d",
            "demand_model": "pressure-driven",
            "control": {
                "links": {"PLC*->SCADA": {"loss": 0.001, "latency": "200 ms", "retries": 1}},
                "sensors": {"[FP]_*": {"noise": 0.01}},
            },
            **lists,
        }
    )


def soak(days: int, seed: int = 0) -> Soak:
    """Run it, with everything recorded to Parquet."""
    plan = scenario(days, seed)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        with testbed(plan, plan.plant_spec(), Path(folder)) as bed:
            hand_in_scorers(plan, bed.spec, bed)
            armed = arm(plan.entries, bed)
            weeks = bed.run(plan.duration, every=lambda: 7 * DAY)
            resident = [_resident_mb() for now in weeks if now >= 0]
            totals = bed.totals()
        files = sorted(Path(folder).glob("*.parquet"))
        times = {path.stem: pd.read_parquet(path, columns=["time"])["time"] for path in files}
    step = bed.spec.step
    stray = sum(int((t.diff().iloc[1:] != step).sum()) for t in times.values())
    spilled = sum(v for name, v in totals.items() if name.startswith("overflow_"))
    came = totals["supplied_m3"] + totals["invented_m3"]
    went = totals["drawn_m3"] + totals["leaked_m3"] + totals["stored_m3"] + spilled
    return Soak(
        entries=len(armed),
        began=sum(bool(one.spans) for one in armed),
        rows={name: len(t) for name, t in times.items()},
        expected=int(days * 24 * HOUR / step),
        gap=abs(came - went) / totals["supplied_m3"],
        resident_mb=resident,
        seconds=time.perf_counter() - began,
        stray=stray,
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    found = soak(int(sys.argv[1]))
    first, last = found.resident_mb[1 : len(found.resident_mb) // 2], found.resident_mb[-4:]
    print(f"{found.entries} entries, {found.began} acted; rows {found.rows} of {found.expected}")
    print(f"steps missing or doubled: {found.stray}; water balance off by {found.gap:.1e}")
    print(f"resident memory by week [MB]: {[round(mb) for mb in found.resident_mb]}")
    print(f"first half at most {max(first, default=0):.0f}, last weeks {max(last):.0f} MB")
    print(f"{found.seconds:.0f} s")
