"""The account of a run in sentences: the water, the attack, its damage, who saw what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from attacks.entries.targets import SCADA
from scenarios.definition.words import blamed, clock, entries_in_words, joined
from scenarios.report.alarm import alarm_in_words, length
from scenarios.report.words import damage_in_words, misorders_in_words, slip_in_words
from scenarios.results.damage import shared, undecided
from scenarios.results.detection import Detection
from scenarios.results.impact import AVAILABILITY, COUNTERS
from scenarios.results.incidents import Incident, Verdict
from scenarios.results.run import Run
from scenarios.results.unseen import UnseenLimit
from scenarios.results.views import View
from twin.errors import natural
from twin.plants.equipment import VACUUM
from twin.tags import Quality
from twin.units import HOUR, counted, rounded
from twin.water.balance import LOW_PRESSURE

_MORE_HOURS = 10.0  # of low pressure, by which two runs of a pair may well differ
_LISTED = 6  # lines at most of one sort
_SERVED = 99.95  # percent; more rounds to all


@dataclass(frozen=True)
class Section:
    """A heading and what there is to say under it, a sentence a line."""

    title: str
    lines: tuple[str, ...]


def account(run: Run) -> list[Section]:
    """Return what happened to the water, what was done, what was shown, and what was noticed."""
    sections = [Section("The water", tuple(_water(run)))]
    if run.scenario.faults:
        sections.append(Section("The faults", tuple(_faults(run))))
    if run.scenario.attacks:
        many = len(run.incidents) > 1
        sections.append(Section("The attack", tuple(_attack(run))))
        sections.append(Section("Their damage" if many else "Its damage", tuple(_damage(run))))
    if run.scenario.entries or run.scenario.control or run.scenario.operator:
        sections.append(Section("What the PLCs saw", tuple(_plcs(run))))
        sections.append(Section("What the operator saw", tuple(_operator(run))))
    sections.append(Section("The detector", tuple(_detector(run))))
    if run.status != "done":
        sections.insert(0, Section(f"The run was {run.status}", (run.reason,)))
    if run.notes:
        sections.append(Section("To know", run.notes))
    return sections


def _water(run: Run) -> list[str]:
    tanks: list[tuple[float, str]] = []
    for name in run.impact.index:
        amount, paired = run.impact.loc[name, "run"], run.impact.loc[name, "paired"]
        place = name.split("_", 1)[1].rsplit("_", 1)[0]
        if name.startswith("overflow_") and name not in COUNTERS and amount >= 0.5:
            since = _since(run.truth[name])
            words = f"{rounded(amount, 0)} m³ spilled{_against(run, f'{rounded(paired, 0)} m³')}"
            tanks.append((since, f"Tank {place} overflowed from {clock(since)} on: {words}."))
        if name.startswith("empty_") and name not in COUNTERS and amount > 0:
            since = _since(run.truth[name])
            words = f"{rounded(amount, 1)} h{_against(run, f'{rounded(paired, 1)} h')}"
            tanks.append((since, f"Tank {place} ran empty at {clock(since)}; empty for {words}."))
    lines = [words for _, words in sorted(tanks, key=lambda tank: (tank[0], natural(tank[1])))]
    total, usual = run.impact["run"], run.impact["paired"]
    if total["unmet_m3"] >= 1 or usual["unmet_m3"] >= 1:
        lines.append(
            f"{rounded(total['unmet_m3'], 0)} m³ of demand were not delivered"
            + _against(run, f"{rounded(usual['unmet_m3'], 0)} m³")
            + f": {_served(total)}."
        )
    if total["leaked_m3"] >= 1:
        lines.append(
            f"{rounded(total['leaked_m3'], 0)} m³ leaked away"
            + _against(run, f"{rounded(usual['leaked_m3'], 0)} m³")
            + "."
        )
    quiet = not lines
    if total["added_m3"] >= 1:
        lines.append(
            f"{total['added_m3']:,.0f} m³ were drawn beside the customers' demand"
            + _against(run, f"{usual['added_m3']:,.0f} m³")
            + "."
        )
    if quiet:
        lines.append("No tank overflowed or emptied, and every demand was met.")
    if total["low_pressure_h"] > usual["low_pressure_h"] + _MORE_HOURS:
        lines.append(
            f"Junctions had less than {LOW_PRESSURE:g} m of pressure for "
            f"{rounded(total['low_pressure_h'], 0)} h, added up"
            + _against(run, f"{rounded(usual['low_pressure_h'], 0)} h")
            + "."
        )
    lines.append(
        f"Pumps started {counted(round(total['pump_starts']), 'time')}"
        + _against(run, f"{usual['pump_starts']:.0f}")
        + f" and used {rounded(total['energy_kwh'], 0)} kWh"
        + _against(run, f"{rounded(usual['energy_kwh'], 0)}")
        + "."
    )
    return lines


def _served(total: pd.Series[float]) -> str:
    """Say how much of the demand was delivered, in all and where it was least."""
    words = f"{total[AVAILABILITY]:z.1f} % of all was"
    by_dma = total[[name for name in total.index if name.startswith("availability_")]]
    by_dma = by_dma.drop(AVAILABILITY).dropna()
    if len(by_dma) < 2 or by_dma.min() >= _SERVED:
        return words
    worst = str(by_dma.idxmin())
    return f"{words}, in {worst.split('_', 1)[1].rsplit('_', 1)[0]} {by_dma.min():z.1f} %"


def _against(run: Run, usual: str) -> str:
    """Say what the paired run came to, if the run is compared with one."""
    compared = run.scenario.entries and run.paired is not None
    return f" ({usual} without the {blamed(run.scenario)})" if compared else ""


def _since(total: pd.Series) -> float:
    """Return the hour since which a running total is more than 0."""
    grown = total.index[total > 0]
    return float(grown[0] if len(grown) else total.index[-1]) / HOUR


def _faults(run: Run) -> list[str]:
    lines = entries_in_words(run.scenario.faults, run.spec)
    for i, entry in enumerate(run.scenario.faults):
        active = run.labels.loc[(run.labels["entry"] == entry.name) & run.labels["active"], "time"]
        since = f"began at {clock(active.iloc[0] / HOUR)}" if len(active) else "never began"
        lines[i] += f": {since}."
    return lines


def _attack(run: Run) -> list[str]:
    lines = []
    for incident in run.incidents:
        if incident.start_h is None or incident.end_h is None:
            lines.append(f"{incident.name}: never began.")
        else:
            parts = len(incident.spans_h)
            lines.append(
                f"{incident.name}: began at {clock(incident.start_h)} and ended at "
                f"{clock(incident.end_h)}{f', active {parts} times' if parts > 1 else ''}."
            )
        members = [entry for entry in run.scenario.attacks if entry.incident == incident.name]
        for entry, words in zip(members, entries_in_words(members, run.spec), strict=True):
            lines.append(f"  {words}")
            if entry.name in incident.never_began:
                lines.append(f"    never began: {incident.never_began[entry.name]}")
            if entry.name in incident.idle:
                why = incident.idle[entry.name]
                lines.append(f"    changed nothing while it was active: {why}")
    return lines


def _damage(run: Run) -> list[str]:
    """Say of each incident what would not have happened without it."""
    if run.damage is None:
        return ["Nothing is known of it: the run was not compared with one without the attack."]
    if not run.damage and not any(incident.damage for incident in run.incidents):
        return ["None that is counted (spills, leaks, unmet demand, empty tanks, pump starts)."]
    if len(run.incidents) == 1:
        head = "More than in the same run without the attack"
        return [f"{head}: {words}." for words in damage_in_words(run.damage)]
    lines = []
    for incident in run.incidents:
        if incident.damage is None:
            lines.append(f"{incident.name}: not known.")
        elif incident.damage:
            lines.append(f"{incident.name}: more than in the same run without it:")
            lines += [f"  {words}" for words in damage_in_words(incident.damage)]
        elif incident.start_h is not None:
            lines.append(f"{incident.name}: no more than in the same run without it.")
    each = [incident.damage for incident in run.incidents]
    for words in damage_in_words(undecided(run.damage, each)):
        lines.append(f"No incident alone decides this, but all of them do: {words}.")
    if shared(run.damage, each):
        lines.append("What incidents did only together is counted for each of them.")
    return lines


def _plcs(run: Run) -> list[str]:
    """Say what PLCs took for true, and was not, and what they took for SCADA's orders."""
    lines = [
        f"{joined(view.readers)} took {tag} for {_falsified(run, tag, view)}."
        for tag, view in _views(run, scada=False)
    ]
    lines += _unknown(run)
    truth = "the truth" if run.spec.exact else "what the instruments showed"
    lines = _few(lines, "more") or [f"Every PLC read {truth}."]
    if not run.spec.exact:
        lines.append("Instruments are inexact by themselves; that alone is not told here.")
    forged = [order for order in run.orders if order.forged]
    return lines + _few(misorders_in_words(forged, run.spec, run.hours), "more forged orders")


def _unknown(run: Run) -> list[str]:
    """Say which tags PLCs had no value of: an instrument was dead, or nothing had come yet."""
    readers: dict[tuple[str, int], list[str]] = {}
    for column, steps in run.plc.isna().sum().items():
        reader, _, tag = str(column).partition(".")
        readers.setdefault((tag, int(steps)), []).append(reader)
    return [
        f"{joined(names)} had no value of {tag} for {rounded(steps * run.spec.step / HOUR, 1)} h."
        for (tag, steps), names in readers.items()
        if steps
    ]


def _operator(run: Run) -> list[str]:
    """Say where SCADA's view and the truth differ most, by tag, and what SCADA warned of."""
    lines = [
        f"{tag} was shown as {_falsified(run, tag, view)}." for tag, view in _views(run, scada=True)
    ]
    lines = _few(lines, "more tags")
    lines += [slip_in_words(slip, run.spec) for slip in run.slips]
    for quality, word in ((Quality.STALE, "stale"), (Quality.BAD, "bad")):
        marked = run.quality == quality
        hours = marked.any(axis=1).sum() * run.spec.polling / HOUR
        if hours:
            tags = [str(tag) for tag in marked.columns[marked.any()]]
            which = joined(tags) if len(tags) <= _LISTED else f"{len(tags)} tags"
            lines.append(
                f"For {rounded(hours, 1)} h at least one value was marked {word} ({which})."
            )
    if not lines and run.spec.exact:
        lines = ["Everything as it was: SCADA's view was true all the time."]
    elif not lines:
        lines = ["SCADA's view was what the instruments showed all the time."]
    lost = [order for order in run.orders if not order.forged]
    lines += _few(misorders_in_words(lost, run.spec, run.hours), "more orders")
    if any(order.forged for order in run.orders):
        lines.append("PLCs held orders that were not SCADA's: see what the PLCs saw.")
    lines += _unseen(run)
    if run.scenario.answers and not run.written:
        lines.append("Nothing came that was to be answered.")
    given = [f"{clock(at / HOUR)}: {what}" for at, what in run.written.items() if "(" in what]
    lines += [f"Answered or written by hand, {line}." for line in _few(given, "more")]
    raised = run.limits.loc[0.0:]
    if len(raised):
        at, alarm = clock(float(raised.index[0]) / HOUR), raised.iloc[0]
        what = run.spec.passed(alarm["tag"], alarm["limit"], alarm["value"], alarm["bound"])
        alarms = "limit alarm," if len(raised) == 1 else "limit alarms, first"
        lines.append(f"SCADA raised {len(raised)} {alarms} {what}, at {at}.")
    return lines


def _unseen(run: Run) -> list[str]:
    """Say which limits were passed while SCADA raised no alarm of them, and what hid them."""
    true = [_without_alarm(run, one) for one in run.unseen if one.true]
    forged = [_without_alarm(run, one) for one in run.unseen if not one.true]
    lines = []
    if true:
        many = "1 limit was" if len(true) == 1 else f"{len(true)} limits were"
        lines += [f"{many} passed unseen:", *_few(true, "more")]
    if forged:
        many = "1 alarm was" if len(forged) == 1 else f"{len(forged)} alarms were"
        what = "of limits that the water did not pass, only what SCADA was shown"
        lines += [f"{many} suppressed {what}:", *_few(forged, "more")]
    return lines


def _without_alarm(run: Run, one: UnseenLimit) -> str:
    reading = run.spec.passed(one.tag, one.limit, one.value, one.bound)
    by = f" by {joined(list(one.hidden_by))}" if one.hidden_by else ""
    if one.shown:
        how = f"its alarm was suppressed{by}"
    else:
        how = f"SCADA was shown another value{by}" if by else "SCADA was not shown it"
    seen = "" if one.seen is None else f", not raised until {clock(one.seen / HOUR)}"
    return f"  {reading}, at {clock(one.time / HOUR)}: {how}{seen}."


def _views(run: Run, scada: bool) -> Iterator[tuple[str, View]]:
    """Yield each tag and wrong view of it that SCADA, or else that PLCs had."""
    for tag, views in run.views.falsified.items():
        for view in views:
            if (view.readers == (SCADA,)) == scada:
                yield tag, view


def _falsified(run: Run, tag: str, view: View) -> str:
    """Say how far a view was wrong at most, and for how long: `1.30 m when it was 6.50 m, …`."""
    true = run.truth[tag].reindex(view.seen.index)
    step = run.spec.polling if view.readers == (SCADA,) else run.spec.step
    at = float(str((view.seen - true).abs().where(view.wrong).idxmax()))
    shown = run.spec.reading(tag, float(view.seen.loc[at]))
    was = _true_reading(run, tag, float(true.loc[at]))
    hours = f"{rounded(view.wrong.sum() * step / HOUR, 1)} h"
    return f"{shown} when it was {was}, at {clock(at / HOUR)}; wrong for {hours}"


def _true_reading(run: Run, tag: str, value: float) -> str:
    """Say what a tag truly was; a pressure below a vacuum, solved without water, by its name."""
    (known,) = (candidate for candidate in run.spec.tags if candidate.name == tag)
    if known.quantity == "pressure" and value < VACUUM:
        return f"below {VACUUM:g} m, as no water has"
    return run.spec.reading(tag, value)


def _few(lines: list[str], more: str) -> list[str]:
    rest = len(lines) - _LISTED
    return lines[:_LISTED] + ([f"… and {rest} {more}."] if rest > 0 else [])


def _detector(run: Run) -> list[str]:
    if run.false_episodes is None:
        return ["No detector watched."]
    lines = []
    if len(run.detectors) > 1:
        lines = [_compared(verdict) for verdict in run.detectors]
        lines.append(f"What follows is of {run.detectors[0].detector}.")
    for incident in run.incidents:
        lines.append(_noticed(incident))
        lines += [f"  {line}" for line in alarm_in_words(run, incident)]
    length = f"{run.hours:g} h" if run.hours % 24 else counted(run.hours / 24, "day")
    lines.append(f"{counted(run.false_episodes, 'false episode')} in {length}.")
    if run.fault_episodes:
        episodes = "episode was" if run.fault_episodes == 1 else "episodes were"
        lines.append(f"{run.fault_episodes} {episodes} raised by a fault, which is no attack.")
    if (measured := run.detection(run.aftermath)) is not None:
        lines.append(_fit(measured, _frame_h(run)))
    return lines


def _compared(verdict: Verdict) -> str:
    """Say in a line what one of several detectors noticed."""
    told = []
    for name, delay in verdict.delays_h.items():
        order = {True: ", before its damage", False: ", after its damage", None: ""}
        late = "not noticed"
        if delay is not None:
            late = f"noticed after {delay:.1f} h by an alarm of {length(verdict.stood_h[name])}"
        told.append(
            f"{name} {late}{order[verdict.before_damage[name]] if delay is not None else ''}"
        )
    episodes = "episode" if verdict.false_episodes == 1 else "episodes"
    told.append(f"{verdict.false_episodes} false {episodes}")
    return f"{verdict.detector}: {'; '.join(told)}."


_COUNTED = {
    "normal": "hours after an attack count as normal",
    "attack": "hours in which its effects last count as attacked",
    "out": "hours in which only its effects last are left out",
}


def _frame_h(run: Run) -> float:
    """Return how far apart the frames are that the detector scored [h]."""
    times = run.scores_of(0).index
    return float(times[1] - times[0]) / HOUR if len(times) > 1 else 1.0


def _fit(measured: Detection, frame_h: float) -> str:
    """Say how well the alarms fit the attacked hours."""
    hours = measured.attacked_rows * frame_h
    attacked = (
        counted(int(hours), "attacked hour") if hours % 1 == 0 else f"{hours:.1f} attacked hours"
    )
    auc = "" if measured.auc is None else f", area under the ROC curve {measured.auc:.3f}"
    right = "and there was no alarm at all"
    if measured.precision is not None:
        right = f"and of its alarmed hours {measured.precision:.0%} were attacked"
    return (
        f"Of {attacked} it alarmed in {measured.recall:.0%}, {right}: "
        f"F1 {measured.f1:.2f}{auc} ({_COUNTED[measured.aftermath]})."
    )


def _noticed(incident: Incident) -> str:
    """Say when an incident was noticed, and whether before its damage."""
    if incident.start_h is None:
        return f"{incident.name}: there was nothing to notice."
    harm = "it did no harm that is counted"
    if incident.damage is None:
        harm = "its harm is not known"
    if incident.damage_h is not None:
        harm = f"its damage began at {clock(incident.damage_h)}"
    if not incident.detected or incident.delay_h is None:
        why = ""
        if incident.alarm_since_h is not None:
            why = f" (an alarm was already on since {clock(incident.alarm_since_h)})"
        return f"{incident.name} was not noticed while it lasted{why}; {harm}."
    at = incident.start_h + incident.delay_h
    order = {True: ", before its damage", False: ", after its damage", None: ""}
    late = f"{rounded(incident.delay_h, 1)} h after it began" if incident.delay_h else "as it began"
    when = f"{clock(at)}, {late}{order[incident.before_damage]}"
    return f"{incident.name} was noticed at {when}; {harm}."
