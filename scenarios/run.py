"""A run: a scenario simulated, watched while it happens, and set against its pair."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

import detector
from attacks.entry import Armed, arm
from detector import DataError, Detector
from detector.checkpoint import shipped_path
from scenarios import folder as run_folder
from scenarios.impact import COUNTERS, deviating, impact
from scenarios.incidents import Incident, false_episodes, incidents
from scenarios.schema import Scenario
from scenarios.watch import Watch
from twin.errors import InputError, PlantError, under
from twin.network import PLANTS, Network
from twin.scada import Alarm
from twin.tags import Frame
from twin.testbed import Testbed
from twin.units import HOUR


@dataclass(frozen=True)
class Run:
    """What a scenario's run recorded. Every table is indexed by time [s] unless it says otherwise.

    Attributes
    ----------
    scenario : Scenario
        As it ran: with the seed and duration used.
    network : Network
    status : str
        `done`, `interrupted`, or `failed` with `reason`.
    reason : str
    wall_s : float
    truth, plc, scada, quality : DataFrame
        The true tags with running totals, what each PLC believed, what SCADA showed and how good
        it said that was.
    paired : DataFrame
        The truth of the same run without attacks.
    labels : DataFrame
        For each step and entry, by column `time`: `active`, `altered`, `deviating`.
    scores, alarms : DataFrame
        Empty without a detector.
    events : DataFrame
    impact : DataFrame
        By counter: `run`, `paired`, `difference`.
    incidents : tuple of Incident
    false_episodes : int or None
        Alarm episodes that touch no incident or its aftermath; None without a detector.
    notes : tuple of str
        What the user should know: no detector, EPANET's warnings.
    folder : Path or None
        Where it was written.
    """

    scenario: Scenario
    network: Network
    status: str
    reason: str
    wall_s: float
    truth: pd.DataFrame
    plc: pd.DataFrame
    scada: pd.DataFrame
    quality: pd.DataFrame
    paired: pd.DataFrame
    labels: pd.DataFrame
    scores: pd.DataFrame
    alarms: pd.DataFrame
    events: pd.DataFrame
    impact: pd.DataFrame
    incidents: tuple[Incident, ...]
    false_episodes: int | None
    notes: tuple[str, ...]
    folder: Path | None = None

    @property
    def hours(self) -> float:
        """How much was simulated and recorded."""
        return len(self.truth) * self.network.step / HOUR

    def summary(self) -> dict[str, Any]:
        """Return the run in figures, ready for JSON."""
        alarms = [
            {
                "time_h": row["time"] / HOUR,
                "last_h": row["last"] / HOUR,
                "score": row["score"],
                "peak": row["peak"],
                "tags": row["tags"],
                "plc": row["plc"],
            }
            for row in self.alarms.reset_index().to_dict("records")
        ]
        done, usual = self.impact["run"].to_dict(), self.impact["paired"].to_dict()
        return {
            "scenario": self.scenario.name,
            "seed": self.scenario.seed,
            "status": self.status,
            "reason": self.reason,
            "hours": self.hours,
            "wall_s": round(self.wall_s, 3),
            "folder": None if self.folder is None else str(self.folder),
            "attacks": [asdict(incident) for incident in self.incidents],
            "impact": {name: done[name] for name in COUNTERS},
            "paired": {name: usual[name] for name in COUNTERS},
            "false_episodes": self.false_episodes,
            "alarms": alarms,
            "notes": list(self.notes),
        }


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    duration: float | None = None,
    out: Path | str | None = None,
    watch: bool = True,
    on_hour: Callable[[float], None] | None = None,
    on_alarm: Callable[[Alarm], None] | None = None,
) -> Run:
    """Simulate a scenario, watch it, and compare it with its pair.

    Parameters
    ----------
    scenario : Scenario
    seed, duration : int, float, optional
        Instead of the scenario's; the duration in seconds.
    out : Path or str, optional
        The run folder to write, with the report; by default nothing is written.
    watch : bool, default True
        Whether the scenario's detector takes part.
    on_hour, on_alarm : callable, optional
        Told the time [s] of every simulated hour, and every alarm as it is raised.

    Raises
    ------
    InputError
        If an attack, the detector or `out` cannot be used; nothing has been written then.
    """
    began = time.perf_counter()
    chosen = replace(
        scenario,
        seed=scenario.seed if seed is None else seed,
        duration=scenario.duration if duration is None else duration,
    )
    network = chosen.network()
    guard, notes = _detector(chosen, network) if watch else (None, [])
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(run_folder.draft(out)) if out is not None else None
        testbed = stack.enter_context(_testbed(chosen, network, place))
        with under("attacks"):
            armed = arm(chosen.attacks, testbed)
        pair = _pair(chosen, network) if chosen.attacks else None
        labels = _Labels(armed)
        testbed.scada.subscribers.append(labels.see)
        seat = None
        if guard is not None:
            seat = Watch(guard, network, testbed.scada, on_alarm or (lambda alarm: None))
        status, reason = "done", ""
        try:
            for now in testbed.run(chosen.duration):
                if on_hour is not None:
                    on_hour(now)
        except PlantError as error:
            status, reason = "failed", str(error)
        except KeyboardInterrupt:
            status, reason = "interrupted", "stopped by the user"
        notes += [
            f"EPANET warned {count} times: {what}"
            for what, count in sorted(testbed.plant.meters.warnings.items())
        ]
        made = _conclude(chosen, network, testbed, pair, labels, seat, notes)
        made = replace(made, status=status, reason=reason, wall_s=time.perf_counter() - began)
        if out is None or place is None:
            return made
        made = replace(made, folder=Path(out))
        run_folder.fill(place, made)
        return made


def _testbed(scenario: Scenario, network: Network, place: Path | None) -> Testbed:
    return Testbed(
        network,
        seed=scenario.seed,
        start=scenario.start,
        warmup=scenario.warmup,
        pressure_driven=scenario.demand_model == "pressure-driven",
        folder=place,
    )


def _pair(scenario: Scenario, network: Network) -> Testbed:
    """Run the same scenario without its attacks."""
    with _testbed(scenario, network, None) as pair:
        for _ in pair.run(scenario.duration):
            pass
    return pair


def _detector(scenario: Scenario, network: Network) -> tuple[Detector | None, list[str]]:
    """Return the detector that watches, or none and why."""
    if scenario.detector is None:
        return None, ["the scenario names no detector: nobody watches"]
    name, path = scenario.detector, scenario.folder / scenario.detector
    try:
        shipped = shipped_path(name, network.name, HOUR)
        # A folder of one's own may bear a shipped plant's name, and have other tags.
        trained = shipped.is_file() and network.folder.parent == PLANTS
        if name in detector.kinds() and not trained:
            return None, [
                f"no trained {name} for plant {network.name}: nobody watches. "
                "`hydrotwin train` makes one from a normal run"
            ]
        known = path if path.exists() else name
        return detector.load(known, network.name, network.tag_names), []
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None


class _Labels:
    """Notes, with each frame, which entry is active and what it has altered since the last."""

    def __init__(self, armed: list[Armed]):
        self.armed = armed
        self.rows: list[tuple[float, str, str, bool, list[str]]] = []

    def see(self, frame: Frame) -> None:
        for one in self.armed:
            if frame.time >= 0:
                altered = sorted(one.altered)
                self.rows.append((frame.time, one.entry.name, "attack", one.active, altered))
            one.altered.clear()


def _conclude(
    scenario: Scenario,
    network: Network,
    testbed: Testbed,
    pair: Testbed | None,
    labels: _Labels,
    seat: Watch | None,
    notes: list[str],
) -> Run:
    history = testbed.historian
    history.close()
    truth = history.truth.frame()
    totals = testbed.totals()
    paired, paired_totals = truth, totals
    if pair is not None:
        paired, paired_totals = pair.historian.truth.frame(), pair.totals()
        if len(truth) < len(paired):  # cut short: compare what both have
            paired_totals = {name: float(paired[name].iloc[len(truth)]) for name in totals}
            paired = paired.iloc[: len(truth)]
    table = pd.DataFrame(labels.rows, columns=["time", "entry", "label", "active", "altered"])
    by_time = dict(zip(truth.index, deviating(truth, paired, network), strict=True))
    table["deviating"] = [by_time.get(at, []) for at in table["time"]]
    scores = pd.DataFrame() if seat is None else seat.score_table()
    alarms = pd.DataFrame() if seat is None else seat.alarm_table()
    happened = incidents(labels.armed, truth, paired, None if seat is None else scores)
    events = pd.DataFrame(
        [(e.time, e.source, e.what) for e in history.events], columns=["time", "source", "what"]
    )
    return Run(
        scenario=scenario,
        network=network,
        status="",
        reason="",
        wall_s=0.0,
        truth=truth,
        plc=history.plc.frame(),
        scada=history.scada.frame(),
        quality=history.quality.frame(),
        paired=paired,
        labels=table,
        scores=scores,
        alarms=alarms,
        events=events.set_index("time"),
        impact=impact(totals, paired_totals),
        incidents=happened,
        false_episodes=None if seat is None else false_episodes(alarms, happened),
        notes=tuple(notes),
    )
