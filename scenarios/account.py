"""The closing account of a run, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from scenarios.detection import Detection
from scenarios.impact import AVAILABILITY, COUNTERS
from scenarios.incidents import Incident
from scenarios.result import Run
from scenarios.words import entries_in_words
from twin.meters import LOW_PRESSURE
from twin.units import HOUR

_MORE_HOURS = 10.0  # of low pressure, by which two runs of a pair may well differ
_SERVED = 99.95  # percent; more rounds to all


@dataclass(frozen=True)
class Section:
    """A heading and what there is to say under it, a sentence a line."""

    title: str
    lines: tuple[str, ...]


def account(run: Run) -> list[Section]:
    """Tell what happened to the water, what was done, what was shown, and what was noticed."""
    sections = [Section("The water", tuple(_water(run)))]
    if run.scenario.faults:
        sections.append(Section("The faults", tuple(_faults(run))))
    if run.scenario.attacks:
        sections.append(Section("The attack", tuple(_attack(run))))
    if run.scenario.entries or run.scenario.control or run.scenario.operator:
        sections.append(Section("What the operator saw", tuple(_operator(run))))
    sections.append(Section("The detector", tuple(_detector(run))))
    if run.status != "done":
        sections.insert(0, Section(f"The run was {run.status}", (run.reason,)))
    if run.notes:
        sections.append(Section("To know", run.notes))
    return sections


def clock(hours: float) -> str:
    """Write an hour of the run as day and time: 61.5 → `day 3, 13:30 (h 61.5)`."""
    minutes = round(hours * 60)
    day, rest = divmod(minutes, 24 * 60)
    return f"day {day + 1}, {rest // 60:02d}:{rest % 60:02d} (h {hours:.1f})"


def _water(run: Run) -> list[str]:
    lines = []
    for name in run.impact.index:
        amount, otherwise = run.impact.loc[name, "run"], run.impact.loc[name, "paired"]
        place = name.split("_", 1)[1].rsplit("_", 1)[0]
        if name.startswith("overflow_") and name not in COUNTERS and amount >= 0.5:
            lines.append(
                f"Tank {place} overflowed from {_since(run.truth[name])} on: {amount:.0f} m³ "
                f"spilled{_against(run, f'{otherwise:.0f} m³')}."
            )
        if name.startswith("empty_") and name not in COUNTERS and amount > 0:
            lines.append(
                f"Tank {place} ran empty at {_since(run.truth[name])} and was empty for "
                f"{amount:.1f} h{_against(run, f'{otherwise:.1f} h')}."
            )
    done, usual = run.impact["run"], run.impact["paired"]
    if done["unmet_m3"] >= 1 or usual["unmet_m3"] >= 1:
        lines.append(
            f"{done['unmet_m3']:,.0f} m³ of demand were not delivered"
            + _against(run, f"{usual['unmet_m3']:,.0f} m³")
            + f": {_served(done)}."
        )
    if done["leaked_m3"] >= 1:
        lines.append(
            f"{done['leaked_m3']:,.0f} m³ leaked away"
            + _against(run, f"{usual['leaked_m3']:,.0f} m³")
            + "."
        )
    if not lines:
        lines.append("No tank overflowed or emptied, and every demand was met.")
    if done["low_pressure_h"] > usual["low_pressure_h"] + _MORE_HOURS:
        lines.append(
            f"Junctions had less than {LOW_PRESSURE:g} m of pressure for "
            f"{done['low_pressure_h']:,.0f} h, added up"
            + _against(run, f"{usual['low_pressure_h']:,.0f} h")
            + "."
        )
    lines.append(
        f"Pumps started {done['pump_starts']:.0f} times"
        + _against(run, f"{usual['pump_starts']:.0f}")
        + f" and used {done['energy_kwh']:,.0f} kWh"
        + _against(run, f"{usual['energy_kwh']:,.0f}")
        + "."
    )
    return lines


def _served(done: pd.Series[float]) -> str:
    """Say how much of the demand was delivered, in all and where it was least."""
    words = f"{done[AVAILABILITY]:.1f} % of all was"
    by_dma = done[[name for name in done.index if name.startswith("availability_")]]
    by_dma = by_dma.drop(AVAILABILITY).dropna()
    if len(by_dma) < 2 or by_dma.min() >= _SERVED:
        return words
    worst = str(by_dma.idxmin())
    return f"{words}, in {worst.split('_', 1)[1].rsplit('_', 1)[0]} {by_dma.min():.1f} %"


def _against(run: Run, usual: str) -> str:
    compared = run.scenario.entries and run.paired is not None
    return f" ({usual} without the attack)" if compared else ""


def _since(total: pd.Series) -> str:
    grown = total.index[total > 0]
    return clock(float(grown[0] if len(grown) else total.index[-1]) / HOUR)


def _faults(run: Run) -> list[str]:
    lines = entries_in_words(run.scenario.faults)
    for i, entry in enumerate(run.scenario.faults):
        active = run.labels.loc[(run.labels["entry"] == entry.name) & run.labels["active"], "time"]
        since = f"began at {clock(active.iloc[0] / HOUR)}" if len(active) else "never began"
        lines[i] += f": {since}."
    return lines


def _attack(run: Run) -> list[str]:
    lines = []
    for incident in run.incidents:
        if incident.start_h is None or incident.end_h is None:
            lines.append(f"{incident.name} never began.")
        else:
            parts = len(incident.spans_h)
            lines.append(
                f"{incident.name} began at {clock(incident.start_h)} and ended at "
                f"{clock(incident.end_h)}{f', active {parts} times' if parts > 1 else ''}."
            )
        members = [entry for entry in run.scenario.attacks if entry.incident == incident.name]
        for entry, words in zip(members, entries_in_words(members), strict=True):
            lines.append(f"  {words}")
            if entry.name in incident.never_began:
                lines.append(f"    never began: {incident.never_began[entry.name]}")
    return lines


def _operator(run: Run) -> list[str]:
    """Say where SCADA's view and the truth differ most, by tag."""
    lines = []
    tags = {tag.name: tag for tag in run.network.tags}
    times = run.scada.index.intersection(run.truth.index)
    for name, tag in tags.items():
        shown, true = run.scada.loc[times, name], run.truth.loc[times, name]
        wrong = (shown - true).abs() > 1e-6
        if wrong.sum() and tag.quantity != "status":
            at = (shown - true).abs().idxmax()
            unit = tag.unit
            lines.append(
                f"{name} was shown wrong for {wrong.sum() * run.network.step / HOUR:.1f} h; at "
                f"{clock(float(at) / HOUR)} it read {shown[at]:.2f} {unit} and was "
                f"{true[at]:.2f} {unit}."
            )
    lines = lines[:6] + ([f"… and {len(lines) - 6} more tags."] if len(lines) > 6 else [])
    stale = (run.quality > 0).any(axis=1).sum() * run.network.step / HOUR
    if stale:
        lines.append(f"For {stale:.1f} h at least one value was marked stale.")
    lines = lines or ["Everything as it was: SCADA's view was true all the time."]
    raised = run.limits.loc[0.0:]
    if len(raised):
        at, first = clock(float(raised.index[0]) / HOUR), raised.iloc[0]
        what = f"{first['tag']} {first['limit']}"
        alarms = "limit alarm" if len(raised) == 1 else "limit alarms"
        lines.append(f"SCADA raised {len(raised)} {alarms}, {what} first, at {at}.")
    return lines


def _detector(run: Run) -> list[str]:
    if run.false_episodes is None:
        return ["Nobody watched."]
    lines = [_noticed(incident, run.paired is not None) for incident in run.incidents]
    episodes = "episode" if run.false_episodes == 1 else "episodes"
    lines.append(f"{run.false_episodes} false {episodes} in {run.hours / 24:g} days.")
    if run.fault_episodes:
        episodes = "episode was" if run.fault_episodes == 1 else "episodes were"
        lines.append(f"{run.fault_episodes} {episodes} raised by a fault, which is no attack.")
    if (measured := run.detection(run.aftermath)) is not None:
        lines.append(_hourly(measured))
    return lines


_COUNTED = {
    "normal": "hours after an attack count as normal",
    "attack": "hours in which its effects last count as attacked",
    "out": "hours in which only its effects last are left out",
}


def _hourly(found: Detection) -> str:
    auc = "" if found.auc is None else f", area under the ROC curve {found.auc:.3f}"
    return (
        f"Of {found.attacked_rows} attacked hours it alarmed in {found.recall:.0%}, and of its "
        f"alarmed hours {found.precision:.0%} were attacked: F1 {found.f1:.2f}{auc} "
        f"({_COUNTED[found.aftermath]})."
    )


def _noticed(incident: Incident, compared: bool) -> str:
    if incident.start_h is None:
        return f"{incident.name}: there was nothing to notice."
    harm = "it did no harm that is counted" if compared else "harm was not looked for"
    if incident.damage_h is not None:
        harm = f"the damage began at {clock(incident.damage_h)}"
    if not incident.detected or incident.delay_h is None:
        return f"{incident.name} was not noticed while it lasted; {harm}."
    at = incident.start_h + incident.delay_h
    order = {True: ", before the damage", False: ", after the damage", None: ""}
    return (
        f"{incident.name} was noticed at {clock(at)}, {incident.delay_h:.1f} h after it began"
        f"{order[incident.before_damage]}; {harm}."
    )
