"""A scenario at work: opened, advanced through simulated time, concluded into a `Run`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

import pandas as pd

from attacks.entries.armed import arm
from attacks.entries.entry import ArmedEntry, Entry
from attacks.kinds.external import Client, External
from detector import Detector
from scenarios.definition.scenario import DETECTOR, Scenario, testbed
from scenarios.definition.words import joined
from scenarios.results.damage import Damage, damage
from scenarios.results.detection import Aftermath, check_aftermath
from scenarios.results.impact import impact
from scenarios.results.incidents import grouped, incidents, of_kind, spans_of, verdict
from scenarios.results.labels import Labels
from scenarios.results.orders import Orders
from scenarios.results.run import Run
from scenarios.results.slips import slips
from scenarios.results.tables import events_table, limits_table
from scenarios.simulation.notes import cautions
from scenarios.simulation.pace import Pace
from scenarios.simulation.pair import paired_truth, past_of, with_end
from scenarios.simulation.past import begin
from scenarios.simulation.scorers import hand_in_scorers
from scenarios.simulation.watch import Watcher, shadow_of
from scenarios.simulation.watch import watchers as watching
from twin.closeable import Closing
from twin.control.alarms import Alarm
from twin.control.orders import Order, word
from twin.errors import InputError, RunError, nearest
from twin.plants.spec import PlantSpec
from twin.shadow.perturbation import Perturbation
from twin.testbed import Testbed
from twin.units import HOUR, readable

_NOTHING = "nothing was recorded yet"


class _Comparison(NamedTuple):
    """A run beside the one without its attacks; None where there is no such run.

    `totals` are the pair's running totals at the end, `together` the damage of all attacks, and
    `damages` that of each incident, as far as it is known.
    """

    paired: pd.DataFrame | None
    totals: dict[str, float] | None
    together: Damage | None
    damages: dict[str, Damage]


class Session(Closing):
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
        self.scenario, self.spec, self.testbed, self.pace = scenario, spec, bed, pace
        self.watchers = tuple(watchers)
        self.entries = arm(scenario.entries, bed)
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

    @property
    def now(self) -> float:
        """The simulated time, seconds since the scenario's start; negative in the warm-up."""
        return float(self.testbed.env.now)

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

    def operate(self, values: Mapping[str, float], by: str = "operator") -> None:
        """Have the operator write orders now, by hand; see `Scada.write`.

        Like all that is done by hand, it is done between two calls of `advance`, on their thread.

        Raises
        ------
        InputError
            If no PLC takes an order of a name.
        """
        given = Order(max(self.now, 0.0), dict(values), by)
        self.testbed.operator.give(given)
        self.scenario = replace(self.scenario, operator=(*self.scenario.operator, given))

    def write_external(
        self, plc: str, values: Mapping[str, float], *, peer: str, protocol: str
    ) -> None:
        """Write to a PLC's registers as a client outside does; the PLC takes it at its next scan.

        All that one peer writes to one PLC is one entry, `external-1` and so on.

        Parameters
        ----------
        plc : str
        values : mapping of str to float
            By actuator or setpoint; see `Plc.write`.
        peer : str
            The client's address.
        protocol : str
            `modbus` or `opcua`.

        Raises
        ------
        InputError
            If the PLC takes no order of a name.
        """
        at, host = max(self.now, 0.0), peer.rpartition(":")[0] or peer
        for one in self.entries:
            client, target = one.attack, one.entry.port.target
            if not isinstance(client, Client):
                continue
            if (target, client.peer, client.protocol) == (plc, host, protocol):
                self.testbed.plcs[plc].check(values)
                client.add(at, dict(values))
                return
        said = {readable(at): {name: word(value) for name, value in values.items()}}
        count = sum(isinstance(one.attack, Client) for one in self.entries)
        self.launch(
            Entry(
                name=f"external-{count + 1}",
                on=f"plc:{plc}",
                do=External(writes=said, peer=host, protocol=protocol),
                incident="external",
            )
        )

    def launch(self, entry: Entry) -> ArmedEntry:
        """Begin an attack now, by hand: it gets to its port now, and by the clock acts from now on.

        Raises
        ------
        InputError
            If it cannot be used here, or an entry of its name is there.
        """
        now = max(self.now, 0.0)
        when = entry.when
        if when.start is None and when.begins < now:
            when = replace(when, begins=now)
        armed = self.entries.launch(replace(entry, when=when, since=now))
        self.scenario = replace(self.scenario, attacks=(*self.scenario.attacks, armed.entry))
        return armed

    def stop(self, name: str) -> None:
        """End an entry that acts, now.

        Raises
        ------
        InputError
            If there is none of that name, or it does not act.
        """
        armed = {one.entry.name: one for one in self.entries}
        if name not in armed:
            raise InputError(f"no entry is called {name!r}: {nearest(name, armed)}")
        armed[name].stop(self.now)

    def as_scenario(self) -> Scenario:
        """Return the scenario with all that was done by hand: run again, it is the same run."""
        now = {one.entry.name: _as_done(one) for one in self.entries}
        return replace(
            self.scenario,
            attacks=tuple(now[entry.name] for entry in self.scenario.attacks),
            faults=tuple(now[entry.name] for entry in self.scenario.faults),
        )

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
        compared = self._compared(truth, totals, end, notes, on_compare)
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

    def _compared(
        self,
        truth: pd.DataFrame,
        totals: dict[str, float],
        end: float,
        notes: list[str],
        on_compare: Callable[[str], None] | None,
    ) -> _Comparison:
        paired = self._paired
        if paired is None:
            alone = not self.scenario.entries  # it is its own pair
            return _Comparison(truth if alone else None, totals if alone else None, None, {})
        whole = with_end(truth, end, totals)  # a run that was cut short is compared up to there
        last = paired.loc[[end]].iloc[0]
        began = [begin for begin, _ in spans_of(self.entries)]
        together = damage(whole, paired, min(began, default=end))
        damages = self._damages(whole, end, together, notes, on_compare)
        usual = {name: float(last[name]) for name in totals}
        return _Comparison(paired.loc[truth.index], usual, together, damages)

    def _damages(
        self,
        truth: pd.DataFrame,
        end: float,
        together: Damage,
        notes: list[str],
        on_compare: Callable[[str], None] | None,
    ) -> dict[str, Damage]:
        """Return what each incident did, as far as that is known; where not, say why in `notes`."""
        groups = grouped(self.entries)
        if len(groups) == 1:
            return dict.fromkeys(groups, together)
        scenario = replace(self.scenario, duration=end)
        damages: dict[str, Damage] = {}
        unknown: list[str] = []
        for name, members in groups.items():
            began = [begin for begin, _ in spans_of(members)]
            if not began:
                damages[name] = {}
            elif on_compare is None or unknown:
                unknown.append(name)
            else:
                try:
                    on_compare(name)
                    without = paired_truth(scenario, self.spec, name)
                    damages[name] = damage(truth, without, min(began))
                except RunError as error:
                    notes.append(
                        f"what {name} did is not known: the run without it failed, {error}"
                    )
                except KeyboardInterrupt:
                    unknown.append(name)
        if unknown:
            notes.append(f"stopped by the user: what {joined(unknown)} did is not known")
        return damages

    def close(self) -> None:
        """Give the engines back."""
        for watcher in self.watchers:
            watcher.close()
        self.testbed.close()


def _as_done(armed: ArmedEntry) -> Entry:
    """Return an entry with all that its client wrote."""
    client = armed.attack
    return (
        replace(armed.entry, do=client.as_written()) if isinstance(client, Client) else armed.entry
    )


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
        yield "the shipped detector learned exact instruments: to it, their noise is news"
