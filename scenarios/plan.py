"""The plan of a scenario, in words: who will be deceived, from when, about what."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc

from attacks.entry import Entry
from scenarios.check import armed
from scenarios.schema import Scenario, entry_data
from twin.link import TapPoint
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
        entries = [(entry, label) for label, some in scenario.entries().items() for entry in some]
        entries.sort(key=lambda pair: max(pair[0].when.begins, pair[0].when.not_before))
        steps = tuple(_step(entry, label, testbed) for entry, label in entries)
    head = (
        f"{scenario.name}: {readable(scenario.duration)} of {scenario.plant} from "
        f"{scenario.start:%a %Y-%m-%d %H:%M}, seed {scenario.seed}, {scenario.demand_model}"
    )
    if scenario.warmup:
        head += f", after {readable(scenario.warmup)} of warm-up in which nothing acts"
    return Plan(head, steps)


def _step(entry: Entry, label: str, testbed: Testbed) -> Step:
    fields = entry_data(entry)["do"][entry.do.kind]
    given = ", ".join(f"{name} {value}" for name, value in fields.items())
    what = cleandoc(type(entry.do).__doc__ or "").splitlines()[0]
    return Step(
        name=entry.name,
        incident=entry.incident,
        label=label,
        when=_when(entry_data(entry).get("when", {})),
        who=_who(entry, testbed),
        about=_about(entry, testbed),
        what=f"{entry.do.kind}{f' ({given})' if given else ''}: {what}",
        then=entry.do.at_end,
    )


_WHEN = {
    "from": "from {} on",
    "start": "once `{}` holds",
    "not_before": "not before {}",
    "delay": "{} after that",
    "to": "until {}",
    "for": "for {}",
    "end": "until `{}` holds",
    "every": "again every {}",
}
"""How each key of `when` is said, in this order; those not here are said as they are written."""


def _when(written: dict[str, object]) -> str:
    """Say a `when` in words."""
    if not written:
        return "the whole run"
    known = [key for key in _WHEN if key in written]
    said = [_WHEN[key].format(written[key]) for key in known]
    if written.get("follow"):
        said[known.index("start")] = f"whenever `{written['start']}` holds"
    if not {"from", "start"} & set(written):
        said.insert(0, "from the start on")
    others = [key for key in written if key not in _WHEN and key != "follow"]
    return ", ".join([*said, *(f"{key} {written[key]}" for key in others)])


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
        others = _readers(_tags(entry, testbed), testbed)
        return f"{receiver} on its wire to {source}, and whoever it tells: {others}"
    if family == "actuator":
        drivers = [name for name, plc in network.plcs.items() if target in plc.actuators]
        return f"{target} itself, against what {' and '.join(drivers) or 'nobody'} commands"
    words = {"plc": f"{target} from within", "scada": "the operator's screen"}
    return words.get(family, f"the process itself at {target}")


def _tags(entry: Entry, testbed: Testbed) -> tuple[str, ...]:
    """Return the tags an entry can touch; none where its port carries none."""
    if entry.tags:
        return entry.tags
    points: list[TapPoint] = []
    if entry.on.partition(":")[0] in ("sensor", "link", "actuator"):
        points = testbed.points(entry.on)
    return tuple(dict.fromkeys(tag for point in points for tag in point.tags))


def _about(entry: Entry, testbed: Testbed) -> str:
    tags = _tags(entry, testbed)
    if entry.on.startswith("actuator:"):
        return "its command"
    return ", ".join(tags) if len(tags) <= _MANY else f"{len(tags)} tags"


def _readers(tags: tuple[str, ...], testbed: Testbed) -> str:
    """Name who measures or receives a tag, and SCADA."""
    plcs = testbed.network.plcs
    measure = [n for n, plc in plcs.items() if set(tags) & set(plc.sensors)]
    receive = [n for n, plc in plcs.items() if set(tags) & set(plc.receives)]
    return ", ".join(dict.fromkeys([*measure, *receive, "SCADA"]))


def in_words(made: Plan) -> list[str]:
    """Write a plan as lines for a terminal: the time line, an entry a paragraph."""
    lines = [made.head]
    for step in made.steps:
        about = f" about {step.about}" if step.about else ""
        lines += [
            "",
            f"{step.when}:",
            f"  {step.label} {step.name} (incident {step.incident})",
            f"  deceives {step.who}{about}"
            if step.who[:3] != "the" or "operator" in step.who
            else f"  acts on {step.who}",
            f"  by {step.what}",
            f"  then {step.then}",
        ]
    if not made.steps:
        lines += ["", "Nobody is deceived: there is no attack."]
    return lines
