"""A run: a scenario simulated, watched while it happens, and set against its pair."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, fields, replace
from pathlib import Path

import pandas as pd

import detector
from attacks.entries.entry import Armed, arm
from detector import DataError, Detector
from detector.checkpoint import shipped_path
from scenarios.definition.scenario import DETECTOR, Scenario
from scenarios.definition.scenario import testbed as testbed_of
from scenarios.definition.words import joined
from scenarios.results import folder as run_folder
from scenarios.results.damage import Damage, damage
from scenarios.results.detection import Aftermath, check_aftermath
from scenarios.results.impact import impact
from scenarios.results.incidents import grouped, incidents, of_kind, stray_episodes
from scenarios.results.labels import Labels
from scenarios.results.orders import Orders
from scenarios.results.run import Run
from scenarios.results.slips import slips
from scenarios.simulation.notes import cautions
from scenarios.simulation.pace import Pace
from scenarios.simulation.pair import paired_truth, with_end
from scenarios.simulation.watch import Watch
from twin.control.alarms import Alarm, LimitAlarm
from twin.errors import InputError, RunError
from twin.plants.spec import PLANTS, PlantSpec
from twin.testbed import Testbed
from twin.units import HOUR

_NOTHING = "nothing was recorded yet"


def run(
    scenario: Scenario,
    *,
    seed: int | None = None,
    duration: float | None = None,
    out: Path | str | None = None,
    watch: bool = True,
    pair: bool = True,
    aftermath: Aftermath = "normal",
    pace: Pace | None = None,
    on_start: Callable[[PlantSpec], None] | None = None,
    on_time: Callable[[float], None] | None = None,
    on_alarm: Callable[[Alarm], None] | None = None,
    on_compare: Callable[[str], None] | None = None,
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
    pair : bool, default True
        Whether to compare with the same run without attacks; without, no damage is known.
    aftermath : {"normal", "attack", "out"}
        What the run's summary counts hours as in which no attack is active any more but the water
        still deviates; see `scenarios.results.detection`.
    pace : Pace, optional
        How fast simulated time goes by; by default as fast as possible.
    on_start, on_time, on_alarm, on_compare : callable, optional
        Told the plant when everything has been checked and the run begins; the time [s], hourly
        or finer when paced; every alarm as it is raised; and, after the run, each incident of
        several as the run without it begins.

    Raises
    ------
    InputError
        If an attack, the detector or `out` cannot be used; nothing has been written then.
    RunError, KeyboardInterrupt
        If the run fails or is interrupted before anything was recorded; later, what was is kept.
    """
    began = time.perf_counter()
    pace = pace or Pace()
    check_aftermath(aftermath, pair)
    chosen = replace(
        scenario,
        seed=scenario.seed if seed is None else seed,
        duration=scenario.duration if duration is None else duration,
    )
    spec = chosen.plant_spec()
    guard, notes = _detector(chosen, spec) if watch else (None, [])
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(run_folder.draft(out)) if out is not None else None
        testbed = stack.enter_context(testbed_of(chosen, spec, place))
        armed = arm(chosen.entries, testbed)
        if on_start is not None:
            on_start(spec)
        paired = None
        if chosen.entries and pair:
            try:
                paired = paired_truth(chosen, spec)
            except RunError as error:
                notes.append(f"not compared: the run without attacks failed, {error}")
                aftermath = "normal"  # nothing else can be told
            except KeyboardInterrupt:
                raise KeyboardInterrupt(_NOTHING) from None
        labels, orders = Labels(armed, testbed), Orders(testbed)
        seat = None
        if guard is not None:
            seat = Watch(guard, spec, testbed.scada, on_alarm or (lambda alarm: None))
        status, reason = "done", ""
        try:
            for now in testbed.run(chosen.duration, every=pace.grain):
                if on_time is not None:
                    on_time(now)
                pace.wait(now)
        except RunError as error:
            if testbed.env.now <= 0:
                early = ", in the warm-up" if testbed.env.now < 0 else ""
                raise type(error)(f"{error}{early}: {_NOTHING}") from None
            status, reason = "failed", str(error)
        except KeyboardInterrupt:
            if testbed.env.now <= 0:
                raise KeyboardInterrupt(_NOTHING) from None
            status, reason = "interrupted", "stopped by the user"
        notes += [*_unheard(chosen), *cautions(testbed)]
        parts = (chosen, spec, testbed, paired, armed, labels, seat)
        compare = None if status == "interrupted" else on_compare or (lambda incident: None)
        try:
            made = _conclude(*parts, [*notes], compare)
        except KeyboardInterrupt:  # the second time it is brief
            status, reason = "interrupted", "stopped by the user after its end"
            made = _conclude(*parts, notes, None)
        made = replace(
            made,
            status=status,
            reason=reason,
            aftermath=aftermath,
            orders=orders.table(made.hours * HOUR),
            wall_s=time.perf_counter() - began,
            folder=None if out is None else Path(out),
        )
        return made if place is None else run_folder.fill(place, made)


def _unheard(scenario: Scenario) -> Iterator[str]:
    """Say what the scenario asks for that this run cannot show."""
    for order in scenario.operator:
        if order.at >= scenario.duration:
            yield f"the operator's order at h {order.at / HOUR:g} was never given: the run was over"
    if scenario.control.get("sensors") and scenario.detector == DETECTOR:
        yield "the shipped detector learned exact instruments: to it, their noise is news"


def _detector(scenario: Scenario, spec: PlantSpec) -> tuple[Detector | None, list[str]]:
    """Return the detector that watches, or none and why."""
    if scenario.detector is None:
        return None, ["the scenario names no detector: nobody watches"]
    name, path = scenario.detector, scenario.folder / scenario.detector
    try:
        shipped = shipped_path(name, spec.name, HOUR)
        # A folder of one's own may bear a shipped plant's name, and have other tags.
        trained = shipped.is_file() and spec.folder.parent == PLANTS
        if name in detector.kinds() and not trained:
            return None, [
                f"no trained {name} for plant {spec.name}: nobody watches. "
                "`hydrotwin train` makes one from a normal run"
            ]
        known = path if path.exists() else name
        return detector.load(known, spec.name, spec.tag_names), []
    except DataError as error:
        raise InputError(str(error), keys=["detector"]) from None


def _limits(testbed: Testbed) -> pd.DataFrame:
    """Return the limit alarms that stood at some time of the run."""
    names = [field.name for field in fields(LimitAlarm)]
    stood = [a for a in testbed.scada.limits.alarms if a.cleared is None or a.cleared >= 0]
    table = pd.DataFrame([astuple(alarm) for alarm in stood], columns=names)
    numbers = dict.fromkeys(["time", "value", "bound", "cleared"], float)
    return table.astype(numbers).set_index("time")


def _conclude(
    scenario: Scenario,
    spec: PlantSpec,
    testbed: Testbed,
    paired: pd.DataFrame | None,
    armed: Sequence[Armed],
    labels: Labels,
    seat: Watch | None,
    notes: list[str],
    on_compare: Callable[[str], None] | None,
) -> Run:
    history = testbed.historian
    history.close()
    truth = history.truth.frame()
    totals = testbed.totals()
    end = float(len(truth) * spec.step)
    usual: dict[str, float] | None = None
    together: Damage | None = None
    damages: dict[str, Damage] = {}
    if paired is not None:  # a run that was cut short is compared up to there
        whole = with_end(truth, end, totals)
        last = paired.loc[[end]].iloc[0]
        usual = {name: float(last[name]) for name in totals}
        began = [span[0] for one in armed for span in one.spans]
        together = damage(whole, paired, min(began, default=end))
        cut = replace(scenario, duration=end)
        damages = _damages(cut, spec, grouped(armed), whole, together, notes, on_compare)
        paired = paired.loc[truth.index]
    elif not scenario.entries:
        paired, usual = truth, totals
    scores = pd.DataFrame() if seat is None else seat.score_table()
    alarms = pd.DataFrame() if seat is None else seat.alarm_table()
    happened = incidents(armed, damages, None if seat is None else alarms, end)
    mistaken, false = stray_episodes(armed, alarms)
    for one in of_kind(armed, "fault"):
        why = one.why_not(end)
        notes += [f"the fault {one.entry.name} never began: {why}"] if why is not None else []
    events = pd.DataFrame(
        [(e.time, e.source, e.what) for e in history.events], columns=["time", "source", "what"]
    )
    told = labels.table(truth, paired, spec)
    scada, quality = history.scada.frame(), history.quality.frame()
    off = () if paired is None else slips(armed, scenario, spec, scada, quality, told, paired)
    return Run(
        scenario=scenario,
        spec=spec,
        status="",
        reason="",
        wall_s=0.0,
        truth=truth,
        plc=history.plc.frame(),
        scada=scada,
        quality=quality,
        paired=paired,
        labels=told,
        scores=scores,
        alarms=alarms,
        limits=_limits(testbed),
        events=events.set_index("time"),
        impact=impact(totals, usual, spec),
        damage=together,
        incidents=happened,
        false_episodes=None if seat is None else false,
        fault_episodes=None if seat is None else mistaken,
        notes=tuple(notes),
        slips=tuple(off),
    )


def _damages(
    scenario: Scenario,
    spec: PlantSpec,
    groups: Mapping[str, Sequence[Armed]],
    truth: pd.DataFrame,
    together: Damage,
    notes: list[str],
    on_compare: Callable[[str], None] | None,
) -> dict[str, Damage]:
    """Return what each incident did, as far as that is known; where not, say why in `notes`."""
    if len(groups) == 1:
        return dict.fromkeys(groups, together)
    found: dict[str, Damage] = {}
    unknown: list[str] = []
    for name, members in groups.items():
        began = [span[0] for one in members for span in one.spans]
        if not began:
            found[name] = {}
        elif on_compare is None or unknown:
            unknown.append(name)
        else:
            try:
                on_compare(name)
                found[name] = damage(truth, paired_truth(scenario, spec, name), min(began))
            except RunError as error:
                notes.append(f"what {name} did is not known: the run without it failed, {error}")
            except KeyboardInterrupt:
                unknown.append(name)
    if unknown:
        notes.append(f"stopped by the user: what {joined(unknown)} did is not known")
    return found
