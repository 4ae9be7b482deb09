"""What every attack of DHALSIM's has: a name, a trigger, tags, and an entry of the scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.importers import actions
from scenarios.importers.counterparts import Layout, of_dhalsim
from scenarios.importers.dhalsim.file import Node
from scenarios.importers.imported import LEFT_OUT, MOVED, Imported
from scenarios.importers.tables import Companions
from twin.errors import InputError, nearest
from twin.units import readable

_TRIGGERS = ("time", "below", "above", "between")
_COMMON = {"name", "type", "trigger", "target", "start", "begin", "end"}
_OF_TRIGGER = {"type", "start", "begin", "end", "sensor", "value", "lower_value", "upper_value"}
NO_LIMIT = 10**9  # an iteration that no run reaches
_SIGNS = {"below": "<=", "above": ">="}


@dataclass(frozen=True)
class Clock:
    """Iterations as hours and minutes; `step` is an iteration's [s]."""

    step: float

    def at(self, iteration: int) -> str:
        """Return when an iteration begins, as a scenario file writes it."""
        return readable(iteration * self.step)


@dataclass(frozen=True)
class Trigger:
    """When an attack acts, in the scenario's words.

    Attributes
    ----------
    when : dict
    said : str
        In DHALSIM's words.
    first, last : int
        The iterations it acts in, both included, where it is of type time.
    line : int
    """

    when: dict[str, Any]
    said: str
    first: int
    last: int
    line: int

    @property
    def switched(self) -> bool:
        """Return whether a sensor decides."""
        return "start" in self.when


@dataclass
class Context:
    """What the entries of one import share.

    Attributes
    ----------
    made : Imported
    layout : Layout
    companions : Companions
    clock : Clock
    last : float
        When the last timed attack so far ends [s].
    """

    made: Imported
    layout: Layout
    companions: Companions
    clock: Clock
    last: float = 0.0

    def note(self, kind: str, text: str, at: Node) -> None:
        """Add a note on a value of the file."""
        self.made.note(kind, text, at)

    def tag(self, name: str, at: Node) -> str | None:
        """Return our tag of a sensor; None, with a note, where the plant does not measure it."""
        try:
            return of_dhalsim(self.layout, name)
        except InputError as error:
            raise at.fail(error.message) from None
        except KeyError:
            self.note(LEFT_OUT, f"the plant does not measure {name}", at)
            return None

    def plc(self, node: Node) -> str:
        """Return the plant's PLC for one of the file's."""
        name = node.text()
        found = self.layout.counterpart(name)
        if found is None:
            known = [*(self.layout.cabinets or self.layout.spec.plcs)]
            raise node.fail(f"no PLC {name!r}: {nearest(name, known)}")
        if found != name:
            self.note(MOVED, f"{name} is {found} here", node)
        return found

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
            self.last = max(self.last, (last + 1) * self.clock.step)
            span = {"from": self.clock.at(first), "to": self.clock.at(last + 1)}
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
            condition, said = f"{low:.10g} <= {tag} <= {high:.10g}", f"between {low:g} and {high:g}"
        else:
            value = node.get("value").number()
            condition, said = f"{tag} {_SIGNS[kind]} {value:.10g}", f"{kind} {value:g}"
        when: dict[str, Any] = {"start": condition, "follow": True}
        return Trigger(when, f"while {sensor.text()} is {said}", 0, NO_LIMIT, node.line)

    def entry(
        self,
        item: Node,
        name: str,
        on: str,
        tags: Sequence[str],
        do: dict[str, Any],
        said: str,
        trigger: Trigger,
        kind: str = "attacks",
        when: dict[str, Any] | None = None,
        incident: str | None = None,
    ) -> None:
        """Append an entry; `when` instead of the trigger's, `incident` instead of the name."""
        place = f"{item.file.name} line" if item.file != self.made.source else "line"
        written = (item.either("type") or item).data
        what = written if isinstance(written, str) else "device attack"
        entry: dict[str, tuple[Any, str]] = {
            "name": (self.made.named(name), f"{place} {item.line}: {name}, {what}"),
            "incident": (incident or name, "one attack of the file"),
            "on": (on, self._target(item)),
        }
        if tags:
            entry["tags"] = (list(tags), "its tags")
        entry["do"] = (do, said)
        if when or trigger.when:
            entry["when"] = (when or trigger.when, f"{place} {trigger.line}: {trigger.said}")
        self.made.add(kind, entry)

    @staticmethod
    def _target(item: Node) -> str:
        node = item.either("target", "actuator", "actuators", "destination_plc")
        if node is None:
            return "its target"
        way = item.either("direction")
        return f"{node.name} {node.data}" + (f", direction {way.text()}" if way else "")


def alteration(ctx: Context, node: Node) -> tuple[dict[str, Any], str] | None:
    """Return what a `value` or an `offset` does."""
    value, offset = node.either("value"), node.either("offset")
    found = value or offset
    if found is None or (value is not None and offset is not None):
        raise node.fail("either a value or an offset")
    if isinstance(found.data, str):
        ctx.note(LEFT_OUT, f"{found.name} {found.data!r}: a number is expected", found)
        return None
    if value is not None:
        return actions.constant(value.number()), f"value {value.number():g}"
    return actions.offset(found.number()), f"offset {found.number():g}"


def spoofed(ctx: Context, item: Node) -> list[tuple[str, str, dict[str, Any], str, Node]]:
    """Return the tags of an attack: its name there and ours, what is done, what was said."""
    nodes = list(item.get("tags").items()) if "tags" in item else [item]
    found = []
    for node in nodes:
        name = node.get("tag")
        if node is not item:
            unused(ctx, node, {"tag", "value", "offset"}, f"a tag of {name_of(item)}")
        tag = ctx.tag(name.text(), name)
        do = alteration(ctx, node)
        if tag is not None and do is not None:
            found.append((name.text(), tag, *do, node))
    return found


def unused(ctx: Context, item: Node, used: set[str], inside: str = "") -> None:
    """Note the keys that mean nothing in an attack, or `inside` a part of one."""
    known = used if inside else used | _COMMON
    for key in item.keys():  # noqa: SIM118 - not a dict
        if key not in known:
            at = item.key(key)
            near = nearest(key, used)
            hint = f" ({near})" if near.startswith("did") else ""
            ctx.note(LEFT_OUT, f"{key} means nothing in {inside or 'this attack'}{hint}", at)


def name_of(item: Node) -> str:
    """Return an attack's name."""
    found = item.either("name")
    return found.text() if found is not None else "attack"
