"""A scenario at work: opened, advanced through simulated time, concluded into a `Run`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import pandas as pd

from detector import Detector
from scenarios.definition.keys import DETECTOR, GRID, SHORTEST
from scenarios.definition.scenario import Scenario, testbed
from scenarios.results.detection import Aftermath, check_aftermath
from scenarios.results.impact import impact
from scenarios.results.incidents import incidents, of_kind, verdict
from scenarios.results.labels import Labels
from scenarios.results.orders import Orders
from scenarios.results.run import Run
from scenarios.results.slips import slips
from scenarios.results.tables import events_table, limits_table
from scenarios.simulation.by_hand import Operated
from scenarios.simulation.comparison import compare
from scenarios.simulation.notes import cautions
from scenarios.simulation.pace import Pace
from scenarios.simulation.pair import paired_truth, past_of
from scenarios.simulation.past import begin
from scenarios.simulation.scorers import hand_in_scorers
from scenarios.simulation.watch import Watcher, shadow_of
from scenarios.simulation.watch import watchers as watching
from twin.control.alarms import Alarm
from twin.errors import RunError
from twin.plants.spec import PlantSpec
from twin.shadow.perturbation import Perturbation
from twin.testbed import Testbed
from twin.units import HOUR

_NOTHING = "nothing was recorded yet"


class Session(Operated):
    """One run of a scenario while it goes on; `open` makes it.

    Attributes
    ----------
    scenario : Scenario
    spec : PlantSpec
    testbed : Testbed
    entries : ArmedEntries
        The scenario's attacks and faults, at work, and those launched since.
    watchers : tuple of Watcher
        The detectors that watch; the figures of the run are the first one's.
    pace : Pace
        How fast simulated time goes by; it may be changed while the session goes on.
    status : str
        `running`, `done`, or, with the `reason`, `failed` or `interrupted`.
    reason : str
    """

    def __init__(
        self,
        scenario: Scenario,
        spec: PlantSpec,
        bed: Testbed,
        watchers: Sequence[Watcher],
        notes: Sequence[str],
        *,
        pair: bool,
        aftermath: Aftermath,
        pace: Pace,
        on_time: Callable[[float], None] | None,
    ):
        super().__init__(scenario, bed)
        self.spec, self.pace = spec, pace
        self.watchers = tuple(watchers)
        self.status, self.reason = "running", ""
        self._labels, self._orders = Labels(self.entries, bed), Orders(bed)
        self._notes, self._aftermath, self._on_time = list(notes), aftermath, on_time
        self._compares = pair
        self._paired: pd.DataFrame | None = None
        self._begun = False
        self._opened = time.perf_counter()
        self._grain = HOUR
        self._instants = bed.run(scenario.duration, every=lambda: self._grain)

    @classmethod
    def open(
        cls,
        scenario: Scenario,
        *,
        spec: PlantSpec | None = None,
        folder: Path | None = None,
        watch: bool = True,
        detectors: Sequence[str | Detector] | None = None,
        pair: bool = True,
        aftermath: Aftermath = "normal",
        pace: Pace | None = None,
        on_time: Callable[[float], None] | None = None,
        on_alarm: Callable[[Alarm], None] | None = None,
    ) -> Self:
        """Check a scenario and make everything ready to run it.

        Parameters
        ----------
        scenario : Scenario
        spec : PlantSpec, optional
            The scenario's plant where it has been read already.
        folder : Path, optional
            Where the historian writes as the run goes on; by default it keeps its tables in memory.
        watch : bool, default True
            Whether a detector takes part.
        detectors : sequence of str or Detector, optional
            Instead of the scenario's: kinds, checkpoints, or fitted detectors.
        pair : bool, default True
            Whether to compare with the same run without attacks.
        aftermath : {"normal", "attack", "out"}
            See `scenarios.results.detection`.
        pace : Pace, optional
            By default as fast as possible.
        on_time, on_alarm : callable, optional
            Told the time [s], hourly or finer when paced, and every alarm as it is raised. Where
            neither a pace nor `on_alarm` is given, detectors score all frames after the run.

        Raises
        ------
        InputError
            If an attack, the detector or the plant cannot be used.
        """
        check_aftermath(aftermath, pair)
        spec = spec or scenario.plant_spec()
        found, notes = watching(scenario, spec, detectors) if watch else ({}, [])
        bed = testbed(scenario, spec, folder)
        watchers: list[Watcher] = []
        try:
            hand_in_scorers(scenario, spec, bed)
            live = pace is not None or on_alarm is not None or bool(scenario.answers)
            for name, detector in found.items():
                wanted = detector.columns_wanted == "tags+shadow"
                perturb = Perturbation.of(detector.perturb)
                shadow = shadow_of(scenario, perturb) if wanted else None
                watchers.append(Watcher(detector, spec, bed.scada, on_alarm, shadow, name, live))
            return cls(
                scenario,
                spec,
                bed,
                watchers,
                notes,
                pair=pair,
                aftermath=aftermath,
                pace=pace or Pace(),
                on_time=on_time,
            )
        except BaseException:
            for watcher in watchers:
                watcher.close()
            bed.close()
            raise

    def advance(self, until: float) -> float:
        """Simulate up to `until` [s], at the session's pace.

        The first call begins with the pair, the run without attacks that is compared with, and
        with the warm-up. A run that fails or is interrupted later keeps what it recorded: `status`
        says so then.

        Returns
        -------
        float
            The time reached [s].

        Raises
        ------
        RunError, KeyboardInterrupt
            If the run fails or is interrupted before anything was recorded.
        """
        until = min(until, self.scenario.duration)
        try:
            if not self._begun:
                self._begin(until)
            while self.status == "running" and self.now < until:
                self._grain = min(self.pace.grain(), until - self.now)
                now = next(self._instants)
                if self._on_time is not None:
                    self._on_time(now)
                self.pace.wait(now)
                if now >= self.scenario.duration:
                    for _ in self._instants:  # its last instant is over, and all is written
                        pass
                    self.status = "done"
        except RunError as error:
            if self.now <= 0:
                early = ", in the warm-up" if self.now < 0 else ""
                raise type(error)(f"{error}{early}: {_NOTHING}") from None
            self.status, self.reason = "failed", str(error)
        except KeyboardInterrupt:
            if self.now <= 0:
                raise KeyboardInterrupt(_NOTHING) from None
            self.status, self.reason = "interrupted", "stopped by the user"
        return self.now

    def _begin(self, until: float) -> None:
        """Run the pair, and skip what this run has in common with it, unless it is paced."""
        self._begun = True
        if self._compares and self.scenario.entries:
            self._run_pair()
        if self.pace.speed is None:
            past = past_of(self.scenario, self.spec)
            begin(self.testbed, self.entries, past, until)

    def _run_pair(self) -> None:
        try:
            self._paired = paired_truth(self.scenario, self.spec)
        except RunError as error:
            self._notes.append(f"not compared: the run without attacks failed, {error}")
            self._compares, self._aftermath = False, "normal"  # nothing else can be told

    def end_here(self) -> None:
        """End a run that goes on, and its scenario with it: run again, that is the same run.

        It goes on to the next time at which a scenario can end, an hour after its start or later.
        """
        grid = math.lcm(self.spec.step, GRID)
        end = max(math.ceil(self.now / grid) * grid, SHORTEST)
        if self.status != "running" or end >= self.scenario.duration:
            return
        self.scenario = replace(self.scenario, duration=float(end))
        self.testbed.end_at(int(end))
        self.advance(end)
        if self.status == "done":
            self.status, self.reason = "interrupted", "stopped by the user"

    def conclude(self, on_compare: Callable[[str], None] | None = None) -> Run:
        """End the run, compare it with its pair, and return what it recorded.

        Parameters
        ----------
        on_compare : callable, optional
            Told each incident of several as the run without it begins.
        """
        if self.status == "running":
            self.status, self.reason = "interrupted", "stopped by the user"
        self.scenario = self.as_scenario()
        self.testbed.historian.close()
        for watcher in self.watchers:
            watcher.finish()
        self._notes += [*_unheard(self.scenario, self.spec), *cautions(self.testbed)]
        interrupted = self.status == "interrupted"
        try:
            if self._compares and self.scenario.entries and self._paired is None:
                self._run_pair()  # of what was launched by hand
            return self._run([*self._notes], None if interrupted else on_compare or _silent)
        except KeyboardInterrupt:  # the second time it is brief
            self.status, self.reason = "interrupted", "stopped by the user after its end"
            return self._run(self._notes, None)

    def _run(self, notes: list[str], on_compare: Callable[[str], None] | None) -> Run:
        history, spec, entries = self.testbed.historian, self.spec, self.entries
        truth, totals = history.truth.frame(), self.testbed.totals()
        end = float(len(truth) * spec.step)
        compared = compare(self.scenario, spec, entries, truth, totals, self._paired, on_compare)
        notes += compared.notes
        scores = _by_time([watcher.score_table() for watcher in self.watchers])
        raised = {watcher.name: watcher.alarm_table() for watcher in self.watchers}
        alarms = _by_time([*raised.values()])
        verdicts = [
            verdict(name, table, entries, compared.damages, end) for name, table in raised.items()
        ]
        first = next(iter(raised.values()), None)
        happened = incidents(entries, compared.damages, first, end)
        for fault in of_kind(entries, "fault"):
            why = fault.why_not(end)
            notes += [f"the fault {fault.entry.name} never began: {why}"] if why else []
        notes += [
            f"{one.entry.label} {one.entry.name} changed nothing while it was active: {one.idle}"
            for one in entries
            if one.idle
        ]
        paired = compared.paired
        labels = self._labels.table(truth, paired, spec)
        scada, quality = history.scada.frame(), history.quality.frame()
        masks = () if paired is None else slips(
            entries, self.scenario, spec, scada, quality, labels, paired
        )  # fmt: skip
        return Run(
            scenario=self.scenario,
            spec=spec,
            status=self.status,
            reason=self.reason,
            wall_s=round(time.perf_counter() - self._opened, 3),
            truth=truth,
            plc=history.plc.frame(),
            scada=scada,
            quality=quality,
            paired=paired,
            labels=labels,
            scores=scores,
            alarms=alarms,
            limits=limits_table(self.testbed.scada.limits.alarms),
            events=events_table(history.events),
            impact=impact(totals, compared.totals, spec),
            damage=compared.together,
            incidents=happened,
            false_episodes=verdicts[0].false_episodes if verdicts else None,
            fault_episodes=verdicts[0].fault_episodes if verdicts else None,
            detectors=tuple(verdicts),
            notes=tuple(notes),
            orders=self._orders.table(end),
            slips=tuple(masks),
            folder=None,
            aftermath=self._aftermath,
        )

    def close(self) -> None:
        """Give the engines back."""
        for watcher in self.watchers:
            watcher.close()
        self.testbed.close()


def _by_time(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several tables by time; those of one time in the tables' order."""
    return pd.concat(tables).sort_index(kind="stable") if tables else pd.DataFrame()


def _silent(_: str) -> None:
    """Tell nobody which run is being compared with."""


def _unheard(scenario: Scenario, spec: PlantSpec) -> Iterator[str]:
    """Say what the scenario asks for that this run cannot show."""
    for order in scenario.operator:
        if order.at >= scenario.duration:
            yield f"the operator's order at h {order.at / HOUR:g} was never given: the run was over"
    if not spec.exact and scenario.detector == DETECTOR:
        yield (
            "the shipped detector learned exact instruments: to it, their noise is news; "
            "`hydrotwin train` fits one to runs of these instruments without attacks"
        )
