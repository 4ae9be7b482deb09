"""The plan of a scenario, in words: who will be deceived, from when, about what."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc

from attacks.entry import Entry
from scenarios.check import armed
from scenarios.schema import Scenario
from scenarios.when import words
from scenarios.words import fields_in_words
from twin.testbed import Testbed
from twin.units import readable

_MANY = 6  # of more tags than these, only the number is said


@dataclass(frozen=True)
class Step:
    """An entry of the plan, in words.

    Attributes
    ----------
    name, incident, label : str
        `label` is `attack` or `fault`.
    when, who, about, what, then : str
        From when to when; who is deceived or what is acted on, about what; what is done; and what
        happens at the end.
    """

    name: str
    incident: str
    label: str
    when: str
    who: str
    about: str
    what: str
    then: str


@dataclass(frozen=True)
class Plan:
    """A scenario in words.

    Attributes
    ----------
    head : str
        The run.
    steps : tuple of Step
        By the time they can begin at the earliest.
    """

    head: str
    steps: tuple[Step, ...]


def plan(scenario: Scenario) -> Plan:
    """Say what a scenario would do; nothing is simulated.

    Raises
    ------
    InputError
        For whatever would stop a run of it from beginning.
    """
    with armed(scenario) as testbed:
        order = sorted(scenario.entries, key=lambda e: max(e.when.begins, e.when.not_before))
        steps = tuple(_step(entry, testbed) for entry in order)
    head = (
        f"{scenario.name}: {readable(scenario.duration)} of {scenario.plant} from "
        f"{scenario.start:%a %Y-%m-%d %H:%M}, seed {scenario.seed}, {scenario.demand_model}"
    )
    if scenario.warmup:
        head += f", after {readable(scenario.warmup)} of warm-up in which nothing acts"
    return Plan(head, steps)


def _step(entry: Entry, testbed: Testbed) -> Step:
    given = fields_in_words(entry, testbed.network)
    what = cleandoc(type(entry.do).__doc__ or "").splitlines()[0]
    return Step(
        name=entry.name,
        incident=entry.incident,
        label=entry.label,
        when=words(entry.when),
        who=_who(entry, testbed),
        about=_about(entry, testbed),
        what=f"{entry.do.kind}{f' ({given})' if given else ''}: {what}",
        then=entry.do.at_end,
    )


def _who(entry: Entry, testbed: Testbed) -> str:
    family, _, target = entry.on.partition(":")
    network = testbed.network
    if family == "sensor":
        return f"everyone who reads it: {_readers(_tags(entry, testbed), testbed)}"
    if family == "link":
        source, _, receiver = target.partition("->")
        if receiver == "SCADA":
            return "the operator" + ("" if source == "*" else f", by what {source} tells")
        if source in network.plcs or source in ("SCADA", "*"):
            return f"{receiver}, by what {'everyone' if source == '*' else source} tells it"
        readers = _readers(_tags(entry, testbed), testbed, receiver)
        return f"{receiver} on its wire to {source}, and whoever it tells: {readers}"
    if family == "actuator":
        drivers = [name for name, plc in network.plcs.items() if target in plc.actuators]
        return f"{target} itself, against what {' and '.join(drivers) or 'nobody'} commands"
    others = {"plc": f"{target} from within", "scada": "the operator's screen"}
    return others.get(family, f"the process itself at {target}")


def _tags(entry: Entry, testbed: Testbed) -> tuple[str, ...]:
    """Return the tags an entry can touch; none where its port carries none."""
    if entry.tags:
        return entry.tags
    if entry.on.partition(":")[0] in ("plc", "plant"):
        return ()
    points = testbed.points(entry.on, entry.do.outputs)
    return tuple(dict.fromkeys(tag for point in points for tag in point.tags))


def _about(entry: Entry, testbed: Testbed) -> str:
    tags = _tags(entry, testbed)
    if entry.on.startswith("actuator:"):
        return "its command"
    return ", ".join(tags) if len(tags) <= _MANY else f"{len(tags)} tags"


def _readers(tags: tuple[str, ...], testbed: Testbed, but: str = "") -> str:
    """Name who measures or receives a tag, and SCADA, without one of them."""
    plcs = testbed.network.plcs
    measure = [n for n, plc in plcs.items() if set(tags) & set(plc.sensors)]
    receive = [n for n, plc in plcs.items() if set(tags) & set(plc.receives)]
    return ", ".join(name for name in dict.fromkeys([*measure, *receive, "SCADA"]) if name != but)


def in_words(made: Plan) -> list[str]:
    """Write a plan as lines for a terminal: the time line, an entry a paragraph."""
    lines = [made.head]
    for step in made.steps:
        lines += ["", f"{step.when}:", f"  {step.name} ({step.label}, incident {step.incident})"]
        rows = {"who": step.who, "about": step.about, "what": step.what, "end": step.then}
        lines += [f"    {name:6} {said}" for name, said in rows.items() if said]
    return lines if made.steps else [*lines, "", "There is no attack and no fault."]
