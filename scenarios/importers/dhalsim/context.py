"""What all of DHALSIM's attacks share: names, triggers, spoofed tags, and how entries are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scenarios.importers import actions
from scenarios.importers.actions import Do
from scenarios.importers.counterparts import Counterparts
from scenarios.importers.dhalsim.file import Node
from scenarios.importers.imported import LEFT_OUT, MOVED, Imported, hint
from scenarios.importers.tables import Companions
from twin.errors import InputError, nearest
from twin.units import readable

_TRIGGERS = ("time", "below", "above", "between")
_COMMON = {"name", "type", "trigger", "target", "start", "begin", "end"}
_OF_TRIGGER = {"type", "start", "begin", "end", "sensor", "value", "lower_value", "upper_value"}
NO_LIMIT = 10**9  # an iteration that no run reaches
_SIGNS = {"below": "<=", "above": ">="}
SENT_AGAIN = (
    "DHALSIM's messages are sent again when they are lost, so that a loss there mostly "
    "delays; here a lost reading does not arrive"
)
"""The note on losses, of links and of events."""


@dataclass(frozen=True)
class Trigger:
    """When an attack acts.

    Attributes
    ----------
    when : dict
        The `when` of its entries.
    comment : str
        What the file says, in a few words.
    first, last : int
        The iterations it acts in, both included, where it is of type time.
    line : int
    """

    when: dict[str, Any]
    comment: str
    first: int
    last: int
    line: int

    @property
    def switched(self) -> bool:
        """Return whether a sensor decides."""
        return "start" in self.when


class Spoof(NamedTuple):
    """What an attack does to a tag.

    Attributes
    ----------
    name, tag : str
        DHALSIM's name of it, and the plant's.
    do : dict
    comment : str
    """

    name: str
    tag: str
    do: Do
    comment: str


@dataclass
class Context:
    """What the entries of one import share.

    Attributes
    ----------
    imported : Imported
    plant : Counterparts
    companions : Companions
    step : float
        Of an iteration [s].
    last : float
        When the last timed attack so far ends [s].
    """

    imported: Imported
    plant: Counterparts
    companions: Companions
    step: float
    last: float = 0.0

    def time(self, iteration: int) -> str:
        """Return when an iteration begins, as a scenario file writes it."""
        return readable(iteration * self.step)

    def note(self, kind: str, text: str, at: Node) -> None:
        """Add a note on a value of the file."""
        self.imported.note(kind, text, at)

    def tag(self, name: str, at: Node) -> str | None:
        """Return our tag of a sensor; None, with a note, where the plant has none such."""
        return tag_of(self.imported, self.plant, name, at)

    def plc(self, node: Node) -> str:
        """Return the plant's PLC for one of the file's."""
        name = node.text()
        plc = self.plant.counterpart(name)
        if plc is None:
            raise node.fail(f"no PLC {name!r}: {nearest(name, self.plant.known_plcs())}")
        if plc != name:
            self.note(MOVED, f"{name} is {plc} here", node)
        return plc

    def trigger(self, item: Node) -> Trigger | None:
        """Return when an attack acts; None, with a note, where it never does or cannot be said."""
        node = item.either("trigger") or item
        if node is not item:
            unused(self, node, _OF_TRIGGER, f"the trigger of {name_of(item)}")
        kind = "time"
        if "trigger" in item or item.get("type").text().casefold() in _TRIGGERS:
            kind = node.get("type").word(*_TRIGGERS)
        if kind == "time":
            begin = node.either("start", "begin") or node.get("start")
            first, last = begin.whole(), node.get("end").whole()
            if last < first:
                text = f"{name_of(item)} ends (iteration {last}) before it starts ({first})"
                self.note(LEFT_OUT, text, node)
                return None
            self.last = max(self.last, (last + 1) * self.step)
            span = {"from": self.time(first), "to": self.time(last + 1)}
            return Trigger(span, f"iterations {first} to {last}", first, last, node.line)
        sensor = node.get("sensor")
        tag = self.tag(sensor.text(), sensor)
        if tag is None:
            text = f"{name_of(item)} waits for {sensor.text()}, which is no tag here"
            self.note(LEFT_OUT, text, node)
            return None
        if kind == "between":
            low, high = node.get("lower_value").number(), node.get("upper_value").number()
            if low > high:
                raise node.fail(f"lower_value {low:g} lies above upper_value {high:g}")
            condition = f"{low:.10g} <= {tag} <= {high:.10g}"
            limits = f"between {low:g} and {high:g}"
        else:
            value = node.get("value").number()
            condition, limits = f"{tag} {_SIGNS[kind]} {value:.10g}", f"{kind} {value:g}"
        when: dict[str, Any] = {"start": condition, "follow": True}
        return Trigger(when, f"while {sensor.text()} is {limits}", 0, NO_LIMIT, node.line)

    def entry(
        self,
        item: Node,
        name: str,
        on: str,
        tags: Sequence[str],
        do: Do,
        comment: str,
        trigger: Trigger,
        kind: str = "attacks",
        when: dict[str, Any] | None = None,
        incident: str | None = None,
    ) -> None:
        """Append an entry; `when` instead of the trigger's, `incident` instead of the name."""
        place = f"{item.file.name} line" if item.file != self.imported.source else "line"
        written = (item.either("type") or item).data
        what = written if isinstance(written, str) else "device attack"
        entry: dict[str, tuple[Any, str]] = {
            "name": (self.imported.free_name(name), f"{place} {item.line}: {name}, {what}"),
            "incident": (incident or name, "one attack of the file"),
            "on": (on, self._target(item)),
        }
        if tags:
            entry["tags"] = (list(tags), "its tags")
        entry["do"] = (do, comment)
        if when or trigger.when:
            entry["when"] = (when or trigger.when, f"{place} {trigger.line}: {trigger.comment}")
        self.imported.add(kind, entry)

    @staticmethod
    def _target(item: Node) -> str:
        node = item.either("target", "actuator", "actuators", "destination_plc")
        if node is None:
            return "its target"
        way = item.either("direction")
        return f"{node.name} {node.data}" + (f", direction {way.text()}" if way else "")


def alteration(ctx: Context, node: Node) -> tuple[Do, str] | None:
    """Return what a `value` or an `offset` does, with a comment; None, with a note, for a word."""
    value, offset = node.either("value"), node.either("offset")
    given = value or offset
    if given is None or (value is not None and offset is not None):
        raise node.fail("either a value or an offset")
    if isinstance(given.data, str):
        ctx.note(LEFT_OUT, f"{given.name} {given.data!r}: a number is expected", given)
        return None
    action = actions.offset if value is None else actions.constant
    return action(given.number()), f"{given.name} {given.number():g}"


def spoofed(ctx: Context, item: Node) -> list[Spoof]:
    """Return what an attack does to each of its tags."""
    spoofs = []
    for node in item.get("tags").items() if "tags" in item else [item]:
        name = node.get("tag")
        if node is not item:
            unused(ctx, node, {"tag", "value", "offset"}, f"a tag of {name_of(item)}")
        tag, altered = ctx.tag(name.text(), name), alteration(ctx, node)
        if tag is not None and altered is not None:
            do, comment = altered
            spoofs.append(Spoof(name.text(), tag, do, f"{name.text()}: {comment}"))
    return spoofs


def unused(ctx: Context, item: Node, used: set[str], inside: str = "") -> None:
    """Note the keys that mean nothing in an attack, or `inside` a part of one."""
    known = used if inside else used | _COMMON
    for key in item.keys():  # noqa: SIM118 - not a dict
        if key not in known:
            text = f"{key} means nothing in {inside or 'this attack'}{hint(key, used)}"
            ctx.note(LEFT_OUT, text, item.key(key))


def name_of(item: Node) -> str:
    """Return an attack's name."""
    name = item.either("name")
    return name.text() if name is not None else "attack"


def actuator_of(imported: Imported, plant: Counterparts, name: str, at: Node) -> str | None:
    """Return the plant's name of an actuator; None, with a note, where the plant lacks it."""
    element = plant.element(name)
    if element is None:
        imported.note(LEFT_OUT, plant.unknown(name).message, at)
    return element


def tag_of(imported: Imported, plant: Counterparts, name: str, at: Node) -> str | None:
    """Return the tag of a sensor; None, with a note, where the plant lacks or does not measure it.

    DHALSIM itself passes over a tag that its network lacks.
    """
    try:
        tag = plant.dhalsim_tag(name)
    except InputError as error:
        imported.note(LEFT_OUT, error.message, at)
        return None
    if tag is None:
        imported.note(LEFT_OUT, f"the plant does not measure {name}", at)
    return tag
