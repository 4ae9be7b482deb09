"""The plan of a scenario, in words: who will be deceived, from when, about what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from inspect import cleandoc

from attacks.entries.entry import Armed
from attacks.entries.forecast import Prospect, prospects
from attacks.entries.trigger import FOREVER
from scenarios.definition.check import armed
from scenarios.definition.scenario import Scenario
from scenarios.definition.when import when_in_words
from scenarios.definition.words import clock, fields_in_words, order_in_words
from twin.control.orders import Order
from twin.errors import listed
from twin.testbed import Testbed
from twin.units import HOUR, readable


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
        `label` is `attack`, `fault` or `order`.
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
        ahead = prospects(entries, testbed, scenario.duration)
        steps = [_step(one, p, testbed) for one, p in zip(entries, ahead, strict=True)]
        steps += [_order(order, scenario, testbed) for order in scenario.operator]
    steps.sort(key=lambda step: math.inf if step.at_h is None else step.at_h)
    head = (
        f"{scenario.name}: {readable(scenario.duration)} of {scenario.plant} from "
        f"{scenario.start:%a %Y-%m-%d %H:%M}, seed {scenario.seed}, {scenario.demand_model}"
    )
    if scenario.warmup:
        head += f", after {readable(scenario.warmup)} of warm-up in which nothing acts"
    return Plan(head, tuple(steps), scenario.duration / HOUR)


def _step(one: Armed, prospect: Prospect, testbed: Testbed) -> Step:
    entry = one.entry
    given = fields_in_words(entry, testbed.spec)
    what = cleandoc(type(entry.do).__doc__ or "").splitlines()[0]
    when = entry.when
    by_clock = when.start is None and when.end is None and not when.random and when.every is None
    return Step(
        at_h=None if prospect.never else _instant(prospect, testbed) / HOUR,
        until_h=prospect.ends / HOUR if by_clock and prospect.ends < FOREVER else None,
        waits=when.start is not None,
        name=entry.name,
        incident=entry.incident,
        label=entry.label,
        when=when_in_words(when),
        who=_who(one, testbed),
        about=_about(one),
        what=f"{entry.do.kind}{f' ({given})' if given else ''}: {what}",
        then=entry.do.at_end,
        never=prospect.why if prospect.never else "",
    )


def _instant(prospect: Prospect, testbed: Testbed) -> float:
    """Return the first step at which an entry can begin [s]: nothing begins between two."""
    step = testbed.spec.step
    first = math.ceil(prospect.begins / step) * step
    return first if first - prospect.begins >= prospect.wait else first + step


def _order(order: Order, scenario: Scenario, testbed: Testbed) -> Step:
    plcs = testbed.spec.plcs
    takes = [name for name, plc in plcs.items() if set(order.values) & set(plc.orders)]
    late = order.at >= scenario.duration
    return Step(
        at_h=None if late else order.at / HOUR,
        until_h=None,
        waits=False,
        name="operator",
        incident="",
        label="order",
        when=f"at {readable(order.at)}",
        who=f"{' and '.join(takes)}, by what SCADA writes",
        about="",
        what=order_in_words(order, testbed.spec),
        then="it holds until something else is written",
        never=f"the run ends at {readable(scenario.duration)}" if late else "",
    )


def _who(one: Armed, testbed: Testbed) -> str:
    port, spec = one.entry.port, testbed.spec
    family, target = port.family, port.target
    if family == "sensor":
        return f"everyone who reads it: {_readers(one.touched, testbed)}"
    if family == "link":
        source, receiver = port.sender, port.receiver
        if receiver == "SCADA":
            return "the operator" + ("" if source == "*" else f", by what {source} tells")
        if source in spec.plcs or source in ("SCADA", "*"):
            hears = "every PLC" if receiver == "*" else receiver
            return f"{hears}, by what {'everyone' if source == '*' else source} tells it"
        told = _readers(one.touched, testbed, receiver)
        return f"{receiver} on its wire to {source}, and whoever it tells: {told}"
    if family == "actuator":
        drivers = [name for name, plc in spec.plcs.items() if target in plc.actuators]
        return f"{target} itself, against what {' and '.join(drivers) or 'nobody'} commands"
    others = {"plc": f"{target} from within", "scada": "the operator's screen"}
    return others.get(family, f"the process itself at {target}")


def _about(one: Armed) -> str:
    if one.entry.port.family == "actuator":
        return "its command"
    tags = one.touched if one.tampers else ()
    return listed(tags)


def _readers(tags: tuple[str, ...], testbed: Testbed, but: str = "") -> str:
    """Name who measures or receives a tag, and SCADA, without one of them."""
    plcs = testbed.spec.plcs
    measure = [n for n, plc in plcs.items() if set(tags) & set(plc.sensors)]
    receive = [n for n, plc in plcs.items() if set(tags) & set(plc.receives)]
    return ", ".join(name for name in dict.fromkeys([*measure, *receive, "SCADA"]) if name != but)


def in_words(made: Plan) -> list[str]:
    """Write a plan as lines for a terminal: a time line, of what begins and what ends when."""
    moments = [(step.at_h, _begins(step)) for step in made.steps if step.at_h is not None]
    for step in made.steps:
        if step.until_h is not None and step.until_h < made.hours:
            ending = f"{clock(step.until_h)}: {step.name} ends; {step.then}"
            moments.append((step.until_h, [ending]))
    moments.sort(key=lambda moment: moment[0])
    lines = [made.head]
    for _, said in moments:
        lines += ["", *said]
    if not made.steps:
        lines += ["", "There is no attack and no fault."]
    lines += ["", f"{clock(made.hours)}: the run ends"]
    never = [step for step in made.steps if step.at_h is None]
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
        *(f"    {name:6} {said}" for name, said in rows.items() if said),
    ]
