"""The plan of a scenario, in words: what each entry does to whom, and from when to when."""

from __future__ import annotations

import math
from dataclasses import dataclass

from attacks.entries.entry import ArmedEntry
from attacks.entries.forecast import Forecast, forecasts
from attacks.entries.targets import readers
from attacks.entries.trigger import FOREVER
from attacks.registry import summary
from scenarios.definition.check import armed
from scenarios.definition.scenario import Scenario
from scenarios.definition.when import when_in_words
from scenarios.definition.words import clock, fields_in_words, order_in_words
from twin.control.orders import Answer, Order
from twin.errors import listed
from twin.testbed import Testbed
from twin.units import HOUR, spoken


@dataclass(frozen=True)
class Step:
    """An entry of the plan, or an order of the operator's, in words.

    Attributes
    ----------
    at_h : float or None
        The hour at which it begins, at the earliest; None if it never does.
    until_h : float or None
        The hour at which it ends, where the clock alone says so.
    waits : bool
        Whether it begins at that hour only if a condition holds then.
    name, incident, label : str
        `label` is `attack`, `fault`, `order` or `answer`.
    when, who, about, what, then : str
        From when to when; who is deceived or what is acted on, about what; what is done; and what
        happens at the end.
    never : str
        Why it never begins, as far as that is certain.
    """

    at_h: float | None
    until_h: float | None
    waits: bool
    name: str
    incident: str
    label: str
    when: str
    who: str
    about: str
    what: str
    then: str
    never: str = ""


@dataclass(frozen=True)
class Plan:
    """A scenario in words.

    Attributes
    ----------
    head : str
        The run.
    steps : tuple of Step
        By the time they can begin at the earliest; last those that never do.
    hours : float
        How long the run lasts.
    """

    head: str
    steps: tuple[Step, ...]
    hours: float


def plan(scenario: Scenario) -> Plan:
    """Say what a scenario would do; nothing is simulated.

    Raises
    ------
    InputError
        For whatever would stop a run of it from beginning.
    """
    with armed(scenario) as (testbed, entries):
        ahead = zip(entries, forecasts(entries, testbed, scenario.duration), strict=True)
        steps = [_step(entry, forecast, testbed) for entry, forecast in ahead]
        steps += [_order(order, scenario, testbed) for order in scenario.operator]
        steps += [_answer(answer, testbed) for answer in scenario.answers]
    steps.sort(key=lambda step: math.inf if step.at_h is None else step.at_h)
    head = (
        f"{scenario.name}: {spoken(scenario.duration)} of {scenario.plant} from "
        f"{scenario.start:%a %Y-%m-%d %H:%M}, seed {scenario.seed}, {scenario.demand_model}"
    )
    if testbed.pressure_driven:
        required = scenario.required_pressure or testbed.spec.required_pressure
        head += f" (a demand is met in full at {required:g} m)"
    if scenario.warmup:
        head += f", after {spoken(scenario.warmup)} of warm-up in which nothing acts"
    return Plan(head, tuple(steps), scenario.duration / HOUR)


def _step(armed_entry: ArmedEntry, forecast: Forecast, testbed: Testbed) -> Step:
    entry = armed_entry.entry
    given = fields_in_words(entry, testbed.spec)
    what = summary(type(entry.do))
    when = entry.when
    by_clock = when.start is None and when.end is None and not when.random and when.every is None
    return Step(
        at_h=None if forecast.never else _instant(forecast, testbed) / HOUR,
        until_h=forecast.ends / HOUR if by_clock and forecast.ends < FOREVER else None,
        waits=when.start is not None,
        name=entry.name,
        incident=entry.incident,
        label=entry.label,
        when=when_in_words(when),
        who=_who(armed_entry, testbed),
        about=_about(armed_entry),
        what=f"{entry.do.kind}{f' ({given})' if given else ''}: {what}",
        then=entry.do.at_end,
        never=forecast.why if forecast.never else "",
    )


def _instant(forecast: Forecast, testbed: Testbed) -> float:
    """Return the first step at which an entry can begin [s]: nothing begins between two."""
    step = testbed.spec.step
    first = math.ceil(forecast.begins / step) * step
    return first if first - forecast.begins >= forecast.wait else first + step


def _order(order: Order, scenario: Scenario, testbed: Testbed) -> Step:
    late = order.at >= scenario.duration
    return Step(
        at_h=None if late else order.at / HOUR,
        until_h=None,
        waits=False,
        name="operator",
        incident="",
        label="order",
        when=f"at {spoken(order.at)}",
        who=_takers(order, testbed),
        about="",
        what=order_in_words(order, testbed.spec),
        then=_STANDS,
        never=f"the run ends at {spoken(scenario.duration)}" if late else "",
    )


_STANDS = "it holds until something else is written"


def _answer(answer: Answer, testbed: Testbed) -> Step:
    later = f", {spoken(answer.delay)} later" if answer.delay else ""
    return Step(
        at_h=0.0,
        until_h=None,
        waits=True,
        name="operator",
        incident="",
        label="answer",
        when=f"each time `{answer.when}` begins to hold{later}",
        who=_takers(answer, testbed),
        about="",
        what=order_in_words(answer, testbed.spec),
        then=_STANDS,
    )


def _takers(written: Order | Answer, testbed: Testbed) -> str:
    """Say which PLCs take what is written."""
    plcs = testbed.spec.plcs
    takes = [name for name, plc in plcs.items() if set(written.values) & set(plc.orders)]
    return f"{' and '.join(takes)}, by what SCADA writes"


def _who(armed_entry: ArmedEntry, testbed: Testbed) -> str:
    port, spec = armed_entry.entry.port, testbed.spec
    target = port.target
    if port.family == "sensor":
        return f"everyone who reads it: {', '.join(readers(armed_entry.touched, spec))}"
    if port.family == "link":
        source, receiver = port.sender, port.receiver
        if receiver == "SCADA":
            return "the operator" + ("" if source == "*" else f", by what {source} tells")
        if source in spec.plcs or source in ("SCADA", "*"):
            hears = "every PLC" if receiver == "*" else receiver
            return f"{hears}, by what {'everyone' if source == '*' else source} tells it"
        others = ", ".join(name for name in readers(armed_entry.touched, spec) if name != receiver)
        return f"{receiver} on its wire to {source}, and whoever it tells: {others}"
    if port.family == "actuator":
        drivers = [name for name, plc in spec.plcs.items() if target in plc.actuators]
        return f"{target} itself, against what {' and '.join(drivers) or 'nobody'} commands"
    places = {"plc": f"{target} from within", "scada": "the operator's screen"}
    return places.get(port.family, f"the process itself at {target}")


def _about(armed_entry: ArmedEntry) -> str:
    if armed_entry.entry.port.family == "actuator":
        return "its command"
    return listed(armed_entry.touched if armed_entry.tampers else ())


def in_words(plan: Plan) -> list[str]:
    """Write a plan as lines for a terminal: a time line, of what begins and what ends when."""
    moments = [(step.at_h, _begins(step)) for step in plan.steps if step.at_h is not None]
    for step in plan.steps:
        if step.until_h is not None and step.until_h < plan.hours:
            ending = f"{clock(step.until_h)}: {step.name} ends; {step.then}"
            moments.append((step.until_h, [ending]))
    moments.sort(key=lambda moment: moment[0])
    lines = [plan.head]
    for _, paragraph in moments:
        lines += ["", *paragraph]
    if not plan.steps:
        lines += ["", "There is no attack and no fault."]
    lines += ["", f"{clock(plan.hours)}: the run ends"]
    never = [step for step in plan.steps if step.at_h is None]
    return lines + [f"Never: {step.name} ({step.label}); {step.never}" for step in never]


def _begins(step: Step) -> list[str]:
    assert step.at_h is not None
    earliest = " at the earliest" if step.waits else ""
    incident = f", incident {step.incident}" if step.incident else ""
    rows = {"when": step.when, "who": step.who, "about": step.about, "what": step.what}
    if step.until_h is None:
        rows["end"] = step.then
    return [
        f"{clock(step.at_h)}{earliest}: {step.name} ({step.label}{incident})",
        *(f"    {name:6} {text}" for name, text in rows.items() if text),
    ]
