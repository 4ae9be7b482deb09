"""The paired run: the same plant, seed, physics and faults without any attack, run once and kept.

Runs that differ only in their attacks share it. Where a scenario has several incidents, each has a
pair of its own too, in which it alone is left out: what it did is what would not have happened
without it. A longer one serves shorter runs. Of a run without any entry its past is kept too, from
which attacked runs go on.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from attacks.entries.armed import arm
from attacks.entries.trigger import When
from scenarios.definition.keys import LONGEST
from scenarios.definition.scenario import Scenario, testbed
from scenarios.simulation import past
from scenarios.simulation.cache import cache, keep, key_of, locked
from scenarios.simulation.past import Past, Recorder
from scenarios.simulation.scorers import hand_in_scorers
from twin.plants.spec import PlantSpec

_NEVER = When(begins=LONGEST)  # no run lasts longer


def other(scenario: Scenario, incident: str | None = None) -> Scenario:
    """Return the scenario's pair: without its attacks, or, if it has none, without its faults.

    With an `incident`, only the attacks of that one are left out. An entry that the condition of
    one that stays asks for stays too, and never begins. The operator does in it what the clock
    says, and nothing because of an attack: without any, no answers and nothing by hand.
    """
    if incident is None:
        planned = tuple(order for order in scenario.operator if not order.by)
        scenario = replace(scenario, operator=planned, answers=())
    if not scenario.attacks:
        return replace(scenario, faults=())
    gone = [e for e in scenario.attacks if incident in (None, e.incident)]
    stays = [entry.when for entry in scenario.entries if entry not in gone]
    asked = " ".join(f"{when.start} {when.end}" for when in stays)
    silent = {e.name: replace(e, when=_NEVER) for e in gone if f"{e.name}." in asked}
    kept = (silent.get(e.name, e) for e in scenario.attacks if e not in gone or e.name in silent)
    return replace(scenario, attacks=tuple(kept))


def paired_truth(scenario: Scenario, spec: PlantSpec, incident: str | None = None) -> pd.DataFrame:
    """Return the truth of the scenario's pair, or of the run without one incident of it.

    Returns
    -------
    DataFrame
        Indexed by time [s], as `Run.truth`, with one more row: the end of the run, of which only
        the running totals count.

    Raises
    ------
    RunError
        If the run cannot go on even without an attack.
    """
    scenario = other(scenario, incident)
    end, key = int(scenario.duration), key_of(scenario, spec)
    kept = _kept(key, end)
    if kept is not None:
        return kept
    before = past_of(scenario, spec)
    with locked(key):
        kept = _kept(key, end)  # another process may have run it meanwhile
        if kept is not None:
            return kept
        with testbed(scenario, spec) as bed:
            hand_in_scorers(scenario, spec, bed)
            entries = arm(scenario.entries, bed)
            recorder = None if entries or end > past.LONGEST else Recorder(bed)
            past.begin(bed, entries, before, end)
            for now in itertools.chain([bed.env.now], bed.run(end)):
                if recorder is not None:
                    recorder.note(now)
            truth = with_end(bed.historian.truth.frame(), end, bed.totals())
        if recorder is not None:
            past.remember(key, end, recorder.past())
        keep(cache(), f"{key}-{end}.parquet", lambda path: _write(truth, path))
    return truth


def past_of(scenario: Scenario, spec: PlantSpec) -> Past | None:
    """Return what is known of the time before a run's attacks: its pair's past, or the warm-up."""
    known, alike = None, other(scenario)
    if scenario.attacks and alike == replace(scenario, attacks=()) and not alike.entries:
        known = past.kept(key_of(alike, spec), int(scenario.duration))
    return known or past.warmed(scenario, spec)


def _kept(key: str, end: int) -> pd.DataFrame | None:
    """Return a kept run up to its end [s]; None where none is kept that is as long."""
    for path in cache().glob(f"{key}-*.parquet"):
        with contextlib.suppress(pa.ArrowException, OSError):
            truth = pd.DataFrame(pq.read_table(path).to_pandas()).set_index("time")
            if truth.index[-1] >= end:
                path.touch()
                return truth[truth.index <= end]
    return None


def _write(truth: pd.DataFrame, path: Path) -> None:
    truth.reset_index().to_parquet(path, compression="zstd")


def with_end(truth: pd.DataFrame, end: float, totals: Mapping[str, float]) -> pd.DataFrame:
    """Return a run's truth with a row more, at its end [s], for the running totals there."""
    closed = pd.concat([truth, truth.iloc[-1:].set_axis([float(end)])]).rename_axis("time")
    for name, total in totals.items():
        closed.loc[float(end), name] = total
    return closed
